//! What the API server made of a change. Admission webhooks rewrite images, to a digest or to a mirror,
//! and what is stored then is what has to be rolled out.

use serde_json::{Value, json};

use crate::{
    image::reference::Reference,
    kubernetes::{Kind, Workload, last_change},
    plan::{ByName, FoundWorkloads, Plan, Planned},
};

/// The field manager of `kubectl set image`. A webhook that changes its request has no name of its own.
const MANAGER: &str = "kubectl-set";

/// An image that is stored otherwise than it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The workload's place in the plan.
    pub place: usize,
    /// The container.
    pub container: String,
    /// The image that was asked for.
    pub asked: String,
    /// The image that is stored.
    pub stored: String,
}

impl Plan {
    /// Takes the workloads as they are after the change for what the change leads to: their generation,
    /// and their images where these are the step's own, rewritten. Gives the latter. An image of
    /// somebody else stays one that the plan does not have.
    pub fn take_stored(&mut self, found: &[FoundWorkloads]) -> Vec<Rewritten> {
        let mut rewritten = Vec::new();
        let by_name = ByName::of(found);
        for (place, planned) in self.workloads.iter_mut().enumerate() {
            let Some(workload) = by_name.workload(planned) else { continue };
            if planned.is_left_as_it_is() || workload.metadata.uid != planned.uid {
                continue;
            }
            let before = std::mem::replace(&mut planned.generation, workload.metadata.generation);
            for change in planned.containers.iter_mut().filter(|change| change.changes()) {
                let container = workload.all_containers().find(|c| c.name == change.container);
                let is_other = |image: &&String| **image != change.new && **image != change.old;
                let Some(stored) = container.map(|c| &c.image).filter(is_other) else { continue };
                if is_own(workload, &change.container, before, [&change.new, stored]) {
                    let asked = std::mem::replace(&mut change.new, stored.clone());
                    let (container, stored) = (change.container.clone(), stored.clone());
                    rewritten.push(Rewritten { place, container, asked, stored });
                }
            }
        }
        rewritten
    }
}

/// Whether an image comes of the step's own change: no other was made since, or one that left the tag.
fn is_own(
    workload: &Workload,
    container: &str,
    before: i64,
    [asked, stored]: [&String; 2],
) -> bool {
    let by_kubectl = last_change(workload, container).is_none_or(|by| by.manager == MANAGER);
    let tag = |image: &String| {
        Reference::parse(image).ok().and_then(|r| r.tag().map(ToString::to_string))
    };
    by_kubectl && (workload.metadata.generation <= before + 1 || tag(asked) == tag(stored))
}

impl Planned {
    /// Whether every container has the image that it is to have.
    #[must_use]
    pub fn is_stored(&self, workload: &Workload) -> bool {
        self.containers.iter().all(|change| {
            workload.all_containers().any(|c| c.name == change.container && c.image == change.new)
        })
    }

    /// The same change as a strategic merge patch, for the API server to say what it has against it.
    #[must_use]
    pub fn patch(&self) -> String {
        let of = |init: bool| -> Vec<Value> {
            let changes = self.containers.iter().filter(|c| c.changes() && c.init == init);
            changes.map(|c| json!({"name": c.container, "image": c.new})).collect()
        };
        let mut spec = json!({});
        for (list, init) in [("containers", false), ("initContainers", true)] {
            let containers = of(init);
            if !containers.is_empty() {
                spec[list] = containers.into();
            }
        }
        let template = |spec: Value| json!({"template": {"spec": spec}});
        let spec = match self.name.kind {
            Kind::Pod => spec,
            Kind::CronJob => json!({"jobTemplate": {"spec": template(spec)}}),
            _ => template(spec),
        };
        json!({ "spec": spec }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::variables::Variables,
        image::lines::{Needs, parse},
        plan::Query,
    };

    fn deployment(image: &str, generation: i64, manager: &str) -> FoundWorkloads {
        let workload: Workload = serde_json::from_value(json!({
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "uid": "1", "generation": generation,
                "managedFields": [{"manager": manager, "operation": "Update", "fieldsV1": {"f:spec":
                    {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}":
                        {"f:image": {}}}}}}}}]},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
        }))
        .unwrap();
        let query = Query::of_workload(Some("shop"), &workload.workload_name());
        FoundWorkloads { query, workloads: vec![workload] }
    }

    fn stored(image: &str, generation: i64, manager: &str) -> (usize, String) {
        let lines = parse("deploy/web app=a.io/web:42", Needs::Images, &Variables::default());
        let before = deployment("a.io/web:41", 4, "helm");
        let mut plan = Plan::make(&lines.unwrap(), &["shop".into()], &[before]).unwrap();
        let rewritten = plan.take_stored(&[deployment(image, generation, manager)]);
        assert_eq!(plan.workloads[0].generation, generation);
        (rewritten.len(), plan.workloads[0].containers[0].new.clone())
    }

    #[test]
    fn an_image_that_a_webhook_rewrote_is_the_steps_own() {
        let digest = format!("a.io/web:42@sha256:{}", "a".repeat(64));
        for image in [&*digest, "mirror.io/a/web:42", "mirror.io/web:anything"] {
            assert_eq!(stored(image, 5, "kubectl-set"), (1, image.into()), "{image}");
        }
        assert_eq!(stored(&digest, 6, "kubectl-set"), (1, digest.clone()));
        assert_eq!(stored("a.io/web:42", 5, "kubectl-set"), (0, "a.io/web:42".into()));
    }

    #[test]
    fn an_image_of_somebody_else_is_not() {
        for (image, generation, manager) in [
            ("a.io/web:43", 6, "kubectl-set"),
            ("a.io/web:42-debug", 5, "argocd-controller"),
            ("a.io/web:41", 6, "helm"),
        ] {
            assert_eq!(stored(image, generation, manager), (0, "a.io/web:42".into()), "{image}");
        }
    }

    #[test]
    fn the_patch_is_that_of_set_image() {
        let lines = parse("deploy/web app=a.io/web:42", Needs::Images, &Variables::default());
        let before = deployment("a.io/web:41", 4, "helm");
        let plan = Plan::make(&lines.unwrap(), &["shop".into()], &[before]).unwrap();
        assert_eq!(
            plan.workloads[0].patch(),
            r#"{"spec":{"template":{"spec":{"containers":[{"image":"a.io/web:42","name":"app"}]}}}}"#
        );
    }
}
