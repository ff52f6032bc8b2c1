//! What would change: the lines of the input laid over the workloads as they are.
//!
//! `kubectl set image` is not atomic and is silent when nothing changes, so everything it could
//! stumble over is found here, before it runs.

mod annotations;
mod downgrade;
mod error;
mod planned;
mod query;
pub mod record;
mod rollback;
mod stored;

use std::collections::BTreeMap;

pub use annotations::Run;
pub use downgrade::{Backward, DowngradeRule};
pub use error::PlanError;
pub use planned::{ContainerChange, Planned};
pub use query::{ByName, FoundWorkloads, Query};
pub use rollback::{KeptReason, KeptWorkload, Rollback};
pub use stored::Rewritten;

use crate::{
    image::{
        lines::{Containers, EVERY, Image, Line, Which},
        reference::Reference,
    },
    kubectl::{CommandLine, Target},
    kubernetes::{Workload, WorkloadName, owners},
};

/// Every workload that the input names or finds, in the order of the input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The workloads, changed or not.
    pub workloads: Vec<Planned>,
}

/// A command, and the workloads that it changes.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCommand {
    /// The command.
    pub command: CommandLine,
    /// The workloads.
    pub workloads: Vec<Planned>,
}

/// The workloads that run a repository: by the namespace asked for and the normalised repository.
type ByRepository<'a> = BTreeMap<(Option<&'a str>, String), Vec<&'a Workload>>;

/// Makes a plan, a line at a time.
struct Planner<'a> {
    defaults: &'a [String],
    by_name: ByName<'a>,
    by_repository: ByRepository<'a>,
    found: &'a [FoundWorkloads],
    places: BTreeMap<(String, WorkloadName), usize>,
    plan: Plan,
}

impl Plan {
    /// Lays the lines over the workloads that were found; a line without namespaces applies in
    /// all the default ones.
    ///
    /// # Errors
    /// Everything that does not fit, line by line.
    pub fn make(
        lines: &[Line],
        defaults: &[String],
        found: &[FoundWorkloads],
    ) -> Result<Self, Vec<PlanError>> {
        let mut planner = Planner::new(lines, defaults, found);
        let errors: Vec<PlanError> =
            lines.iter().filter_map(|line| planner.add_line(line).err()).collect();
        for planned in &mut planner.plan.workloads {
            let containers: Vec<&str> =
                planned.containers.iter().map(|c| c.container.as_str()).collect();
            let workload = planner.by_name.workload(planned);
            planned.owners = workload.map_or(Vec::new(), |w| owners(w, &containers));
        }
        if errors.is_empty() { Ok(planner.plan) } else { Err(errors) }
    }

    /// The workloads that get another image.
    pub fn changed(&self) -> impl Iterator<Item = &Planned> {
        self.workloads.iter().filter(|workload| workload.changes())
    }

    /// The commands that carry the plan out.
    #[must_use]
    pub fn commands(&self, target: &Target) -> Vec<CommandLine> {
        self.steps(target).into_iter().map(|step| step.command).collect()
    }

    /// The steps that carry the plan out, those that set images first; workloads that get the same
    /// images share some.
    #[must_use]
    pub fn steps(&self, target: &Target) -> Vec<PlannedCommand> {
        let restarted = groups(self.placed().filter(|(_, w)| w.restart), |_| Vec::new());
        let restart = restarted.iter().map(|group| {
            self.step(group, |names| target.within(group.namespace.as_deref()).restart(names))
        });
        self.set_steps(target).into_iter().chain(restart).collect()
    }

    /// Those of them that set images.
    #[must_use]
    pub fn set_steps(&self, target: &Target) -> Vec<PlannedCommand> {
        let groups = groups(self.placed().filter(|(_, w)| w.changes()), Planned::pairs);
        let step = |group: &Group| {
            self.step(group, |names| {
                target.within(group.namespace.as_deref()).set_image(names, &group.pairs)
            })
        };
        groups.iter().map(step).collect()
    }

