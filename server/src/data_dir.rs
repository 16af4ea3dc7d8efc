//! The folder for data: only its owner may enter, and only one process at a time works in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The file that a process holds locked while it works in the folder.
const LOCK: &str = "lock";

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be made, read or changed.
    #[error("cannot use the folder {path} for data")]
    Io {
        /// The folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It belongs to somebody else, who could read sessions and Secrets in it.
    #[error("the folder {0} belongs to another user: choose another one with --data-dir")]
    Foreign(String),
    /// It is another process's.
    #[error(
        "the folder {path} is in use by another jobwright{process}: end that one, or choose another folder with \
         --data-dir"
    )]
    InUse {
        /// The folder.
        path: String,
        /// The other process, as far as it is known.
        process: String,
    },
}

/// A folder that this process alone works in. It is free again when the process ends, however it does.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if there is none, closes one that others may enter, and takes it for this process.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError::Io {
            path: path.display().to_string(),
            source,
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(failed)?;
        #[cfg(unix)]
        close(path)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Only for the sentence.
                let _ = lock.take(16).read_to_string(&mut process);
                let process = process.trim().parse::<u32>().ok();
                return Err(DataDirError::InUse {
                    path: path.display().to_string(),
                    process: process.map(|id| format!(" (process {id})")).unwrap_or_default(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Takes the rights of others away.
#[cfg(unix)]
fn close(path: &Path) -> Result<(), DataDirError> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let failed = |source| DataDirError::Io {
        path: path.display().to_string(),
        source,
    };
    let found = fs::metadata(path).map_err(failed)?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(DataDirError::Foreign(path.display().to_string()));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        tracing::warn!(path = %path.display(), "the data folder was open to others, and is closed now");
    }
    Ok(())
}

/// Lets nobody else read what this process writes.
pub fn set_private_umask() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_folder_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let opened = DataDir::open(&path).unwrap();
        assert_eq!(mode(opened.path()), 0o700);
    }

    #[test]
    fn folder_that_others_may_enter_is_closed() {
        for open in [0o755, 0o750, 0o701, 0o777] {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(open)).unwrap();
            let _opened = DataDir::open(folder.path()).unwrap();
            assert_eq!(mode(folder.path()), 0o700, "{open:o}");
        }
    }

    #[test]
    fn second_process_is_told_how_to_choose_another_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        let error = DataDir::open(folder.path()).unwrap_err().to_string();
        for part in [
            folder.path().to_str().unwrap(),
            &std::process::id().to_string(),
            "--data-dir",
        ] {
            assert!(error.contains(part), "{error}");
        }
        drop(first);
        DataDir::open(folder.path()).unwrap();
    }
}
