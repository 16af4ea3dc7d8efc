//! Verifies that bubblewrap has mounted what was checked before.
//!
//! bubblewrap mounts by name. The names of a manifest lead only to what the container is given anyway, but a
//! container that shares a volume can exchange one directory for another between the check of a sub path and its
//! mount. So bubblewrap is blocked when everything is mounted, each mount is compared with the descriptor that was
//! opened for it, and a container with a different mount never runs.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, StatVfsMountFlags, StatxAttributes, StatxFlags};
use rustix::io::Errno;
use rustix::pipe::PipeFlags;
use tokio::net::unix::pipe;

use crate::runtime::sandbox::SandboxError;

/// A mount that has been checked.
pub(super) struct Checked {
    /// The resolved path in the container.
    pub target: PathBuf,
    /// What has to be mounted there.
    pub source: OwnedFd,
    pub read_only: bool,
}

/// Blocks bubblewrap at the point where it reads the other end: a pipe of one packet, which has room again as soon
/// as bwrap has begun to read it, and which bwrap reads to its end.
pub(super) struct Gate {
    pipe: pipe::Sender,
    mounts: Vec<Checked>,
}

impl Gate {
    /// Returns a closed gate, and the end that bubblewrap reads.
    pub fn new(mounts: Vec<Checked>) -> io::Result<(Self, OwnedFd)> {
        let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::DIRECT)?;
        // The kernel rounds it up to a page, which holds one packet.
        rustix::pipe::fcntl_setpipe_size(&write, 1)?;
        rustix::io::write(&write, b"\n")?;
        let pipe = pipe::Sender::from_owned_fd(write)?;
        Ok((Self { pipe, mounts }, read))
    }

    /// Waits until everything is mounted, and compares. Dropping the gate lets bubblewrap continue: on an error,
    /// the caller has to kill it first. Returns whether the command is about to run; otherwise bubblewrap has given
    /// up, and its output says why.
    pub async fn compare(&self, first: i32) -> Result<bool, SandboxError> {
        loop {
            self.pipe.writable().await?;
            match self.pipe.try_write(b"\n") {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        let changed = crate::store::blocking(|| {
            let root = match open(rustix::fs::CWD, Path::new(&format!("/proc/{first}/root"))) {
                // The process has ended, and runs nothing.
                Err(Errno::NOENT | Errno::SRCH) => return Ok(None),
                opened => opened?,
            };
            first_changed(&open(&root, Path::new("newroot"))?, &self.mounts).map(Some)
        });
        match changed? {
            Some(Some(target)) => Err(SandboxError::Changed(target)),
            Some(None) => Ok(true),
            None => Ok(false),
        }
    }
}

fn open(dir: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(dir, path, flags, Mode::empty())
}

/// Returns the first mount point at which something else is mounted.
fn first_changed(root: &OwnedFd, mounts: &[Checked]) -> io::Result<Option<PathBuf>> {
    for (number, mount) in mounts.iter().enumerate() {
        // Of several mounts at one place, the last one is visible.
        let covered = mounts
            .iter()
            .skip(number + 1)
            .any(|later| later.target == mount.target);
        if !covered && !is_mounted(root, mount)? {
            return Ok(Some(mount.target.clone()));
        }
    }
    Ok(None)
}

fn is_mounted(root: &OwnedFd, mount: &Checked) -> io::Result<bool> {
    let inside = mount.target.strip_prefix("/").unwrap_or(&mount.target);
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // Whatever is in the way was not there when the path was resolved.
    let Ok(found) = rustix::fs::openat2(root, inside, flags, Mode::empty(), resolve) else {
        return Ok(false);
    };
    let (is, wanted) = (rustix::fs::fstat(&found)?, rustix::fs::fstat(&mount.source)?);
    if (is.st_dev, is.st_ino) != (wanted.st_dev, wanted.st_ino) {
        return Ok(false);
    }
    // The directory itself, moved there, would be the same inode but not a mount.
    let of_mount = rustix::fs::statx(found.as_fd(), "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)?;
    if !of_mount.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(false);
    }
    let has = rustix::fs::fstatvfs(&found)?.f_flag;
    let mut wanted = StatVfsMountFlags::NOSUID | StatVfsMountFlags::NODEV;
    wanted.set(StatVfsMountFlags::RDONLY, mount.read_only);
    Ok(has.contains(wanted))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_checked_sources_pass_mount_verification() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        for dir in [&a, &b] {
            std::fs::create_dir_all(dir.join("inside")).unwrap();
        }
        std::fs::write(a.join("file"), "").unwrap();
        let mut child = Command::new("bwrap")
            .args([
                "--unshare-user",
                "--unshare-pid",
                "--die-with-parent",
                "--ro-bind",
                "/usr",
                "/usr",
            ])
            .args(["--ro-bind", "/lib", "/lib", "--ro-bind-try", "/lib64", "/lib64"])
            .arg("--bind")
            .args([a.as_os_str(), "/a".as_ref()])
            .arg("--ro-bind")
            .args([b.as_os_str(), "/b".as_ref()])
            .arg("--bind")
            .args([a.join("file").as_os_str(), "/f".as_ref()])
            .args(["--dev-bind", "/dev/null", "/device"])
            .args([
                "--symlink",
                "a",
                "/link",
                "--",
                "/usr/bin/sh",
                "-c",
                "echo ready; sleep 60",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let number = child.id();
        let children = std::fs::read_to_string(format!("/proc/{number}/task/{number}/children")).unwrap();
        let root = format!("/proc/{}/root", children.trim());
        let root = super::open(rustix::fs::CWD, Path::new(&root)).unwrap();
        for (target, source, read_only, same) in [
            ("/a", a.clone(), false, true),
            ("/b", b.clone(), true, true),
            ("/f", a.join("file"), false, true),
            // Stricter than requested is fine.
            ("/b", b.clone(), false, true),
            // Another directory, writable instead of read-only, no mount, a link, nothing, and a device.
            ("/a", b.clone(), false, false),
            ("/a", a.clone(), true, false),
            ("/a/inside", a.join("inside"), false, false),
            ("/link", a.clone(), false, false),
            ("/missing", a.clone(), false, false),
            ("/device", "/dev/null".into(), false, false),
        ] {
            let mount = Checked {
                target: target.into(),
                source: rustix::fs::open(&source, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap(),
                read_only,
            };
            let changed = first_changed(&root, &[mount]).unwrap();
            assert_eq!(changed.is_none(), same, "{target} {}", source.display());
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
