//! The words of the plan: what is there, and what will change.

use crate::{
    host::{Code, Effect, TaskResult, code},
    image::reference::Reference,
    inputs::WhenUnchanged,
    kubernetes::{Kind, Owner},
    plan::{ContainerChange, KeptReason, KeptWorkload, Plan, Planned},
    report::{
        NOTHING_CHANGED,
        line::{self, plain},
        rollout::another,
        run_report::Purpose,
        table::table,
    },
    rollout::Hold,
};

/// The heading of the plan.
pub(crate) fn plan_section(plan: &Plan, purpose: Purpose) -> Effect {
    let count = match plan.workloads.len() {
        1 => "1 workload".to_owned(),
        count => format!("{count} workloads"),
    };
    let what = match purpose {
        Purpose::Set => "update",
        Purpose::Undo => "roll back",
    };
    line::section(format!("Plan: {what} {count}"))
}

/// The plan as a table, and a warning for what stays as it is.
pub(crate) fn plan(plan: &Plan, when_unchanged: WhenUnchanged) -> Vec<Effect> {
    let spans = plan.spans_namespaces();
    let changes = || {
        let workloads = plan.workloads.iter();
        workloads.flat_map(|planned| planned.containers.iter().map(move |change| (planned, change)))
    };
    let tags: Option<Vec<[String; 2]>> = changes().map(|(_, change)| by_tag(change)).collect();
    let heads = match tags {
        Some(_) => &["WORKLOAD", "CONTAINER", "REPOSITORY", "TAG"][..],
        None => &["WORKLOAD", "CONTAINER", "IMAGE"][..],
    };
    let mut rows = vec![heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>()];
    for (at, (planned, change)) in changes().enumerate() {
        let init = if change.init { " (init)" } else { "" };
        let mut row = vec![planned.label(spans), format!("{}{init}", change.container)];
        match &tags {
            Some(tags) => row.extend(tags[at].clone()),
            None if change.changes() => row.push(format!("{} → {}", change.old, change.new)),
            None => row.push(format!("{} (unchanged)", change.old)),
        }
        rows.push(row);
    }
    let unchanged = plan.workloads.iter().filter(|planned| !planned.changes());
    let notes = unchanged.map(|planned| left_as_it_is(planned, spans, when_unchanged));
    let count = rows.len() - 1;
    let table = if count > 0 { table(&rows) } else { Vec::new() };
    let table = line::grouped(format!("{count} containers"), table);
    all(plan).into_iter().chain(table).chain(notes).collect()
}

/// The repository and both tags of a change; `None` where the images differ in more than that.
fn by_tag(change: &ContainerChange) -> Option<[String; 2]> {
    let parse = |image: &str| Reference::parse(image).ok().filter(|image| image.digest().is_none());
    let (old, new) = (parse(&change.old)?, parse(&change.new)?);
    let tag = |image: &Reference| image.tag().map_or("(no tag)".to_owned(), ToString::to_string);
    let same = old.repository() == new.repository();
    let tags = if change.changes() {
        format!("{} → {}", tag(&old), tag(&new))
    } else {
        format!("{} (unchanged)", tag(&old))
    };
    same.then(|| [new.repository(), tags])
}

/// Who sets the images of the workloads besides the step: a line each, a warning where that is undone at
/// once.
pub(crate) fn owners(plan: &Plan) -> Vec<Effect> {
    let spans = plan.spans_namespaces();
    let line = |planned: &Planned, owner: &Owner| {
        let title = planned.label(spans);
        if owner.heals_drift() {
            line::warning(
                code::OWNED,
                format!(
                    "{title} is managed by {owner}, which sets its own image again at once. \
                     Change the image at its source, or let it ignore this field"
                ),
            )
        } else {
            plain(format!("{title} is managed by {owner}: its next change sets its own image"))
        }
    };
    let changed = plan.changed();
    changed.flat_map(|planned| planned.owners.iter().map(move |o| line(planned, o))).collect()
}

/// What `--all` means here: the workloads of each kind and namespace.
fn all(plan: &Plan) -> Vec<Effect> {
    let mut places: Vec<(&str, Kind, Vec<&str>)> = Vec::new();
    for Planned { name, namespace, .. } in plan.workloads.iter().filter(|w| w.by_all) {
        match places.iter_mut().find(|(ns, kind, _)| ns == namespace && *kind == name.kind) {
            Some((_, _, names)) => names.push(&name.name),
            None => places.push((namespace, name.kind, vec![&name.name])),
        }
    }
    let line = |(namespace, kind, names): &(&str, Kind, Vec<&str>)| {
        plain(format!(
            "--all matches {} in namespace {namespace} ({}): {}",
            kind.plural(),
            names.len(),
            names.join(", ")
        ))
    };
    places.iter().map(line).collect()
}

