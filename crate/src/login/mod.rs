//! Logins: service connections, Microsoft Entra ID and Azure, kubeconfigs, and the proxies on the way.

pub mod azure;
pub mod connection;
pub mod kubeconfig;
pub(crate) mod proxy;
