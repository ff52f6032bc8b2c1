//! A workload with its pods and events, put together piece by piece.

use kubectl_set_image::{
    kubectl::Target,
    kubernetes::{Kind, WorkloadName},
    report::causes,
    rollout::{Change, Failure, Goal, Judgement, Observation, Progress, Rules, judge, waiting},
};
use serde_json::{Value, json};

pub(crate) const IMAGE: &str = "contoso.azurecr.io/web:2";
pub(crate) const OLD: &str = "contoso.azurecr.io/web:1";

/// What was seen, and of what.
pub(crate) struct Scene {
    pub(crate) goal: Goal,
    pub(crate) seen: Observation,
    pub(crate) workload: Value,
    version: u64,
}

impl Scene {
    /// A workload whose template has the new image; its status is empty.
    pub(crate) fn of(kind: Kind, replicas: i64) -> Self {
        let workload = json!({
            "kind": format!("{kind:?}"),
            "metadata": {
                "name": "web", "namespace": "shop", "uid": "web", "generation": 2,
                "annotations": {
                    "deployment.kubernetes.io/revision": "2",
                    "deprecated.daemonset.template.generation": "2",
                },
            },
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"spec": {"containers": [{"name": "app", "image": IMAGE}]}},
            },
            "status": {"observedGeneration": 2, "updateRevision": "new", "currentRevision": "old"},
        });
        let goal = Goal {
            namespace: "shop".to_owned(),
            name: WorkloadName { kind, name: "web".to_owned() },
            uid: Some("web".to_owned()),
            images: vec![("app".to_owned(), IMAGE.to_owned())],
            generation: None,
            verified: Vec::new(),
            waited_for: Vec::new(),
            before: Vec::new(),
        };
        let mut scene = Self { goal, seen: Observation::default(), workload, version: 0 };
        if kind == Kind::Deployment {
            for (set, revision, image) in [("web-old", "1", OLD), ("web-new", "2", IMAGE)] {
                scene.see_workload(json!({
                    "kind": "ReplicaSet",
                    "metadata": {
                        "name": set, "namespace": "shop", "uid": set,
                        "annotations": {"deployment.kubernetes.io/revision": revision},
                        "ownerReferences": [
                            {"kind": "Deployment", "name": "web", "uid": "web", "controller": true},
                        ],
                    },
                    "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
                }));
            }
        }
        scene.see();
        scene
    }

    /// The workload as it is now.
    pub(crate) fn see(&mut self) {
        self.see_workload(self.workload.clone());
    }

    /// The workload with another value at a place of it.
    pub(crate) fn with(&mut self, pointer: &str, value: Value) -> &mut Self {
        put(&mut self.workload, pointer, value);
        self.see();
        self
    }

    /// The workload with these counts in its status.
    pub(crate) fn status(&mut self, counts: Value) -> &mut Self {
        for (name, count) in counts.as_object().unwrap() {
            self.workload["status"][name] = count.clone();
        }
        self.see();
        self
    }

    fn see_workload(&mut self, mut object: Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.seen.see_workload(0, Change::Present(serde_json::from_value(object).unwrap()));
    }

    /// A pod of the new template that is bound to a node, or of the old one.
    pub(crate) fn pod(&self, name: &str, is_new: bool) -> Value {
        let revision = if is_new { "new" } else { "old" };
        let (owner, uid) = match self.goal.name.kind {
            Kind::Deployment => ("ReplicaSet".to_owned(), format!("web-{revision}")),
            kind => (format!("{kind:?}"), "web".to_owned()),
        };
        json!({
            "metadata": {
                "name": name, "namespace": "shop", "uid": name,
                "labels": {
                    "app": "web",
                    "controller-revision-hash": revision,
                    "pod-template-generation": if is_new { "2" } else { "1" },
                },
                "ownerReferences": [
                    {"kind": owner, "name": uid, "uid": uid, "controller": true},
                ],
            },
            "spec": {
                "nodeName": "node-1",
                "containers": [{"name": "app", "image": if is_new { IMAGE } else { OLD }}],
            },
            "status": {"phase": "Running", "conditions": [], "containerStatuses": [
                {"name": "app", "restartCount": 0, "ready": false, "state": {"running": {}}},
            ]},
        })
    }

    pub(crate) fn see_pod(&mut self, at: i64, pod: &Value) {
        let pod = self.newer(pod);
        self.seen.see_pod(at, Change::Present(serde_json::from_value(pod).unwrap()));
    }

    pub(crate) fn lose_pod(&mut self, at: i64, pod: &Value) {
        let pod = self.newer(pod);
        self.seen.see_pod(at, Change::Deleted(serde_json::from_value(pod).unwrap()));
    }

    fn newer(&mut self, object: &Value) -> Value {
        self.version += 1;
        let mut object = object.clone();
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        object
    }

    /// A warning about a pod's container `app`, or about the object as a whole.
    pub(crate) fn warn(&mut self, at: i64, uid: &str, reason: &str, message: &str) {
        self.version += 1;
        let path = match reason {
            "Unhealthy" | "Killing" | "FailedPostStartHook" | "Pulling" | "Started" => {
                "spec.containers{app}"
            }
            _ => "",
        };
        let event = json!({
            "metadata": {
                "namespace": "shop", "uid": format!("event-{}", self.version),
                "resourceVersion": self.version.to_string(),
            },
            "involvedObject": {"uid": uid, "fieldPath": path},
            "type": "Warning", "reason": reason, "message": message,
        });
        self.seen.see_event(at, Change::Present(serde_json::from_value(event).unwrap()));
    }

    pub(crate) fn judge(&self, rules: &str, at: i64) -> Judgement {
        judge(&self.goal, &self.seen, &Rules::parse(rules).unwrap(), at)
    }

    /// Why it has failed by then.
    pub(crate) fn failure(&self, rules: &str, at: i64) -> Failure {
        match self.judge(rules, at) {
            Judgement::Failed { failure, .. } => failure,
            other => panic!("{other:?} at {at}"),
        }
    }

    /// How far it is, and that it goes on.
    pub(crate) fn progress(&self, rules: &str, at: i64) -> Progress {
        match self.judge(rules, at) {
            Judgement::Progressing { progress, .. } => progress,
            other => panic!("{other:?} at {at}"),
        }
    }

    /// The failure begins at this moment and not a millisecond before.
    pub(crate) fn fails_at(&self, rules: &str, at: i64) -> Failure {
        self.progress(rules, at - 1);
        self.failure(rules, at)
    }

    pub(crate) fn sentence(&self, failure: &Failure) -> String {
        let target = Target { namespace: Some("shop".to_owned()), context: None, kubeconfig: None };
        let look = causes::look(&target, &self.goal.name, failure);
        format!("{}. See: {look}", causes::sentence(failure))
    }

    pub(crate) fn waits_for(&self) -> String {
        waiting(&self.goal, &self.seen).map_or(String::new(), |it| causes::waiting(&it))
    }
}

/// Puts a value at a place of an object, and makes the way there.
pub(crate) fn put(object: &mut Value, pointer: &str, value: Value) {
    let mut place = object;
    for key in pointer.split('/').skip(1) {
        place = match key.parse::<usize>() {
            Ok(at) => &mut place[at],
            Err(_) => &mut place[key],
        };
    }
    *place = value;
}

/// The pod with a condition.
pub(crate) fn condition(pod: &mut Value, r#type: &str, status: &str, reason: &str, message: &str) {
    pod["status"]["conditions"]
        .as_array_mut()
        .unwrap()
        .push(json!({"type": r#type, "status": status, "reason": reason, "message": message}));
}

/// The pod once it is ready.
pub(crate) fn ready(mut pod: Value) -> Value {
    pod["status"]["containerStatuses"][0]["ready"] = true.into();
    condition(&mut pod, "ContainersReady", "True", "", "");
    condition(&mut pod, "Ready", "True", "", "");
    pod
}
