//! What has to be read before there can be a plan: one command for each namespace.

use std::collections::BTreeSet;

use crate::{
    images::{Address, Line, Which},
    kubectl::{CommandLine, Target},
    workload::{Kind, Workload, WorkloadName},
};

/// How many workloads are asked for by their names.
const MOST_NAMES: usize = 10;

/// What to read in one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The namespace; `None` for the one of the kubeconfig's context.
    pub namespace: Option<String>,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Names(Vec<WorkloadName>),
    Kinds(Vec<Kind>),
}

/// What a query found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The namespace, as the query has it.
    pub namespace: Option<String>,
    /// The workloads.
    pub workloads: Vec<Workload>,
}

impl Query {
    /// The queries for the lines; namespaces are asked in the order of the input. Where a line
    /// leaves the workloads to be found, all of their kinds are listed at once; a `ReplicaSet` is
    /// mostly one of a Deployment, so that kind is listed only where a line says so.
    #[must_use]
    pub fn of_lines(lines: &[Line], defaults: &[String]) -> Vec<Self> {
        let mut queries: Vec<Query> = Vec::new();
        let mut seen = BTreeSet::new();
        for line in lines {
            match &line.which {
                Which::Named(addresses) => {
                    for address in addresses {
                        for namespace in places(address, line, defaults) {
                            if seen.insert((namespace.clone(), address.workload.clone())) {
                                in_namespace(&mut queries, namespace).add_name(&address.workload);
                            }
                        }
                    }
                }
                Which::Labelled { kinds, .. } => {
                    for namespace in namespaces(line, defaults) {
                        in_namespace(&mut queries, namespace).add_kinds(kinds);
                    }
                }
                Which::Running => {
                    for namespace in namespaces(line, defaults) {
                        in_namespace(&mut queries, namespace).add_kinds(Kind::found_by_listing());
                    }
                }
            }
        }
        queries
    }

    /// The queries for every workload of the namespaces.
    #[must_use]
    pub fn of_everything(defaults: &[String]) -> Vec<Self> {
        let what = What::Kinds(Kind::found_by_listing().to_vec());
        let of = |namespace| Self { namespace, what: what.clone() };
        default_namespaces(defaults).into_iter().map(of).collect()
    }

    /// The queries for these workloads, by their namespaces.
    #[must_use]
    pub fn of_workloads<'a>(
        workloads: impl Iterator<Item = (&'a Option<String>, &'a WorkloadName)>,
    ) -> Vec<Self> {
        let mut queries = Vec::new();
        for (namespace, name) in workloads {
            in_namespace(&mut queries, namespace.clone()).add_name(name);
        }
        queries
    }

    /// The command that asks: for many workloads by a list, since kubectl asks for names one by one,
    /// ten at once and five a second from there on.
    #[must_use]
    pub fn command(&self, target: &Target) -> CommandLine {
        let target = target.within(self.namespace.as_deref());
        match &self.what {
            What::Names(names) if names.len() > MOST_NAMES => {
                let asked = |kind: &Kind| names.iter().any(|name| name.kind == *kind);
                target.list(&Kind::ALL.into_iter().filter(asked).collect::<Vec<_>>())
            }
            What::Names(names) => target.get(names),
            What::Kinds(kinds) => target.list(kinds),
        }
    }

    fn add_name(&mut self, name: &WorkloadName) {
        match &mut self.what {
            What::Names(names) => names.push(name.clone()),
            What::Kinds(_) => self.add_kinds(&[name.kind]),
        }
    }

    fn add_kinds(&mut self, more: &[Kind]) {
        let kinds = match &self.what {
            What::Kinds(kinds) => kinds.clone(),
            What::Names(names) => names.iter().map(|name| name.kind).collect(),
        };
        let wanted = |kind: &Kind| kinds.contains(kind) || more.contains(kind);
        self.what = What::Kinds(Kind::ALL.into_iter().filter(wanted).collect());
    }
}

/// The namespaces of a workload of a line: its own, or those of the line.
pub(super) fn places(address: &Address, line: &Line, defaults: &[String]) -> Vec<Option<String>> {
    match &address.namespace {
        Some(own) => vec![Some(own.clone())],
        None => namespaces(line, defaults),
    }
}

/// The namespaces of a line.
pub(super) fn namespaces(line: &Line, defaults: &[String]) -> Vec<Option<String>> {
    if line.namespaces.is_empty() {
        return default_namespaces(defaults);
    }
    line.namespaces.iter().cloned().map(Some).collect()
}

fn default_namespaces(defaults: &[String]) -> Vec<Option<String>> {
    if defaults.is_empty() {
        return vec![None];
    }
    defaults.iter().cloned().map(Some).collect()
}

fn in_namespace(queries: &mut Vec<Query>, namespace: Option<String>) -> &mut Query {
    let at = queries.iter().position(|query| query.namespace == namespace);
    let at = at.unwrap_or_else(|| {
        queries.push(Query { namespace, what: What::Names(Vec::new()) });
        queries.len() - 1
    });
    &mut queries[at]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        images::{Needs, parse},
        variables::Variables,
    };

    fn commands(lines: &str, defaults: &[&str]) -> Vec<String> {
        let lines = parse(lines, Needs::Images, &Variables::default()).unwrap();
        let defaults: Vec<String> = defaults.iter().map(ToString::to_string).collect();
        let queries = Query::of_lines(&lines, &defaults);
        queries.iter().map(|query| query.command(&Target::default()).to_string()).collect()
    }

    #[test]
    fn a_namespace_is_asked_once() {
        assert_eq!(
            commands("deploy/web app=x:1\nsts/db deploy/web app=x:1", &[]),
            ["kubectl get deployments/web statefulsets/db --ignore-not-found --output=json"]
        );
        assert_eq!(
            commands("deploy/web app=x:1\nx:1\nsts -l a=b app=y:1", &["shop"]),
            ["kubectl get deployments,statefulsets,daemonsets,cronjobs --namespace=shop \
              --output=json"]
        );
        assert_eq!(
            commands("deploy/web pay/sts/db app=x:1\npay: rs/x app=x:1", &["shop", "b"]),
            [
                "kubectl get deployments/web --namespace=shop --ignore-not-found --output=json",
                "kubectl get deployments/web --namespace=b --ignore-not-found --output=json",
                "kubectl get statefulsets/db replicasets/x --namespace=pay --ignore-not-found \
                 --output=json",
            ]
        );
    }
}
