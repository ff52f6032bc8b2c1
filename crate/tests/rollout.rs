//! The judgement of rollouts, on recordings of what watches told.

mod recording;

use insta::assert_snapshot;
use kubectl_set_image::{
    report::causes,
    rollout::{
        self, Change, Judgement, Listing, Observation, Rules, judge, likely_cause,
        proof::{Expected, Proof, Pushed, Why, prove},
        rules::{RULES, Unit},
        stuck_pod,
    },
};
use proptest::{collection::vec, prelude::*, sample::select};
use recording::{Recording, Seen};

/// When every grace time has run out.
const MUCH_LATER: i64 = 86_400_000;

fn verdict(recording: &Recording, seen: &Observation) -> Judgement {
    judge(&recording.goal, seen, &Rules::default(), MUCH_LATER)
}

#[test]
fn every_recording_is_judged() {
    let courses: Vec<String> =
        Recording::all().iter().map(|recording| recording.timeline(&Rules::default())).collect();
    assert_snapshot!(courses.join("\n"));
}

#[test]
fn every_real_recording_is_judged() {
    let courses: Vec<String> = Recording::recorded()
        .iter()
        .map(|recording| recording.timeline(&Rules::default()))
        .collect();
    assert_snapshot!(courses.join("\n"));
}

#[test]
fn the_docs_list_every_rule() {
    let docs = include_str!("../../docs/rollout.md");
    for rule in RULES {
        let default = match (rule.unit, rule.default) {
            (_, None) => "off".to_owned(),
            (Unit::Seconds, Some(seconds)) => format!("{seconds} s"),
            (Unit::Restarts, Some(1)) => "1 restart".to_owned(),
            (Unit::Restarts, Some(restarts)) => format!("{restarts} restarts"),
            (Unit::Pods, Some(1)) => "1 pod".to_owned(),
            (Unit::Pods, Some(pods)) => format!("{pods} pods"),
        };
        let row = format!("| `{}` | {default} | {} |", rule.name, rule.about);
        assert!(docs.contains(&row), "docs/rollout.md lacks: {row}");
    }
}

