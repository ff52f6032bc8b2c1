//! The judgement of rollouts, one truth after another.
#![allow(clippy::needless_pass_by_value)]

mod scene;

use kubectl_set_image::{
    kubernetes::{Kind, Workload},
    rollout::{
        Cause, Change, Hold, Judgement, Listing, ProbeKind, default_timeout, likely_cause, pods,
        running_images, stuck_pod,
    },
};
use scene::{IMAGE, OLD, Scene, condition, put, ready};
use serde_json::{Value, json};

/// When every time has run out.
const MUCH_LATER: i64 = 86_400_000;

const THREE_OLD: fn() -> Value =
    || json!({"replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "updatedReplicas": 0});

/// A deployment of which one new pod, `web-1`, is to become ready.
fn rolling() -> Scene {
    let mut scene = Scene::of(Kind::Deployment, 3);
    scene.status(json!({"replicas": 4, "updatedReplicas": 1, "availableReplicas": 3}));
    scene
}

#[test]
fn an_init_container_has_no_readiness_before_it_ends() {
    let mut scene = rolling();
    let mut pod = scene.pod("web-1", true);
    put(&mut pod, "/spec/initContainers", json!([{"name": "migrate", "image": "migrate:2"}]));
    let running = json!([{"name": "migrate", "ready": false, "started": true, "restartCount": 0,
                          "state": {"running": {}}}]);
    put(&mut pod, "/status/initContainerStatuses", running);
    put(
        &mut pod,
        "/status/containerStatuses",
        json!([{"name": "app", "restartCount": 0,
        "state": {"waiting": {"reason": "PodInitializing"}}}]),
    );
    put(&mut pod, "/status/phase", "Pending".into());
    scene.see_pod(0, &pod);
    scene.progress("readiness=1", MUCH_LATER);
    assert_eq!(scene.waits_for(), "init container migrate running");
    put(&mut pod, "/spec/initContainers/0/restartPolicy", "Always".into());
    scene.see_pod(0, &pod);
    let failure = scene.failure("readiness=1", MUCH_LATER);
    assert_eq!((failure.container.as_deref(), failure.init), (Some("migrate"), true));
}

#[test]
fn a_deadline_counts_where_it_names_the_newest_replica_set() {
    let mut scene = rolling();
    scene.see_pod(0, &scene.pod("web-1", true));
    let passed = |message: &str| {
        json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                "message": message}])
    };
    scene.with("/status/conditions", passed("ReplicaSet \"web-old\" has timed out progressing."));
    scene.progress("", MUCH_LATER);
    for message in [
        "ReplicaSet \"web-new\" has timed out progressing.",
        "Deployment \"web\" has timed out progressing.",
        "",
    ] {
        scene.with("/status/conditions", passed(message));
        assert!(scene.failure("", 0).deadline_passed, "{message}");
    }
}

#[test]
fn without_replica_sets_the_pods_name_theirs() {
    let mut scene = rolling();
    scene.see_pod(0, &scene.pod("web-1", true));
    let conditions = |set: &str| {
        json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                "message": format!("ReplicaSet \"{set}\" has timed out progressing.")}])
    };
    scene.seen.begin_list(Listing::Workloads(Kind::ReplicaSet), "shop", None);
    scene.with("/status/conditions", conditions("web-old"));
    scene.progress("", MUCH_LATER);
    scene.with("/status/conditions", conditions("web-new"));
    assert!(scene.failure("", 0).deadline_passed);
}

#[test]
fn available_means_available_for_every_kind() {
    let ready = json!({"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
                       "currentRevision": "new"});
    let mut set = Scene::of(Kind::StatefulSet, 1);
    set.status(ready);
    assert_eq!(set.judge("", 0), Judgement::Done, "before 1.22 nothing counts them");
    set.status(json!({"availableReplicas": 0}));
    set.progress("", MUCH_LATER);
    set.status(json!({"availableReplicas": 1}));
    assert_eq!(set.judge("", 0), Judgement::Done);
    let mut daemons = Scene::of(Kind::DaemonSet, 0);
    let counts = json!({"desiredNumberScheduled": 1, "updatedNumberScheduled": 1,
                        "numberReady": 1, "numberAvailable": 0});
    daemons.status(counts);
    daemons.progress("", MUCH_LATER);
    daemons.status(json!({"numberAvailable": 1}));
    assert_eq!(daemons.judge("", 0), Judgement::Done);
}