    fn step(
        &self,
        group: &Group,
        command: impl Fn(&[WorkloadName]) -> CommandLine,
    ) -> PlannedCommand {
        let workloads = group.places.iter().map(|place| self.workloads[*place].clone());
        PlannedCommand { command: command(&group.names), workloads: workloads.collect() }
    }

    fn placed(&self) -> impl Iterator<Item = (usize, &Planned)> {
        self.workloads.iter().enumerate()
    }

    /// Whether the workloads are in more than one namespace, so that a name alone says too little.
    #[must_use]
    pub fn spans_namespaces(&self) -> bool {
        let first = self.workloads.first().map(|workload| &workload.namespace);
        self.workloads.iter().any(|workload| Some(&workload.namespace) != first)
    }
}

impl<'a> Planner<'a> {
    fn new(lines: &[Line], defaults: &'a [String], found: &'a [FoundWorkloads]) -> Self {
        let mut by_repository = ByRepository::new();
        let by_running = lines.iter().any(|line| line.which == Which::Running);
        for FoundWorkloads { query, workloads } in found {
            let namespace = query.namespace.as_deref();
            for workload in workloads {
                if !by_running || workload.is_controlled() {
                    continue;
                }
                for container in workload.all_containers() {
                    let Ok(reference) = Reference::parse(&container.image) else { continue };
                    let running =
                        by_repository.entry((namespace, reference.full_repository())).or_default();
                    if running.last().is_none_or(|last| !std::ptr::eq(*last, workload)) {
                        running.push(workload);
                    }
                }
            }
        }
        let (places, plan) = (BTreeMap::new(), Plan::default());
        let by_name = ByName::of(found);
        Self { defaults, by_name, by_repository, found, places, plan }
    }

    fn add_line(&mut self, line: &Line) -> Result<(), PlanError> {
        let chosen = self.chosen(line)?;
        let known = self.plan.workloads.len();
        for image in &line.images {
            let running = match line.which {
                Which::Running => self.running(line, image)?,
                _ => Vec::new(),
            };
            for (asked, workload) in chosen.iter().chain(&running) {
                self.add(image, asked.as_deref(), workload)?;
            }
        }
        if matches!(&line.which, Which::Labelled { written, .. } if written == EVERY) {
            self.plan.workloads[known..].iter_mut().for_each(|planned| planned.by_all = true);
        }
        Ok(())
    }

    /// The workloads that a line names or selects, with the namespace that it asks for.
    fn chosen(&self, line: &Line) -> Result<Vec<(Option<String>, &'a Workload)>, PlanError> {
        let mut chosen = Vec::new();
        match &line.which {
            Which::Running => {}
            Which::Named(addresses) => {
                for address in addresses {
                    for namespace in query::places(address, line, self.defaults) {
                        let found = self.by_name.named(namespace.as_deref(), &address.workload);
                        let Some(found) = found else {
                            let workload = address.workload.clone();
                            return Err(PlanError::NotFound { workload, namespace });
                        };
                        if let Some(error) = PlanError::made_by_another(found) {
                            return Err(error);
                        }
                        chosen.push((namespace, found));
                    }
                }
            }
            Which::Labelled { kinds, selector, written } => {
                for namespace in query::namespaces(line, self.defaults) {
                    let before = chosen.len();
                    let found = self.found.iter().flat_map(|f| f.within(namespace.as_deref()));
                    let fits = found.filter(|workload| {
                        kinds.contains(&workload.kind)
                            && !workload.is_controlled()
                            && selector.matches(&workload.metadata.labels)
                    });
                    chosen.extend(fits.map(|workload| (namespace.clone(), workload)));
                    if chosen.len() == before {
                        let selector = written.clone();
                        return Err(PlanError::NothingSelected { selector, namespace });
                    }
                }
            }
        }
        Ok(chosen)
    }

