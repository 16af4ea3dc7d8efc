//! Removes the volumes of Pods.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use crate::runtime::volumes::is_mounted;

/// Removes a Pod's directory, including what is mounted in it.
pub(in crate::runtime) fn remove(dir: &Path) -> io::Result<()> {
    let volumes = std::fs::read_dir(dir.join("volumes"))
        .into_iter()
        .flatten()
        .flatten();
    for volume in volumes.filter(|volume| is_mounted(&volume.path())) {
        rustix::mount::unmount(volume.path(), UnmountFlags::DETACH)?;
    }
    match remove_tree(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a directory and everything in it, however deep a container has nested it: neither recursion nor paths
/// nor a descriptor for each level. Directories that a container has closed are opened. Its processes are gone, so
/// nobody can put a link in place of one.
fn remove_tree(dir: &Path) -> io::Result<()> {
    let top = open(rustix::fs::CWD, dir)?;
    let mut moved = 0_u64;
    loop {
        let names = entries(&top)?;
        if names.is_empty() {
            return std::fs::remove_dir(dir);
        }
        for name in names {
            if !remove_file(&top, &name)? {
                remove_dir(&top, &name, &mut moved)?;
            }
        }
    }
}

/// Removes a directory of the tree. The directories in it move to the top, where their turn comes.
fn remove_dir(top: &OwnedFd, name: &CStr, moved: &mut u64) -> io::Result<()> {
    let dir = open(top, name)?;
    loop {
        for inner in entries(&dir)? {
            if remove_file(&dir, &inner)? {
                continue;
            }
            // Moving a directory changes its entry `..`, which takes write permission.
            open(&dir, inner.as_c_str())?;
            loop {
                let target = format!("removed-{moved}");
                *moved += 1;
                match rustix::fs::renameat_with(&dir, &inner, top, target, RenameFlags::NOREPLACE) {
                    Err(Errno::EXIST) => {}
                    renamed => break renamed?,
                }
            }
        }
        match rustix::fs::unlinkat(top, name, AtFlags::REMOVEDIR) {
            // Not all entries were listed, because others were removed meanwhile.
            Err(Errno::NOTEMPTY | Errno::EXIST) => {}
            removed => return Ok(removed?),
        }
    }
}

/// Removes an entry, and returns whether it is gone; a directory stays.
fn remove_file(dir: &OwnedFd, name: &CStr) -> io::Result<bool> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        // Linux; what POSIX says.
        Err(Errno::ISDIR | Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Opens a directory for reading and changing, whatever its mode.
fn open(parent: impl std::os::fd::AsFd, name: impl rustix::path::Arg + Copy) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let place = rustix::fs::openat(&parent, name, flags | OFlags::PATH, Mode::empty())?;
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&place));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    Ok(rustix::fs::openat(
        &parent,
        name,
        flags | OFlags::RDONLY,
        Mode::empty(),
    )?)
}

/// Returns the names in a directory without `.` and `..`.
fn entries(dir: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_made_unreadable_by_container_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let pod = dir.path().join("pod");
        let closed = pod.join("volumes/work/closed");
        std::fs::create_dir_all(closed.join("inner")).unwrap();
        for path in [closed.join("inner"), closed.clone()] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
        }
        remove(&pod).unwrap();
        assert!(!pod.exists());
        remove(&pod).unwrap();
    }

    /// Containers nest directories far beyond the length of a path by renaming trees into each other.
    #[test]
    fn deeply_nested_directories_are_removed_with_a_small_stack() {
        const TREES: usize = 300;
        const LEVELS: usize = 100;
        let dir = tempfile::tempdir().unwrap();
        let pod = dir.path().join("pod");
        std::fs::create_dir(&pod).unwrap();
        std::fs::write(pod.join("removed-0"), "a name of ours").unwrap();
        std::os::unix::fs::symlink("/usr", pod.join("link")).unwrap();
        let top = open(rustix::fs::CWD, pod.as_path()).unwrap();
        let mut ends: Vec<OwnedFd> = Vec::new();
        for tree in 0..TREES {
            let root = pod.join(format!("p{tree}"));
            let end = root.join("d/".repeat(LEVELS));
            std::fs::create_dir_all(&end).unwrap();
            std::fs::write(end.join("file"), "content").unwrap();
            ends.push(open(rustix::fs::CWD, end.as_path()).unwrap());
        }
        for tree in 1..TREES {
            rustix::fs::renameat(&top, format!("p{tree}"), &ends[tree - 1], "d").unwrap();
        }
        let removing = std::thread::Builder::new()
            .stack_size(128 << 10)
            .spawn({
                let pod = pod.clone();
                move || remove(&pod)
            })
            .unwrap();
        removing.join().unwrap().unwrap();
        assert!(!pod.exists() && Path::new("/usr/bin").exists());
    }
}
