//! Registries: whether an image is there, asked before the cluster is touched.
