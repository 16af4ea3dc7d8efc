//! An embedded Kubernetes for a machine that has none.

pub mod cluster;
pub mod resource;
pub mod store;
