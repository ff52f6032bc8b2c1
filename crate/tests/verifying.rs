//! Registries, asked while the workloads are read: what is waited for, and what comes of it.

mod conversation;

use conversation::Conversation;
use kubectl_set_image::{Agent, host::Connection};
use serde_json::json;

const NODES: &str = "GET /api/v1/nodes";
const WEB: &str = "https://a.io/v2/web/manifests/";
const API: &str = "https://b.io/v2/api/manifests/";
const DIGEST: &str = "sha256:3f00000000000000000000000000000000000000000000000000000000000000";

/// A manifest that says nothing of platforms.
const MANIFEST: &str = r#"{"schemaVersion": 2}"#;

/// The API server tells what the workloads have.
fn workloads_are_read(run: &mut Conversation) -> &mut Conversation {
    run.opens();
    for (name, image) in [("web", "a.io/web:1"), ("api", "b.io/api:1")] {
        let workload = json!({
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop", "uid": name},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
        });
        run.api_answers(&format!("/deployments/{name}"), &workload);
    }
    run
}

fn run_with(more: &[(&str, &str)], agent: Agent) -> Conversation {
    let images = ("images", "deployments/web app=a.io/web\ndeployments/api app=b.io/api");
    let inputs = [&[images, ("verifyImage", "auto"), ("dryRun", "server")], more].concat();
    Conversation::start_on(&inputs, &[("Build.BuildId", "2")], agent)
}

fn run(more: &[(&str, &str)]) -> Conversation {
    run_with(more, Agent::default())
}

/// The lines that the log has of the registries, and the end.
fn said(run: &Conversation) -> Vec<&str> {
    let of_a_registry = |line: &&str| {
        ["a.io/web:2", "b.io/api:2"]
            .iter()
            .any(|image| line.split_once(": ").is_some_and(|(_, text)| text.starts_with(image)))
            || line.starts_with("finish")
            || line.starts_with("Command: kubectl set image")
    };
    run.transcript().lines().filter(of_a_registry).collect()
}

#[test]
fn a_registry_that_nobody_named_is_waited_for_five_seconds() {
    let mut run = run(&[]);
    workloads_are_read(run.registry_has(WEB, DIGEST)).wakes_after(5_000);
    assert_eq!(
        said(&run),
        [
            format!("Plain: a.io/web:2 is in the registry: {DIGEST}").as_str(),
            "Plain: b.io/api:2 was not checked: b.io cannot be reached (timed out after 5s). \
             Check its name, and whether this agent can reach it (proxy, firewall)",
            "Command: kubectl set image deployments/web app=a.io/web:2 --namespace=shop \
             --dry-run=server",
            "Command: kubectl set image deployments/api app=b.io/api:2 --namespace=shop \
             --dry-run=server",
        ]
    );
}

#[test]
fn what_is_pinned_has_to_be_found() {
    let mut run = run(&[("pin", "digest")]);
    run.registry_has(WEB, DIGEST).registry_has(API, DIGEST);
    run.registry_gives(WEB, DIGEST, MANIFEST).registry_gives(API, DIGEST, MANIFEST);
    workloads_are_read(&mut run);
    assert!(
        run.transcript().contains(&format!("variable image: \"a.io/web:2@{DIGEST}")),
        "{}",
        run.transcript()
    );
    assert!(
        run.transcript()
            .contains(&format!("app=a.io/web:2@{DIGEST} --namespace=shop --dry-run=server")),
        "{}",
        run.transcript()
    );
}

#[test]
fn the_workloads_that_cannot_be_read_end_the_run_at_once() {
    let mut run = run(&[("verifyImage", "required")]);
    run.opens().api_refuses("/deployments/web", 403, "Forbidden", "no");
    run.api_answers("/deployments/api", &json!({"metadata": {}}));
    assert_eq!(said(&run), ["finish Failed: Nothing was changed in the cluster"]);
}

#[test]
fn the_nodes_are_asked_for_only_where_platforms_are_known() {
    let mut run = run(&[]);
    run.registry_has(WEB, DIGEST).server_is_silent(API, "connect ECONNREFUSED");
    run.server_answers(WEB, 200, "no manifest");
    workloads_are_read(&mut run);
    assert!(!run.transcript().contains(NODES), "{}", run.transcript());
}

#[test]
fn a_login_that_entra_refuses_is_that_of_its_registry_alone() {
    let connection = Connection {
        id: "c-1".into(),
        url: "https://a.io".into(),
        scheme: "WorkloadIdentityFederation".into(),
        parameters: [("loginServer", "a.io"), ("tenantid", "t-1"), ("serviceprincipalid", "app")]
            .map(|(name, value)| (name.to_owned(), value.into()))
            .into(),
        ..Connection::default()
    };
    let system = Connection {
        parameters: [("AccessToken".to_owned(), "hush".into())].into(),
        ..Connection::default()
    };
    let agent = Agent {
        connections: [("containerRegistry".to_owned(), connection)].into(),
        system: Some(system),
        ..Agent::default()
    };
    let variables = [
        ("Build.BuildId", "2"),
        ("System.HostType", "build"),
        ("System.CollectionUri", "https://dev.contoso.test/"),
        ("System.TeamProjectId", "p"),
        ("System.PlanId", "p"),
        ("System.JobId", "j"),
    ];
    let inputs = [
        ("images", "deployments/web app=a.io/web\ndeployments/api app=b.io/api"),
        ("verifyImage", "auto"),
        ("containerRegistry", "c-1"),
    ];
    let mut run = Conversation::start_on(&inputs, &variables, agent);
    run.server_answers("https://dev.contoso.test/", 403, r#"{"message": "not for you"}"#)
        .registry_has(API, DIGEST)
        .registry_gives(API, DIGEST, MANIFEST);
    workloads_are_read(&mut run);
    assert_eq!(
        said(&run),
        [
            "Error: a.io/web:2 was not checked: a.io refuses the credentials (dev.contoso.test \
             refused to authenticate with status 403: not for you). Check in the service \
             connection of containerRegistry whether the secret has expired, and whether it has \
             permission to pull a.io/web. [KSI452]",
            format!("Plain: b.io/api:2 is in the registry: {DIGEST}").as_str(),
            "finish Failed: Nothing was changed in the cluster",
        ]
    );
}