fn left_as_it_is(planned: &Planned, spans: bool, when_unchanged: WhenUnchanged) -> Effect {
    let name = planned.label(spans);
    let images: Vec<&str> = planned.containers.iter().map(|c| c.new.as_str()).collect();
    let images = images.join(", ");
    match when_unchanged {
        WhenUnchanged::Restart if planned.restart && planned.pulls_nothing() => line::warning(
            code::RESTART_WITHOUT_PULL,
            format!(
                "{name} already has {images}, so its pods are restarted. With imagePullPolicy: \
                 IfNotPresent, a node that has the image does not pull it. Set pin: digest to \
                 roll out what was pushed"
            ),
        ),
        WhenUnchanged::Restart if planned.restart => plain(format!(
            "{name} already has {images}: its pods are restarted and pull the image again"
        )),
        WhenUnchanged::Restart if planned.hold == Some(Hold::Paused) => line::warning(
            code::NO_RESTART,
            format!(
                "{name} already has {images}, and a paused deployment cannot be restarted. Run \
                 kubectl rollout resume, then run the step again"
            ),
        ),
        WhenUnchanged::Restart => line::warning(
            code::NO_RESTART,
            format!(
                "{name} already has {images}, and kubectl rollout restart does not support its \
                 kind. Set another tag to replace its pods"
            ),
        ),
        WhenUnchanged::Succeed => plain(format!("{name} is unchanged: it already has {images}")),
        WhenUnchanged::Warn | WhenUnchanged::Fail => line::warning(
            code::UNCHANGED,
            format!(
                "{name} already has {images}, so Kubernetes does not start a rollout, even if the \
                 image was pushed again. Give every build a unique tag, or set whenUnchanged"
            ),
        ),
    }
}

/// The workloads that are not put back, and why.
pub(crate) fn left_alone(left: &[KeptWorkload]) -> Vec<Effect> {
    let warning = |left: &KeptWorkload| {
        let text = format!("{}: {}", left.planned.name.singular(), reason(&left.reason));
        match kept_code(&left.reason) {
            None => plain(text),
            Some(code) => line::warning(code, text),
        }
    };
    left.iter().map(warning).collect()
}

/// The code of what keeps a workload from being rolled back; nothing where all is well.
fn kept_code(reason: &KeptReason) -> Option<Code> {
    Some(match reason {
        KeptReason::NeverSet => return None,
        KeptReason::SetByAnother { .. } => code::KEPT_CHANGED,
        KeptReason::NoContainer(_) => code::KEPT_WITHOUT_CONTAINER,
        KeptReason::BadRecord(_) => code::INVALID_RECORD,
        KeptReason::Gone | KeptReason::Recreated => code::KEPT_REPLACED,
    })
}

pub(super) fn reason(reason: &KeptReason) -> String {
    match reason {
        KeptReason::NeverSet => "not changed, so it is not rolled back".to_owned(),
        KeptReason::SetByAnother { container, image, by } => format!(
            "not rolled back: {container} was set to {image} by {} since then",
            another(by.as_deref())
        ),
        KeptReason::NoContainer(container) => {
            format!("not rolled back: its container {container} has been removed")
        }
        KeptReason::BadRecord(cause) => {
            format!("not rolled back: its record is invalid, {cause}")
        }
        KeptReason::Gone => "not rolled back: it has been deleted".to_owned(),
        KeptReason::Recreated => {
            "not rolled back: it has been deleted and created again".to_owned()
        }
    }
}

/// The end of a run that has nothing to do.
pub(crate) fn nothing_to_do(
    purpose: Purpose,
    named: bool,
    left_alone: bool,
) -> (TaskResult, &'static str) {
    match (purpose, named || left_alone) {
        (Purpose::Set, _) => (TaskResult::SucceededWithIssues, "Nothing to change"),
        (Purpose::Undo, true) => (TaskResult::Failed, "Nothing was rolled back"),
        (Purpose::Undo, false) => (
            TaskResult::SucceededWithIssues,
            "Nothing to roll back: no workload has a record of a previous image",
        ),
    }
}

/// The end of a dry run on the server.
pub(crate) fn dry_run(refused: bool) -> (TaskResult, &'static str) {
    if refused {
        (TaskResult::Failed, NOTHING_CHANGED)
    } else {
        (TaskResult::Succeeded, "The API server accepts the change; nothing was changed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::variables::Variables,
        image::lines::{Needs, parse},
        plan::{FoundWorkloads, Query},
    };

    #[test]
    fn all_is_told_before_the_plan_with_every_workload_that_it_means() {
        let workload = |namespace: &str, name: &str| {
            serde_json::from_value(serde_json::json!({
                "kind": "Deployment",
                "metadata": {"name": name, "namespace": namespace, "uid": name},
                "spec": {"template": {"spec": {"containers": [{"name": "app", "image": "a.io/b:1"}]}}},
            }))
            .unwrap()
        };
        let told = |text: &str| {
            let lines = parse(text, Needs::Images, &Variables::default()).unwrap();
            let found = |query: Query| {
                let namespace = query.namespace.clone().unwrap_or_default();
                let names = if namespace == "shop" { &["api", "web"][..] } else { &["web"] };
                let workloads = names.iter().map(|name| workload(&namespace, name)).collect();
                FoundWorkloads { query, workloads }
            };
            let found: Vec<FoundWorkloads> =
                Query::of_lines(&lines, &[]).into_iter().map(found).collect();
            let made = Plan::make(&lines, &[], &found).unwrap();
            let told = plan(&made, WhenUnchanged::Warn).into_iter();
            let texts = told.filter_map(|effect| match effect {
                Effect::Log { text, .. } => Some(text.as_str().to_owned()),
                _ => None,
            });
            texts.take_while(|text| text.starts_with("--all")).collect::<Vec<_>>()
        };
        assert_eq!(
            told("shop,pay: deploy --all app=a.io/b:2"),
            [
                "--all matches deployments in namespace shop (2): api, web",
                "--all matches deployments in namespace pay (1): web"
            ]
        );
        assert_eq!(
            told("deploy/web app=a.io/b:2 -n shop\ndeploy --all app=a.io/b:2 -n shop"),
            ["--all matches deployments in namespace shop (1): api"]
        );
        assert_eq!(told("shop/deploy/web app=a.io/b:2"), Vec::<String>::new());
    }
}
