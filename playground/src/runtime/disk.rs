//! Measures how much disk space is used.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Bytes charged for each file and directory in addition to its content.
pub(super) const INODE: u64 = 256;
/// Maximum number of files and directories counted in one tree.
const MAX_ENTRIES: usize = 2_000_000;
/// Maximum nesting of directories counted: each level holds a file descriptor while it is read.
const MAX_DEPTH: usize = 400;
/// The size reported for a tree that exceeds these limits or has unreadable directories, so that nobody can hide a
/// full disk that way.
const UNCOUNTABLE: u64 = 1 << 50;

/// The space of a file system, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space {
    pub size: u64,
    pub used: u64,
    /// Bytes available to a user other than root.
    pub free: u64,
    /// Free and total inodes; both 0 where the file system does not limit them.
    pub free_files: u64,
    pub files: u64,
}

/// Returns the space of the file system that contains a path.
pub(super) fn space(path: &Path) -> rustix::io::Result<Space> {
    let stat = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Ok(Space {
        size: bytes(stat.f_blocks),
        used: bytes(stat.f_blocks.saturating_sub(stat.f_bfree)),
        free: bytes(stat.f_bavail),
        free_files: stat.f_favail,
        files: stat.f_files,
    })
}

/// Returns the bytes that a directory takes on its disk. Symbolic links are not followed, even if one is put in
/// place during the walk, and other file systems are left out.
pub(super) fn usage(dir: &Path) -> u64 {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(root) = rustix::fs::open(dir, flags, Mode::empty()) else {
        return 0;
    };
    let Ok(device) = rustix::fs::fstat(&root).map(|stat| stat.st_dev) else {
        return 0;
    };
    let mut counter = Counter {
        device,
        bytes: 0,
        left: MAX_ENTRIES,
    };
    counter.dir(&root, 0);
    counter.bytes
}

struct Counter {
    device: u64,
    bytes: u64,
    left: usize,
}

impl Counter {
    fn dir(&mut self, dir: &OwnedFd, depth: usize) {
        let Ok(entries) = rustix::fs::Dir::read_from(dir) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            if self.left == 0 || depth > MAX_DEPTH {
                self.bytes = self.bytes.max(UNCOUNTABLE);
                return;
            }
            self.left -= 1;
            self.bytes = self.bytes.saturating_add(INODE);
            let Ok(stat) = rustix::fs::statat(dir.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if stat.st_dev != self.device {
                continue;
            }
            // Hard links to one file are counted once.
            let names = stat.st_nlink.max(1);
            let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            let blocks = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512);
            self.bytes = self
                .bytes
                .saturating_add(if is_directory { blocks } else { blocks / names });
            if is_directory {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                match rustix::fs::openat(dir.as_fd(), name, flags, Mode::empty()) {
                    Ok(inner) => self.dir(&inner, depth + 1),
                    // A directory made unreadable by its owner hides its content.
                    Err(Errno::ACCESS) => self.bytes = self.bytes.max(UNCOUNTABLE),
                    Err(_) => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_links_count_once_and_symlinks_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("file"), vec![1; 1 << 20]).unwrap();
        std::fs::hard_link(inside.join("file"), inside.join("again")).unwrap();
        std::os::unix::fs::symlink("/usr", inside.join("usr")).unwrap();
        std::os::unix::fs::symlink(&inside, dir.path().join("link")).unwrap();
        let used = usage(dir.path());
        assert!(((1 << 20)..(1 << 20) + (64 << 10)).contains(&used), "{used}");
        assert_eq!(usage(&dir.path().join("link")), 0);
        assert_eq!(usage(&dir.path().join("missing")), 0);
    }
}
