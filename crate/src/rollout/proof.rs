//! Whether the new pods run what was pushed: their `imageID` against the digests of the registry.
//!
//! A digest is the content, so that one that is known proves it, whatever name the node gives to the
//! image. One that is not known proves that something else runs only where nothing else explains
//! it; all else is [`Proof::Unknown`], with its reason.
//!
//! # The forms of `imageID`
//! | form | of |
//! | --- | --- |
//! | `REPOSITORY@sha256:…` | containerd and CRI-O: the digest that the reference had when it was pulled, of an index or of a manifest |
//! | `docker-pullable://REPOSITORY@sha256:…` | Docker, the same |
//! | `docker://sha256:…`, `sha256:…`, 64 hex digits | the image's id, which is the digest of its config: it was loaded, or built on the node; with Docker's containerd store that of the index |
//! | empty | nothing runs yet |

use std::cmp::Reverse;

use crate::{
    image::reference::Reference,
    kubernetes::{Container, Pod},
    registry::is_digest,
    rollout::{Goal, observation::Observation, pods, status},
};

/// What a registry has of an image that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The image as the goal has it.
    pub image: String,
    /// The digest of the reference first; where that is an index, then those of the manifests of
    /// all its platforms. Where these could not be read, leave the image out.
    pub digests: Vec<String>,
    /// The digests of the configs, as far as they are known: often that of one platform alone.
    pub configs: Vec<String>,
}

/// Whether a workload runs what was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Every new pod does: each container of the goal, and the digest of its reference.
    Verified(Vec<(String, String)>),
    /// A pod does not.
    Differs(Difference),
    /// Nobody can tell.
    Unknown(Unproven),
}

/// A pod that runs something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The pod.
    pub pod: String,
    /// The node that it is on.
    pub node: String,
    /// The container.
    pub container: String,
    /// The digest that it runs.
    pub running: String,
    /// What it is held against.
    pub expected: Expected,
    /// Why it most likely is so.
    pub why: Why,
}

/// What a pod is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The digest that the reference has in the registry.
    Pushed(String),
    /// The digest that most of the other pods run; the registry was not asked.
    OtherPods(String),
}

/// Why a pod runs something else than what its reference names in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// `imagePullPolicy: IfNotPresent`: the node had a copy of the tag, and pulled nothing.
    CachedCopy,
    /// `imagePullPolicy: Never`: the node took what it had.
    NeverPulled,
    /// `imagePullPolicy: Always`: the tag was pushed again after the pod had pulled it, or the node
    /// pulls from elsewhere.
    PulledBefore,
    /// The pod does not say.
    NotStated,
}

/// Why nobody can tell what a workload runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// There is no new pod.
    NoPods,
    /// The workload has more new pods than were seen.
    NotAllSeen {
        /// How many were seen.
        seen: usize,
        /// How many it says that it has.
        of: i64,
    },
    /// The registry was not asked, or did not tell.
    NotAsked,
    /// The pod says nothing of the container, or the container does not run.
    NotReported {
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
    /// What the pod says has none of the known forms.
    UnknownForm {
        /// The pod.
        pod: String,
        /// What it says.
        image_id: String,
    },
    /// The node only has the image's id, and the registry did not tell those of all platforms.
    OnlyImageId {
        /// The pod.
        pod: String,
        /// The id.
        id: String,
    },
    /// The pod runs another digest, of another image: its container was given another one, or
    /// something rewrites the images of pods.
    OtherImage {
        /// The pod.
        pod: String,
        /// The image that the pod has, or the node says.
        image: String,
    },
}

/// What `imageID` says.
enum Running {
    /// An image of this repository, by the digest of its manifest or index.
    Manifest(Reference, String),
    /// The image's id alone.
    Id(String),
}

/// One container of a pod, held against what is known.
enum Finding {
    Same,
    Other(Difference),
    Unknown(Unproven),
}

