//! Manages volumes in memory (`emptyDir.medium: Memory`).

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::runtime::resources;
use crate::runtime::sandbox::owner;

/// Size of an in-memory volume of a Pod without limits: half of a node's memory.
const DEFAULT_MEMORY: u64 = 4 << 30;

/// Mounts a tmpfs of the volume's `sizeLimit` where this process may mount; otherwise uses a directory, whose size
/// is checked like that of other volumes.
pub(super) fn in_memory(pod: &Value, volume: &Value, dir: &Path) -> io::Result<()> {
    let Some(owner) = owner() else { return Ok(()) };
    if is_mounted(dir) {
        return Ok(());
    }
    let limit = resources::bytes(&volume["emptyDir"]["sizeLimit"]);
    let memory = resources::pod_limit(pod, "memory").unwrap_or(DEFAULT_MEMORY);
    let size = limit.unwrap_or(memory).min(memory);
    let options = std::ffi::CString::new(format!("size={size},mode=0777,uid={owner},gid={owner}"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    match rustix::mount::mount("tmpfs", dir, "tmpfs", flags, Some(options.as_c_str())) {
        Ok(()) | Err(Errno::PERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether this directory is a mount point.
pub(in crate::runtime) fn is_mounted(dir: &Path) -> bool {
    let device = |path: &Path| std::fs::symlink_metadata(path).map(|meta| meta.dev()).ok();
    dir.parent().is_some_and(|parent| device(parent) != device(dir))
}

/// Unmounts the in-memory volumes of all Pods, including those of an earlier process: they do not outlive the
/// kubelet.
pub(crate) fn unmount_all(cluster: &Cluster) {
    use std::os::unix::ffi::OsStringExt;

    let Ok(pods) = std::fs::canonicalize(cluster.data_dir.join("pods")) else {
        return;
    };
    let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let places = mounts.split(|byte| *byte == b'\n').filter_map(|line| {
        let place = line.split(|byte| *byte == b' ').nth(4)?;
        Some(PathBuf::from(std::ffi::OsString::from_vec(unescaped(place))))
    });
    // Later mounts may be on top of earlier ones.
    let places: Vec<_> = places
        .filter(|place| place.starts_with(&pods) && *place != pods)
        .collect();
    for place in places.iter().rev() {
        let flags = UnmountFlags::DETACH | UnmountFlags::NOFOLLOW;
        if let Err(error) = rustix::mount::unmount(place, flags) {
            tracing::warn!(%error, place = %place.display(), "cannot unmount an in-memory volume");
        }
    }
}

/// Decodes a path of `mountinfo`: blanks and backslashes are three octal digits.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..3)
            .filter(|_| *first == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_escapes_are_decoded() {
        for (written, read) in [
            ("/a/b", "/a/b"),
            (r"/a\040b\011c\134d", "/a b\tc\\d"),
            (r"/a\04", r"/a\04"),
            (r"/\999", r"/\999"),
            ("", ""),
        ] {
            assert_eq!(unescaped(written.as_bytes()), read.as_bytes(), "{written}");
        }
    }
}
