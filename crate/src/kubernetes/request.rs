//! Requests to the API server: paths, queries and patches.

use crate::{host::ApiRequest, host::http::percent, kubernetes::Kind};

/// The paths that the proxy of a run lets through, as regular expressions of Go. No secrets, no
/// `exec`, nothing but what is read and annotated here.
pub const PATHS: [&str; 5] = [
    "^/version$",
    "^/api/v1/nodes$",
    "^/api/v1/namespaces/[^/]+/(events|pods(/[^/]+(/log)?)?|replicationcontrollers(/[^/]+)?)$",
    "^/apis/apps/v1/namespaces/[^/]+/(deployments|statefulsets|daemonsets|replicasets)(/[^/]+)?$",
    "^/apis/batch/v1/namespaces/[^/]+/cronjobs(/[^/]+)?$",
];

/// The methods that it does not let through; `DELETE` is one of them unless pods may be deleted.
pub const REJECTED_METHODS: &str = "POST|PUT|HEAD|OPTIONS|CONNECT|TRACE";

/// How many objects of a list are asked for at once.
const PAGE: u32 = 500;
/// How long a watch is asked to go on, in seconds.
const WATCH_SECONDS: u32 = 300;

/// Objects of one resource in one namespace: all of them, or those that selectors leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The path of the resource: `/apis/apps/v1/namespaces/shop/deployments`.
    path: String,
    /// The one object of this name.
    pub name: Option<String>,
    labels: Option<String>,
    fields: Option<String>,
}

impl ApiRequest {
    fn new(method: &'static str, path: String) -> Self {
        Self { method, path, content_type: "", body: String::new(), kubectl: Vec::new() }
    }

    /// The arguments by which kubectl asks the same, for a person to repeat it.
    #[must_use]
    pub fn kubectl_args(&self) -> Vec<String> {
        if self.kubectl.is_empty() {
            vec!["get".to_owned(), "--raw".to_owned(), self.path.clone()]
        } else {
            self.kubectl.clone()
        }
    }

    /// `GET` of the API server's version.
    #[must_use]
    pub fn version() -> Self {
        Self::new("GET", "/version".to_owned())
    }

    /// `GET` of the nodes, page by page.
    #[must_use]
    pub fn nodes() -> Self {
        Self::new("GET", format!("/api/v1/nodes?limit={PAGE}"))
    }

    /// `GET` of a workload.
    #[must_use]
    pub fn workload(namespace: &str, kind: Kind, name: &str) -> Self {
        Collection::workloads(namespace, kind).object(name)
    }

    /// `PATCH` of a workload: an RFC 7386 merge patch.
    #[must_use]
    pub fn patch(namespace: &str, kind: Kind, name: &str, body: String, dry_run: bool) -> Self {
        let path = Collection::workloads(namespace, kind).object(name).path;
        let (query, flag) = if dry_run { ("&dryRun=All", "--dry-run=server") } else { ("", "") };
        let kubectl = [
            "patch".to_owned(),
            format!("{}/{name}", kind.plural()),
            format!("--namespace={namespace}"),
            "--type=merge".to_owned(),
            format!("--patch={body}"),
            flag.to_owned(),
        ];
        Self {
            method: "PATCH",
            path: format!("{path}?fieldManager=kubectl-set-image{query}"),
            content_type: "application/merge-patch+json",
            body,
            kubectl: kubectl.into_iter().filter(|arg| !arg.is_empty()).collect(),
        }
    }

    /// The same with a strategic merge patch, which finds containers by their names.
    #[must_use]
    pub fn strategic(mut self) -> Self {
        self.content_type = "application/strategic-merge-patch+json";
        self.kubectl.retain(|arg| arg != "--type=merge");
        self
    }

    /// `DELETE` of a pod.
    #[must_use]
    pub fn delete_pod(namespace: &str, name: &str) -> Self {
        let kubectl = ["delete", "pods", name, &format!("--namespace={namespace}"), "--wait=false"];
        let kubectl = kubectl.map(str::to_owned).to_vec();
        Self { method: "DELETE", kubectl, ..Collection::pods(namespace).object(name) }
    }

    /// `GET` of the last lines of a container, of no more than 64 KiB.
    #[must_use]
    pub fn log(namespace: &str, pod: &str, container: &str, previous: bool, lines: u32) -> Self {
        let path = Collection::pods(namespace).object(pod).path;
        let container = percent(container);
        let previous = if previous { "&previous=true" } else { "" };
        Self::new(
            "GET",
            format!(
                "{path}/log?container={container}&tailLines={lines}&limitBytes=65536{previous}"
            ),
        )
    }

    pub(super) fn is_list(&self) -> bool {
        self.path.contains("limit=") && self.method == "GET" && !self.path.contains("/log?")
    }

    /// The same list, from where the page before ended.
    #[must_use]
    pub fn page(&self, continue_token: &str) -> Self {
        Self { path: format!("{}&continue={}", self.path, percent(continue_token)), ..self.clone() }
    }
}

impl Collection {
    fn new(path: String) -> Self {
        Self { path, name: None, labels: None, fields: None }
    }

