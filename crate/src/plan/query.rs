//! What has to be read before there can be a plan: a request for every workload that is named, and one
//! for every kind among which workloads are looked for.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    host::ApiRequest,
    image::lines::{Address, Line, Which},
    kubernetes::{ApiError, Collection, Kind, List, Workload, WorkloadName, read},
    plan::Planned,
};

/// Workloads to read: one by its name, or all of a kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// The namespace; `None` for `default`.
    pub namespace: Option<String>,
    kind: Kind,
    name: Option<String>,
}

/// What a query found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundWorkloads {
    /// What was asked.
    pub query: Query,
    /// The workloads.
    pub workloads: Vec<Workload>,
}

impl Query {
    /// The query for one workload.
    #[must_use]
    pub fn of_workload(
        namespace: Option<&str>,
        WorkloadName { kind, name }: &WorkloadName,
    ) -> Self {
        Self { namespace: namespace.map(str::to_owned), kind: *kind, name: Some(name.clone()) }
    }

    fn of_kind(namespace: Option<&str>, kind: Kind) -> Self {
        Self { namespace: namespace.map(str::to_owned), kind, name: None }
    }

    /// The queries for the lines, in their order. Where a line leaves the workloads to be found, all
    /// of their kinds are listed; a `ReplicaSet` is mostly one of a Deployment, so that kind is listed
    /// only where a line says so. What is in a list is not asked for by its name.
    #[must_use]
    pub fn of_lines(lines: &[Line], defaults: &[String]) -> Vec<Self> {
        let mut queries: Vec<Query> = Vec::new();
        for line in lines {
            match &line.which {
                Which::Named(addresses) => {
                    for address in addresses {
                        for namespace in places(address, line, defaults) {
                            queries
                                .push(Self::of_workload(namespace.as_deref(), &address.workload));
                        }
                    }
                }
                Which::Labelled { kinds, .. } => {
                    queries.extend(Self::of_kinds(kinds, &namespaces(line, defaults)));
                }
                Which::Running => {
                    let kinds = Kind::found_by_listing();
                    queries.extend(Self::of_kinds(kinds, &namespaces(line, defaults)));
                }
            }
        }
        let lists: BTreeSet<Query> = queries.iter().filter(|q| q.name.is_none()).cloned().collect();
        let mut seen = BTreeSet::new();
        queries.retain(|query| {
            let list = Self { name: None, ..query.clone() };
            (query.name.is_none() || !lists.contains(&list)) && seen.insert(query.clone())
        });
        queries
    }

    /// The queries for every workload of the namespaces.
    #[must_use]
    pub fn of_everything(defaults: &[String]) -> Vec<Self> {
        Self::of_kinds(Kind::found_by_listing(), &default_namespaces(defaults))
    }

    fn of_kinds(kinds: &[Kind], namespaces: &[Option<String>]) -> Vec<Self> {
        let of = |namespace: &Option<String>| {
            let namespace = namespace.clone();
            kinds.iter().map(move |kind| Self::of_kind(namespace.as_deref(), *kind))
        };
        namespaces.iter().flat_map(of).collect()
    }

    /// The request that asks.
    #[must_use]
    pub fn request(&self) -> ApiRequest {
        let namespace = self.namespace.as_deref().unwrap_or("default");
        match &self.name {
            Some(name) => ApiRequest::workload(namespace, self.kind, name),
            None => Collection::workloads(namespace, self.kind).list(),
        }
    }

    /// Reads what the request was answered with: the pages of the list, or why there are none. A
    /// workload that is not there is nothing, and no error.
    ///
    /// # Errors
    /// The API server said no, or something else than workloads.
    pub fn found(&self, answer: Result<&[Vec<u8>], &ApiError>) -> Result<FoundWorkloads, ApiError> {
        let mut workloads = Vec::new();
        match answer {
            Ok(pages) if self.name.is_none() => {
                for page in pages {
                    workloads.extend(read::<List<Workload>>(page)?.items);
                }
            }
            Ok(pages) => {
                for page in pages {
                    workloads.push(read(page)?);
                }
            }
            Err(error) if self.name.is_some() && error.is_not_found() => {}
            Err(error) => return Err(error.clone()),
        }
        for workload in &mut workloads {
            workload.kind = self.kind;
        }
        Ok(FoundWorkloads { query: self.clone(), workloads })
    }
}