/// Holds the new pods of a rollout that is done against what registries have of its images; those
/// that were not asked for are left out of `pushed`.
///
/// Pods that differ among themselves are found out without a registry too.
#[must_use]
pub fn prove(goal: &Goal, seen: &Observation, pushed: &[Pushed]) -> Proof {
    let pods = pods(goal, seen);
    let pods: Vec<&Pod> = pods.iter().filter(|pod| pod.is_new).map(|pod| pod.pod).collect();
    if pods.is_empty() {
        return Proof::Unknown(Unproven::NoPods);
    }
    let of = seen.workload(goal).map_or(0, status::updated);
    let are_all = i64::try_from(pods.len()).is_ok_and(|seen| seen >= of);
    let not_all = || (!are_all).then_some(Unproven::NotAllSeen { seen: pods.len(), of });
    let (mut verified, mut unknown) = (Vec::new(), None);
    for (container, image) in &goal.images {
        let known = Known::of(image, pushed);
        if known.digests.is_empty() {
            if let Some(difference) = among_themselves(container, &pods) {
                return Proof::Differs(difference);
            }
            unknown = unknown.or(Some(Unproven::NotAsked));
            continue;
        }
        for pod in &pods {
            match known.finding(container, pod) {
                Finding::Same => {}
                Finding::Other(difference) => return Proof::Differs(difference),
                Finding::Unknown(why) => unknown = unknown.or(Some(why)),
            }
        }
        verified.push((container.clone(), known.digests[0].clone()));
    }
    unknown.or_else(not_all).map_or(Proof::Verified(verified), Proof::Unknown)
}

/// What is known of an image of the goal.
struct Known<'a> {
    image: &'a str,
    reference: Option<Reference>,
    digests: Vec<String>,
    configs: &'a [String],
    /// Whether the digests are all that there are; a pinned digest alone may be that of an index.
    complete: bool,
    /// Whether the configs are.
    has_all_configs: bool,
}

impl<'a> Known<'a> {
    fn of(image: &'a str, pushed: &'a [Pushed]) -> Self {
        let reference = Reference::parse(image).ok();
        let pushed = pushed.iter().find(|p| p.image == image && !p.digests.is_empty());
        let has_all_configs = pushed.is_some_and(|pushed| {
            let manifests = (pushed.digests.len() - 1).max(1);
            pushed.configs.len() >= manifests
        });
        let mut digests = pushed.map_or(Vec::new(), |pushed| pushed.digests.clone());
        digests.extend(reference.iter().filter_map(|r| r.digest()).map(str::to_owned));
        let configs = pushed.map_or(&[][..], |pushed| &pushed.configs);
        Self { image, reference, digests, configs, complete: pushed.is_some(), has_all_configs }
    }

    fn finding(&self, name: &str, pod: &Pod) -> Finding {
        let pod_name = &pod.metadata.name;
        let Some(image_id) = image_id(name, pod) else {
            let container = name.to_owned();
            return Finding::Unknown(Unproven::NotReported { pod: pod_name.clone(), container });
        };
        let Some(running) = Running::parse(image_id) else {
            let image_id = image_id.to_owned();
            return Finding::Unknown(Unproven::UnknownForm { pod: pod_name.clone(), image_id });
        };
        let digest = running.digest();
        if self.digests.iter().chain(self.configs).any(|known| known == digest) {
            return Finding::Same;
        }
        let container = pod.spec.all_containers().find(|container| container.name == name);
        let other = match (&running, container) {
            (_, Some(container)) if container.image != self.image => Some(container.image.clone()),
            (Running::Manifest(of, _), _)
                if !self.reference.as_ref().is_some_and(|own| own.same_repository(of)) =>
            {
                Some(image_id.to_owned())
            }
            _ => None,
        };
        if let Some(image) = other {
            return Finding::Unknown(Unproven::OtherImage { pod: pod_name.clone(), image });
        }
        let tells = match &running {
            Running::Manifest(..) => self.complete,
            Running::Id(_) => self.has_all_configs,
        };
        if !tells {
            let id = digest.to_owned();
            return Finding::Unknown(Unproven::OnlyImageId { pod: pod_name.clone(), id });
        }
        let expected = Expected::Pushed(self.digests[0].clone());
        Finding::Other(difference(pod, name, digest, expected))
    }
}

