//! Sets the owner of files in volumes.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Uid};
use rustix::io::Errno;

use crate::runtime::sandbox::owner;

/// Maximum nesting of directories in a walk: each level holds two descriptors.
const MAX_DEPTH: usize = 256;

/// Creates a directory owned by the containers' user, independent of this process's umask.
pub(super) fn make(dir: &Path, mode: u32) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(mode))?;
    change_owner(dir)
}

/// Changes a file's owner to the user that containers run as.
pub(super) fn change_owner(path: &Path) -> io::Result<()> {
    match owner() {
        Some(owner) => std::os::unix::fs::lchown(path, Some(owner), Some(owner)),
        None => Ok(()),
    }
}

/// Changes the owner of a volume to the user that containers run as, once. The lock keeps its containers from
/// starting before it is done.
pub(super) fn change_owner_recursively(dir: &Path) -> io::Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    let Some(owner) = owner() else { return Ok(()) };
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (user, group) = (Uid::from_raw(owner), Gid::from_raw(owner));
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let root = rustix::fs::open(dir, flags, Mode::empty())?;
    if rustix::fs::fstat(&root)?.st_uid == owner {
        return Ok(());
    }
    // The volume's root comes last, so that an interrupted walk is repeated.
    walk(root, &mut |file| {
        rustix::fs::chownat(file, "", Some(user), Some(group), AtFlags::EMPTY_PATH)
    })?;
    Ok(())
}

/// Visits everything in a directory, then the directory itself. Each entry is opened relative to its parent, which
/// is open already, so nobody can divert the walk by exchanging directories and links; it does not cross mount
/// points.
fn walk(root: OwnedFd, visit: &mut impl FnMut(&OwnedFd) -> Result<(), Errno>) -> Result<(), Errno> {
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    let place = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let list = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let entries = |dir: &OwnedFd| {
        let dir = rustix::fs::openat2(dir, ".", list, Mode::empty(), resolve)?;
        rustix::fs::Dir::new(dir)
    };
    let first = entries(&root)?;
    let mut ancestors = vec![(root, first)];
    while let Some((dir, left)) = ancestors.last_mut() {
        let Some(entry) = left.next() else {
            visit(dir)?;
            ancestors.pop();
            continue;
        };
        let entry = entry?;
        if [c".", c".."].contains(&entry.file_name()) {
            continue;
        }
        let file = match rustix::fs::openat2(&*dir, entry.file_name(), place, Mode::empty(), resolve) {
            // It is gone, or something is mounted there.
            Err(Errno::NOENT | Errno::XDEV) => continue,
            opened => opened?,
        };
        if FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) == FileType::Directory {
            if ancestors.len() == MAX_DEPTH {
                return Err(Errno::NAMETOOLONG);
            }
            let inside = entries(&file)?;
            ancestors.push((file, inside));
        } else {
            visit(&file)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn walk_stays_inside_while_entries_are_exchanged() {
        let dir = tempfile::tempdir().unwrap();
        let (volume, outside) = (dir.path().join("volume"), dir.path().join("outside"));
        for dir in [&volume, &outside] {
            std::fs::create_dir_all(dir.join("deep/deeper")).unwrap();
            std::fs::write(dir.join("deep/deeper/file"), "").unwrap();
        }
        std::os::unix::fs::symlink(&outside, volume.join("link")).unwrap();
        std::os::unix::fs::symlink(outside.join("deep"), volume.join("other")).unwrap();
        let inode = |path: PathBuf| std::fs::symlink_metadata(path).unwrap().ino();
        let outside: Vec<u64> = ["", "deep", "deep/deeper", "deep/deeper/file"]
            .map(|path| inode(outside.join(path)))
            .into();
        let inside = inode(volume.join("deep/deeper/file"));
        let stop = std::sync::atomic::AtomicBool::new(false);
        let mut seen = std::collections::HashSet::new();
        std::thread::scope(|scope| {
            let (volume, stop) = (&volume, &stop);
            scope.spawn(move || {
                let at = |name: &str| volume.join(name);
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let flags = rustix::fs::RenameFlags::EXCHANGE;
                    for (a, b) in [("deep", "link"), ("deep/deeper", "other")] {
                        // The second pair exists half of the time.
                        let _ =
                            rustix::fs::renameat_with(rustix::fs::CWD, at(a), rustix::fs::CWD, at(b), flags);
                        std::thread::yield_now();
                    }
                }
            });
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            for _ in 0..5000 {
                let root = rustix::fs::open(volume, flags, Mode::empty()).unwrap();
                walk(root, &mut |file| {
                    seen.insert(rustix::fs::fstat(file)?.st_ino);
                    Ok(())
                })
                .unwrap();
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert!(seen.contains(&inside) && seen.contains(&inode(volume)));
        assert!(outside.iter().all(|inode| !seen.contains(inode)));
    }
}
