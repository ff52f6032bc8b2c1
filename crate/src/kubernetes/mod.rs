//! The API of Kubernetes.
