//! How much of the disk is used.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Bytes that each file and folder costs besides what it holds.
pub(super) const INODE: u64 = 256;
/// Folders and files that are counted of one tree.
const MAX_ENTRIES: usize = 2_000_000;
/// Folders in folders that are counted: each takes a descriptor while it is read.
const MAX_DEPTH: usize = 400;
/// What a tree counts that has more or deeper ones, or closed ones: nobody hides a full disk that way.
const UNCOUNTABLE: u64 = 1 << 50;

/// The space of a file system, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space {
    pub size: u64,
    pub used: u64,
    /// Free for a user that is not root.
    pub free: u64,
    /// Files that can be made, and how many there can be; 0 of 0 where that is not bounded.
    pub free_files: u64,
    pub files: u64,
}

/// The file system that a path is on.
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

/// Bytes that a folder takes on its disk. Links are not followed, whoever puts them in meanwhile, and other file
/// systems are left out.
pub(super) fn usage(folder: &Path) -> u64 {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(root) = rustix::fs::open(folder, flags, Mode::empty()) else {
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
    counter.folder(&root, 0);
    counter.bytes
}

struct Counter {
    device: u64,
    bytes: u64,
    left: usize,
}

impl Counter {
    fn folder(&mut self, folder: &OwnedFd, depth: usize) {
        let Ok(entries) = rustix::fs::Dir::read_from(folder) else {
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
            let Ok(stat) = rustix::fs::statat(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if stat.st_dev != self.device {
                continue;
            }
            // Several names of one file are one file.
            let names = stat.st_nlink.max(1);
            let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            let blocks = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512);
            self.bytes = self
                .bytes
                .saturating_add(if is_folder { blocks } else { blocks / names });
            if is_folder {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                match rustix::fs::openat(folder.as_fd(), name, flags, Mode::empty()) {
                    Ok(inner) => self.folder(&inner, depth + 1),
                    // A folder that its owner has closed hides what it holds.
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
    fn files_are_counted_once_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("file"), vec![1; 1 << 20]).unwrap();
        std::fs::hard_link(inside.join("file"), inside.join("again")).unwrap();
        std::os::unix::fs::symlink("/usr", inside.join("usr")).unwrap();
        std::os::unix::fs::symlink(&inside, folder.path().join("link")).unwrap();
        let used = usage(folder.path());
        assert!(((1 << 20)..(1 << 20) + (64 << 10)).contains(&used), "{used}");
        assert_eq!(usage(&folder.path().join("link")), 0);
        assert_eq!(usage(&folder.path().join("missing")), 0);
    }
}
