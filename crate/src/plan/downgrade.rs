//! Which containers of a plan get an older image than they have.

use crate::{
    image::tag::downgrade::{Direction, Ordered, direction},
    kubernetes::WorkloadName,
    plan::{ContainerChange, Plan},
};

/// Whether an image may go back: the input `allowDowngrade`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DowngradeRule {
    /// Whether it may.
    pub allowed: bool,
    /// Which tags have an order.
    pub ordered: Ordered,
}

/// A container that gets an older image, or one that may be older.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backward<'a> {
    /// Its workload.
    pub workload: &'a WorkloadName,
    /// The container and its images.
    pub change: &'a ContainerChange,
    /// How the images stand to each other.
    pub direction: Direction,
}

impl DowngradeRule {
    /// The containers of the plan that do not clearly go forward.
    #[must_use]
    pub fn backward<'a>(&self, plan: &'a Plan) -> Vec<Backward<'a>> {
        let changes = plan.workloads.iter().flat_map(|workload| {
            workload.containers.iter().map(move |change| (&workload.name, change))
        });
        let judged = changes.map(|(workload, change)| {
            let direction = match direction(&change.new, &change.old) {
                Direction::Back if !self.ordered.holds(&change.new, &change.old) => {
                    Direction::Unknown
                }
                direction => direction,
            };
            Backward { workload, change, direction }
        });
        judged.filter(|backward| backward.direction != Direction::Forward).collect()
    }

    /// Whether one of them forbids the whole plan.
    #[must_use]
    pub fn refuses(&self, backward: &[Backward<'_>]) -> bool {
        !self.allowed && backward.iter().any(|backward| backward.direction == Direction::Back)
    }
}
