//! What would change: the lines of the input laid over the workloads as they are.
//!
//! `kubectl set image` is not atomic and is silent when nothing changes, so everything it could
//! stumble over is found here, before it runs.

use std::fmt;

use crate::{
    images::{Containers, Image, Line},
    kubectl::{CommandLine, Target},
    nearest::nearest,
    reference::Reference,
    workload::{Kind, Selector, Workload, WorkloadName},
};

/// Every workload that the input names or finds, in the order of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The workloads, changed or not.
    pub workloads: Vec<Planned>,
}

/// What is to become of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Its name.
    pub name: WorkloadName,
    /// The labels of its pods, as kubectl takes them, where they say it all.
    pub selector: Option<String>,
    /// The containers that an image is for.
    pub containers: Vec<ContainerChange>,
    /// Whether one image is for every container.
    every: bool,
}

/// The image of one container, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerChange {
    /// The container's name.
    pub container: String,
    /// The image it has, as the workload spells it.
    pub old: String,
    /// The image it is to have.
    pub new: String,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// A workload of the input is not in the cluster.
    NotFound {
        /// The workload.
        workload: WorkloadName,
    },
    /// A workload has no container of the name.
    NoContainer {
        /// The workload.
        workload: WorkloadName,
        /// The name that the input gives.
        container: String,
        /// The names it has.
        containers: Vec<String>,
        /// The names of its init containers.
        init_containers: Vec<String>,
    },
    /// No container of the workload runs the repository.
    NotRun {
        /// The workload.
        workload: WorkloadName,
        /// The repository.
        repository: String,
        /// The images it runs.
        images: Vec<String>,
    },
    /// No workload runs the repository.
    RunNowhere {
        /// The repository.
        repository: String,
    },
    /// Two lines give one container different images.
    Contradiction {
        /// The workload.
        workload: WorkloadName,
        /// The container.
        container: String,
        /// The two images.
        images: [String; 2],
    },
}

impl Plan {
    /// Lays the lines over the workloads that were found.
    ///
    /// # Errors
    /// Everything that does not fit, line by line.
    pub fn make(lines: &[Line], found: &[Workload]) -> Result<Self, Vec<PlanError>> {
        let mut plan = Self { workloads: Vec::new() };
        let mut errors = Vec::new();
        for line in lines {
            let result = if line.workloads.is_empty() {
                line.images.iter().try_for_each(|image| plan.add_everywhere(image, found))
            } else {
                line.workloads.iter().try_for_each(|name| {
                    let not_found = || PlanError::NotFound { workload: name.clone() };
                    let workload = found.iter().find(|w| w.is_named(name)).ok_or_else(not_found)?;

                    line.images.iter().try_for_each(|image| plan.add(image, workload))
                })
            };
            errors.extend(result.err());
        }
        if errors.is_empty() { Ok(plan) } else { Err(errors) }
    }

    /// The workloads that get another image.
    pub fn changed(&self) -> impl Iterator<Item = &Planned> {
        self.workloads.iter().filter(|workload| workload.changes())
    }

    /// The commands that carry the plan out; workloads that get the same images share one.
    #[must_use]
    pub fn commands(&self, target: &Target) -> Vec<CommandLine> {
        grouped(self.changed(), target, Planned::pairs)
    }

    /// The commands that put the images back as they were before the plan, for those workloads of
    /// which the function says so by their place.
    #[must_use]
    pub fn undo_commands(
        &self,
        target: &Target,
        wanted: impl Fn(usize) -> bool,
    ) -> Vec<CommandLine> {
        let workloads = self.workloads.iter().enumerate();
        let workloads = workloads.filter(|(at, workload)| workload.changes() && wanted(*at));
        grouped(workloads.map(|(_, workload)| workload), target, Planned::old_pairs)
    }

    fn add_everywhere(&mut self, image: &Image, found: &[Workload]) -> Result<(), PlanError> {
        let running: Vec<&Workload> = found
            .iter()
            .filter(|workload| !workload.is_controlled())
            .filter(|workload| workload.all_containers().any(|c| runs(&c.image, &image.reference)))
            .collect();
        if running.is_empty() {
            return Err(PlanError::RunNowhere { repository: image.reference.repository() });
        }
        running.into_iter().try_for_each(|workload| self.add(image, workload))
    }

