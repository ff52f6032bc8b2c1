//! Who looks after a workload besides the step, and who changed an image last.
//!
//! Labels and annotations are only text: whoever may write the object may write them, and they are
//! copied along with it. So they count where all of them are there that the owner itself always
//! sets together, and where they name this very object if they name one.

use std::fmt;

use crate::kubernetes::{ImageManager, Metadata, Operation, Workload};

/// Something that sets the images of a workload by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A release of Helm: its next upgrade sets the images of its chart.
    Helm {
        /// The name of the release.
        release: String,
        /// The namespace that the release is kept in.
        namespace: String,
    },
    /// An application of Argo CD, which sets them back as soon as it heals itself.
    ArgoCd {
        /// The name of the application, with its namespace before it where that is not the
        /// controller's own: `team_shop`.
        application: String,
    },
    /// An object of Flux, which sets them back with its next reconciliation.
    Flux {
        /// What kind of object.
        kind: FluxKind,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A field manager that applies the image of a container from the server's side: it sets its
    /// own again with its next apply.
    Manager {
        /// Its name.
        manager: String,
    },
}

/// The kinds of Flux that own workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FluxKind {
    /// Of its kustomize-controller.
    Kustomization,
    /// Of its helm-controller.
    HelmRelease,
}

impl Owner {
    /// Whether it sets its own image back by itself, without anybody starting it.
    #[must_use]
    pub fn heals_drift(&self) -> bool {
        matches!(self, Self::ArgoCd { .. } | Self::Flux { .. })
    }

    /// Whether this is the name that the owner has as a field manager.
    fn is_manager(&self, manager: &str) -> bool {
        match self {
            Self::Helm { .. } => manager == "helm",
            Self::ArgoCd { .. } => manager.starts_with("argocd"),
            Self::Flux { kind: FluxKind::Kustomization, .. } => manager == "kustomize-controller",
            Self::Flux { kind: FluxKind::HelmRelease, .. } => manager == "helm-controller",
            Self::Manager { manager: own } => own == manager,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Helm { release, namespace } => {
                write!(f, "Helm release {release} in namespace {namespace}")
            }
            Self::ArgoCd { application } => write!(f, "Argo CD application {application}"),
            Self::Flux { kind, namespace, name } => write!(f, "Flux {kind:?} {namespace}/{name}"),
            Self::Manager { manager } => write!(f, "field manager {manager}"),
        }
    }
}

/// Who sets the images of these containers besides the step; what heals drift comes first.
///
/// | owner | is known by |
/// | --- | --- |
/// | Argo CD | the annotation `argocd.argoproj.io/tracking-id` where it names this object; the label `argocd.argoproj.io/instance`; the label `app.kubernetes.io/instance` where a manager of Argo CD owns an image |
/// | Flux | the labels `kustomize.toolkit.fluxcd.io/` or `helm.toolkit.fluxcd.io/`, `name` and `namespace` |
/// | Helm | the label `app.kubernetes.io/managed-by: Helm` with both annotations `meta.helm.sh/release-…` |
/// | any other | a field manager with the operation `Apply` that owns the image of one of the containers |
#[must_use]
pub fn owners(workload: &Workload, containers: &[&str]) -> Vec<Owner> {
    let metadata = &workload.metadata;
    let mut owners: Vec<Owner> = argo_cd(workload).into_iter().collect();
    for (kind, group) in [(FluxKind::Kustomization, "kustomize"), (FluxKind::HelmRelease, "helm")] {
        let label = |part| label(metadata, &format!("{group}.toolkit.fluxcd.io/{part}"));
        if let (Some(name), Some(namespace)) = (label("name"), label("namespace")) {
            owners.push(Owner::Flux { kind, namespace, name });
        }
    }
    // Flux makes its releases with Helm, and sets them back itself.
    if owners.is_empty() {
        owners.extend(helm(metadata));
    }
    let applied = metadata.image_managers.iter().filter(|by| {
        by.operation == Operation::Apply
            && by.containers.iter().any(|container| containers.contains(&container.as_str()))
    });
    for ImageManager { manager, .. } in applied {
        if !owners.iter().any(|owner| owner.is_manager(manager)) {
            owners.push(Owner::Manager { manager: manager.clone() });
        }
    }
    owners
}

