//! What a run did and saw, as data: [`crate::report`] makes words of it.

use std::{collections::BTreeMap, iter};

use crate::{
    host::{Age, Millis, TaskResult},
    kubectl::{CommandLine, Target},
    kubernetes::Workload,
    plan::{ByName, FoundWorkloads, KeptReason, Plan, Planned},
    registry::Stored,
    rollout::{
        self, Difference, Failure, Goal, Hold, Judgement, Observation, Progress, Proof, Pushed,
    },
};

/// How many warnings of Kubernetes are kept of a failed pod.
const MOST_WARNINGS: usize = 5;

/// What the step is to do with the workloads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Set new images.
    #[default]
    Set,
    /// Put back what an earlier run replaced.
    Undo,
}

/// The whole report, a entry a workload, in the order of the plan.
#[derive(Debug, Default)]
pub(crate) struct RunReport {
    pub(crate) purpose: Purpose,
    pub(crate) target: Target,
    pub(crate) workloads: Vec<WorkloadReport>,
    /// Whether names alone say too little.
    pub(crate) spans_namespaces: bool,
    /// The first workloads that could not be set, and why.
    pub(crate) refused: Option<(Vec<Planned>, String)>,
    /// When the first change was asked for.
    pub(crate) began: Millis,
    /// When it was known how the change and its rollouts went.
    pub(crate) settled: Option<Millis>,
    /// When it was known how the rollback went.
    pub(crate) rolled_back: Option<Millis>,
    /// The commands that put back what a run leaves changed that failed.
    pub(crate) rollback_commands: Vec<CommandLine>,
    /// The same of a run that succeeded, which `command: undo` does as well.
    pub(crate) undo_commands: Vec<CommandLine>,
    /// What the registries store under the images that are set, by the names of the images.
    pub(crate) stored: BTreeMap<String, Stored>,
}

/// What became of one workload.
#[derive(Debug)]
pub(crate) struct WorkloadReport {
    pub(crate) planned: Planned,
    /// How its rollout ended, and how long after the change.
    pub(crate) outcome: Option<(Outcome, Age)>,
    /// Every step of the rollout that was seen.
    pub(crate) timeline: Vec<(Age, Progress)>,
    /// Whether the new pods run what was pushed, once they are all there.
    pub(crate) proof: Option<Proof>,
    /// What the pods run where that is not the template: container, images, each with its pods.
    pub(crate) running: Vec<(String, Vec<(String, usize)>)>,
    /// The pods of the new template.
    pub(crate) pods: Vec<PodSeen>,
    /// What most likely keeps a rollout from being done whose time is up.
    pub(crate) likely: Option<Failure>,
    /// The pod that would keep the old images from running if nobody deletes it.
    pub(crate) in_the_way_back: Option<String>,
    /// The last warnings about the pod that failed.
    pub(crate) warnings: Vec<Warning>,
    /// The last lines of the container that failed.
    pub(crate) log: Option<ContainerLog>,
    /// What became of its old images.
    pub(crate) rollback: RollbackStatus,
    /// What it runs at the end of the step.
    pub(crate) now: CurrentImages,
}

/// How a rollout ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// Every pod runs the new template.
    Done,
    /// The image is set, and nothing replaces the pods now.
    Held(Hold),
    /// It has failed, for this cause.
    Failed(Failure),
    /// Every pod runs the new template, and one runs another content than was pushed.
    Differs(Difference),
    /// Somebody deleted the workload.
    Deleted,
    /// Another image was set.
    SetByAnother {
        container: String,
        image: String,
        /// The field manager that set it, where the API server tells.
        by: Option<String>,
    },
    /// A pod of a failed rollout keeps the old images from running.
    Blocked {
        /// The pod.
        pod: String,
    },
}

