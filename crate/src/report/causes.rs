//! placeholder
use crate::rollout::Failure;
pub(super) fn sentence(title: &str, namespace: Option<&str>, failure: &Failure) -> String { format!("{title}{namespace:?}{failure:?}") }
pub(super) fn in_short(failure: &Failure) -> String { format!("{failure:?}") }
pub(super) fn flag(namespace: Option<&str>) -> String { format!("{namespace:?}") }
