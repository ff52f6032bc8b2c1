//! Whole runs, event by event.

mod conversation;

use conversation::Conversation;
use insta::assert_snapshot;
use serde_json::{Value, json};

const IMAGES: (&str, &str) =
    ("images", "deployments/identityserver identityserver=contoso.azurecr.io/IdentityServer");

fn deployment(image: &str, generation: i64, status: &Value) -> Value {
    json!({
        "kind": "Deployment",
        "metadata": {"name": "identityserver", "namespace": "shop", "generation": generation},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "identityserver"}},
            "template": {"spec": {
                "initContainers": [{"name": "migrate", "image": "contoso.azurecr.io/migrate:7"}],
                "containers": [
                    {"name": "identityserver", "image": image},
                    {"name": "proxy", "image": "envoy:1.30"},
                ],
            }},
        },
        "status": status,
    })
}

fn old() -> Value {
    let status = json!({"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2,
        "readyReplicas": 2, "availableReplicas": 2});
    deployment("contoso.azurecr.io/identityserver:4124", 4, &status)
}

fn new(status: &Value) -> Value {
    deployment("contoso.azurecr.io/identityserver:4125", 5, status)
}

fn done() -> Value {
    new(&json!({"observedGeneration": 5, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
        "availableReplicas": 2}))
}

fn pod(name: &str, status: &Value) -> Value {
    json!({
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": "identityserver"},
            "creationTimestamp": "2026-11-24T04:00:01Z"},
        "status": status,
    })
}

fn ready_pod(name: &str) -> Value {
    pod(name, &json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}))
}

fn added(object: &Value) -> Value {
    json!({"type": "ADDED", "object": object})
}

fn modified(object: &Value) -> Value {
    json!({"type": "MODIFIED", "object": object})
}

/// A run whose image is set; the rollout begins.
fn rolling() -> Conversation {
    let mut run = Conversation::start(&[IMAGES]);
    run.after(300).writes("get", &old()).exits("get", 0);
    run.after(200)
        .writes_text("set image", "deployment.apps/identityserver image updated\n")
        .exits("set image", 0);
    run
}

#[test]
fn the_image_is_set_and_runs() {
    let mut run = rolling();
    run.after(500)
        .writes("get deployments", &added(&new(&json!({"observedGeneration": 4}))))
        .writes("get pods", &added(&pod("identityserver-new-1", &json!({"phase": "Pending"}))))
        .after(2000)
        .writes(
            "get deployments",
            &modified(&new(&json!({"observedGeneration": 5, "replicas": 3, "updatedReplicas": 1,
                "availableReplicas": 2}))),
        )
        .writes("get pods", &modified(&ready_pod("identityserver-new-1")))
        .after(3000)
        .writes("get deployments", &modified(&done()))
        .writes("get pods", &added(&ready_pod("identityserver-new-2")));
    assert_snapshot!(run.transcript());
}

#[test]
fn an_image_that_is_there_already_is_a_warning() {
    let mut run = Conversation::start(&[IMAGES]);
    run.writes("get", &done()).exits("get", 0);
    run.writes("get deployments", &added(&done())).wakes(3);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_container_that_is_not_there_changes_nothing() {
    let mut run =
        Conversation::start(&[("images", "deployments/identityserver identityservr=a.io/app")]);
    run.writes("get", &old()).exits("get", 0);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_workload_that_is_not_there_changes_nothing() {
    let mut run = Conversation::start(&[IMAGES]);
    run.exits("get", 0);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_repository_finds_its_containers() {
    let mut run = Conversation::start(&[
        ("images", "contoso.azurecr.io/identityserver"),
        ("namespace", "shop"),
    ]);
    let other = json!({"kind": "CronJob", "metadata": {"name": "cleanup"}, "spec": {"jobTemplate":
        {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "b"}]}}}}}});
    run.writes("get", &json!({"kind": "List", "items": [other, old()]})).exits("get", 0);
    run.is_canceled();
    assert_snapshot!(run.transcript());
}