    fn add(&mut self, image: &Image, workload: &Workload) -> Result<(), PlanError> {
        let name = workload.workload_name();
        let names = || workload.all_containers().map(|c| c.name.clone());
        let chosen: Vec<String> = match &image.containers {
            Containers::Every => names().collect(),
            Containers::Named(container) => {
                names().filter(|name| name == container).take(1).collect()
            }
            Containers::SameRepository => workload
                .all_containers()
                .filter(|c| runs(&c.image, &image.reference))
                .map(|c| c.name.clone())
                .collect(),
        };
        if chosen.is_empty() {
            return Err(nothing_chosen(image, workload));
        }
        let at = self.workloads.iter().position(|planned| planned.name == name);
        let at = at.unwrap_or_else(|| {
            self.workloads.push(Planned {
                name: name.clone(),
                selector: workload.spec.selector.as_ref().and_then(Selector::labels),
                containers: Vec::new(),
                every: false,
            });
            self.workloads.len() - 1
        });
        let planned = &mut self.workloads[at];
        planned.every = image.containers == Containers::Every && planned.containers.is_empty();
        let new = image.reference.to_string();
        for container in workload.all_containers().filter(|c| chosen.contains(&c.name)) {
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
                    old: container.image.clone(),
                    new: new.clone(),
                }),
            }
        }
        Ok(())
    }
}

impl Planned {
    /// Whether a container gets another image.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.containers.iter().any(ContainerChange::changes)
    }

    fn pairs(&self) -> Vec<String> {
        match self.containers.first() {
            Some(first) if self.every => vec![format!("*={}", first.new)],
            _ => self.containers.iter().map(|c| format!("{}={}", c.container, c.new)).collect(),
        }
    }

    fn old_pairs(&self) -> Vec<String> {
        let changed = self.containers.iter().filter(|c| c.changes());
        changed.map(|c| format!("{}={}", c.container, c.old)).collect()
    }
}

impl ContainerChange {
    /// Whether the two images differ.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.old != self.new
    }
}

fn grouped<'a>(
    workloads: impl Iterator<Item = &'a Planned>,
    target: &Target,
    pairs: fn(&Planned) -> Vec<String>,
) -> Vec<CommandLine> {
    let mut groups: Vec<(Vec<String>, Vec<WorkloadName>)> = Vec::new();
    for workload in workloads {
        let pairs = pairs(workload);
        match groups.iter_mut().find(|(of_group, _)| *of_group == pairs) {
            Some((_, names)) => names.push(workload.name.clone()),
            None => groups.push((pairs, vec![workload.name.clone()])),
        }
    }
    groups.iter().map(|(pairs, names)| target.set_image(names, pairs)).collect()
}

/// The commands of lines that say everything without a look at the cluster, or the first line that
/// does not.
///
/// # Errors
/// The image of a line that leaves workloads or containers to be found.
pub fn commands_without_cluster(
    lines: &[Line],
    target: &Target,
) -> Result<Vec<CommandLine>, Reference> {
    let mut commands = Vec::new();
    for line in lines {
        let mut pairs = Vec::new();
        for image in &line.images {
            let container = match &image.containers {
                Containers::Named(name) => name,
                Containers::Every => "*",
                Containers::SameRepository => return Err(image.reference.clone()),
            };
            pairs.push(format!("{container}={}", image.reference));
        }
        commands.push(target.set_image(&line.workloads, &pairs));
    }
    Ok(commands)
}

/// The kinds to list where a line leaves the workloads to be found. ReplicaSets are mostly those
/// of Deployments, so they are listed only where a line names one.
#[must_use]
pub fn kinds_to_list(lines: &[Line]) -> Vec<Kind> {
    let named = |kind| lines.iter().flat_map(|l| &l.workloads).any(|name| name.kind == kind);
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::ReplicaSet || named(*kind)).collect()
}

fn runs(image: &str, reference: &Reference) -> bool {
    Reference::parse(image).is_ok_and(|running| running.same_repository(reference))
}

fn nothing_chosen(image: &Image, workload: &Workload) -> PlanError {
    let name = workload.workload_name();
    let names = |containers: &[crate::workload::Container]| {
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

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { workload } => write!(
                f,
                "{workload} was not found. Check the name, the inputs namespace and context, and \
                 whether the workload was deployed here at all"
            ),
            Self::NoContainer { workload, container, containers, init_containers } => {
                write!(f, "{workload} has no container {container}. ")?;
                let all = containers.iter().chain(init_containers).map(String::as_str);
                if let Some(similar) = nearest(container, all) {
                    write!(f, "Did you mean {similar}? ")?;
                }
                write!(f, "It has: {}", containers.join(", "))?;
                if !init_containers.is_empty() {
                    write!(f, "; init containers: {}", init_containers.join(", "))?;
                }
                Ok(())
            }
            Self::NotRun { workload, repository, images } => write!(
                f,
                "{workload} has no container that runs {repository}. It runs: {}. Name the \
                 container: {workload} CONTAINER={repository}",
                images.join(", ")
            ),
            Self::RunNowhere { repository } => write!(
                f,
                "no workload runs {repository} here. Check the inputs namespace and context, or \
                 name the workload: deployments/NAME CONTAINER={repository}"
            ),
            Self::Contradiction { workload, container, images: [first, second] } => write!(
                f,
                "the lines of images contradict each other: {container} of {workload} is to run \
                 {first} and {second}. Leave one of them"
            ),
        }
    }
}
