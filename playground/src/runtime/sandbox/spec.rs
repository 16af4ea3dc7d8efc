//! What to run in a sandbox: the resolved form of one container.

use std::path::PathBuf;

/// One command with everything that its sandbox needs.
#[derive(Debug)]
pub struct Spec {
    /// Names the container's limits on this machine: letters, digits, `-` and `_`.
    pub id: String,
    /// Program and arguments; never empty.
    pub argv: Vec<String>,
    /// The whole environment, in order; nothing of the host's is added.
    pub env: Vec<(String, String)>,
    /// Where the program starts; made when it does not exist, as container runtimes do.
    pub working_dir: PathBuf,
    /// The host name: the Pod's `spec.hostname` or name.
    pub hostname: String,
    /// User id inside the sandbox (`securityContext.runAsUser`, root by default as in most images).
    pub uid: u32,
    /// Group id inside the sandbox (`securityContext.runAsGroup`).
    pub gid: u32,
    /// `securityContext.readOnlyRootFilesystem`.
    pub read_only_root: bool,
    /// The folder written by [`crate::runtime::sandbox::write_etc`], shown file by file in `/etc`.
    pub etc: PathBuf,
    /// Volumes at their places.
    pub mounts: Vec<Mount>,
    /// `resources.limits.memory` in bytes.
    pub memory_bytes: Option<u64>,
    /// `resources.limits.cpu` in thousandths of a CPU.
    pub cpu_millis: Option<u64>,
    /// Bytes that the command may write outside of its volumes.
    pub root_bytes: u64,
}

/// A volume, or a part of it, at a place in the container.
#[derive(Debug)]
pub struct Mount {
    /// The root of the volume: a folder that no container can replace by a link.
    pub volume: PathBuf,
    /// The part of it that is mounted (`subPath`), resolved when it was looked at. A container that shares the volume
    /// may have put a link there since: see [`crate::runtime::sandbox::arguments`] for why it leads nowhere.
    pub sub_path: PathBuf,
    /// The path in the container, as the manifest names it.
    pub target: PathBuf,
    /// `volumeMounts[].readOnly`, or a volume that is always read-only.
    pub read_only: bool,
}