#[test]
fn what_nothing_rolls_out_says_so() {
    let held = |kind: Kind, replicas: i64, pointer: &str, value: Value| {
        let mut scene = Scene::of(kind, replicas);
        if replicas > 0 {
            scene.status(THREE_OLD());
        }
        scene.with(pointer, value);
        match scene.judge("", 0) {
            Judgement::Held(hold) => hold,
            other => panic!("{other:?}"),
        }
    };
    let on_delete = || json!({"type": "OnDelete"});
    let partition = |at: i64| json!({"type": "RollingUpdate", "rollingUpdate": {"partition": at}});
    let strategy = "/spec/updateStrategy";
    assert_eq!(held(Kind::Deployment, 3, "/spec/paused", true.into()), Hold::Paused);
    assert_eq!(held(Kind::Deployment, 0, "/spec/replicas", 0.into()), Hold::ScaledToZero);
    assert_eq!(held(Kind::StatefulSet, 0, "/spec/replicas", 0.into()), Hold::ScaledToZero);
    assert_eq!(held(Kind::StatefulSet, 3, strategy, on_delete()), Hold::OnDelete);
    assert_eq!(held(Kind::StatefulSet, 3, strategy, partition(3)), Hold::Partition);
    assert_eq!(held(Kind::DaemonSet, 0, "/spec/paused", false.into()), Hold::NoNodes);
    assert_eq!(held(Kind::CronJob, 0, "/spec/suspend", false.into()), Hold::Schedule);
    assert_eq!(held(Kind::CronJob, 0, "/spec/suspend", true.into()), Hold::Suspended);
    let mut ends = Scene::of(Kind::Deployment, 0);
    ends.status(json!({"replicas": 2}));
    ends.progress("", MUCH_LATER);
}

#[test]
fn what_has_replaced_its_pods_already_is_done() {
    let all = json!({"replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
                     "updatedReplicas": 3});
    let mut paused = Scene::of(Kind::Deployment, 3);
    paused.with("/spec/paused", true.into()).status(all.clone());
    assert_eq!(paused.judge("", 0), Judgement::Done);
    let mut by_hand = Scene::of(Kind::StatefulSet, 3);
    by_hand.with("/spec/updateStrategy", json!({"type": "OnDelete"})).status(all);
    assert_eq!(by_hand.judge("", 0), Judgement::Done);
}

#[test]
fn the_pods_tell_what_runs_where_the_template_does_not() {
    let mut scene = Scene::of(Kind::Deployment, 3);
    scene.with("/spec/paused", true.into()).status(THREE_OLD());
    for (name, is_new) in [("web-1", false), ("web-2", false), ("web-3", true)] {
        scene.see_pod(0, &ready(scene.pod(name, is_new)));
    }
    let running = running_images(&scene.goal, &scene.seen);
    assert_eq!(running[0].container, "app");
    assert_eq!(running[0].images, [(OLD, 2), (IMAGE, 1)]);
}