impl Running {
    fn parse(image_id: &str) -> Option<Self> {
        let id = image_id.split_once("://").map_or(image_id, |(_, id)| id);
        if is_digest(id) {
            return Some(Self::Id(id.to_owned()));
        }
        let hex = format!("sha256:{id}");
        if is_digest(&hex) {
            return Some(Self::Id(hex));
        }
        let reference = Reference::parse(id).ok()?;
        let digest = reference.digest()?.to_owned();
        Some(Self::Manifest(reference, digest))
    }

    fn digest(&self) -> &str {
        match self {
            Self::Manifest(_, digest) | Self::Id(digest) => digest,
        }
    }
}

/// What the pod says of a container that runs, or of an init container that has run.
fn image_id<'a>(container: &str, pod: &'a Pod) -> Option<&'a str> {
    let status = &pod.status;
    let ran = status.init_container_statuses.iter().filter(|s| s.state.terminated.is_some());
    let all = status.init_container_statuses.iter().chain(&status.container_statuses);
    let mut known = ran.chain(all.filter(|s| s.state.running.is_some()));
    let status = known.find(|status| status.name == container)?;
    Some(status.image_id.as_str()).filter(|id| !id.is_empty())
}

/// A pod that runs another digest of the same repository than most others do.
fn among_themselves(container: &str, pods: &[&Pod]) -> Option<Difference> {
    let running = pods.iter().filter_map(|pod| {
        match Running::parse(image_id(container, pod)?)? {
            Running::Manifest(reference, digest) => Some((*pod, reference, digest)),
            // An image has an id for each platform, and so may its nodes.
            Running::Id(_) => None,
        }
    });
    let running: Vec<(&Pod, Reference, String)> = running.collect();
    let (_, first, _) = running.first()?;
    let same: Vec<&(&Pod, Reference, String)> =
        running.iter().filter(|(_, reference, _)| reference.same_repository(first)).collect();
    let times = |digest: &str| same.iter().filter(|(_, _, other)| other == digest).count();
    let (_, _, most) = same.iter().min_by_key(|(_, _, digest)| (Reverse(times(digest)), digest))?;
    let (pod, _, digest) = same.iter().find(|(_, _, digest)| digest != most)?;
    Some(difference(pod, container, digest, Expected::OtherPods(most.clone())))
}

fn difference(pod: &Pod, container: &str, running: &str, expected: Expected) -> Difference {
    let spec = pod.spec.all_containers().find(|spec| spec.name == container);
    Difference {
        pod: pod.metadata.name.clone(),
        node: pod.spec.node_name.clone(),
        container: container.to_owned(),
        running: running.to_owned(),
        expected,
        why: spec.map_or(Why::NotStated, Why::of),
    }
}

