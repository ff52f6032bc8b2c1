//! The way back: a plan that puts images back as they were, after a failure or by `command: undo`.

use crate::{
    image::lines::Line,
    kubernetes::{Ran, Workload, last_change},
    plan::{
        ByName, ContainerChange, FoundWorkloads, Plan, PlanError, Planned, Planner, record::Record,
    },
};

/// What can be put back, and what has to be left alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rollback {
    /// The images to set.
    pub plan: Plan,
    /// The workloads that stay as they are, though this run or an earlier one changed them.
    pub left: Vec<KeptWorkload>,
}

/// A workload that is not put back.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptWorkload {
    /// The workload, as it was planned.
    pub planned: Planned,
    /// Why.
    pub reason: KeptReason,
}

/// Why a workload is not put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptReason {
    /// It still has the images that it had.
    NeverSet,
    /// A container has an image from somebody else.
    SetByAnother {
        /// The container.
        container: String,
        /// Its image.
        image: String,
        /// The field manager that set it, where the API server tells.
        by: Option<String>,
    },
    /// A container is not there any more.
    NoContainer(String),
    /// Its record cannot be read.
    BadRecord(String),
    /// It is not there any more.
    Gone,
    /// It was deleted, and another one made under its name.
    Recreated,
}

fn reverted(planned: &Planned, now: &Workload) -> Result<Planned, KeptReason> {
    if planned.uid != now.metadata.uid {
        return Err(KeptReason::Recreated);
    }
    let mut containers = Vec::new();
    for change in planned.containers.iter().filter(|change| change.changes()) {
        let container = now.all_containers().find(|c| c.name == change.container);
        let Some(container) = container else {
            return Err(KeptReason::NoContainer(change.container.clone()));
        };
        let image = &container.image;
        if *image == change.new {
            containers.push(change.reversed());
        } else if *image != change.old {
            let container = change.container.clone();
            let by = last_change(now, &container).map(|by| by.manager.clone());
            return Err(KeptReason::SetByAnother { container, image: image.clone(), by });
        }
    }
    if containers.is_empty() {
        return Err(KeptReason::NeverSet);
    }
    // The kubelet replaces no container that it has not ended, or replaced, for the image before.
    let is_of_change = |ran: &Ran| {
        !now.is_running(&ran.container) || planned.ran.iter().all(|old| old.id != ran.id)
    };
    let ran = now.ran().into_iter().filter(is_of_change).collect();
    Ok(Planned { containers, ran, restart: false, every: false, ..planned.clone() })
}

impl Rollback {
    /// Lays what a plan changed over the workloads as they are now.
    #[must_use]
    pub fn of(plan: &Plan, found: &[FoundWorkloads]) -> Self {
        let mut rollback = Self::default();
        let by_name = ByName::of(found);
        for planned in plan.changed() {
            let workload = by_name.workload(planned);
            match workload.map_or(Err(KeptReason::Gone), |now| reverted(planned, now)) {
                Ok(back) => rollback.plan.workloads.push(back),
                Err(reason) => {
                    rollback.left.push(KeptWorkload { planned: planned.clone(), reason });
                }
            }
        }
        rollback
    }

    /// Lays the records of earlier runs over the workloads: those of the lines, or all that have
    /// one where there is no line.
    ///
    /// # Errors
    /// A workload that a line names is not there, or has no record.
    pub fn of_records(
        lines: &[Line],
        defaults: &[String],
        found: &[FoundWorkloads],
    ) -> Result<Self, Vec<PlanError>> {
        let lookup = Planner::new(lines, defaults, found);
        let mut errors = Vec::new();
        let mut rollback = Self::default();
        let mut take = |asked: Option<&str>, workload: &Workload, by_name: bool| {
            let planned = Planned::untouched(asked, workload);
            let Some(record) = &planned.record else {
                if by_name {
                    errors.push(PlanError::NoRecord { workload: planned.name });
                }
                return;
            };
            match Record::read(record) {
                Ok(record) => rollback.take(planned.with(&record, workload), workload),
                Err(cause) if by_name => {
                    errors.push(PlanError::BadRecord { workload: planned.name, cause });
                }
                Err(cause) => rollback
                    .left
                    .push(KeptWorkload { planned, reason: KeptReason::BadRecord(cause) }),
            }
        };
        if lines.is_empty() {
            for found in found {
                for workload in found.workloads.iter().filter(|w| !w.is_controlled()) {
                    take(found.query.namespace.as_deref(), workload, false);
                }
            }
        }
        let mut missing = Vec::new();
        for line in lines {
            match lookup.all_of(line) {
                Ok(chosen) => {
                    for (asked, workload) in chosen {
                        take(asked.as_deref(), workload, true);
                    }
                }
                Err(error) => missing.push(error),
            }
        }
        errors.append(&mut missing);
        if errors.is_empty() { Ok(rollback) } else { Err(errors) }
    }

    fn take(&mut self, planned: Planned, workload: &Workload) {
        let known =
            |other: &Planned| other.namespace == planned.namespace && other.name == planned.name;
        if self.plan.workloads.iter().any(known) || self.left.iter().any(|l| known(&l.planned)) {
            return;
        }
        match reverted(&planned, workload) {
            Ok(back) => self.plan.workloads.push(back),
            Err(reason) => self.left.push(KeptWorkload { planned, reason }),
        }
    }
}

impl Planned {
    /// The change that puts back what this one changes.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let changed = self.containers.iter().filter(|change| change.changes());
        let containers = changed.map(ContainerChange::reversed).collect();
        Self { containers, restart: false, every: false, ..self.clone() }
    }

    /// The change that a record tells of.
    fn with(mut self, record: &Record, workload: &Workload) -> Self {
        let is_init = |name: &String| workload.init_containers().iter().any(|c| c.name == *name);
        let changes = record.images.iter().map(|(container, old, new)| ContainerChange {
            container: container.clone(),
            init: is_init(container),
            old: old.clone(),
            new: new.clone(),
        });
        self.containers = changes.collect();
        self
    }
}

impl ContainerChange {
    fn reversed(&self) -> Self {
        Self { old: self.new.clone(), new: self.old.clone(), ..self.clone() }
    }
}
