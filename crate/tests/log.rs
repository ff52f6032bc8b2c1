//! The log of whole runs, as a person reads it: without what only `System.Debug` shows.

mod conversation;

use std::fmt::Write;

use conversation::Conversation;
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A deployment whose pods run one container.
struct Web {
    namespace: &'static str,
    name: String,
}

impl Web {
    fn new(namespace: &'static str, name: impl Into<String>) -> Self {
        Self { namespace, name: name.into() }
    }

    fn path(&self) -> String {
        format!("/apis/apps/v1/namespaces/{}/deployments/{}", self.namespace, self.name)
    }

    fn at(&self, tag: u32, generation: i64, status: &Value) -> Value {
        let Self { namespace, name } = self;
        json!({
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace, "uid": format!("{namespace}-{name}"),
                "generation": generation},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": {"app": name}},
                "template": {"spec": {"containers": [
                    {"name": "app", "image": format!("contoso.azurecr.io/{name}:{tag}")},
                ]}},
            },
            "status": status,
        })
    }

    fn before(&self) -> Value {
        self.at(4124, 1, &counts(1, 3, 3, 3))
    }

    fn begun(&self) -> Value {
        self.at(4125, 2, &json!({"observedGeneration": 1}))
    }

    /// So many pods of the new template are ready, and so many old ones are left.
    fn rolling(&self, ready: i64, old: i64) -> Value {
        let updated = (ready + 1).min(3);
        self.at(4125, 2, &counts(2, updated + old, updated, ready + old))
    }

    fn back(&self) -> Value {
        self.at(4124, 3, &counts(3, 3, 3, 3))
    }

    fn pod(&self, pod: &str, status: &Value) -> Value {
        let Self { namespace, name } = self;
        json!({
            "kind": "Pod",
            "metadata": {"name": pod, "namespace": namespace, "uid": format!("{namespace}-{pod}"),
                "labels": {"app": name}, "creationTimestamp": "2026-11-24T04:00:01Z"},
            "spec": {"containers": [
                {"name": "app", "image": format!("contoso.azurecr.io/{name}:4125")},
            ]},
            "status": status,
        })
    }

    fn ready_pod(&self, pod: &str) -> Value {
        self.pod(
            pod,
            &json!({"phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}]}),
        )
    }

    fn crashing_pod(&self, restarts: u32) -> Value {
        let state = json!({"waiting": {"reason": "CrashLoopBackOff",
            "message": "back-off 20s restarting failed container=app"}});
        let last = json!({"terminated": {"exitCode": 3, "reason": "Error"}});
        let pod = format!("{}-5468884dc9-7pbdf", self.name);
        self.pod(
            &pod,
            &json!({"phase": "Running", "containerStatuses": [
                {"name": "app", "restartCount": restarts, "ready": false, "state": state,
                    "lastState": last},
            ]}),
        )
    }
}

fn counts(observed: i64, replicas: i64, updated: i64, available: i64) -> Value {
    json!({"observedGeneration": observed, "replicas": replicas, "updatedReplicas": updated,
        "readyReplicas": available, "availableReplicas": available})
}

fn modified(object: &Value) -> Value {
    json!({"type": "MODIFIED", "object": object})
}

/// A step that has set the images of these deployments, by a line for each, and watches them.
fn watched(webs: &[Web], inputs: &[(&str, &str)]) -> Conversation {
    let lines: Vec<String> = webs
        .iter()
        .map(|Web { namespace, name }| {
            format!("{namespace}: deployments/{name} app=contoso.azurecr.io/{name}")
        })
        .collect();
    let images = lines.join("\n");
    let mut run = Conversation::start(&[&[("images", images.as_str())], inputs].concat());
    run.opens();
    for web in webs {
        run.api_answers(&web.path(), &web.before());
    }
    for Web { namespace, name } in webs {
        let command = format!(
            "set image deployments/{name} app=contoso.azurecr.io/{name}:4125 \
             --namespace={namespace}"
        );
        run.answers(&command, &format!("deployment.apps/{name} image updated\n"));
    }
    for web in webs {
        run.api_answers(&format!("GET {}", web.path()), &web.begun());
    }
    for web in webs {
        run.api_answers(&format!("PATCH {}", web.path()), &json!({}));
    }
    let mut namespaces: Vec<&str> = webs.iter().map(|web| web.namespace).collect();
    namespaces.dedup();
    for namespace in namespaces {
        let within = format!("/namespaces/{namespace}");
        let of: Vec<Value> =
            webs.iter().filter(|web| web.namespace == namespace).map(Web::begun).collect();
        run.api_lists(&format!("{within}/deployments?"), &of);
        for others in ["replicasets?", "pods?", "events?"] {
            run.api_lists(&format!("{within}/{others}"), &[]);
        }
    }
    run
}

fn tells(run: &mut Conversation, web: &Web, object: &Value) {
    run.api_tells(&format!("/namespaces/{}/deployments?", web.namespace), &modified(object));
}

fn tells_pod(run: &mut Conversation, web: &Web, pod: &Value) {
    run.api_tells(&format!("/namespaces/{}/pods?", web.namespace), &modified(pod));
}

/// The rollout goes through, and its pods are seen.
fn succeeds(run: &mut Conversation, web: &Web) {
    for at in 1..=3 {
        tells_pod(run, web, &web.ready_pod(&format!("{}-new-{at}", web.name)));
    }
    tells(run, web, &web.rolling(3, 0));
}

/// The container crashes until the rollout is given up.
fn crashes(run: &mut Conversation, web: &Web) {
    tells(run, web, &web.rolling(0, 3));
    run.after(3000);
    tells_pod(run, web, &web.crashing_pod(1));
    run.after(15_000);
    tells_pod(run, web, &web.crashing_pod(2));
    run.api_says(
        "/log?",
        200,
        "starting\nconnecting to db.shop.svc:5432\nFATAL: password authentication failed\n",
    );
}

/// Every deployment is read, gets its previous image, and runs it.
fn rolls_back(run: &mut Conversation, webs: &[Web]) {
    for web in webs {
        run.api_answers(&format!("GET {}", web.path()), &web.rolling(0, 3));
    }
    for Web { namespace, name } in webs {
        let command = format!(
            "set image deployments/{name} app=contoso.azurecr.io/{name}:4124 \
             --namespace={namespace}"
        );
        run.after(100).answers(&command, &format!("deployment.apps/{name} image updated\n"));
    }
    for web in webs {
        run.api_answers(&format!("GET {}", web.path()), &web.back());
    }
    for web in webs {
        run.api_answers(&format!("PATCH {}", web.path()), &json!({}));
    }
    let mut namespaces: Vec<&str> = webs.iter().map(|web| web.namespace).collect();
    namespaces.dedup();
    run.after(5000);
    for namespace in namespaces {
        let within = format!("/namespaces/{namespace}");
        let of: Vec<Value> =
            webs.iter().filter(|web| web.namespace == namespace).map(Web::back).collect();
        run.api_lists(&format!("{within}/deployments?"), &of);
        run.api_lists(&format!("{within}/replicasets?"), &[]);
        run.api_lists(&format!("{within}/pods?"), &[]);
    }
    run.wakes_after(2000);
    ends(run, webs);
}

/// The last look at every deployment.
fn ends(run: &mut Conversation, webs: &[Web]) {
    for web in webs {
        run.api_answers(&format!("GET {}", web.path()), &web.back());
    }
}

/// The lines of the log as the agent shows them, and the last sentence.
fn log(run: &Conversation) -> String {
    let mut log = String::new();
    for line in run.transcript().lines() {
        let (style, text) = line.split_once(": ").unwrap_or((line, ""));
        let _ = match style {
            "Plain" => writeln!(log, "{text}"),
            "Section" | "Command" | "Warning" | "Error" | "Group" => {
                writeln!(log, "##[{}]{text}", style.to_lowercase())
            }
            "EndGroup" => writeln!(log, "##[endgroup]"),
            style if style.starts_with("finish ") => {
                writeln!(log, "→ {}: {text}", &style["finish ".len()..])
            }
            _ => Ok(()),
        };
    }
    log
}

fn web() -> [Web; 1] {
    [Web::new("shop", "web")]
}

fn twenty() -> Vec<Web> {
    (1..=20).map(|at| Web::new("shop", format!("service-{at:02}"))).collect()
}

#[test]
fn a_rollout_succeeds() {
    let webs = web();
    let mut run = watched(&webs, &[]);
    run.after(12_000);
    tells_pod(&mut run, &webs[0], &webs[0].ready_pod("web-new-1"));
    tells(&mut run, &webs[0], &webs[0].rolling(1, 2));
    run.after(26_000);
    tells(&mut run, &webs[0], &webs[0].rolling(3, 1));
    run.after(3000);
    succeeds(&mut run, &webs[0]);
    assert_snapshot!(log(&run));
}

#[test]
fn a_rollout_fails_and_is_rolled_back() {
    let webs = web();
    let mut run = watched(&webs, &[]);
    crashes(&mut run, &webs[0]);
    rolls_back(&mut run, &webs);
    let log = log(&run);
    assert!(log.lines().count() <= 33, "{log}");
    assert_snapshot!(log);
}

#[test]
fn a_rollout_fails_and_its_images_stay() {
    let webs = web();
    let mut run = watched(&webs, &[("onFailure", "keep")]);
    crashes(&mut run, &webs[0]);
    run.api_answers(&format!("GET {}", webs[0].path()), &webs[0].rolling(0, 3));
    assert_snapshot!(log(&run));
}

#[test]
fn a_canceled_rollout_is_rolled_back() {
    let webs = web();
    let mut run = watched(&webs, &[]);
    run.after(5000).is_canceled();
    run.api_answers(&format!("GET {}", webs[0].path()), &webs[0].rolling(0, 3));
    run.after(500).answers("set image", "deployment.apps/web image updated\n");
    run.api_answers("PATCH", &json!({}));
    ends(&mut run, &webs);
    assert_snapshot!(log(&run));
}

#[test]
fn undo_rolls_back_what_an_earlier_run_has_set() {
    let webs = web();
    let record = json!({"version": 1, "by": "stage Production, build 4125",
        "images": [["app", "contoso.azurecr.io/web:4124", "contoso.azurecr.io/web:4125"]]});
    let mut before = webs[0].rolling(3, 0);
    before["metadata"]["annotations"] = json!({"kubectl-set-image/replaced": record.to_string()});
    let mut run = Conversation::start(&[("command", "undo"), ("images", "deployments/web")]);
    run.opens().api_answers(&webs[0].path(), &before);
    run.answers("set image", "deployment.apps/web image updated\n");
    let begun = webs[0].at(4124, 3, &json!({"observedGeneration": 2}));
    run.api_answers(&format!("GET {}", webs[0].path()), &begun).api_answers("PATCH", &json!({}));
    run.api_lists("/deployments?", &[begun]);
    for others in ["/replicasets?", "/pods?", "/events?"] {
        run.api_lists(others, &[]);
    }
    run.after(6000);
    tells(&mut run, &webs[0], &webs[0].back());
    run.wakes_after(2000);
    assert_snapshot!(log(&run));
}

#[test]
fn workloads_of_several_namespaces_are_named_with_theirs() {
    let webs = [Web::new("billing", "api"), Web::new("shop", "web")];
    let mut run = watched(&webs, &[]);
    run.after(1000);
    succeeds(&mut run, &webs[0]);
    crashes(&mut run, &webs[1]);
    rolls_back(&mut run, &webs);
    assert_snapshot!(log(&run));
}

#[test]
fn twenty_rollouts_take_eighty_lines_at_most() {
    let webs = twenty();
    let mut run = watched(&webs, &[]);
    for web in &webs {
        run.after(2000);
        tells(&mut run, web, &web.rolling(1, 2));
        succeeds(&mut run, web);
    }
    let log = log(&run);
    assert!(log.lines().count() <= 80, "{log}");
    assert_snapshot!(log);
}

#[test]
fn twenty_rollouts_with_one_failure_take_a_hundred_and_ten_lines_at_most() {
    let webs = twenty();
    let mut run = watched(&webs, &[]);
    for web in &webs[..7] {
        run.after(1000);
        succeeds(&mut run, web);
    }
    crashes(&mut run, &webs[7]);
    rolls_back(&mut run, &webs);
    let log = log(&run);
    assert!(log.lines().count() <= 110, "{log}");
    assert_snapshot!(log);
}