    /// The workloads of a kind.
    #[must_use]
    pub fn workloads(namespace: &str, kind: Kind) -> Self {
        let (group, plural) = (kind.group(), kind.plural());
        let api = if group.is_empty() { "api".to_owned() } else { format!("apis/{group}") };
        Self::new(format!("/{api}/v1/namespaces/{}/{plural}", percent(namespace)))
    }

    /// The pods.
    #[must_use]
    pub fn pods(namespace: &str) -> Self {
        Self::new(format!("/api/v1/namespaces/{}/pods", percent(namespace)))
    }

    /// The events.
    #[must_use]
    pub fn events(namespace: &str) -> Self {
        Self::new(format!("/api/v1/namespaces/{}/events", percent(namespace)))
    }

    /// The same, of the objects with these labels: `app=web,tier=front`.
    #[must_use]
    pub fn labelled(self, labels: Option<String>) -> Self {
        Self { labels, ..self }
    }

    /// The same, of the objects with these fields: `reason!=Pulled`.
    #[must_use]
    pub fn with_fields(self, fields: String) -> Self {
        Self { fields: Some(fields), ..self }
    }

    /// The same, of one object alone.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// `GET` of the object of this name.
    #[must_use]
    pub fn object(&self, name: &str) -> ApiRequest {
        ApiRequest::new("GET", format!("{}/{}", self.path, percent(name)))
    }

    /// `GET` of the first page of the list.
    #[must_use]
    pub fn list(&self) -> ApiRequest {
        ApiRequest::new("GET", format!("{}?{}limit={PAGE}", self.path, self.selectors()))
    }

    /// `GET` of what changes after a resource version. Bookmarks are asked for, which tell the newest
    /// version once in a while.
    #[must_use]
    pub fn watch(&self, resource_version: &str) -> ApiRequest {
        ApiRequest::new(
            "GET",
            format!(
                "{}?{}watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={WATCH_SECONDS}",
                self.path,
                self.selectors(),
                percent(resource_version),
            ),
        )
    }

    fn selectors(&self) -> String {
        let name = self.name.as_ref().map(|name| format!("metadata.name={name}"));
        let fields: Vec<&str> = name.iter().chain(&self.fields).map(String::as_str).collect();
        let fields = fields.join(",");
        let pairs = [("labelSelector", self.labels.as_deref()), ("fieldSelector", Some(&*fields))];
        let given = pairs.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let given = given.filter(|(_, value)| !value.is_empty());
        given.map(|(key, value)| [key, "=", &percent(value), "&"].concat()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workloads_of_every_kind_are_let_through() {
        for kind in Kind::ALL {
            let listed = Collection::workloads("shop", kind).list().path;
            let (above, _) = listed.split_once("shop/").unwrap();
            let above = format!("^{above}[^/]+/");
            let mut names = PATHS
                .iter()
                .filter_map(|path| path.strip_prefix(&above))
                .flat_map(|names| names.split(|c: char| !c.is_ascii_lowercase()));
            let is_let_through = names.any(|name| name == kind.plural());
            assert!(is_let_through, "{listed} is in none of {PATHS:?}");
        }
    }

    #[test]
    fn a_selector_is_part_of_the_list_and_of_the_watch_alike() {
        let mut pods = Collection::pods("shop");
        pods.labels = Some("app=web,tier in (a)".into());
        let path = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb%2Ctier%20in%20%28a%29&";
        assert_eq!(pods.list().path, format!("{path}limit=500"));
        let watch = pods.watch("17").path;
        assert!(watch.starts_with(&format!("{path}watch=true&")), "{watch}");
        assert!(watch.contains("&resourceVersion=17&"), "{watch}");
        let named = Collection::workloads("shop", Kind::CronJob).named("clean");
        assert_eq!(
            named.list().path,
            "/apis/batch/v1/namespaces/shop/cronjobs?fieldSelector=metadata.name%3Dclean&limit=500"
        );
        let controllers = Collection::workloads("shop", Kind::ReplicationController);
        assert_eq!(
            controllers.object("web").path,
            "/api/v1/namespaces/shop/replicationcontrollers/web"
        );
        assert_eq!(named.list().page("a/b").path, format!("{}&continue=a%2Fb", named.list().path));
    }

    #[test]
    fn a_name_stays_one_part_of_the_path() {
        let request = ApiRequest::delete_pod("shop", "../../secrets?x=");
        assert_eq!(request.path, "/api/v1/namespaces/shop/pods/..%2F..%2Fsecrets%3Fx%3D");
    }

    #[test]
    fn a_person_can_repeat_a_request_with_kubectl() {
        let said = |request: ApiRequest| request.kubectl_args().join(" ");
        assert_eq!(
            said(ApiRequest::workload("shop", Kind::Deployment, "web")),
            "get --raw /apis/apps/v1/namespaces/shop/deployments/web"
        );
        assert_eq!(
            said(ApiRequest::patch("shop", Kind::Deployment, "web", "{}".into(), false)),
            "patch deployments/web --namespace=shop --type=merge --patch={}"
        );
    }
}