/// A pod as it was last seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PodSeen {
    pub(crate) name: String,
    pub(crate) ready: bool,
    pub(crate) phase: String,
    pub(crate) age: Option<Age>,
    /// How long after the change it was created.
    pub(crate) created: Option<Age>,
    /// How long after the change it became ready.
    pub(crate) became_ready: Option<Age>,
    /// What keeps it from being ready.
    pub(crate) trouble: Option<Failure>,
}

/// A warning of Kubernetes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Warning {
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) times: u32,
}

/// The last lines of a container.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ContainerLog {
    pub(crate) pod: String,
    pub(crate) container: String,
    pub(crate) lines: Vec<String>,
}

/// What became of the images that were there before.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum RollbackStatus {
    /// Nobody asked for them.
    #[default]
    NotAsked,
    /// They are set again, and nothing was seen of their pods.
    Set,
    /// They are set again, and their rollout was not done in time.
    NotDone,
    /// They are set again, and their rollout ended so; with the pod that was deleted for it.
    Rolled(Outcome, Option<String>),
    /// The workload was left alone.
    KeptWorkload(KeptReason),
    /// They could not be set: kubectl's words.
    Refused(String),
    /// Nobody knows: the API server gave no answer.
    Unknown,
}

/// What a workload runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum CurrentImages {
    /// The API server gave no answer.
    #[default]
    Unknown,
    /// It is gone.
    Gone,
    /// Its containers with their images, in the order of the plan.
    Images(Vec<(String, String)>),
}

impl RunReport {
    pub(crate) fn begin(purpose: Purpose, plan: &Plan, target: &Target, now: Millis) -> Self {
        let workloads = plan.workloads.iter().map(|planned| WorkloadReport {
            planned: planned.clone(),
            outcome: None,
            timeline: Vec::new(),
            proof: None,
            running: Vec::new(),
            pods: Vec::new(),
            likely: None,
            in_the_way_back: None,
            warnings: Vec::new(),
            log: None,
            rollback: RollbackStatus::NotAsked,
            now: CurrentImages::Unknown,
        });
        Self {
            stored: BTreeMap::new(),
            purpose,
            target: target.clone(),
            workloads: workloads.collect(),
            spans_namespaces: plan.spans_namespaces(),
            refused: None,
            began: now,
            settled: None,
            rolled_back: None,
            rollback_commands: Vec::new(),
            undo_commands: Vec::new(),
        }
    }

    /// The name of a workload as the log has it: with its namespace where there are several.
    pub(crate) fn title(&self, planned: &Planned) -> String {
        planned.label(self.spans_namespaces)
    }

    /// The entry of a workload.
    pub(crate) fn workload_mut(&mut self, planned: &Planned) -> Option<&mut WorkloadReport> {
        self.workloads.iter_mut().find(|entry| entry.is_of(planned))
    }

    /// Whether a rollout has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.workloads.iter().any(WorkloadReport::has_failed)
    }

    /// The time was over before anything could be put back that was to be.
    pub(crate) fn was_not_put_back(&mut self, it_was_to_be: bool) {
        let changed = self.workloads.iter_mut().filter(|entry| entry.planned.changes());
        for entry in changed.filter(|c| it_was_to_be && c.rollback == RollbackStatus::NotAsked) {
            entry.rollback = RollbackStatus::Unknown;
        }
    }

    /// What was seen until now is no proof any more.
    pub(crate) fn forget_what_runs(&mut self) {
        self.workloads.iter_mut().for_each(|entry| entry.now = CurrentImages::Unknown);
    }

    /// Whether it is known of every workload what it runs.
    pub(crate) fn knows_what_runs(&self) -> bool {
        self.workloads.iter().all(|entry| entry.now != CurrentImages::Unknown)
    }

    /// Takes in what the workloads run, where the API server told; a workload that is not among
    /// the found ones of its namespace is gone.
    pub(crate) fn see_now(&mut self, found: &[FoundWorkloads]) {
        let by_name = ByName::of(found);
        for entry in &mut self.workloads {
            let asked = by_name.covers(&entry.planned);
            let workload = by_name.workload(&entry.planned);
            match (asked, workload) {
                (false, _) => {}
                (true, Some(workload)) => entry.now = CurrentImages::of(&entry.planned, workload),
                (true, None) => entry.now = CurrentImages::Gone,
            }
        }
    }

    /// The verdict that goes with the report; what has gone wrong outside of it is in `so_far`.
    pub(crate) fn verdict(&self, so_far: TaskResult, unchanged_is_an_issue: bool) -> TaskResult {
        let issue = self.workloads.iter().any(|entry| match &entry.outcome {
            Some((Outcome::Held(hold), _)) if hold.needs_somebody() => true,
            _ if entry.is_undone_by_others() => true,
            _ => unchanged_is_an_issue && entry.planned.is_left_as_it_is(),
        });
        match so_far {
            TaskResult::Succeeded if issue => TaskResult::SucceededWithIssues,
            verdict => verdict,
        }
    }
}

