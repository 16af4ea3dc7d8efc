//! Removes the volumes of Pods.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

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
    let removed = match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(dir)?;
            std::fs::remove_dir_all(dir)
        }
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes directories accessible that a container has closed. Its processes are gone, so nobody can put a link in
/// place of one.
fn open_up(dir: &Path) -> io::Result<()> {
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                todo.push(entry.path());
            }
        }
    }
    Ok(())
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
}
