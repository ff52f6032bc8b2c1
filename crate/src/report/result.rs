//! The words of the end: what became of every workload, and what it runs now.

use crate::{
    host::{Age, Effect, Millis, Style, Verdict},
    plan::Reason,
    report::{
        causes, document, log, plain,
        plan::reason,
        rollout::{cause, counts, held, trouble},
        section,
        story::{Back, Chapter, Now, Outcome, PodSeen, Purpose, Story},
        summary,
        table::table,
    },
    rollout::Proof,
};

/// How many pods of a workload the log names.
const SHOWN_PODS: usize = 10;

/// The whole story: in the log, on the summary of the run, for tools and for later steps.
pub(crate) fn story(story: &Story, verdict: Verdict, now: Millis) -> Vec<Effect> {
    let mut effects = vec![section("Result")];
    let (failed, rest): (Vec<&Chapter>, Vec<&Chapter>) =
        story.chapters.iter().partition(|chapter| chapter.has_failed());
    for chapter in failed.into_iter().chain(rest) {
        effects.extend(chapter_lines(story, chapter));
    }
    effects.extend(runs_now(story));
    effects.extend(ways_back(story));
    effects.extend(document::outputs(story, verdict));
    let took = Age((now - story.began).max(0));
    effects.push(Effect::Summarise { markdown: summary::page(story, verdict, took) });
    effects.push(document::attachment(story, verdict, took));
    effects
}

fn chapter_lines(story: &Story, chapter: &Chapter) -> Vec<Effect> {
    let title = story.title(&chapter.planned);
    let head = match &chapter.outcome {
        Some((Outcome::Held(hold), _)) if hold.needs_somebody() => {
            log(Style::Warning, format!("{title}: {}", held(*hold)))
        }
        _ => plain(format!("{title}: {}", verdict_of(story, chapter))),
    };
    let told = was_never_set(chapter) || is_done_well(chapter);
    let changes = chapter.planned.containers.iter().filter(|c| c.changes() && !told);
    let changes = changes.map(|c| match chapter.back {
        Back::Set | Back::NotDone | Back::Rolled(..) => {
            plain(format!("  {}: {} put back in place of {}", c.container, c.old, c.new))
        }
        _ => plain(format!("  {}: {} replaced by {}", c.container, c.old, c.new)),
    });
    let back = back(story, chapter).map(|text| plain(format!("  {text}")));
    let shown = if is_done_well(chapter) { 0 } else { SHOWN_PODS };
    let pods = chapter.pods.iter().take(shown).map(|pod| plain(format!("  {}", pod_line(pod))));
    let done_well =
        is_done_well(chapter).then(|| plain(format!("  {}{}", ages(chapter), proof(chapter))));
    let pods = pods.chain(done_well);
    let left = chapter.pods.len().saturating_sub(SHOWN_PODS) * usize::from(shown > 0);
    let left = (left > 0).then(|| plain(format!("  … {left} more pods")));
    let warnings = chapter.warnings.iter().map(|w| plain(format!("  {}: {}", w.reason, w.message)));
    let pods = pods.chain(left).chain(warnings);
    if chapter.back == Back::NotAsked {
        [head].into_iter().chain(changes).chain(pods).collect()
    } else {
        [head].into_iter().chain(pods).chain(changes).chain(back).collect()
    }
}

/// Whether the rollout is done and every pod of it is ready: the tables say the rest.
fn is_done_well(chapter: &Chapter) -> bool {
    let done =
        matches!(chapter.outcome, Some((Outcome::Done, _))) && chapter.back == Back::NotAsked;
    done && !chapter.pods.is_empty() && chapter.pods.iter().all(|pod| pod.ready)
}

/// Whether the pods run what was pushed, for the end of a line.
fn proof(chapter: &Chapter) -> String {
    match &chapter.proof {
        Some(Proof::Verified(digests)) => {
            let short =
                |digest: &str| digest.chars().take("sha256:".len() + 12).collect::<String>();
            let mut digests: Vec<String> =
                digests.iter().map(|(_, digest)| short(digest)).collect();
            digests.dedup();
            format!(", running {} (verified)", digests.join(", "))
        }
        Some(Proof::Differs(_)) => ", not all of them running what was pushed".to_owned(),
        Some(Proof::Unknown(why)) => {
            format!(" (digest not verified: {})", causes::unproven(why))
        }
        None => String::new(),
    }
}

/// Whether the pods run what was pushed, in a sentence.
pub(super) fn proven(chapter: &Chapter) -> Option<String> {
    Some(match chapter.proof.as_ref()? {
        Proof::Verified(digests) => {
            let pairs: Vec<String> =
                digests.iter().map(|(container, digest)| format!("{container} {digest}")).collect();
            format!("Verified: every new pod runs what was pushed ({})", pairs.join(", "))
        }
        Proof::Differs(difference) => format!("Differs: {}", causes::difference(difference)),
        Proof::Unknown(why) => format!("Not verified: {}", causes::unproven(why)),
    })
}