impl FoundWorkloads {
    /// The workloads, if they are of this namespace.
    pub(super) fn within(&self, namespace: Option<&str>) -> &[Workload] {
        if self.query.namespace.as_deref() == namespace { &self.workloads } else { &[] }
    }
}

/// The workloads that were found, by their names.
pub struct ByName<'a> {
    /// By the namespace that was asked for, kind and name.
    workloads: BTreeMap<(Option<&'a str>, Kind, &'a str), &'a Workload>,
    queries: BTreeSet<&'a Query>,
}

impl<'a> ByName<'a> {
    /// Those of these answers.
    #[must_use]
    pub fn of(found: &'a [FoundWorkloads]) -> Self {
        let named = found.iter().flat_map(|FoundWorkloads { query, workloads }| {
            let namespace = query.namespace.as_deref();
            workloads.iter().map(move |w| ((namespace, w.kind, &*w.metadata.name), w))
        });
        Self { workloads: named.collect(), queries: found.iter().map(|f| &f.query).collect() }
    }

    /// The workload of a plan as it was found.
    #[must_use]
    pub fn workload(&self, planned: &Planned) -> Option<&'a Workload> {
        self.named(planned.asked.as_deref(), &planned.name)
    }

    /// The workload of this name, in the namespace that was asked for.
    #[must_use]
    pub fn named(&self, namespace: Option<&str>, name: &WorkloadName) -> Option<&'a Workload> {
        self.workloads.get(&(namespace, name.kind, &*name.name)).copied()
    }

    /// Whether the workload would be among them if it were there.
    pub(crate) fn covers(&self, planned: &Planned) -> bool {
        let query = Query::of_workload(planned.asked.as_deref(), &planned.name);
        self.queries.contains(&Query { name: None, ..query.clone() })
            || self.queries.contains(&query)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::variables::Variables,
        image::lines::{Needs, parse},
    };

    fn paths(lines: &str, defaults: &[&str]) -> Vec<String> {
        let lines = parse(lines, Needs::Images, &Variables::default()).unwrap();
        let defaults: Vec<String> = defaults.iter().map(ToString::to_string).collect();
        let queries = Query::of_lines(&lines, &defaults);
        queries.iter().map(|query| query.request().path).collect()
    }

    #[test]
    fn a_workload_that_is_named_is_asked_for_alone_and_once() {
        assert_eq!(
            paths("deploy/web app=x:1\nsts/db deploy/web app=x:1", &[]),
            [
                "/apis/apps/v1/namespaces/default/deployments/web",
                "/apis/apps/v1/namespaces/default/statefulsets/db"
            ]
        );
        assert_eq!(
            paths("deploy/web pay/sts/db app=x:1\npay: rs/x app=x:1", &["shop", "b"]),
            [
                "/apis/apps/v1/namespaces/shop/deployments/web",
                "/apis/apps/v1/namespaces/b/deployments/web",
                "/apis/apps/v1/namespaces/pay/statefulsets/db",
                "/apis/apps/v1/namespaces/pay/replicasets/x",
            ]
        );
    }

    #[test]
    fn what_is_in_a_list_is_not_asked_for_by_its_name() {
        assert_eq!(
            paths("deploy/web app=x:1\nx:1\nsts -l a=b app=y:1", &["shop"]),
            [
                "/apis/apps/v1/namespaces/shop/deployments?limit=500",
                "/apis/apps/v1/namespaces/shop/statefulsets?limit=500",
                "/apis/apps/v1/namespaces/shop/daemonsets?limit=500",
                "/apis/batch/v1/namespaces/shop/cronjobs?limit=500",
            ]
        );
    }
}
