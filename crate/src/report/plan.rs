//! The words of the plan: what is there, and what will change.

use crate::{
    host::{Effect, Style, TaskResult},
    inputs::WhenUnchanged,
    kubernetes::{Kind, Owner},
    plan::{KeptReason, KeptWorkload, Plan, Planned},
    report::{log, plain, rollout::another, run_report::Purpose, table::table},
    rollout::Hold,
};

/// The plan as a table, and a warning for what stays as it is.
pub(crate) fn plan(plan: &Plan, when_unchanged: WhenUnchanged) -> Vec<Effect> {
    let spans = plan.spans_namespaces();
    let mut rows = vec![["WORKLOAD", "CONTAINER", "IMAGE"].map(str::to_owned).to_vec()];
    for planned in &plan.workloads {
        for change in &planned.containers {
            let container = if change.init {
                format!("{} (init)", change.container)
            } else {
                change.container.clone()
            };
            let image = if change.changes() {
                format!("{} → {}", change.old, change.new)
            } else {
                format!("{} (is there already)", change.old)
            };
            rows.push(vec![planned.title(spans), container, image]);
        }
    }
    let unchanged = plan.workloads.iter().filter(|planned| !planned.changes());
    let notes = unchanged.map(|planned| left_as_it_is(planned, spans, when_unchanged));
    let table = if rows.len() > 1 { table(&rows) } else { Vec::new() };
    all(plan).into_iter().chain(table).chain(notes).collect()
}

/// Who sets the images of the workloads besides the step: a line each, a warning where that is undone at
/// once.
pub(crate) fn owners(plan: &Plan) -> Vec<Effect> {
    let spans = plan.spans_namespaces();
    let line = |planned: &Planned, owner: &Owner| {
        let title = planned.title(spans);
        if owner.heals_drift() {
            log(
                Style::Warning,
                format!(
                    "{title} is managed by {owner}, which sets its own image again at once. Change \
                     the image at its source, or have it leave this field alone"
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
            "--all means these {} of the namespace {namespace} ({}): {}",
            kind.plural(),
            names.len(),
            names.join(", ")
        ))
    };
    places.iter().map(line).collect()
}

fn left_as_it_is(planned: &Planned, spans: bool, when_unchanged: WhenUnchanged) -> Effect {
    let name = planned.title(spans);
    let images: Vec<&str> = planned.containers.iter().map(|c| c.new.as_str()).collect();
    let images = images.join(", ");
    match when_unchanged {
        WhenUnchanged::Restart if planned.restart && planned.pulls_nothing() => log(
            Style::Warning,
            format!(
                "{name} has {images} already. Its pods are replaced by kubectl rollout restart, but \
                 imagePullPolicy: IfNotPresent pulls nothing where a node has a copy. Set pin: digest \
                 to roll out what was pushed"
            ),
        ),
        WhenUnchanged::Restart if planned.restart => plain(format!(
            "{name} has {images} already: its pods are replaced by kubectl rollout restart, and \
             pull the image again"
        )),
        WhenUnchanged::Restart if planned.hold == Some(Hold::Paused) => log(
            Style::Warning,
            format!(
                "{name} has {images} already, and a paused deployment cannot be restarted. Run \
                 kubectl rollout resume, then run the step again"
            ),
        ),
        WhenUnchanged::Restart => log(
            Style::Warning,
            format!(
                "{name} has {images} already, and kubectl rollout restart does not take its kind: \
                 it stays as it is"
            ),
        ),
        WhenUnchanged::Succeed => plain(format!("{name} is unchanged: it has {images} already")),
        WhenUnchanged::Warn | WhenUnchanged::Fail => log(
            Style::Warning,
            format!(
                "{name} is unchanged: it has {images} already. To Kubernetes nothing changes, so it \
                 pulls nothing and replaces no pod, even if the image was pushed again under this \
                 tag"
            ),
        ),
    }
}

/// The workloads that are not put back, and why.
pub(crate) fn left_alone(left: &[KeptWorkload]) -> Vec<Effect> {
    let warning = |left: &KeptWorkload| {
        let text = format!("{}: {}", left.planned.name, reason(&left.reason));
        match left.reason {
            KeptReason::NeverSet => plain(text),
            _ => log(Style::Warning, text),
        }
    };
    left.iter().map(warning).collect()
}

pub(super) fn reason(reason: &KeptReason) -> String {
    match reason {
        KeptReason::NeverSet => "has its old images, there is nothing to put back".to_owned(),
        KeptReason::SetByAnother { container, image, by } => format!(
            "is left alone: {} has set {container} to {image} since then",
            another(by.as_deref())
        ),
        KeptReason::NoContainer(container) => {
            format!("is left alone: somebody else has taken its container {container} away")
        }
        KeptReason::BadRecord(cause) => {
            format!("is left alone: its record cannot be read, {cause}")
        }
        KeptReason::Gone => "is gone: somebody deleted it".to_owned(),
        KeptReason::Recreated => {
            "is left alone: it was deleted, and made anew by somebody else".to_owned()
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
        (Purpose::Set, _) => (TaskResult::SucceededWithIssues, "Nothing would change"),
        (Purpose::Undo, true) => (TaskResult::Failed, "Nothing was put back"),
        (Purpose::Undo, false) => {
            (TaskResult::SucceededWithIssues, "No workload has a record of an image to put back")
        }
    }
}

/// The end of a dry run on the server.
pub(crate) fn dry_run(refused: bool) -> (TaskResult, &'static str) {
    if refused {
        (TaskResult::Failed, super::NOTHING_CHANGED)
    } else {
        (TaskResult::Succeeded, "The API server accepts the change; none was made")
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
                "--all means these deployments of the namespace shop (2): api, web",
                "--all means these deployments of the namespace pay (1): web"
            ]
        );
        assert_eq!(
            told("deploy/web app=a.io/b:2 -n shop\ndeploy --all app=a.io/b:2 -n shop"),
            ["--all means these deployments of the namespace shop (1): api"]
        );
        assert_eq!(told("shop/deploy/web app=a.io/b:2"), Vec::<String>::new());
    }
}
