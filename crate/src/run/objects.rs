//! Workloads out of what `kubectl get --output=json` writes: one object, or a list of several.

use serde::Deserialize;

use crate::workload::Workload;

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Workload>,
}

/// Reads the workloads of an answer; an empty one has none.
///
/// # Errors
/// It is not the JSON of workloads.
pub(crate) fn parse(answer: &[u8]) -> Result<Vec<Workload>, serde_json::Error> {
    if answer.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let Kind { kind } = serde_json::from_slice(answer)?;
    if kind == "List" {
        Ok(serde_json::from_slice::<List>(answer)?.items)
    } else {
        Ok(vec![serde_json::from_slice(answer)?])
    }
}
