//! The resolved spec of one container to run in a sandbox.

use std::path::PathBuf;

/// One command with everything that its sandbox needs.
#[derive(Debug)]
pub struct Spec {
    /// Names the container's limits on this machine: letters, digits, `-` and `_`.
    pub id: String,
    /// Program and arguments; never empty.
    pub argv: Vec<String>,
    /// The whole environment, in order; nothing is inherited from the host.
    pub env: Vec<(String, String)>,
    /// Directory in which the program starts; created if missing, as by container runtimes.
    pub working_dir: PathBuf,
    /// The host name: the Pod's `spec.hostname` or name.
    pub hostname: String,
    /// User id inside the sandbox (`securityContext.runAsUser`, root by default as in most images).
    pub uid: u32,
    /// Group id inside the sandbox (`securityContext.runAsGroup`).
    pub gid: u32,
    /// `securityContext.readOnlyRootFilesystem`.
    pub read_only_root: bool,
    /// The directory written by [`crate::runtime::sandbox::write_etc`], shown file by file in `/etc`.
    pub etc: PathBuf,
    /// Volume mounts.
    pub mounts: Vec<Mount>,
    /// `resources.limits.memory` in bytes.
    pub memory_bytes: Option<u64>,
    /// `resources.limits.cpu` in thousandths of a CPU.
    pub cpu_millis: Option<u64>,
    /// Maximum bytes that the command may write outside of its volumes.
    pub root_bytes: u64,
}

/// A volume, or a part of it, mounted in the container.
#[derive(Debug)]
pub struct Mount {
    /// The root of the volume: a directory that no container can replace by a link.
    pub volume: PathBuf,
    /// The part of it that is mounted (`subPath`), resolved when it was checked. A container that shares the volume
    /// may have put a link there since: see [`crate::runtime::sandbox::arguments`] for why it leads nowhere.
    pub sub_path: PathBuf,
    /// The path in the container, as the manifest names it.
    pub target: PathBuf,
    /// `volumeMounts[].readOnly`, or a volume that is always read-only.
    pub read_only: bool,
}