impl Why {
    fn of(container: &Container) -> Self {
        match container.image_pull_policy.as_str() {
            "IfNotPresent" => Self::CachedCopy,
            "Never" => Self::NeverPulled,
            "Always" => Self::PulledBefore,
            _ => Self::NotStated,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        kubernetes::{Kind, WorkloadName},
        rollout::Change,
    };

    const IMAGE: &str = "contoso.azurecr.io/shop/web:stable";

    fn digest(of: &str) -> String {
        format!("sha256:{}", of.repeat(64))
    }

    fn goal(image: &str) -> Goal {
        Goal {
            namespace: "shop".into(),
            name: WorkloadName { kind: Kind::StatefulSet, name: "web".into() },
            uid: Some("web".into()),
            images: vec![("app".into(), image.into())],
            generation: None,
            verified: Vec::new(),
            waited_for: Vec::new(),
            before: Vec::new(),
        }
    }

    fn pod(at: usize, image: &str, image_id: &str) -> Value {
        json!({
            "metadata": {
                "name": format!("web-{at}"), "namespace": "shop", "uid": format!("web-{at}"),
                "labels": {"controller-revision-hash": "new"},
                "ownerReferences": [{"kind": "StatefulSet", "uid": "web", "controller": true}],
            },
            "spec": {"nodeName": format!("node-{at}"), "containers": [
                {"name": "app", "image": image, "imagePullPolicy": "IfNotPresent"},
            ]},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "app", "imageID": image_id, "state": {"running": {}}},
            ]},
        })
    }

    fn seen(pods: &[Value]) -> Observation {
        let set = json!({
            "kind": "StatefulSet",
            "metadata": {"name": "web", "namespace": "shop", "uid": "web"},
            "status": {"updateRevision": "new"},
        });
        let mut seen = Observation::default();
        seen.see_workload(0, Change::Present(serde_json::from_value(set).unwrap()));
        for pod in pods {
            seen.see_pod(0, Change::Present(serde_json::from_value(pod.clone()).unwrap()));
        }
        seen
    }

    fn running(ids: &[&str]) -> Observation {
        let pods: Vec<Value> = ids.iter().enumerate().map(|(at, id)| pod(at, IMAGE, id)).collect();
        seen(&pods)
    }

    /// An index of the digest `1…`, two manifests, and the config of one.
    fn pushed(image: &str) -> Vec<Pushed> {
        vec![Pushed {
            image: image.into(),
            digests: ["1", "2", "3"].map(digest).to_vec(),
            configs: vec![digest("c")],
        }]
    }

    #[test]
    fn a_known_digest_is_proof_in_every_form() {
        let ids = [
            format!("contoso.azurecr.io/shop/web@{}", digest("1")),
            format!("contoso.azurecr.io/shop/web@{}", digest("3")),
            format!("docker-pullable://contoso.azurecr.io/shop/web@{}", digest("2")),
            format!("docker://{}", digest("c")),
            digest("c"),
            "c".repeat(64),
            format!("docker://{}", digest("1")),
            format!("mirror.example:5000/shop/web@{}", digest("1")),
        ];
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let verified = vec![("app".to_owned(), digest("1"))];
        assert_eq!(prove(&goal(IMAGE), &running(&ids), &pushed(IMAGE)), Proof::Verified(verified));
    }

    #[test]
    fn another_digest_is_told_with_its_pod_and_why() {
        let right = format!("contoso.azurecr.io/shop/web@{}", digest("1"));
        let wrong = format!("contoso.azurecr.io/shop/web@{}", digest("9"));
        let differs = |why| {
            Proof::Differs(Difference {
                pod: "web-1".into(),
                node: "node-1".into(),
                container: "app".into(),
                running: digest("9"),
                expected: Expected::Pushed(digest("1")),
                why,
            })
        };
        for (policy, why) in [
            ("IfNotPresent", Why::CachedCopy),
            ("Never", Why::NeverPulled),
            ("Always", Why::PulledBefore),
            ("", Why::NotStated),
        ] {
            let mut other = pod(1, IMAGE, &wrong);
            other["spec"]["containers"][0]["imagePullPolicy"] = policy.into();
            let seen = seen(&[pod(0, IMAGE, &right), other]);
            assert_eq!(prove(&goal(IMAGE), &seen, &pushed(IMAGE)), differs(why));
        }
        let by_id = running(&[&right, &format!("docker://{}", digest("9"))]);
        let of_one_platform =
            vec![Pushed { digests: vec![digest("1")], ..pushed(IMAGE).remove(0) }];
        assert_eq!(prove(&goal(IMAGE), &by_id, &of_one_platform), differs(Why::CachedCopy));
    }

    #[test]
    fn pods_that_differ_among_themselves_need_no_registry() {
        let [one, other] =
            ["1", "9"].map(|of| format!("contoso.azurecr.io/shop/web@{}", digest(of)));
        let Proof::Differs(difference) = prove(&goal(IMAGE), &running(&[&one, &other, &one]), &[])
        else {
            panic!("no difference")
        };
        assert_eq!((difference.pod.as_str(), &difference.running), ("web-1", &digest("9")));
        assert_eq!(difference.expected, Expected::OtherPods(digest("1")));
        for alike in [
            vec![one.as_str(), &one],
            vec![&one, &format!("mirror.example/web@{}", digest("9"))[..]],
            vec![&digest("1"), &digest("9")],
            vec!["", ""],
        ] {
            let proof = prove(&goal(IMAGE), &running(&alike), &[]);
            assert_eq!(proof, Proof::Unknown(Unproven::NotAsked), "{alike:?}");
        }
    }

    #[test]
    fn what_proves_nothing_is_unknown_with_its_reason() {
        let pod_name = || "web-0".to_owned();
        let not_reported = Unproven::NotReported { pod: pod_name(), container: "app".to_owned() };
        let wrong = format!("contoso.azurecr.io/shop/web@{}", digest("9"));
        let elsewhere = format!("mirror.example/shop/web@{}", digest("9"));
        let check = |pod: Value, pushed: &[Pushed], why: Unproven| {
            assert_eq!(prove(&goal(IMAGE), &seen(&[pod]), pushed), Proof::Unknown(why));
        };
        check(pod(0, IMAGE, ""), &pushed(IMAGE), not_reported.clone());
        let mut ended = pod(0, IMAGE, &wrong);
        ended["status"]["containerStatuses"][0]["state"] = json!({"terminated": {"exitCode": 1}});
        check(ended, &pushed(IMAGE), not_reported.clone());
        let mut silent = pod(0, IMAGE, &wrong);
        silent["status"]["containerStatuses"] = json!([]);
        check(silent, &pushed(IMAGE), not_reported);
        for odd in ["web", "ocid://", "sha256:12", "://", "a@b@c", "web@sha256:", "\u{1b}[0m"] {
            let why = Unproven::UnknownForm { pod: pod_name(), image_id: odd.into() };
            check(pod(0, IMAGE, odd), &pushed(IMAGE), why);
        }
        let other = |image: &str| Unproven::OtherImage { pod: pod_name(), image: image.into() };
        check(pod(0, IMAGE, &elsewhere), &pushed(IMAGE), other(&elsewhere));
        check(pod(0, "web:other", &wrong), &pushed(IMAGE), other("web:other"));
        let without_configs = vec![Pushed { configs: Vec::new(), ..pushed(IMAGE).remove(0) }];
        let id = Unproven::OnlyImageId { pod: pod_name(), id: digest("9") };
        check(pod(0, IMAGE, &digest("9")), &without_configs, id.clone());
        // It may be that of the platform whose config is not known.
        check(pod(0, IMAGE, &digest("9")), &pushed(IMAGE), id);
        assert_eq!(
            prove(&goal(IMAGE), &seen(&[]), &pushed(IMAGE)),
            Proof::Unknown(Unproven::NoPods)
        );
        let empty = vec![Pushed { digests: Vec::new(), ..pushed(IMAGE).remove(0) }];
        check(pod(0, IMAGE, &wrong), &empty, Unproven::NotAsked);
    }

    #[test]
    fn pods_that_were_not_seen_are_not_verified() {
        let pods: Vec<Value> = (0..2)
            .map(|at| pod(at, IMAGE, &format!("contoso.azurecr.io/shop/web@{}", digest("1"))))
            .collect();
        let mut seen = seen(&pods);
        let set = json!({
            "kind": "StatefulSet",
            "metadata": {"name": "web", "namespace": "shop", "uid": "web"},
            "status": {"updateRevision": "new", "updatedReplicas": 3},
        });
        seen.see_workload(0, Change::Present(serde_json::from_value(set).unwrap()));
        let why = Unproven::NotAllSeen { seen: 2, of: 3 };
        assert_eq!(prove(&goal(IMAGE), &seen, &pushed(IMAGE)), Proof::Unknown(why));
        let wrong = pod(0, IMAGE, &format!("contoso.azurecr.io/shop/web@{}", digest("9")));
        seen.see_pod(0, Change::Present(serde_json::from_value(wrong).unwrap()));
        assert!(matches!(prove(&goal(IMAGE), &seen, &pushed(IMAGE)), Proof::Differs(_)));
    }

    #[test]
    fn a_pinned_digest_needs_no_registry() {
        let pinned = format!("{IMAGE}@{}", digest("1"));
        let proof = |of: &str| {
            let id = format!("contoso.azurecr.io/shop/web@{}", digest(of));
            prove(&goal(&pinned), &seen(&[pod(0, &pinned, &id)]), &[])
        };
        assert!(matches!(proof("1"), Proof::Verified(_)));
        // It may be the manifest of a platform, out of the index that is pinned.
        assert!(matches!(proof("2"), Proof::Unknown(Unproven::OnlyImageId { .. })));
    }
}
