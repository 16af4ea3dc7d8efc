//! The container runtime: runs the containers of Pods on this machine.

mod disk;
mod environment;
mod eviction;
pub(crate) mod kubelet;
pub(crate) mod logs;
mod node;
pub(crate) mod resources;
mod sandbox;
pub(crate) mod volumes;