/// The field manager that was the last to set the image of a container, where the API server tells.
#[must_use]
pub fn last_change<'a>(workload: &'a Workload, container: &str) -> Option<&'a ImageManager> {
    let managers = workload.metadata.image_managers.iter();
    // The times are of one clock and one form, so that they compare as texts.
    managers.filter(|by| by.containers.iter().any(|c| c == container)).max_by_key(|by| &by.time)
}

fn helm(metadata: &Metadata) -> Option<Owner> {
    let annotations = &metadata.annotations;
    let managed = metadata.labels.get("app.kubernetes.io/managed-by")?;
    let release = named(annotations.helm_release.as_deref()?)?;
    let namespace = named(annotations.helm_namespace.as_deref()?)?;
    (managed == "Helm").then_some(Owner::Helm { release, namespace })
}

fn argo_cd(workload: &Workload) -> Option<Owner> {
    let metadata = &workload.metadata;
    let tracked = metadata.annotations.argo_tracking_id.as_deref().and_then(|id| {
        // APPLICATION:GROUP/KIND:NAMESPACE/NAME
        let mut parts = id.splitn(3, ':');
        let (application, kind, object) = (parts.next()?, parts.next()?, parts.next()?);
        let (_, kind) = kind.rsplit_once('/')?;
        let is_this = kind == format!("{:?}", workload.kind)
            && object.split_once('/') == Some((&metadata.namespace, &metadata.name));
        is_this.then(|| named(application))?
    });
    let by_argo = || metadata.image_managers.iter().any(|by| by.manager.starts_with("argocd"));
    let application = tracked
        .or_else(|| label(metadata, "argocd.argoproj.io/instance"))
        .or_else(|| label(metadata, "app.kubernetes.io/instance").filter(|_| by_argo()))?;
    Some(Owner::ArgoCd { application })
}

fn label(metadata: &Metadata, key: &str) -> Option<String> {
    named(metadata.labels.get(key)?)
}