/// How many pods there are, and how old they are.
fn ages(chapter: &Chapter) -> String {
    let count = chapter.pods.len();
    let pods = if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") };
    let ages = || chapter.pods.iter().filter_map(|pod| pod.age);
    match ages().min().zip(ages().max()) {
        Some((youngest, oldest)) if youngest.to_string() != oldest.to_string() => {
            format!("{pods} ready, {youngest} to {oldest} old")
        }
        Some((age, _)) => format!("{pods} ready, {age} old"),
        None => format!("{pods} ready"),
    }
}

/// What became of a workload, in one sentence without its name.
pub(super) fn verdict_of(story: &Story, chapter: &Chapter) -> String {
    if was_never_set(chapter) {
        return "was not changed".to_owned();
    }
    let Some((outcome, after)) = &chapter.outcome else {
        let likely = chapter.likely.as_ref();
        let cause = likely.map(|failure| format!(": {}", cause(story, &chapter.planned, failure)));
        let cause = cause.unwrap_or_default();
        return match chapter.progress() {
            Some(progress) if cause.is_empty() && story.has_failed() => format!(
                "not waited for any longer, since another rollout failed ({})",
                counts(progress)
            ),
            Some(progress) => format!("not done ({}){cause}", counts(progress)),
            None if chapter.planned.is_left_as_it_is() => "unchanged".to_owned(),
            None => format!("nothing was seen of its rollout{cause}"),
        };
    };
    match outcome {
        Outcome::Done | Outcome::Held(_)
            if matches!(chapter.back, Back::Set | Back::NotDone | Back::Rolled(..)) =>
        {
            format!("rolled back, since the step failed elsewhere; it was settled after {after}")
        }
        Outcome::Done if chapter.planned.is_left_as_it_is() => {
            "nothing to replace, every pod is available".to_owned()
        }
        Outcome::Done => format!("done after {after}, every pod is replaced and available"),
        Outcome::Held(hold) => held(*hold).to_owned(),
        outcome => {
            let trouble = trouble(story, &chapter.planned, outcome).unwrap_or_default();
            format!("failed after {after}: {trouble}")
        }
    }
}

/// Whether another deployment has set an image since.
fn was_taken(chapter: &Chapter) -> bool {
    matches!(chapter.back, Back::Left(Reason::SetByAnother { .. }))
        || (chapter.back == Back::NotAsked
            && matches!(chapter.outcome, Some((Outcome::SetByAnother { .. }, _))))
}

fn was_never_set(chapter: &Chapter) -> bool {
    let not_asked = chapter.back == Back::NotAsked && chapter.outcome.is_none();
    chapter.back == Back::Left(Reason::NeverSet) || (not_asked && chapter.has_old_images())
}

/// What became of the images that were there before.
pub(super) fn back(story: &Story, chapter: &Chapter) -> Option<String> {
    let text = match &chapter.back {
        Back::NotAsked | Back::Left(Reason::NeverSet) => return None,
        Back::Set => "its old images are set again; their pods were not waited for".to_owned(),
        Back::NotDone => "its old images are set again, and not every pod runs them yet".to_owned(),
        Back::Rolled(Outcome::Done, None) => {
            "its old images run again, every pod is available".to_owned()
        }
        Back::Rolled(Outcome::Done, Some(pod)) => {
            format!("its old images run again, after the pod {pod} was deleted")
        }
        Back::Rolled(Outcome::Held(hold), _) => format!("its old images: {}", held(*hold)),
        Back::Rolled(outcome, _) => {
            let trouble = trouble(story, &chapter.planned, outcome).unwrap_or_default();
            format!("its old images are set again, and do not all run: {trouble}")
        }
        Back::Left(left) => format!("it {}", reason(left)),
        Back::Refused(words) => format!("its old images could not be set again: {words}"),
        Back::Unknown => {
            "whether its old images are set again is not known: kubectl gave no answer in time"
                .to_owned()
        }
    };
    Some(text)
}

pub(super) fn pod_line(pod: &PodSeen) -> String {
    let age = pod.age.map_or(String::new(), |age| format!(", {age} old"));
    let state = match &pod.trouble {
        _ if pod.ready => "ready".to_owned(),
        Some(failure) => format!("not ready, {}", causes::in_short(failure)),
        None => format!("not ready, {}", pod.phase),
    };
    format!("pod {}: {state}{age}", pod.name)
}

/// What every workload runs at the end of the step.
fn runs_now(story: &Story) -> Vec<Effect> {
    let mut rows = vec![["WORKLOAD", "CONTAINER", "RUNS NOW"].map(str::to_owned).to_vec()];
    for chapter in &story.chapters {
        for row in now(chapter) {
            rows.push([vec![story.title(&chapter.planned)], row.to_vec()].concat());
        }
    }
    table(&rows)
}