#[test]
fn a_later_generation_of_the_same_template_takes_nothing_back() {
    let mut scene = Scene::of(Kind::Deployment, 3);
    scene.status(json!({"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}));
    assert_eq!(scene.progress("", 0).ready(), 2);
    scene.with("/metadata/generation", 3.into());
    assert_eq!(scene.progress("", 0).ready(), 2, "an annotation");
    put(&mut scene.workload, "/metadata/generation", 4.into());
    scene.with(
        "/spec/template/metadata",
        json!({"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-28T08:00:00Z"}}),
    );
    assert_eq!(scene.progress("", 0).ready(), 0, "a restart");
    let mut skipped = Scene::of(Kind::Deployment, 3);
    skipped.status(json!({"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}));
    skipped.with("/metadata/generation", 5.into());
    assert_eq!(skipped.progress("", 0).ready(), 0, "nobody knows what was in between");
}

#[test]
fn a_restart_is_done_once_its_own_generation_is() {
    let mut scene = Scene::of(Kind::Deployment, 3);
    scene.goal.generation = Some(3);
    let all = json!({"replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
                     "updatedReplicas": 3});
    scene.status(all);
    assert_eq!(scene.progress("", MUCH_LATER).ready(), 0, "what is seen is from before");
    scene.with("/metadata/generation", 3.into());
    scene.progress("", MUCH_LATER);
    scene.status(json!({"observedGeneration": 3}));
    assert_eq!(scene.judge("", 0), Judgement::Done);
    scene.with("/metadata/generation", 4.into());
    assert_eq!(scene.judge("", 0), Judgement::Done, "an annotation");
}

#[test]
fn a_readiness_probe_that_fails_proves_nothing_unless_asked() {
    let mut scene = rolling();
    scene.see_pod(1_000, &scene.pod("web-1", true));
    assert_eq!(scene.waits_for(), "app: running, not ready");
    let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    scene.warn(2_000, "web-1", "Unhealthy", message);
    let waits = "app: readiness probe failing: HTTP probe failed with statuscode: 503";
    assert_eq!(scene.waits_for(), waits);
    scene.progress("", MUCH_LATER);
    let failure = scene.fails_at("readiness=120", 121_000);
    assert!(matches!(failure.cause, Cause::ProbeFails { probe: ProbeKind::Readiness, .. }));
}

#[test]
fn a_probe_is_blamed_only_where_one_was_seen_to_fail() {
    let mut scene = rolling();
    let pod = scene.pod("web-1", true);
    scene.see_pod(0, &pod);
    let failure = likely_cause(&scene.goal, &scene.seen).unwrap();
    assert_eq!(failure.cause, Cause::NotReady { restarts: 0 });
    assert_eq!(
        scene.sentence(&failure),
        "container app is running but not ready in pod web-1. See: kubectl logs web-1 \
         --container=app --namespace=shop"
    );
    let mut lost = ready(pod);
    lost["status"]["conditions"][1]["status"] = "False".into();
    scene.see_pod(0, &lost);
    let of_node = Cause::NodeNotReady { node: "node-1".to_owned() };
    let failure = likely_cause(&scene.goal, &scene.seen).unwrap();
    assert_eq!(failure.cause, of_node, "the controller of the nodes gives no reason");
    lost["status"]["containerStatuses"][0]["ready"] = false.into();
    scene.see_pod(0, &lost);
    scene.warn(0, "web-1", "NodeNotReady", "Node is not ready");
    let failure = likely_cause(&scene.goal, &scene.seen).unwrap();
    assert_eq!(failure.cause, of_node);
    assert_eq!(
        scene.sentence(&failure),
        "pod web-1 is not ready, since its node node-1 does not answer. See: kubectl describe \
         pods/web-1 --namespace=shop"
    );
    assert_eq!(scene.waits_for(), "node node-1 does not answer");
    scene.progress("", MUCH_LATER);
    scene.warn(0, "web-1", "Unhealthy", "Readiness probe failed: refused");
    let failure = likely_cause(&scene.goal, &scene.seen).unwrap();
    assert!(matches!(failure.cause, Cause::ProbeFails { .. }), "the node is back");
}

#[test]
fn a_condition_that_no_container_explains_is_named() {
    let gate = "target-health.elbv2.k8s.aws/web";
    let mut scene = rolling();
    let mut pod = ready(scene.pod("web-1", true));
    pod["status"]["conditions"][1] = json!({"type": "Ready", "status": "False",
        "reason": "ReadinessGatesNotReady", "message": "the gate is not ready"});
    scene.see_pod(0, &pod);
    assert_eq!(scene.waits_for(), "Ready is not true: the gate is not ready");
    put(&mut pod, "/spec/readinessGates", json!([{"conditionType": gate}]));
    scene.see_pod(0, &pod);
    let words = format!("{gate} is not true: nothing has set it yet");
    assert_eq!(scene.waits_for(), words);
    condition(
        &mut pod,
        gate,
        "False",
        "Elb.RegistrationInProgress",
        "Target registration is in progress",
    );
    scene.see_pod(0, &pod);
    let failure = likely_cause(&scene.goal, &scene.seen).unwrap();
    assert_eq!(failure.cause, Cause::Condition { condition: gate.to_owned() });
    assert_eq!(failure.message, "Target registration is in progress");
    scene.progress("", MUCH_LATER);
    scene.failure("readiness=60", 60_000);
    let mut gated = scene.pod("web-1", true);
    put(&mut gated, "/spec/nodeName", "".into());
    put(&mut gated, "/status", json!({"phase": "Pending", "conditions": []}));
    condition(
        &mut gated,
        "PodScheduled",
        "False",
        "SchedulingGated",
        "Scheduling is blocked due to non-empty scheduling gates",
    );
    scene.see_pod(0, &gated);
    scene.progress("", MUCH_LATER);
    assert!(scene.waits_for().starts_with("PodScheduled is not true: Scheduling is blocked"));
}

/// The pod, whose image its node does not get.
fn unpulled(mut pod: Value, message: &str) -> Value {
    put(
        &mut pod,
        "/status/containerStatuses/0/state",
        json!({"waiting": {"reason": "ErrImagePull", "message": message}}),
    );
    pod
}

#[test]
fn an_image_that_the_registry_check_has_seen_is_only_late() {
    let missing = "failed to resolve reference \"contoso.azurecr.io/web:2\": \
                   contoso.azurecr.io/web:2: not found";
    let denied = "pull access denied: unauthorized: authentication required";
    let pulled = |message: &str, verified: &[&str]| {
        let mut scene = rolling();
        scene.goal.verified = verified.iter().map(|image| (*image).to_owned()).collect();
        let pod = unpulled(scene.pod("web-1", true), message);
        scene.see_pod(0, &pod);
        scene
    };
    assert_eq!(pulled(missing, &[]).failure("", 0).cause, Cause::ImagePull);
    assert_eq!(pulled(missing, &[OLD]).failure("", 0).cause, Cause::ImagePull);
    let late = pulled(missing, &[IMAGE]);
    assert_eq!(late.fails_at("", 120_000).cause, Cause::ImagePull);
    late.fails_at("imagePull=300", 300_000);
    pulled(denied, &[IMAGE]).failure("", 0);
}

#[test]
fn an_image_that_another_pod_runs_is_refused_to_one_node_alone() {
    let refused = |message: &str| {
        let mut scene = rolling();
        let mut runs = ready(scene.pod("web-1", true));
        put(
            &mut runs,
            "/status/containerStatuses/0/imageID",
            "contoso.azurecr.io/web@sha256:1".into(),
        );
        scene.see_pod(0, &runs);
        let pod = unpulled(scene.pod("web-2", true), message);
        scene.see_pod(0, &pod);
        scene
    };
    let denied = "failed to fetch anonymous token: unexpected status: 401 Unauthorized";
    assert_eq!(refused(denied).fails_at("", 120_000).cause, Cause::ImagePull);
    refused("no match for platform in manifest: not found").failure("", 0);
}

#[test]
fn an_autoscaler_has_the_say_over_a_pod_without_a_node() {
    let mut scene = rolling();
    let mut pod = scene.pod("web-1", true);
    put(&mut pod, "/spec/nodeName", "".into());
    put(&mut pod, "/status", json!({"phase": "Pending", "conditions": []}));
    let words = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are \
                 available: 3 No preemption victims found for incoming pod.";
    condition(&mut pod, "PodScheduled", "False", "Unschedulable", words);
    scene.see_pod(0, &pod);
    assert_eq!(scene.waits_for(), "unschedulable: 0/3 nodes are available: 3 Insufficient cpu");
    scene.fails_at("", 300_000);
    scene.warn(9_000, "web-1", "TriggeredScaleUp", "pod triggered scale-up: [{pool 3->4}]");
    scene.progress("", MUCH_LATER);
    scene.warn(
        20_000,
        "web-1",
        "NotTriggerScaleUp",
        "pod didn't trigger scale-up: 1 max node group size reached",
    );
    let failure = scene.fails_at("", 60_000);
    assert_eq!(failure.cause, Cause::Unschedulable);
    assert!(failure.message.ends_with("1 max node group size reached"), "{}", failure.message);
    scene.progress("unschedulable=off", MUCH_LATER);
    scene.fails_at("unschedulable=10", 10_000);
    scene.warn(30_000, "web-1", "Nominated", "Pod should schedule on: nodeclaim/default-tn8fg");
    scene.progress("", MUCH_LATER);
    scene.warn(40_000, "web-1", "FailedScheduling", "Failed to schedule pod, no instance type");
    scene.fails_at("", 60_000);
}

#[test]
fn the_longest_deadline_is_waited_for() {
    let with = |kind: Kind, seconds: Option<i64>| -> Workload {
        let mut scene = Scene::of(kind, 1);
        if let Some(seconds) = seconds {
            scene.with("/spec/progressDeadlineSeconds", seconds.into());
        }
        serde_json::from_value(scene.workload).unwrap()
    };
    for (workloads, seconds) in [
        (vec![], 600),
        (vec![with(Kind::Deployment, Some(60))], 600),
        (vec![with(Kind::Deployment, Some(1800)), with(Kind::Deployment, Some(900))], 1800),
        (vec![with(Kind::StatefulSet, None), with(Kind::Deployment, None)], 600),
        (vec![with(Kind::Deployment, Some(2_147_483_647))], 600),
        (vec![with(Kind::Deployment, Some(-1))], 600),
    ] {
        assert_eq!(default_timeout(&workloads), seconds);
    }
}

/// A pod that is being deleted with 30 s of grace.
fn terminating(mut pod: Value) -> Value {
    put(&mut pod, "/metadata/deletionTimestamp", "2026-11-28T08:00:30Z".into());
    put(&mut pod, "/metadata/deletionGracePeriodSeconds", 30.into());
    pod
}

#[test]
fn a_pod_that_does_not_end_is_named_with_its_node() {
    let mut scene = Scene::of(Kind::DaemonSet, 0);
    scene.status(json!({"desiredNumberScheduled": 2, "updatedNumberScheduled": 1,
                        "numberAvailable": 1}));
    scene.see_pod(0, &ready(scene.pod("web-a", true)));
    scene.see_pod(10_000, &terminating(ready(scene.pod("web-b", false))));
    assert_eq!(scene.progress("", 0).ready(), 1);
    assert_eq!(scene.waits_for(), "old pod terminating");
    let failure = scene.fails_at("", 340_000);
    assert_eq!(failure.cause, Cause::Terminating { node: "node-1".to_owned() });
    assert_eq!(
        scene.sentence(&failure),
        "pod web-b is still terminating on node node-1, and its replacement waits for it: its \
         grace period is until 2026-11-28T08:00:30Z. Repair the node, or if it is gone for good, \
         delete the pod with --force --grace-period=0. See: kubectl describe pods/web-b \
         --namespace=shop"
    );
    assert_eq!(likely_cause(&scene.goal, &scene.seen), Some(failure));
    scene.fails_at("termination=5", 45_000);
    scene.goal.waited_for = vec!["web-b".to_owned()];
    assert_eq!(
        scene.failure("", 10_000).pod.as_deref(),
        Some("web-b"),
        "it is not waited for twice"
    );
}

#[test]
fn a_finalizer_that_holds_a_pod_is_named() {
    let mut scene = Scene::of(Kind::StatefulSet, 1);
    let mut pod = terminating(ready(scene.pod("web-0", false)));
    put(&mut pod, "/metadata/finalizers", json!(["shop.example/drain"]));
    scene.see_pod(0, &pod);
    let failure = scene.failure("", MUCH_LATER);
    assert_eq!(failure.message, "its finalizers remain: shop.example/drain");
}

#[test]
fn an_ending_pod_is_in_the_way_only_of_those_that_wait_for_its_place() {
    let mut scene = rolling();
    scene.see_pod(0, &terminating(ready(scene.pod("web-1", false))));
    scene.progress("", MUCH_LATER);
    assert_eq!(likely_cause(&scene.goal, &scene.seen), None);
    scene.with("/spec/strategy", json!({"type": "Recreate"}));
    assert!(matches!(scene.failure("", MUCH_LATER).cause, Cause::Terminating { .. }));
}

#[test]
fn a_pod_evicted_for_its_own_limit_counts_in_every_form() {
    let words = "Usage of EmptyDir volume \"cache\" exceeds the limit \"10Mi\". ";
    let evicted = |scene: &Scene, name: &str, phase: &str, words: &str| {
        let mut pod = scene.pod(name, true);
        put(
            &mut pod,
            "/status",
            json!({"phase": phase, "reason": "Evicted", "message": words,
                                        "conditions": []}),
        );
        pod
    };
    let mut set = Scene::of(Kind::StatefulSet, 1);
    let first = evicted(&set, "web-0", "Failed", words);
    set.see_pod(0, &first);
    set.lose_pod(1_000, &first);
    set.progress("", MUCH_LATER);
    // A program that ends well when it is asked to leaves no reason.
    let mut second = set.pod("web-0", true);
    put(&mut second, "/metadata/uid", "web-0-again".into());
    put(&mut second, "/status", json!({"phase": "Succeeded", "conditions": []}));
    set.see_pod(2_000, &second);
    set.warn(2_000, "web-0-again", "Evicted", words);
    set.lose_pod(3_000, &second);
    let failure = set.failure("", 3_000);
    assert_eq!(failure.cause, Cause::Evicted);
    assert_eq!(
        set.sentence(&failure),
        "pod web-0 was evicted for exceeding its own limits: Usage of EmptyDir volume \"cache\" \
         exceeds the limit \"10Mi\". See: kubectl describe pods/web-0 --namespace=shop"
    );
    let mut pressed = rolling();
    for name in ["web-1", "web-2"] {
        let words = "The node was low on resource: memory. Threshold quantity: 100Mi";
        pressed.see_pod(0, &evicted(&pressed, name, "Failed", words));
    }
    pressed.progress("", MUCH_LATER);
    for reason in ["OutOfcpu", "NodeAffinity", "Terminated", "VolumeAttachmentLimitExceeded"] {
        let mut full = rolling();
        for name in ["web-1", "web-2", "web-3"] {
            let mut pod = full.pod(name, true);
            put(&mut pod, "/status", json!({"phase": "Failed", "reason": reason}));
            full.see_pod(0, &pod);
        }
        full.progress("", MUCH_LATER);
    }
    let mut disrupted = rolling();
    for name in ["web-1", "web-2"] {
        let mut pod = disrupted.pod(name, true);
        put(&mut pod, "/status/phase", "Failed".into());
        condition(&mut pod, "DisruptionTarget", "True", "PreemptionByScheduler", "");
        disrupted.see_pod(0, &pod);
    }
    disrupted.progress("", MUCH_LATER);
}

#[test]
fn what_failed_before_the_change_is_not_of_its_rollout() {
    let mut scene = rolling();
    for name in ["web-1", "web-2"] {
        let mut pod = scene.pod(name, true);
        put(&mut pod, "/metadata/creationTimestamp", "2026-11-27T08:00:00Z".into());
        put(&mut pod, "/status", json!({"phase": "Failed", "reason": "UnexpectedAdmissionError"}));
        scene.see_pod(0, &pod);
    }
    scene.failure("", 0);
    let set_at = |time: &str| {
        json!([{"manager": "kubectl-set", "operation": "Update", "time": time, "fieldsV1":
            {"f:spec": {"f:template": {"f:spec": {"f:containers":
                {"k:{\"name\":\"app\"}": {"f:image": {}}}}}}}}])
    };
    scene.with("/metadata/managedFields", set_at("2026-11-28T08:00:00Z"));
    scene.progress("", MUCH_LATER);
    assert_eq!(likely_cause(&scene.goal, &scene.seen), None);
    scene.with("/metadata/managedFields", set_at("2026-11-27T08:00:00Z"));
    scene.failure("", 0);
}

#[test]
fn a_deployment_that_is_scaled_with_the_change_is_not_judged_by_its_old_pods() {
    let mut scene = rolling();
    let crashed = json!({"terminated": {"exitCode": 3, "reason": "Error"}});
    scene.see_pod(0, &ended(scene.pod("web-1", false), 9, crashed.clone(), crashed));
    scene.workload["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1".into();
    scene.see();
    scene.progress("", MUCH_LATER);
    assert_eq!(likely_cause(&scene.goal, &scene.seen), None);
}

#[test]
fn replica_sets_that_are_listed_again_are_still_known() {
    let mut scene = rolling();
    let crashed = json!({"terminated": {"exitCode": 3, "reason": "Error"}});
    let mut old = ended(scene.pod("web-1", false), 9, crashed.clone(), crashed);
    put(&mut old, "/spec/containers/0/image", IMAGE.into());
    scene.see_pod(0, &old);
    scene.progress("", MUCH_LATER);
    scene.seen.begin_list(Listing::Workloads(Kind::ReplicaSet), "shop", None);
    scene.progress("", MUCH_LATER);
}

#[test]
fn a_pod_that_ends_well_has_failed_too() {
    let mut scene = rolling();
    for name in ["web-1", "web-2"] {
        let mut pod = scene.pod(name, true);
        put(&mut pod, "/status/phase", "Succeeded".into());
        scene.see_pod(0, &pod);
    }
    let cause = Cause::PodFailed { reason: "PodCompleted".to_owned() };
    assert_eq!(scene.failure("", 0).cause, cause);
    let mut scaled_down = rolling();
    for name in ["web-1", "web-2"] {
        let mut pod = terminating(scaled_down.pod(name, true));
        put(&mut pod, "/status/phase", "Succeeded".into());
        scaled_down.see_pod(0, &pod);
        scaled_down.lose_pod(0, &pod);
    }
    scaled_down.progress("", MUCH_LATER);
}

/// The pod with one container in this state, after so many restarts.
fn ended(mut pod: Value, restarts: u32, state: Value, last: Value) -> Value {
    put(
        &mut pod,
        "/status/containerStatuses/0",
        json!({
            "name": "app", "restartCount": restarts, "ready": false, "state": state, "lastState": last,
        }),
    );
    pod
}

#[test]
fn a_hook_that_fails_is_no_container_that_completed() {
    let mut scene = rolling();
    let completed = json!({"terminated": {"exitCode": 0, "reason": "Completed"}});
    let waiting = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}});
    scene.warn(0, "web-1", "FailedPostStartHook", "PostStartHook failed");
    scene.see_pod(0, &ended(scene.pod("web-1", true), 2, waiting, completed));
    let failure = scene.failure("", 0);
    assert_eq!(failure.cause, Cause::HookFails { restarts: 2 });
    assert_eq!(
        scene.sentence(&failure),
        "container app is restarted, since its postStart hook fails (FailedPostStartHook, 2 \
         restarts) in pod web-1: PostStartHook failed. See: kubectl logs web-1 --container=app \
         --previous --namespace=shop"
    );
    let said = json!({"waiting": {"reason": "PostStartHookError", "message": "no such file"}});
    scene.see_pod(0, &ended(scene.pod("web-1", true), 0, said, json!({})));
    scene.progress("", MUCH_LATER);
    assert_eq!(scene.waits_for(), "app: FailedPostStartHook: no such file");
}

#[test]
fn as_many_pods_as_asked_for_have_to_be_in_trouble() {
    let mut scene = rolling();
    let crashed = json!({"terminated": {"exitCode": 3, "reason": "Error"}});
    scene.see_pod(0, &ended(scene.pod("web-1", true), 2, crashed.clone(), crashed.clone()));
    scene.failure("pods=2", 0);
    scene.see_pod(0, &ready(scene.pod("web-2", true)));
    scene.progress("pods=2", MUCH_LATER);
    scene.failure("", 0);
    scene.see_pod(0, &ended(scene.pod("web-3", true), 2, crashed.clone(), crashed));
    scene.failure("pods=2", 0);
}

#[test]
fn the_log_is_that_of_the_run_that_ended() {
    let crashed = || json!({"terminated": {"exitCode": 3, "reason": "Error"}});
    let backs_off = || json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let previous = |restarts: u32, state: Value, last: Value| {
        let mut scene = rolling();
        scene.see_pod(0, &ended(scene.pod("web-1", true), restarts, state, last));
        likely_cause(&scene.goal, &scene.seen).unwrap().log().map(|log| log.previous)
    };
    assert_eq!(previous(0, crashed(), json!({})), Some(false));
    assert_eq!(previous(3, crashed(), crashed()), Some(false));
    assert_eq!(previous(3, backs_off(), crashed()), Some(true));
    assert_eq!(previous(3, json!({"running": {}}), crashed()), Some(true));
    assert_eq!(previous(0, json!({"running": {}}), json!({})), Some(false));
    let never_ran = json!({"terminated": {"exitCode": 128, "reason": "StartError"}});
    assert_eq!(previous(3, never_ran, json!({})), None);
}

#[test]
fn what_a_policy_refuses_is_not_waited_for_long() {
    let denied = "create Pod web-2 in StatefulSet web failed error: pods \"web-2\" is forbidden: \
                  ValidatingAdmissionPolicy 'images' with binding 'images' denied request: no";
    let mut set = Scene::of(Kind::StatefulSet, 3);
    set.status(json!({"replicas": 2, "readyReplicas": 2, "availableReplicas": 2}));
    set.warn(1_000, "web", "FailedCreate", denied);
    assert_eq!(set.fails_at("", 16_000).cause, Cause::Refused);
}

#[test]
fn a_pod_of_an_earlier_image_blocks_the_way_forward_too() {
    let mut scene = Scene::of(Kind::StatefulSet, 3);
    scene.status(json!({"replicas": 3, "readyReplicas": 2, "availableReplicas": 2,
                        "updatedReplicas": 0}));
    for name in ["web-0", "web-1"] {
        scene.see_pod(0, &ready(scene.pod(name, false)));
    }
    let backs_off = json!({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}});
    let bad = ended(scene.pod("web-2", false), 0, backs_off, json!({}));
    scene.see_pod(0, &bad);
    let name = |scene: &Scene| stuck_pod(&scene.goal, &scene.seen).map(|p| p.metadata.name.clone());
    assert_eq!(name(&scene).as_deref(), Some("web-2"));
    assert_eq!(scene.fails_at("", 120_000).cause, Cause::StuckPod);
    scene.see_pod(0, &terminating(bad));
    assert_eq!(name(&scene), None, "it is on its way");
    scene.see_pod(0, &terminating(ready(scene.pod("web-0", false))));
    assert_eq!(name(&scene), None, "the set waits for one below it");
}

#[test]
fn an_old_pod_that_takes_long_is_no_stuck_one() {
    let mut scene = Scene::of(Kind::StatefulSet, 2);
    scene.status(json!({"replicas": 2, "readyReplicas": 1, "availableReplicas": 1,
                        "updatedReplicas": 1}));
    scene.see_pod(0, &ready(scene.pod("web-1", true)));
    let moved = scene.pod("web-0", false);
    scene.see_pod(0, &moved);
    scene.progress("", MUCH_LATER);
    assert_eq!(likely_cause(&scene.goal, &scene.seen).unwrap().cause, Cause::StuckPod);
    scene.fails_at("readiness=300", 300_000);
    let mut pending = moved.clone();
    put(&mut pending, "/spec/nodeName", "".into());
    put(&mut pending, "/status", json!({"phase": "Pending", "conditions": []}));
    condition(&mut pending, "PodScheduled", "False", "Unschedulable", "0/3 nodes are available");
    scene.see_pod(0, &pending);
    scene.fails_at("", 300_000);
    scene.warn(0, "web-0", "TriggeredScaleUp", "pod triggered scale-up: [{pool 3->4}]");
    scene.progress("", MUCH_LATER);
    let backs_off = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let crashed = json!({"terminated": {"exitCode": 3, "reason": "Error"}});
    scene.see_pod(0, &ended(moved, 2, backs_off, crashed));
    assert_eq!(scene.fails_at("", 120_000).cause, Cause::StuckPod);
}

#[test]
fn what_ending_pods_take_is_waited_for_while_they_end() {
    let quota = "exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3";
    let mut scene = Scene::of(Kind::StatefulSet, 3);
    scene.status(json!({"replicas": 2, "readyReplicas": 2, "availableReplicas": 2}));
    scene.warn(0, "web", "FailedCreate", quota);
    let mut slow = terminating(ready(scene.pod("web-1", false)));
    put(&mut slow, "/metadata/deletionGracePeriodSeconds", 600.into());
    scene.see_pod(0, &slow);
    assert_eq!(scene.fails_at("termination=off", 660_000).cause, Cause::Refused);
    scene.lose_pod(0, &slow);
    scene.fails_at("", 60_000);
}

#[test]
fn what_was_before_the_change_is_nobody_elses() {
    let mut scene = Scene::of(Kind::Deployment, 3);
    scene.goal.generation = Some(3);
    scene.with("/spec/paused", true.into());
    scene.with("/spec/template/spec/containers/0/image", OLD.into());
    scene.progress("", MUCH_LATER);
    scene.with("/metadata/generation", 3.into());
    assert!(matches!(scene.judge("", 0), Judgement::OtherImage { .. }));
}

#[test]
fn a_daemon_set_that_goes_back_keeps_the_pods_that_still_have_the_template() {
    let mut scene = Scene::of(Kind::DaemonSet, 0);
    scene.status(json!({"desiredNumberScheduled": 3, "updatedNumberScheduled": 2,
                        "numberAvailable": 2}));
    let mut kept = scene.pod("web-a", true);
    put(&mut kept, "/metadata/labels/pod-template-generation", "0".into());
    scene.see_pod(0, &kept);
    let new = |scene: &Scene| {
        let pods = pods(&scene.goal, &scene.seen).into_iter().filter(|pod| pod.is_new);
        pods.map(|pod| pod.pod.metadata.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(new(&scene), [""; 0], "nothing tells the newest revision yet");
    scene.see_pod(0, &scene.pod("web-b", true));
    scene.see_pod(0, &scene.pod("web-c", false));
    assert_eq!(new(&scene), ["web-a", "web-b"]);
}

#[test]
fn old_pods_count_as_ready_only_if_they_are() {
    let mut scene = Scene::of(Kind::StatefulSet, 3);
    scene.status(json!({"replicas": 3, "readyReplicas": 2, "availableReplicas": 2,
                        "updatedReplicas": 2}));
    assert_eq!(scene.progress("", 0).ready(), 1, "nothing is known of the old one");
    for name in ["web-0", "web-1"] {
        scene.see_pod(0, &ready(scene.pod(name, true)));
    }
    scene.see_pod(0, &scene.pod("web-2", false));
    let progress = scene.progress("", 0);
    assert_eq!((progress.ready(), progress.wanted, progress.old), (2, 3, 1));
}

#[test]
fn an_event_that_the_pod_has_passed_is_no_trouble() {
    let mut scene = rolling();
    let creating = json!({"waiting": {"reason": "ContainerCreating"}});
    let mut pod = ended(scene.pod("web-1", true), 0, creating, json!({}));
    put(&mut pod, "/status/phase", "Pending".into());
    scene.see_pod(0, &pod);
    assert_eq!(scene.waits_for(), "ContainerCreating");
    scene.warn(0, "web-1", "FailedMount", "timed out");
    assert_eq!(scene.waits_for(), "FailedMount: timed out");
    scene.fails_at("", 300_000);
    scene.warn(1_000, "web-1", "Pulling", "Pulling image \"contoso.azurecr.io/web:2\"");
    scene.progress("", MUCH_LATER);
    assert_eq!(scene.waits_for(), "app: pulling image");
    scene.warn(2_000, "web-1", "FailedCreatePodSandBox", "plugin cni failed");
    condition(&mut pod, "PodReadyToStartContainers", "True", "", "");
    scene.see_pod(3_000, &pod);
    scene.progress("", MUCH_LATER);
}

#[test]
fn a_long_message_is_cut_for_the_line_of_the_progress() {
    let mut scene = rolling();
    let creating =
        json!({"waiting": {"reason": "CreateContainerError", "message": "ä".repeat(500)}});
    scene.see_pod(0, &ended(scene.pod("web-1", true), 0, creating, json!({})));
    let words = scene.waits_for();
    assert_eq!(words, format!("app: CreateContainerError: {}…", "ä".repeat(160)));
}

#[test]
fn a_workload_that_its_controller_has_not_seen_waits_for_nothing_of_its_pods() {
    let mut scene = rolling();
    scene.see_pod(0, &scene.pod("web-1", true));
    scene.goal.generation = Some(3);
    assert_eq!(scene.waits_for(), "");
    assert_eq!(likely_cause(&scene.goal, &scene.seen), None);
    let gone: Workload = serde_json::from_value(scene.workload.clone()).unwrap();
    scene.seen.see_workload(0, Change::Deleted(gone));
    assert_eq!(scene.waits_for(), "");
}
