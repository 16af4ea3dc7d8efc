//! An embedded Kubernetes for a machine that has none.