#[test]
fn every_grace_time_can_be_set() {
    let courses = [
        ("missing-tag", "imageMissing=30"),
        ("deployment-image-pull-limited", "imagePull=10"),
        ("missing-configmap", "config=0"),
        ("crash-loop", "crashLoop=1"),
        ("crash-loop", "crashLoop=off"),
        ("oom", "outOfMemory=2"),
        ("liveness-killed", "probe=1"),
        ("deployment-not-ready", "readiness=45"),
        ("unschedulable", "unschedulable=off"),
        ("deployment-volume-attached-elsewhere", "podSetup=60"),
        ("quota", "refused=5"),
        ("deployment-denied", "denied=0"),
        ("deployment-pods-rejected", "podFailed=1"),
        ("deployment-pods-rejected", "podFailed=3"),
        ("statefulset-stuck-pod", "stuckPod=off"),
    ]
    .map(|(name, rules)| {
        format!("{rules}, {}", Recording::named(name).timeline(&Rules::parse(rules).unwrap()))
    });
    assert_snapshot!(courses.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Events come shuffled and more than once, and some never; only the last state of each object
    /// is always told. The verdict is that of the recording.
    #[test]
    fn the_order_of_events_has_no_say(
        recording in select(everything()),
        order in vec((any::<u16>(), 0..3_u32), 64),
    ) {
        let told = Recording::observe(&recording.events);
        let is_last = |at: usize, event: &Seen| {
            recording.events[at + 1..].iter().all(|later| later.uid() != event.uid())
        };
        let mut shuffled: Vec<(u16, &Seen)> = Vec::new();
        for (at, event) in recording.events.iter().enumerate() {
            let (key, times) = order[at % order.len()];
            let key = key.rotate_right(u32::try_from(at / order.len()).unwrap());
            let times = if is_last(at, event) { times.max(1) } else { times };
            shuffled.extend((0..times).map(|n| (key.rotate_left(5 * n), event)));
        }
        shuffled.sort_by_key(|(key, _)| *key);
        let seen = Recording::observe(shuffled.into_iter().map(|(_, event)| event));
        prop_assert_eq!(verdict(&recording, &seen), verdict(&recording, &told), "{}", recording.name);
    }

    /// Every watch may begin again at any time, and tells what is there then.
    #[test]
    fn a_watch_that_begins_again_changes_no_verdict(
        recording in select(everything()),
        again in any::<prop::sample::Index>(),
    ) {
        let told = Recording::observe(&recording.events);
        let (before, after) = recording.events.split_at(again.index(recording.events.len()));
        let mut seen = Recording::observe(before);
        for listing in listings() {
            seen.begin_list(listing, "shop", None);
        }
        for (at, event) in before.iter().enumerate() {
            if before[at + 1..].iter().all(|later| later.uid() != event.uid()) {
                event.tell(&mut seen);
            }
        }
        for event in after {
            event.tell(&mut seen);
        }
        prop_assert_eq!(verdict(&recording, &seen), verdict(&recording, &told), "{}", recording.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// A field is missing in every third event. Whatever comes of it is no proof of content that no
    /// pod has.
    #[test]
    fn objects_that_lack_a_field_prove_nothing_and_break_nothing(
        recording in select(everything()),
        lost in vec((any::<usize>(), 0..3_u8), 64),
    ) {
        let mut seen = Observation::default();
        for (event, (nth, which)) in recording.events.iter().zip(lost.iter().cycle()) {
            let event = if *which == 0 { event.without(*nth) } else { event.clone() };
            let _ = event.tell_if_read(&mut seen);
            let _ = judge(&recording.goal, &seen, &Rules::default(), event.at);
        }
        let _ = verdict(&recording, &seen);
        let _ = likely_cause(&recording.goal, &seen);
        let pushed = |(_, image): &(String, String)| Pushed {
            image: image.clone(),
            digests: vec![format!("sha256:{}", "a".repeat(64))],
            configs: vec![format!("sha256:{}", "b".repeat(64))],
        };
        let pushed: Vec<Pushed> = recording.goal.images.iter().map(pushed).collect();
        let proof = prove(&recording.goal, &seen, &pushed);
        prop_assert!(!matches!(proof, Proof::Verified(_)), "{} {:?}", recording.name, proof);
    }
}

fn everything() -> Vec<Recording> {
    Recording::all().into_iter().chain(Recording::recorded()).collect()
}

fn listings() -> Vec<Listing> {
    use kubectl_set_image::kubernetes::Kind;
    let workloads = Kind::ALL.into_iter().map(Listing::Workloads);
    workloads.chain([Listing::Pods, Listing::Events]).collect()
}

#[test]
fn a_pod_that_went_away_while_nobody_watched_is_not_judged() {
    let recording = Recording::named("missing-tag");
    let mut seen = Recording::observe(&recording.events);
    assert!(matches!(verdict(&recording, &seen), Judgement::Failed { .. }));
    seen.begin_list(Listing::Pods, "shop", None);
    assert!(matches!(verdict(&recording, &seen), Judgement::Progressing { recheck_at: None, .. }));
    assert_eq!(rollout::pods(&recording.goal, &seen).len(), 0);
}

#[test]
fn a_grace_time_goes_on_over_a_watch_that_begins_again() {
    let recording = Recording::named("unschedulable");
    let mut seen = Recording::observe(&recording.events);
    let recheck_at = |seen: &Observation| match judge(&recording.goal, seen, &Rules::default(), 0) {
        Judgement::Progressing { recheck_at, .. } => recheck_at,
        other => panic!("{other:?}"),
    };
    assert_eq!(recheck_at(&seen), Some(301_889));
    seen.begin_list(Listing::Pods, "shop", None);
    assert_eq!(recheck_at(&seen), None);
    for event in &recording.events {
        event.tell(&mut seen);
    }
    assert_eq!(recheck_at(&seen), Some(301_889));
}

#[test]
fn a_watch_of_another_namespace_doubts_nothing_here() {
    let recording = Recording::named("missing-tag");
    let mut seen = Recording::observe(&recording.events);
    for listing in listings() {
        seen.begin_list(listing, "other", None);
    }
    assert!(matches!(verdict(&recording, &seen), Judgement::Failed { .. }));
}

#[test]
fn a_workload_made_anew_counts_where_the_uid_is_not_known() {
    let mut recording = Recording::named("deployment-deleted");
    let seen = Recording::observe(&recording.events);
    assert_eq!(verdict(&recording, &seen), Judgement::Deleted);
    recording.goal.uid = None;
    assert_eq!(verdict(&recording, &seen), Judgement::Done);
}

#[test]
fn what_was_never_seen_is_not_judged() {
    let recording = Recording::named("healthy-deployment");
    assert_eq!(
        verdict(&recording, &Observation::default()),
        Judgement::Progressing { progress: rollout::Progress::default(), recheck_at: None }
    );
    assert_eq!(likely_cause(&recording.goal, &Observation::default()), None);
}

#[test]
fn a_trouble_that_may_pass_is_named_when_the_time_is_up() {
    let recording = Recording::named("deployment-not-ready");
    let seen = Recording::observe(&recording.events);
    let failure = likely_cause(&recording.goal, &seen).unwrap();
    let log = failure.log().unwrap();
    assert_eq!(
        (log.pod, log.container, log.previous),
        ("identityserver-6c8f7d9b5-x2k8p", "identityserver", false)
    );
    assert_eq!(failure.message, "HTTP probe failed with statuscode: 503");
}

#[test]
fn the_report_gets_pods_and_their_warnings() {
    let recording = Recording::named("crash-loop");
    let seen = Recording::observe(&recording.events);
    let pods = rollout::pods(&recording.goal, &seen);
    let lines: Vec<String> = pods
        .iter()
        .map(|state| {
            let cause = state.trouble.as_ref().map(|trouble| &trouble.cause);
            let pod = state.pod;
            format!("{} new {} ready {} {cause:?}", pod.metadata.name, state.is_new, pod.is_ready())
        })
        .collect();
    assert_eq!(
        lines,
        [
            "web-57647f97b9-x6vcb new true ready false Some(CrashLoop { exit_code: 3, reason: \
             \"Error\", restarts: 2 })",
            "web-5b8ffcb5d9-qms9v new false ready true None",
            "web-5b8ffcb5d9-shrts new false ready true None",
            "web-5b8ffcb5d9-vn95j new false ready true None",
        ]
    );
    let warnings = seen.warnings(&pods[0].pod.metadata.uid, 5);
    let warnings: Vec<_> = warnings.iter().map(|e| (e.reason.as_str(), e.times())).collect();
    assert_eq!(warnings, [("BackOff", 2), ("Unhealthy", 9)]);
    assert_eq!(pods[0].pod.spec.containers[0].image, recording.goal.images[0].1);
}

#[test]
fn only_a_set_that_goes_in_order_waits_for_a_stuck_pod() {
    let name = |recording: &Recording| {
        let seen = Recording::observe(&recording.events);
        stuck_pod(&recording.goal, &seen).map(|pod| pod.metadata.name.clone())
    };
    assert_eq!(
        name(&Recording::named("statefulset-stuck-pod")),
        Some("identityserver-2".to_owned())
    );
    assert_eq!(name(&Recording::named("statefulset-stuck, back")), Some("web-2".to_owned()));
    for other in ["statefulset-stuck", "healthy-statefulset", "missing-tag"] {
        assert_eq!(name(&Recording::named(other)), None, "{other}");
    }
    let mut parallel = Recording::named("statefulset-stuck-pod");
    parallel.events = parallel
        .events
        .iter()
        .map(|event| event.with("/spec/podManagementPolicy", "Parallel"))
        .collect();
    assert_eq!(name(&parallel), None);
}

#[test]
fn a_restart_that_pulled_nothing_is_found_out() {
    let recording = Recording::named("moving-restart-ifnotpresent");
    let seen = Recording::observe(&recording.events);
    assert_eq!(verdict(&recording, &seen), Judgement::Done);
    let image = recording.goal.images[0].1.clone();
    let pushed = |digest: String| vec![Pushed { image, digests: vec![digest], configs: vec![] }];
    let digest = format!("sha256:{}", "a".repeat(64));
    let Proof::Differs(difference) = prove(&recording.goal, &seen, &pushed(digest.clone())) else {
        panic!("no difference")
    };
    assert_eq!((difference.node.as_str(), difference.why), ("node-1", Why::CachedCopy));
    assert_eq!(difference.expected, Expected::Pushed(digest));
    assert!(causes::difference(&difference).contains("the node had a copy of the tag"));
}

#[test]
fn a_deleted_object_never_comes_back() {
    let recording = Recording::named("statefulset-stuck-pod");
    let mut seen = Recording::observe(&recording.events);
    let pod = stuck_pod(&recording.goal, &seen).unwrap().clone();
    seen.see_pod(0, Change::Deleted(pod.clone()));
    seen.see_pod(0, Change::Present(pod));
    assert_eq!(stuck_pod(&recording.goal, &seen), None);
}
