//! Resolves `subPath` of volume mounts.

use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::runtime::sandbox::owner;
use crate::runtime::volumes::inside;

/// Maximum number of times a folder that comes and goes is looked up again.
const MAX_ATTEMPTS: u32 = 16;

/// Returns a path in a volume without links on the way, created if missing. A container that has run may have left
/// links: they are followed inside the volume, and one that leads out of it is an error, as with the kubelet.
pub(super) fn sub_path(root: &Path, sub: &str) -> Result<PathBuf, String> {
    let failed = |error: Errno| match error {
        Errno::XDEV | Errno::LOOP => format!("subPath \"{sub}\" points outside of the volume"),
        error => format!("subPath \"{sub}\": {}", io::Error::from(error)),
    };
    let place = OFlags::PATH | OFlags::CLOEXEC;
    let volume = rustix::fs::open(root, place | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut so_far = PathBuf::new();
    let mut at = None;
    for part in inside(sub)?.components() {
        so_far.push(part);
        let step = || rustix::fs::openat2(&volume, &so_far, place, Mode::empty(), beneath);
        let mut attempts = 0;
        at = Some(loop {
            match step() {
                Err(Errno::NOENT) => {}
                opened => break opened.map_err(failed)?,
            }
            let parent = at.as_ref().unwrap_or(&volume);
            match rustix::fs::mkdirat(parent, part.as_os_str(), Mode::from_raw_mode(0o777)) {
                Ok(()) => {}
                // Another container has made it in between; or it is a link that leads to nothing, and stays one.
                Err(Errno::EXIST) if attempts < MAX_ATTEMPTS => {
                    attempts += 1;
                    continue;
                }
                Err(error) => return Err(failed(error)),
            }
            let made = step().map_err(failed)?;
            if let Some(owner) = owner() {
                let (user, group) = (rustix::fs::Uid::from_raw(owner), rustix::fs::Gid::from_raw(owner));
                let flags = rustix::fs::AtFlags::EMPTY_PATH;
                rustix::fs::chownat(&made, "", Some(user), Some(group), flags).map_err(failed)?;
            }
            break made;
        });
    }
    let path = |fd: &std::os::fd::OwnedFd| std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()));
    let whole = path(at.as_ref().unwrap_or(&volume)).map_err(|error| error.to_string())?;
    let root = path(&volume).map_err(|error| error.to_string())?;
    whole
        .strip_prefix(root)
        .map(Path::to_owned)
        .map_err(|_| format!("subPath \"{sub}\" points outside of the volume"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_path_is_created_and_link_out_of_volume_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path().join("volume");
        std::fs::create_dir(&volume).unwrap();
        assert_eq!(sub_path(&volume, "a/b").unwrap(), Path::new("a/b"));
        assert!(volume.join("a/b").is_dir());
        for (target, link) in [
            ("a/b", "in"),
            ("/etc", "out"),
            ("../other", "up"),
            ("/proc/self/root", "magic"),
        ] {
            std::os::unix::fs::symlink(target, volume.join(link)).unwrap();
        }
        assert_eq!(sub_path(&volume, "in/c").unwrap(), Path::new("a/b/c"));
        for sub in [
            "out",
            "out/deeper",
            "up",
            "up/x",
            "magic",
            "magic/tmp",
            "../other",
            "/etc",
        ] {
            assert!(sub_path(&volume, sub).is_err(), "{sub}");
        }
        assert!(!dir.path().join("other").exists());
    }
}