impl WorkloadReport {
    pub(crate) fn is_of(&self, planned: &Planned) -> bool {
        self.planned.name == planned.name && self.planned.namespace == planned.namespace
    }

    /// Whether the rollout has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.outcome.as_ref().is_some_and(|(outcome, _)| outcome.is_failure())
    }

    /// Whether the workload has another image than before, going by all that is known.
    pub(crate) fn is_changed(&self) -> bool {
        match &self.now {
            CurrentImages::Gone => false,
            CurrentImages::Unknown => self.planned.changes(),
            CurrentImages::Images(images) => self.planned.containers.iter().any(|change| {
                change.changes() && images.contains(&(change.container.clone(), change.new.clone()))
            }),
        }
    }

    /// Whether every container has its old image, though a new one was to be set.
    pub(crate) fn has_old_images(&self) -> bool {
        let CurrentImages::Images(images) = &self.now else { return false };
        let mut changed = self.planned.containers.iter().filter(|change| change.changes());
        self.planned.changes()
            && changed.all(|c| images.contains(&(c.container.clone(), c.old.clone())))
    }

    /// Whether the workload has lost what was set, though its rollout was done.
    fn is_undone_by_others(&self) -> bool {
        let done = matches!(self.outcome, Some((Outcome::Done | Outcome::Held(_), _)));
        done && self.planned.changes() && self.now != CurrentImages::Unknown && !self.is_changed()
    }

    /// Whether its pods are restarted with the images that they had, and not all of them run.
    pub(crate) fn is_half_restarted(&self) -> bool {
        let is_over = matches!(&self.outcome, Some((outcome, _)) if !outcome.is_failure());
        self.planned.restart && !is_over && !self.timeline.is_empty()
    }

    /// Why it failed, or why it most likely is not done.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Some((Outcome::Failed(failure), _)) => Some(failure),
            Some(_) => None,
            None => self.likely.as_ref(),
        }
    }

    /// How far the rollout was when it was last seen.
    pub(crate) fn progress(&self) -> Option<Progress> {
        self.timeline.last().map(|(_, progress)| *progress)
    }

    /// Takes in whether its pods run what was pushed: the images by what registries have of them.
    pub(crate) fn prove(
        &mut self,
        goal: &Goal,
        seen: &Observation,
        stored: &BTreeMap<String, Stored>,
    ) {
        if let Some((Outcome::Done, _)) = self.outcome {
            let pushed = goal.images.iter().filter_map(|(_, image)| pushed(image, stored));
            self.proof = Some(rollout::prove(goal, seen, &pushed.collect::<Vec<_>>()));
        }
        if let Some((Outcome::Held(_), _)) = self.outcome {
            let running = rollout::running_images(goal, seen).into_iter().map(|running| {
                let images =
                    running.images.iter().map(|(image, pods)| ((*image).to_owned(), *pods));
                (running.container.to_owned(), images.collect())
            });
            self.running = running.collect();
        }
    }

    /// Takes in the pods of the workload, and what Kubernetes says of one that has failed.
    pub(crate) fn see(&mut self, goal: &Goal, seen: &Observation, began: Millis, now: Millis) {
        if self.outcome.is_none() {
            self.likely = rollout::likely_cause(goal, seen);
        }
        let in_the_way = rollout::pod_in_the_way_back(goal, seen);
        self.in_the_way_back = in_the_way.map(|pod| pod.metadata.name.clone());
        let states = rollout::pods(goal, seen);
        let failed = self.failure().and_then(|failure| failure.pod.as_ref());
        let failed = states.iter().find(|state| failed == Some(&state.pod.metadata.name));
        if let Some(failed) = failed {
            let warnings = seen.warnings(&failed.pod.metadata.uid, MOST_WARNINGS);
            let warnings = warnings.into_iter().map(|event| Warning {
                reason: event.reason.clone(),
                message: event.message.clone(),
                times: event.times(),
            });
            self.warnings = warnings.collect();
        }
        let pods = states.into_iter().filter(|state| state.is_new).map(|state| {
            let created = state.pod.metadata.creation_timestamp.as_deref();
            let ready = state.pod.ready_since();
            PodSeen {
                name: state.pod.metadata.name.clone(),
                ready: state.pod.is_ready(),
                phase: state.pod.status.phase.clone(),
                age: created.and_then(|at| Age::since(at, now)),
                created: created.and_then(|at| Age::until(at, began)),
                became_ready: ready.and_then(|at| Age::until(at, began)),
                trouble: state.trouble,
            }
        });
        self.pods = pods.collect();
        if let Some(workload) = seen.workload(goal) {
            self.now = CurrentImages::of(&self.planned, workload);
        }
    }
}

