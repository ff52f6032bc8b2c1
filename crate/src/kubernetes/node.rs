//! Nodes: which platform each of them is.
#![allow(missing_docs)]

use serde::Deserialize;

/// The part of a node that is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Node {
    pub status: NodeStatus,
}

/// What it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    pub node_info: NodeInfo,
}

/// Its system and its processor, in Go's words: `linux`, `amd64`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeInfo {
    pub operating_system: String,
    pub architecture: String,
}