#[test]
fn lines_that_contradict_each_other_are_refused() {
    let images = "deployments/identityserver *=a.io/app:1.0.0\ndeployments/identityserver proxy=a.io/app:2.0.0";
    let mut run = Conversation::start(&[("images", images)]);
    run.writes("get", &old()).exits("get", 0);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_dry_run_on_the_client_starts_no_kubectl() {
    let run = Conversation::start(&[IMAGES, ("dryRun", "client"), ("namespace", "shop")]);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_dry_run_on_the_server_waits_for_nothing() {
    let mut run = Conversation::start(&[IMAGES, ("dryRun", "server")]);
    run.writes("get", &old()).exits("get", 0);
    run.writes_text("set image", "deployment.apps/identityserver image updated (server dry run)\n")
        .exits("set image", 0);
    assert_snapshot!(run.transcript());
}

#[test]
fn the_last_old_pod_is_waited_for() {
    let mut run = rolling();
    run.writes("get pods", &added(&ready_pod("identityserver-old")))
        .writes("get pods", &added(&ready_pod("identityserver-new-1")))
        .writes("get pods", &added(&ready_pod("identityserver-new-2")))
        .writes("get deployments", &added(&done()));
    assert!(!run.transcript().contains("finish"), "{}", run.transcript());
    let deleted = json!({"type": "DELETED", "object": ready_pod("identityserver-old")});
    run.writes("get pods", &deleted);
    assert!(!run.transcript().contains("identityserver-old"), "{}", run.transcript());
    assert!(run.transcript().contains("finish Succeeded"), "{}", run.transcript());
}

#[test]
fn a_kubeconfig_of_text_becomes_a_file_and_stays_out_of_the_log() {
    let mut run = Conversation::start(&[IMAGES, ("kubeconfig", "{\"token\": \"hush\"}")]);
    run.file_is_written("/agent/temp/1").writes("get", &old()).exits("get", 0);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_missing_kubectl_says_how_to_get_it() {
    let mut run = Conversation::start(&[IMAGES]);
    run.is_missing("get");
    assert_snapshot!(run.transcript());
}

#[test]
fn a_kubectl_that_hangs_is_ended() {
    let mut run = Conversation::start(&[IMAGES]);
    run.after(120_000).wakes(1);
    assert_snapshot!(run.transcript());
}

#[test]
fn an_answer_that_is_no_json_changes_nothing() {
    let mut run = Conversation::start(&[IMAGES]);
    run.writes_text("get", "Please log in: ##vso[task.complete]").exits("get", 0);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_refused_change_says_what_was_done() {
    let mut run = Conversation::start(&[IMAGES]);
    run.writes("get", &old()).exits("get", 0);
    run.complains(
        "set image",
        "error: failed to patch image update to pod template: deployments.apps \"identityserver\" \
         is forbidden\n##vso[task.setvariable variable=x]y\n",
    )
    .exits("set image", 1);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_rollout_that_takes_too_long_says_why() {
    let mut run = rolling();
    let waits = json!({"phase": "Pending", "containerStatuses": [{"name": "identityserver",
        "ready": false, "state": {"waiting": {"reason": "ImagePullBackOff",
        "message": "Back-off pulling image\n##vso[task.complete]"}}}]});
    run.writes(
        "get deployments",
        &added(&new(&json!({"observedGeneration": 5, "replicas": 3, "updatedReplicas": 1,
            "availableReplicas": 2}))),
    )
    .writes("get pods", &added(&pod("identityserver-new-1", &waits)))
    .after(600_000)
    .wakes(3);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_stale_deadline_is_not_believed() {
    let exceeded = json!([{"type": "Progressing", "status": "False",
        "reason": "ProgressDeadlineExceeded"}]);
    let mut run = rolling();
    run.writes(
        "get deployments",
        &added(&new(&json!({"observedGeneration": 4, "conditions": exceeded}))),
    );
    assert!(!run.transcript().contains("finish"), "{}", run.transcript());
    run.writes(
        "get deployments",
        &modified(&new(&json!({"observedGeneration": 5, "conditions": exceeded}))),
    );
    assert_snapshot!(run.transcript());
}

#[test]
fn a_watch_that_ends_is_started_again_and_given_up_in_the_end() {
    let mut run = rolling();
    run.writes("get pods", &added(&ready_pod("identityserver-new-1")));
    run.complains("get pods", "pods is forbidden").exits("get pods", 1);
    for timer in 4..9 {
        run.wakes(timer);
        run.complains("get pods", "pods is forbidden").exits("get pods", 1);
    }
    run.writes("get deployments", &added(&done()));
    assert_snapshot!(run.transcript());
}

#[test]
fn a_canceled_rollout_says_what_is_set() {
    let mut run = rolling();
    run.writes("get deployments", &added(&new(&json!({"observedGeneration": 4}))));
    run.after(5000).is_canceled();
    assert_snapshot!(run.transcript());
}

#[test]
fn an_image_set_by_somebody_else_is_said() {
    let mut run = rolling();
    run.writes(
        "get deployments",
        &added(&deployment("contoso.azurecr.io/identityserver:4126", 6, &json!({}))),
    );
    assert_snapshot!(run.transcript());
}