/// What a registry has of an image that is set. An image with a digest names its content itself.
fn pushed(image: &str, stored: &BTreeMap<String, Stored>) -> Option<Pushed> {
    let digest = image.split_once('@').map(|(_, digest)| digest);
    let known = stored.get(image).filter(|stored| stored.is_read());
    let known =
        known.or_else(|| stored.values().find(|s| Some(&*s.digest) == digest && s.is_read()));
    match (known, digest) {
        (Some(stored), _) => {
            let parts = stored.parts.iter().map(|part| part.digest.clone());
            Some(Pushed {
                image: image.to_owned(),
                digests: iter::once(stored.digest.clone()).chain(parts).collect(),
                configs: stored.configs.clone(),
            })
        }
        (None, Some(digest)) => Some(Pushed {
            image: image.to_owned(),
            digests: vec![digest.to_owned()],
            configs: Vec::new(),
        }),
        (None, None) => None,
    }
}

impl Outcome {
    /// The outcome that a judgement is, once it is one.
    pub(crate) fn of(judgement: Judgement) -> Option<Self> {
        match judgement {
            Judgement::Progressing { .. } => None,
            Judgement::Done => Some(Self::Done),
            Judgement::Held(hold) => Some(Self::Held(hold)),
            Judgement::Failed { failure, .. } => Some(Self::Failed(failure)),
            Judgement::OtherImage { container, image } => {
                Some(Self::SetByAnother { container, image, by: None })
            }
            Judgement::Deleted => Some(Self::Deleted),
        }
    }

    /// Whether the new pods do not run and will not.
    pub(crate) fn is_failure(&self) -> bool {
        !matches!(self, Self::Done | Self::Held(_))
    }
}

impl CurrentImages {
    fn of(planned: &Planned, workload: &Workload) -> Self {
        let containers = planned.containers.iter().filter_map(|change| {
            let container = workload.all_containers().find(|c| c.name == change.container)?;
            Some((container.name.clone(), container.image.clone()))
        });
        Self::Images(containers.collect())
    }
}