/// The text, if it can be the name of an object; that of an application may have an underscore.
fn named(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ['-', '.', '_'].contains(&c);
    (!text.is_empty() && text.len() <= 253 && text.chars().all(fits)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn workload(metadata: &Value) -> Workload {
        let mut object = json!({
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": "web:1"}]}}},
        });
        for (key, value) in metadata.as_object().unwrap() {
            object["metadata"][key] = value.clone();
        }
        serde_json::from_value(object).unwrap()
    }

    fn of(metadata: &Value) -> Vec<Owner> {
        owners(&workload(metadata), &["app"])
    }

    fn managed(manager: &str, operation: &str, time: &str, container: &str) -> Value {
        json!({
            "manager": manager, "operation": operation, "apiVersion": "apps/v1", "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {
                ".": {}, format!("k:{{\"name\":\"{container}\"}}"): {".": {}, "f:image": {}, "f:name": {}},
            }}}}},
        })
    }

    #[test]
    fn an_owner_is_known_by_all_that_it_sets() {
        let helm = json!({
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {
                "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop"
            },
        });
        let release = Owner::Helm { release: "shop".into(), namespace: "shop".into() };
        assert_eq!(of(&helm), [release]);
        let kustomization = Owner::Flux {
            kind: FluxKind::Kustomization,
            namespace: "flux-system".into(),
            name: "apps".into(),
        };
        let labels = json!({"labels": {
            "kustomize.toolkit.fluxcd.io/name": "apps",
            "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        }});
        assert_eq!(of(&labels), [kustomization]);
        let mut release = helm;
        release["labels"]["helm.toolkit.fluxcd.io/name"] = "shop".into();
        release["labels"]["helm.toolkit.fluxcd.io/namespace"] = "flux-system".into();
        let release = of(&release);
        assert!(matches!(&release[..], [Owner::Flux { kind: FluxKind::HelmRelease, .. }]));
        let argo = Owner::ArgoCd { application: "shop".into() };
        for by in [
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}}),
            json!({"labels": {"argocd.argoproj.io/instance": "shop"}}),
            json!({
                "labels": {"app.kubernetes.io/instance": "shop"},
                "managedFields": [managed("argocd-controller", "Apply", "2026-11-28T08:00:00Z", "app")],
            }),
        ] {
            assert_eq!(of(&by), std::slice::from_ref(&argo), "{by}");
            assert!(argo.heals_drift());
        }
        let applied = json!({
            "managedFields": [managed("platform", "Apply", "2026-11-28T08:00:00Z", "app")],
        });
        assert_eq!(of(&applied), [Owner::Manager { manager: "platform".into() }]);
        let names = [of(&labels), release, vec![argo], of(&applied)].concat();
        let names: Vec<String> = names.iter().map(Owner::to_string).collect();
        assert_eq!(
            names,
            [
                "Flux Kustomization flux-system/apps",
                "Flux HelmRelease flux-system/shop",
                "Argo CD application shop",
                "field manager platform",
            ]
        );
    }

    #[test]
    fn what_is_half_there_or_copied_is_no_owner() {
        for by in [
            json!({}),
            json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}}),
            json!({
                "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "shop"},
            }),
            json!({"annotations": {
                "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop"
            }}),
            json!({"labels": {"app.kubernetes.io/instance": "shop"}}),
            json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}),
            json!({"labels": {"argocd.argoproj.io/instance": "##vso[task.complete]\n"}}),
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/api"}}),
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/StatefulSet:shop/web"}}),
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop"}}),
            json!({"annotations": {"argocd.argoproj.io/tracking-id": ""}}),
            json!({"managedFields": null}),
            json!({"managedFields": []}),
            json!({"managedFields": [{}, {"fieldsV1": null}]}),
            json!({"managedFields": [{"manager": "x", "operation": "Apply"}]}),
            json!({"managedFields": [{"manager": "x", "operation": "Apply", "fieldsV1": {}}]}),
            json!({"managedFields": [managed("kubectl-set", "Update", "2026-11-28T08:00:00Z", "app")]}),
            json!({"managedFields": [managed("platform", "Apply", "2026-11-28T08:00:00Z", "other")]}),
            json!({"managedFields": [managed("platform", "Steal", "2026-11-28T08:00:00Z", "app")]}),
        ] {
            assert_eq!(of(&by), [], "{by}");
        }
    }

    #[test]
    fn the_last_to_set_an_image_is_named() {
        let workload = workload(&json!({"managedFields": [
            managed("helm", "Apply", "2026-11-28T08:00:00Z", "app"),
            managed("kubectl-set", "Update", "2026-11-28T09:30:00Z", "app"),
            managed("kubectl-edit", "Update", "2026-11-28T10:00:00Z", "other"),
        ]}));
        let last = last_change(&workload, "app").unwrap();
        assert_eq!((last.manager.as_str(), last.operation), ("kubectl-set", Operation::Update));
        assert_eq!(last.time.as_deref(), Some("2026-11-28T09:30:00Z"));
        assert_eq!(last_change(&workload, "migrate"), None);
    }

    #[test]
    fn a_cron_jobs_template_is_found_too() {
        let fields = json!({"f:spec": {"f:jobTemplate": {"f:spec": {"f:template": {"f:spec": {
            "f:initContainers": {"k:{\"name\":\"app\"}": {"f:image": {}}}}}}}}});
        let workload = workload(&json!({"managedFields": [
            {"manager": "ci", "operation": "Apply", "fieldsV1": fields},
        ]}));
        assert_eq!(last_change(&workload, "app").unwrap().manager, "ci");
    }
}