/// Container and image, a row each.
pub(super) fn now(chapter: &Chapter) -> Vec<[String; 2]> {
    let changes = &chapter.planned.containers;
    match &chapter.now {
        Now::Images(images) => images
            .iter()
            .map(|(container, image)| {
                let change = changes.iter().find(|c| c.container == *container);
                let running = chapter.running.iter().find(|(name, _)| name == container);
                let running = running.map(|(_, images)| images.as_slice()).unwrap_or_default();
                if running.iter().any(|(other, _)| other != image) {
                    let pods = |(image, pods): &(String, usize)| format!("{image} in {pods}");
                    let pods: Vec<String> = running.iter().map(pods).collect();
                    let template = format!("{image} (template; pods run {})", pods.join(", "));
                    return [container.clone(), template];
                }
                let which = match change {
                    Some(change) if !change.changes() => "as before",
                    Some(change) if change.old == *image => "the old one",
                    Some(change) if change.new == *image => "the new one",
                    _ => "set by somebody else",
                };
                [container.clone(), format!("{image} ({which})")]
            })
            .collect(),
        Now::Gone => vec![["–".to_owned(), "the workload is gone".to_owned()]],
        Now::Unknown => changes
            .iter()
            .map(|c| [c.container.clone(), format!("not known: {} or {}", c.old, c.new)])
            .collect(),
    }
}

/// How to put back by hand what this run did not.
fn ways_back(story: &Story) -> Vec<Effect> {
    if story.way_back.is_empty() {
        return Vec::new();
    }
    let commands = story.way_back.iter().map(|command| plain(format!("  {command}")));
    [plain("To have what was there before, run:")].into_iter().chain(commands).collect()
}

/// The longest cause in the last sentence, in characters.
const SHORT: usize = 200;

/// The last sentence of the step: what became of it, and which workload is the cause.
pub(crate) fn last_sentence(story: &Story, verdict: Verdict) -> String {
    let sentence = sentence(story, verdict);
    match culprit(story).filter(|_| verdict == Verdict::Failed) {
        Some(culprit) => format!("{sentence}. {culprit}"),
        None => sentence.to_owned(),
    }
}

/// The first workload that failed, and why, in short.
fn culprit(story: &Story) -> Option<String> {
    let chapter = story.chapters.iter().find(|chapter| chapter.has_failed());
    let late = || story.chapters.iter().find(|c| c.outcome.is_none() && c.likely.is_some());
    let Some(chapter) = chapter.or_else(late) else {
        let (workloads, words) = story.refused.as_ref()?;
        let titles: Vec<String> = workloads.iter().map(|planned| story.title(planned)).collect();
        let words: String = words.chars().take(SHORT).collect();
        return Some(format!("{}: {words}", titles.join(", ")));
    };
    let cause = match &chapter.outcome {
        Some((Outcome::Failed(failure), _)) => causes::in_short(failure),
        Some((outcome, _)) => trouble(story, &chapter.planned, outcome)?,
        None => causes::in_short(chapter.likely.as_ref()?),
    };
    let cause: String = cause.chars().take(SHORT).collect();
    Some(format!("{}: {cause}", story.title(&chapter.planned)))
}

fn sentence(story: &Story, verdict: Verdict) -> &'static str {
    let changed = || story.chapters.iter().filter(|chapter| chapter.planned.changes());
    let is_back = |chapter: &Chapter| {
        matches!(
            chapter.back,
            Back::Set
                | Back::Rolled(Outcome::Done | Outcome::Held(_), _)
                | Back::Left(Reason::NeverSet)
        )
    };
    let asked = changed().any(|chapter| chapter.back != Back::NotAsked);
    let all_back = changed().all(is_back);
    let none_set = changed().all(was_never_set);
    match (verdict, story.purpose) {
        (Verdict::Succeeded, Purpose::Set) => "The images are set and run",
        (Verdict::Succeeded, Purpose::Undo) => "The old images are set and run",
        (Verdict::SucceededWithIssues, Purpose::Set)
            if story.chapters.iter().any(|chapter| chapter.planned.is_left_as_it_is()) =>
        {
            "The images run, and some were there already"
        }
        (Verdict::SucceededWithIssues, _) => "The images are set; the log has warnings",
        (Verdict::Failed, Purpose::Undo) if none_set => "The old images could not be set",
        (Verdict::Failed, Purpose::Undo) => "The old images are set, but not all of them run",
        (Verdict::Failed, Purpose::Set) if none_set => {
            "The images could not be set; every workload has its old ones"
        }
        (Verdict::Failed, Purpose::Set) if !asked => {
            "The images are set, but not all of them run, and they stay"
        }
        (Verdict::Failed, Purpose::Set) if changed().any(was_taken) => {
            "The images do not all run: another deployment changed a workload meanwhile; see the \
             last table"
        }
        (Verdict::Failed, Purpose::Set) if all_back => {
            "The new images do not all run; the old ones are back"
        }
        (Verdict::Failed, Purpose::Set) => {
            "The new images do not all run, and not every old one is back: see the last table"
        }
        (Verdict::Canceled, _) if none_set => "Canceled; every workload has its old images",
        (Verdict::Canceled, _) if !asked => "Canceled; what was set stays set",
        (Verdict::Canceled, _) if all_back => "Canceled; the old images are set again",
        (Verdict::Canceled, _) => "Canceled; not every old image is back: see the last table",
    }
}
