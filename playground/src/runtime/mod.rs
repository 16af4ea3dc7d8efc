//! The runtime: what runs the containers of Pods on this machine.

mod environment;
pub(crate) mod kubelet;
pub(crate) mod logs;
mod sandbox;
mod volumes;
