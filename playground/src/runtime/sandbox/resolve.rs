//! Resolves a path of a manifest inside a container that does not exist yet.
//!
//! `..` ends at the container's root, and links are followed as the container would follow them, absolute ones from
//! its own root: what `RESOLVE_IN_ROOT` of openat2(2) does in one file system, here across the several of a
//! sandbox.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Maximum number of links followed, as in the kernel (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// A model of the container's tree: the links of its root, and the volumes mounted so far.
#[derive(Default)]
pub(super) struct Tree {
    links: Vec<(PathBuf, PathBuf)>,
    volumes: Vec<(PathBuf, OwnedFd)>,
}

impl Tree {
    /// Creates a root with these links, each with its target.
    pub fn new(links: Vec<(PathBuf, PathBuf)>) -> Self {
        Self {
            links,
            volumes: Vec::new(),
        }
    }

    /// Mounts a directory of the host at a resolved path.
    pub fn mount(&mut self, target: PathBuf, volume: OwnedFd) {
        self.volumes.push((target, volume));
    }

    /// Returns the absolute path without `.`, `..` and links that a path resolves to in the container.
    pub fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let mut todo: VecDeque<OsString> = parts(path).collect();
        let mut at = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = todo.pop_front() {
            if part == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&part);
            let Some(link) = self.link(&next)? else {
                at = next;
                continue;
            };
            links += 1;
            if links > MAX_LINKS {
                return Err(Errno::LOOP.into());
            }
            if link.is_absolute() {
                at = PathBuf::from("/");
            }
            for part in parts(&link).collect::<Vec<_>>().into_iter().rev() {
                todo.push_front(part);
            }
        }
        Ok(at)
    }

    /// Returns the target of a path whose parents contain no links, if it is a link itself.
    fn link(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        if let Some((_, target)) = self.links.iter().find(|(link, _)| link == path) {
            return Ok(Some(target.clone()));
        }
        // The mount at the deepest place is visible; of several there, the last one.
        let seen = self
            .volumes
            .iter()
            .filter(|(target, _)| path.starts_with(target))
            .max_by_key(|(target, _)| target.components().count());
        let Some((target, volume)) = seen else {
            return Ok(None);
        };
        let Ok(inside) = path.strip_prefix(target) else {
            return Ok(None);
        };
        if inside.as_os_str().is_empty() {
            return Ok(None);
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let found = match rustix::fs::openat2(volume, inside, flags, Mode::empty(), resolve) {
            Ok(found) => found,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let stat = rustix::fs::fstat(&found)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
            return Ok(None);
        }
        let target = rustix::fs::readlinkat(&found, "", Vec::new())?;
        Ok(Some(OsStr::from_bytes(target.as_bytes()).into()))
    }
}

/// Returns the components of a path, `..` included, without the root and `.`.
fn parts(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn paths_resolve_inside_root() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path();
        std::fs::create_dir_all(volume.join("real/deep")).unwrap();
        for (target, link) in [
            ("real", "relative"),
            ("../../../../oldroot/etc", "up"),
            ("/oldroot/etc", "absolute"),
            ("/data/real", "home"),
            ("loop-b", "loop-a"),
            ("loop-a", "loop-b"),
        ] {
            symlink(target, volume.join(link)).unwrap();
        }
        let mut tree = Tree::new(vec![("/bin".into(), "usr/bin".into())]);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(volume, flags, Mode::empty()).unwrap();
        tree.mount("/data".into(), opened);
        for (path, resolved) in [
            ("/", "/"),
            ("/work", "/work"),
            ("/../oldroot/etc", "/oldroot/etc"),
            ("/work/../../../oldroot", "/oldroot"),
            ("work/./here", "/work/here"),
            ("/bin/tool", "/usr/bin/tool"),
            ("/data/relative/x", "/data/real/x"),
            ("/data/real/deep/../../../x", "/x"),
            ("/data/up/x", "/oldroot/etc/x"),
            ("/data/absolute", "/oldroot/etc"),
            ("/data/home/deep", "/data/real/deep"),
            ("/data/missing/../x", "/data/x"),
        ] {
            assert_eq!(
                tree.resolve(Path::new(path)).unwrap(),
                Path::new(resolved),
                "{path}"
            );
        }
        let endless = tree.resolve(Path::new("/data/loop-a/x")).unwrap_err();
        assert_eq!(endless.raw_os_error(), Some(Errno::LOOP.raw_os_error()));
    }
}