    /// The workloads of a line, found by the repository too.
    fn all_of(&self, line: &Line) -> Result<Vec<(Option<String>, &'a Workload)>, PlanError> {
        let mut chosen = self.chosen(line)?;
        if line.which == Which::Running {
            for image in &line.images {
                chosen.extend(self.running(line, image)?);
            }
        }
        Ok(chosen)
    }

    fn running(
        &self,
        line: &Line,
        image: &Image,
    ) -> Result<Vec<(Option<String>, &'a Workload)>, PlanError> {
        let mut running = Vec::new();
        let namespaces = query::namespaces(line, self.defaults);
        for namespace in &namespaces {
            let key = (namespace.as_deref(), image.reference.full_repository());
            let found = self.by_repository.get(&key).into_iter().flatten();
            running.extend(found.map(|workload| (namespace.clone(), *workload)));
        }
        if running.is_empty() {
            let repository = image.reference.repository();
            return Err(PlanError::RunNowhere { repository, namespaces });
        }
        Ok(running)
    }

    fn add(
        &mut self,
        image: &Image,
        asked: Option<&str>,
        workload: &Workload,
    ) -> Result<(), PlanError> {
        let chosen = |container: &&crate::kubernetes::Container| match &image.containers {
            Containers::Every => true,
            Containers::Named(name) => container.name == *name,
            Containers::SameRepository => runs(&container.image, &image.reference),
        };
        if !workload.all_containers().any(|container| chosen(&container)) {
            return Err(nothing_chosen(image, workload));
        }
        let name = workload.workload_name();
        let plan = &mut self.plan;
        let place = (workload.metadata.namespace.clone(), name.clone());
        let at = *self.places.entry(place).or_insert_with(|| {
            plan.workloads.push(Planned::untouched(asked, workload));
            plan.workloads.len() - 1
        });
        let planned = &mut plan.workloads[at];
        planned.every = image.containers == Containers::Every && planned.containers.is_empty();
        let new = image.reference.to_string();
        for container in workload.all_containers().filter(chosen) {
            let earlier = planned.containers.iter().find(|c| c.container == container.name);
            match earlier {
                Some(earlier) if earlier.new == new => {}
                Some(earlier) => {
                    return Err(PlanError::Contradiction {
                        workload: name,
                        container: container.name.clone(),
                        images: [earlier.new.clone(), new],
                    });
                }
                None => planned.containers.push(ContainerChange {
                    container: container.name.clone(),
                    init: workload.init_containers().contains(container),
                    old: container.image.clone(),
                    new: new.clone(),
                }),
            }
        }
        Ok(())
    }
}

/// Workloads of one namespace for which one command does.
struct Group {
    namespace: Option<String>,
    /// The containers and images that they share; none where they are only restarted.
    pairs: Vec<String>,
    names: Vec<WorkloadName>,
    /// Where they are in the plan.
    places: Vec<usize>,
}

/// How many workloads one command names. kubectl asks for each and then patches it, ten requests
/// at once and five a second from there on, so that more commands side by side are faster.
const MOST_TOGETHER: usize = 5;
/// How long, in bytes, what several workloads share can be: with the names of all of them it is far
/// below the length of a command line on any system.
const LONGEST_SHARED: usize = 8_000;

fn groups<'a>(
    workloads: impl Iterator<Item = (usize, &'a Planned)>,
    pairs: impl Fn(&Planned) -> Vec<String>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places = BTreeMap::new();
    for (place, workload) in workloads {
        let (namespace, pairs) = (workload.asked.clone(), pairs(workload));
        let at = places.entry((namespace.clone(), pairs.clone())).or_insert(usize::MAX);
        let length: usize = pairs.iter().map(String::len).sum();
        let most = if length > LONGEST_SHARED { 1 } else { MOST_TOGETHER };
        if groups.get(*at).is_none_or(|group| group.names.len() == most) {
            *at = groups.len();
            groups.push(Group { namespace, pairs, names: Vec::new(), places: Vec::new() });
        }
        groups[*at].names.push(workload.name.clone());
        groups[*at].places.push(place);
    }
    groups
}

