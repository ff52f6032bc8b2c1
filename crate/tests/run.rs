//! Whole runs, event by event.

mod conversation;

use conversation::Conversation;
use insta::assert_snapshot;
use serde_json::{Value, json};

const IMAGES: (&str, &str) =
    ("images", "deployments/identityserver identityserver=contoso.azurecr.io/IdentityServer");

/// The path of the workload.
const WORKLOAD: &str = "/apis/apps/v1/namespaces/shop/deployments/identityserver";

fn deployment(image: &str, generation: i64, status: &Value) -> Value {
    json!({
        "kind": "Deployment",
        "metadata": {"name": "identityserver", "namespace": "shop", "uid": "identityserver",
            "generation": generation},
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
    let build = if name.contains("old") { "4124" } else { "4125" };
    json!({
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": name,
            "labels": {"app": "identityserver"}, "creationTimestamp": "2026-11-24T04:00:01Z"},
        "spec": {"containers": [{"name": "identityserver",
            "image": format!("contoso.azurecr.io/identityserver:{build}")}]},
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
    rolling_with(&[])
}

/// The same, in a job that has these variables too.
fn rolling_with(variables: &[(&str, &str)]) -> Conversation {
    let release = [
        ("System.HostType", "release"),
        ("Release.EnvironmentName", "Production"),
        ("Build.BuildId", "4125"),
    ];
    let mut run = Conversation::start_with(&[IMAGES], &[&release, variables].concat());
    run.after(300).opens().api_answers(WORKLOAD, &old());
    run.after(200)
        .writes_text("set image", "deployment.apps/identityserver image updated\n")
        .exits("set image", 0);
    run.api_answers("GET", &new(&json!({"observedGeneration": 4})));
    run.api_answers("PATCH", &json!({}));
    run.api_lists("/deployments?", &[new(&json!({"observedGeneration": 4}))]);
    for others in ["/replicasets?", "/pods?", "/events?"] {
        run.api_lists(others, &[]);
    }
    run
}

/// The old image is asked for, is put back, and runs.
fn put_back(run: &mut Conversation) {
    let back = deployment(
        "contoso.azurecr.io/identityserver:4124",
        6,
        &json!({"replicas": 2,
        "observedGeneration": 6, "updatedReplicas": 2, "availableReplicas": 2}),
    );
    run.after(100).api_answers(WORKLOAD, &new(&json!({})));
    run.after(100).answers("set image", "deployment.apps/identityserver image updated\n");
    run.api_answers(WORKLOAD, &back).api_answers("PATCH", &json!({}));
    run.after(900).api_lists("/deployments?", std::slice::from_ref(&back));
    run.api_lists("/replicasets?", &[]).api_lists("/pods?", &[]);
    run.wakes_after(2000).api_answers(WORKLOAD, &back);
}

#[test]
fn the_image_is_set_and_runs() {
    let mut run = rolling();
    run.after(500)
        .api_tells("/deployments?", &added(&new(&json!({"observedGeneration": 4}))))
        .api_tells("/pods?", &added(&pod("identityserver-new-1", &json!({"phase": "Pending"}))))
        .after(2000)
        .api_tells(
            "/deployments?",
            &modified(&new(&json!({"observedGeneration": 5, "replicas": 3, "updatedReplicas": 1,
                "availableReplicas": 2}))),
        )
        .api_tells("/pods?", &modified(&ready_pod("identityserver-new-1")))
        .after(3000)
        .api_tells("/deployments?", &modified(&done()))
        .api_tells("/pods?", &added(&ready_pod("identityserver-new-2")));
    assert_snapshot!(run.transcript());
}

#[test]
fn an_image_that_is_there_already_is_a_warning() {
    let mut run = Conversation::start(&[IMAGES]);
    run.opens().api_answers(WORKLOAD, &done());
    run.api_lists("/deployments?", &[done()]).api_lists("/replicasets?", &[]);
    run.api_lists("/pods?", &[]).wakes_after(2000);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_container_that_is_not_there_changes_nothing() {
    let mut run =
        Conversation::start(&[("images", "deployments/identityserver identityservr=a.io/app")]);
    run.opens().api_answers(WORKLOAD, &old());
    assert_snapshot!(run.transcript());
}

#[test]
fn a_workload_that_is_not_there_changes_nothing() {
    let mut run = Conversation::start(&[IMAGES]);
    run.opens().api_refuses(
        WORKLOAD,
        404,
        "NotFound",
        "deployments.apps \"identityserver\" not found",
    );
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
    run.opens().api_lists("/deployments?", &[old()]).api_lists("/cronjobs?", &[other]);
    run.api_lists("/statefulsets?", &[]).api_lists("/daemonsets?", &[]);
    run.is_canceled();
    assert!(!run.transcript().contains("kill"), "a change that is on its way may still be made");
    run.exits("set image", 1);
    run.api_answers("GET", &old()).api_answers("PATCH", &json!({}));
    run.api_answers(WORKLOAD, &old()).api_answers(WORKLOAD, &old());
    assert_snapshot!(run.transcript());
}

#[test]
fn lines_that_contradict_each_other_are_refused() {
    let images = "deployments/identityserver *=a.io/app:1.0.0\ndeployments/identityserver \
                  proxy=a.io/app:2.0.0";
    let mut run = Conversation::start(&[("images", images)]);
    run.opens().api_answers(WORKLOAD, &old());
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
    run.opens().api_answers(WORKLOAD, &old());
    run.writes_text("set image", "deployment.apps/identityserver image updated (server dry run)\n")
        .exits("set image", 0);
    assert_snapshot!(run.transcript());
}

#[test]
fn the_last_old_pod_is_waited_for() {
    let mut run = rolling();
    run.api_tells("/pods?", &added(&ready_pod("identityserver-old")))
        .api_tells("/pods?", &added(&ready_pod("identityserver-new-1")))
        .api_tells("/pods?", &added(&ready_pod("identityserver-new-2")))
        .api_tells("/deployments?", &added(&done()));
    assert!(!run.transcript().contains("finish"), "{}", run.transcript());
    let deleted = json!({"type": "DELETED", "object": ready_pod("identityserver-old")});
    run.api_tells("/pods?", &deleted);
    assert!(!run.transcript().contains("identityserver-old"), "{}", run.transcript());
    assert!(run.transcript().contains("finish Succeeded"), "{}", run.transcript());
}

#[test]
fn a_kubeconfig_of_text_becomes_a_file_and_stays_out_of_the_log() {
    let mut run = Conversation::start(&[
        IMAGES,
        ("kubeconfig", "{\"kind\": \"Config\", \"users\": [{\"user\": {\"token\": \"hush\"}}]}"),
    ]);
    run.file_is_written("/agent/temp/1").opens().api_answers(WORKLOAD, &old());
    assert_snapshot!(run.transcript());
}

#[test]
fn a_missing_kubectl_says_how_to_get_it() {
    let mut run = Conversation::start(&[IMAGES]);
    run.is_missing("proxy");
    assert_snapshot!(run.transcript());
}

#[test]
fn a_kubectl_that_hangs_is_ended() {
    let mut run = Conversation::start(&[IMAGES]);
    run.wakes_after(30_000);
    assert_snapshot!(run.transcript());
}

#[test]
fn an_answer_that_is_no_json_changes_nothing() {
    let mut run = Conversation::start(&[IMAGES]);
    run.opens().api_says(WORKLOAD, 200, "Please log in: ##vso[task.complete]");
    assert_snapshot!(run.transcript());
}

#[test]
fn a_refused_change_says_what_was_done() {
    let mut run = Conversation::start(&[IMAGES]);
    run.opens().api_answers(WORKLOAD, &old());
    run.complains(
        "set image",
        "error: failed to patch image update to pod template: deployments.apps \"identityserver\" \
         is forbidden\n##vso[task.setvariable variable=x]y\n",
    )
    .exits("set image", 1);
    run.api_answers("GET", &old());
    run.api_refuses("dryRun=All", 403, "Forbidden", "\"identityserver\" is forbidden");
    run.api_answers(WORKLOAD, &old());
    assert_snapshot!(run.transcript());
}

#[test]
fn a_rollout_that_takes_too_long_says_why() {
    let mut run = rolling();
    let waits = json!({"phase": "Pending", "containerStatuses": [{"name": "identityserver",
        "ready": false, "state": {"waiting": {"reason": "ImagePullBackOff",
        "message": "Back-off pulling image\n##vso[task.complete]"}}}]});
    run.api_tells(
        "/deployments?",
        &added(&new(&json!({"observedGeneration": 5, "replicas": 3, "updatedReplicas": 1,
            "availableReplicas": 2}))),
    )
    .api_tells("/pods?", &added(&pod("identityserver-new-1", &waits)))
    .wakes_after(600_000);
    put_back(&mut run);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_stale_deadline_is_not_believed() {
    let exceeded = json!([{"type": "Progressing", "status": "False",
        "reason": "ProgressDeadlineExceeded"}]);
    let mut run = rolling();
    run.api_tells(
        "/deployments?",
        &added(&new(&json!({"observedGeneration": 4, "conditions": exceeded}))),
    );
    assert!(!run.transcript().contains("finish"), "{}", run.transcript());
    run.api_tells(
        "/deployments?",
        &modified(&new(&json!({"observedGeneration": 5, "conditions": exceeded}))),
    );
    put_back(&mut run);
    assert_snapshot!(run.transcript());
}

#[test]
fn a_watch_that_breaks_goes_on_and_one_that_is_refused_is_given_up() {
    let mut run = rolling();
    run.api_tells("/pods?", &added(&ready_pod("identityserver-new-1")));
    run.api_ends("/pods?", Some("read ECONNRESET")).wakes_after(250);
    run.api_refuses("/pods?", 500, "InternalError", "etcdserver: leader changed").wakes_after(500);
    run.api_refuses("/pods?", 403, "Forbidden", "pods is forbidden");
    run.api_refuses("/pods?", 403, "Forbidden", "pods is forbidden");
    run.api_tells("/deployments?", &added(&done()));
    assert_snapshot!(run.transcript());
}

#[test]
fn a_canceled_rollout_says_what_is_set() {
    let mut run = rolling();
    run.api_tells("/deployments?", &added(&new(&json!({"observedGeneration": 4}))));
    run.after(5000).is_canceled();
    run.after(100).api_answers(WORKLOAD, &new(&json!({})));
    run.after(100).answers("set image", "deployment.apps/identityserver image updated\n");
    run.api_answers("PATCH", &json!({}));
    run.api_answers(WORKLOAD, &old());
    assert_snapshot!(run.transcript());
}

/// A step that is canceled, and gets the second signal while it puts the old image back.
fn canceled_twice(variables: &[(&str, &str)]) -> Conversation {
    let mut run = rolling_with(variables);
    run.api_tells("/deployments?", &added(&new(&json!({"observedGeneration": 4}))));
    run.after(5000).is_canceled();
    run.after(100).api_answers(WORKLOAD, &new(&json!({})));
    run.after(7500).is_canceled();
    run
}

#[test]
fn the_second_signal_of_the_agent_ends_the_step() {
    let run = canceled_twice(&[]);
    let last = run.transcript().lines().last().unwrap_or_default();
    assert!(last.starts_with("finish Canceled: Canceled; not fully rolled back"), "{last}");
}

#[test]
fn a_job_can_give_the_rollback_longer_after_the_second_signal() {
    let mut run = canceled_twice(&[("PROCESS_SIGTERM_TIMEOUT", "30000")]);
    let last = run.transcript().lines().last().unwrap_or_default();
    assert!(last.ends_with("after 28000"), "{last}");
    run.after(100).answers("set image", "deployment.apps/identityserver image updated\n");
    run.api_answers("PATCH", &json!({}));
    run.api_answers(WORKLOAD, &old());
    let last = run.transcript().lines().last().unwrap_or_default();
    assert!(last.starts_with("finish Canceled: Canceled; rolled back"), "{last}");
}

#[test]
fn an_image_set_by_somebody_else_is_said() {
    let mut run = rolling();
    run.api_tells(
        "/deployments?",
        &added(&deployment("contoso.azurecr.io/identityserver:4126", 6, &json!({}))),
    );
    let other = deployment("contoso.azurecr.io/identityserver:4126", 6, &json!({}));
    run.api_answers(WORKLOAD, &other);
    assert_snapshot!(run.transcript());
}

/// A build of a git tag, with all that a hosted agent has.
const BUILD: [(&str, &str); 7] = [
    ("System.HostType", "build"),
    ("Build.BuildId", "4125"),
    ("Build.BuildNumber", "20261124.7"),
    ("Build.SourceBranch", "refs/tags/v1.4.2+7"),
    ("Build.SourceVersion", "3f1c0a9be7d24c5f8a6b1e0d9c8b7a6f5e4d3c2b"),
    ("Build.DefinitionName", "identityserver"),
    ("Build.ArtifactStagingDirectory", "/agent/1/a"),
];

#[test]
fn a_build_hands_its_tag_over() {
    let mut run = Conversation::start_with(
        &[
            ("command", "computeTag"),
            IMAGES,
            ("tagStrategy", "semver"),
            ("updateBuildNumber", "true"),
        ],
        &BUILD,
    );
    run.file_is_written("/agent/1/a/kubectl-set-image.json");
    assert_snapshot!(run.transcript());
}

#[test]
fn a_build_that_cannot_hand_its_tag_over_fails() {
    let mut run = Conversation::start_with(
        &[("command", "computeTag"), ("imagesFile", "/drop/x.json"), ("addBuildTag", "false")],
        &BUILD,
    );
    run.file_is_not_written("EACCES: permission denied");
    assert_snapshot!(run.transcript());
}

#[test]
fn a_release_takes_the_tags_of_the_file() {
    let digest = "0".repeat(64);
    let file = format!(
        "{{\"format\":\"kubectl-set-image\",\"version\":1,\"tag\":\"1.4.2_7\",\
         \"build\":{{\"id\":\"4100\"}},\"images\":[\
         {{\"repository\":\"contoso.azurecr.io/identityserver\",\"tag\":\"1.4.2_7\",\
         \"digest\":\"sha256:{digest}\"}}]}}"
    );
    let images = "deployments/identityserver \
                  identityserver=contoso.azurecr.io/identityserver proxy=contoso.azurecr.io/proxy";
    let inputs = [("imagesFile", "_web/tag/x.json"), ("dryRun", "client")];
    let mut run = Conversation::start(&[inputs[0], inputs[1], ("images", images)]);
    run.file_is_read(&file);
    assert_snapshot!(run.transcript());

    let mut everywhere = Conversation::start(&inputs[..1]);
    everywhere.file_is_read(&file).opens().api_lists("/deployments?", &[old()]);
    for others in ["/statefulsets?", "/daemonsets?", "/cronjobs?"] {
        everywhere.api_lists(others, &[]);
    }
    everywhere.is_canceled();
    assert_snapshot!("every_image_of_the_file_is_set_where_it_runs", everywhere.transcript());
}

#[test]
fn a_file_that_cannot_be_used_changes_nothing() {
    let inputs = [IMAGES, ("imagesFile", "_web/tag/x.json"), ("namespace", "No Namespace")];
    let mut missing = Conversation::start(&inputs);
    missing.file_is_not_read("ENOENT: no such file or directory");
    assert_snapshot!(missing.transcript());
    let mut newer = Conversation::start(&inputs);
    newer.file_is_read("{\"format\": \"kubectl-set-image\", \"version\": 2}");
    assert_snapshot!("a_newer_file_is_refused", newer.transcript());
    let mut big = Conversation::start(&inputs[1..2]);
    big.file_is_read(&" ".repeat(1024 * 1024 + 1));
    assert_snapshot!("a_file_that_is_too_big_is_refused", big.transcript());
}

#[test]
fn an_older_version_is_refused_where_it_may_not_be_set() {
    let images = "deployments/identityserver \
                  identityserver=contoso.azurecr.io/identityserver:4123 proxy=envoy:1.31.0";
    let mut refused = Conversation::start(&[("images", images), ("allowDowngrade", "false")]);
    refused.opens().api_answers(WORKLOAD, &old());
    assert_snapshot!(refused.transcript());
    let mut allowed = Conversation::start(&[("images", images), ("dryRun", "server")]);
    allowed.opens().api_answers(WORKLOAD, &old()).is_canceled();
    assert_snapshot!("an_older_version_is_said_where_it_may_be_set", allowed.transcript());
}

#[test]
fn what_is_odd_about_a_tag_is_a_warning() {
    let run = Conversation::start_with(
        &[
            (
                "images",
                "deployments/web app=a.io/web side=a.io/Orders\ndeploy/db db=a.io/db:stable",
            ),
            ("mutableTags", "warn"),
            ("dryRun", "client"),
        ],
        &[
            ("System.HostType", "release"),
            ("Build.BuildId", "4125"),
            ("Release.PrimaryArtifactSourceAlias", "_web"),
            ("Release.Artifacts._web.BuildId", "4125"),
            ("Release.Artifacts._api.BuildId", "77"),
            ("Release.Artifacts._api.DefinitionName", "orders"),
        ],
    );
    assert_snapshot!(run.transcript());
}

#[test]
fn every_wrong_input_of_the_tag_is_told() {
    let run = Conversation::start(&[
        IMAGES,
        ("tagStrategy", "template"),
        ("tagTemplate", "{brunch}"),
        ("mutableTagList", "latest {patch}"),
        ("allowDowngrade", "maybe"),
        ("artifactAlias", "$(Alias)"),
    ]);
    assert_snapshot!(run.transcript());
    let moving = Conversation::start_with(
        &[IMAGES, ("tagStrategy", "template"), ("tagTemplate", "{branch}")],
        &BUILD[..1].iter().copied().chain([("Build.SourceBranch", "topic")]).collect::<Vec<_>>(),
    );
    assert_snapshot!("a_computed_tag_that_moves_is_refused", moving.transcript());
}

#[test]
fn a_forged_record_gives_kubectl_no_flags() {
    let mut forged = new(&json!({}));
    let record = r#"{"version":1,"by":"","images":[["identityserver","a.io/app:1",
        "contoso.azurecr.io/identityserver:4125"],["--server","https://evil.example",""]]}"#;
    forged["metadata"]["annotations"] = json!({"kubectl-set-image/replaced": record});
    let workload = ("images", "deployments/identityserver");
    let mut run = Conversation::start(&[("command", "undo"), workload]);
    run.opens().api_answers(WORKLOAD, &forged);
    assert!(!run.transcript().contains("spawn"), "{}", run.transcript());
    assert!(
        run.transcript().contains(
            "Error: the record of deployments/identityserver in its annotation \
             kubectl-set-image/replaced is invalid: invalid container name \"--server\". Set the \
             previous image with kubectl set image, and remove the annotation"
        ),
        "{}",
        run.transcript()
    );
    let mut run = Conversation::start(&[("command", "undo")]);
    run.opens().api_lists("/deployments?", &[forged]);
    for others in ["/statefulsets?", "/daemonsets?", "/cronjobs?"] {
        run.api_lists(others, &[]);
    }
    assert!(!run.transcript().contains("spawn"), "{}", run.transcript());
    assert!(run.transcript().contains("finish Failed: Nothing was rolled back"));
}

#[test]
fn a_timer_that_fires_early_is_set_again() {
    let mut run = rolling();
    let unscheduled = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled",
        "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]});
    run.api_tells(
        "/deployments?",
        &added(&new(&json!({"observedGeneration": 5, "replicas": 3, "updatedReplicas": 1,
            "availableReplicas": 2}))),
    )
    .api_tells("/pods?", &added(&pod("identityserver-new-1", &unscheduled)));
    run.after(-1).wakes_after(300_000);
    assert!(!run.transcript().contains("Error"), "{}", run.transcript());
    run.wakes_after(1);
    assert!(run.transcript().contains("cannot be scheduled"), "{}", run.transcript());
}

#[test]
fn what_was_set_is_recorded_though_a_later_change_was_refused() {
    let images = "deployments/identityserver identityserver=contoso.azurecr.io/identityserver\n\
                  deployments/identityserver proxy=envoy:1.30.1";
    let mut other = old();
    other["metadata"]["name"] = json!("other");
    other["metadata"]["uid"] = json!("other");
    let images = format!("{images}\ndeployments/other proxy=envoy:1.30.2");
    let mut run = Conversation::start(&[("images", &images), ("onFailure", "keep")]);
    run.opens().api_answers(WORKLOAD, &old()).api_answers("deployments/other", &other);
    run.exits("set image deployments/identityserver", 0);
    run.complains("set image deployments/other", "error: is forbidden")
        .exits("set image deployments/other", 1);
    run.api_answers("GET", &other);
    run.api_refuses("dryRun=All", 403, "Forbidden", "\"other\" is forbidden");
    let transcript = run.transcript();
    let noted = |name: &str| {
        transcript
            .contains(&format!("kubectl patch deployments/{name} --namespace=shop --type=merge"))
    };
    assert!(noted("identityserver") && !noted("other"), "{transcript}");
}