/// The commands of lines that say everything without a look at the cluster, or the first line that
/// does not.
///
/// # Errors
/// The image of a line that leaves workloads or containers to be found.
pub fn commands_without_cluster(
    lines: &[Line],
    defaults: &[String],
    target: &Target,
) -> Result<Vec<CommandLine>, Reference> {
    let mut commands = Vec::new();
    for line in lines {
        let mut pairs = Vec::new();
        for image in &line.images {
            let container = match (&image.containers, &line.which) {
                (Containers::Named(name), Which::Named(_)) => name,
                (Containers::Every, Which::Named(_)) => "*",
                _ => return Err(image.reference.clone()),
            };
            pairs.push(format!("{container}={}", image.reference));
        }
        let Which::Named(addresses) = &line.which else { continue };
        let mut places: Vec<(Option<String>, Vec<WorkloadName>)> = Vec::new();
        for address in addresses {
            for namespace in query::places(address, line, defaults) {
                let name = address.workload.clone();
                match places.iter_mut().find(|(place, _)| *place == namespace) {
                    Some((_, names)) => names.push(name),
                    None => places.push((namespace, vec![name])),
                }
            }
        }
        let set = |(namespace, names): &(Option<String>, Vec<WorkloadName>)| {
            target.within(namespace.as_deref()).set_image(names, &pairs)
        };
        commands.extend(places.iter().map(set));
    }
    Ok(commands)
}

fn runs(image: &str, reference: &Reference) -> bool {
    Reference::parse(image).is_ok_and(|running| running.same_repository(reference))
}

fn nothing_chosen(image: &Image, workload: &Workload) -> PlanError {
    let name = workload.workload_name();
    let names = |containers: &[crate::kubernetes::Container]| {
        containers.iter().map(|container| container.name.clone()).collect()
    };
    match &image.containers {
        Containers::Named(container) => PlanError::NoContainer {
            workload: name,
            container: container.clone(),
            containers: names(workload.containers()),
            init_containers: names(workload.init_containers()),
        },
        Containers::Every | Containers::SameRepository => PlanError::NotRun {
            workload: name,
            repository: image.reference.repository(),
            images: workload.all_containers().map(|c| c.image.clone()).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        host::variables::Variables,
        image::lines::{Needs, parse},
    };

    /// How many workloads each command sets, where six of them get as many images each.
    fn together(images: usize) -> Vec<usize> {
        let containers: Vec<_> = (0..images)
            .map(|c| json!({ "name": format!("c{c}"), "image": "a.io/app:1" }))
            .collect();
        let digest = "0123456789abcdef".repeat(4);
        let images = (0..images).map(|c| format!(" c{c}=a.io/app@sha256:{digest}"));
        let images: String = images.collect();
        let lines = (0..6).fold(String::new(), |all, at| format!("{all}deploy/web{at}{images}\n"));
        let lines = parse(&lines, Needs::Images, &Variables::default()).unwrap();
        let found = |(at, query)| FoundWorkloads {
            query,
            workloads: vec![
                serde_json::from_value(json!({
                    "kind": "Deployment",
                    "metadata": { "name": format!("web{at}"), "namespace": "default", "uid": "1" },
                    "spec": { "template": { "spec": { "containers": containers } } },
                }))
                .unwrap(),
            ],
        };
        let found: Vec<FoundWorkloads> =
            Query::of_lines(&lines, &[]).into_iter().enumerate().map(found).collect();
        let plan = Plan::make(&lines, &[], &found).unwrap();
        plan.steps(&Target::default()).iter().map(|step| step.workloads.len()).collect()
    }

    #[test]
    fn workloads_share_a_command_while_what_they_share_is_short() {
        assert_eq!(together(1), [5, 1]);
        assert_eq!(together(120), [1; 6]);
    }
}
