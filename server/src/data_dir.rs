//! Opens the data directory: private to its owner, and used by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Name of the file that a process holds locked while it uses the directory.
const LOCK: &str = "lock";

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The directory cannot be created, read or changed.
    #[error("cannot use {path} as the data directory")]
    Io {
        /// The directory.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The directory belongs to another user, who could read the sessions and Secrets in it.
    #[error("the data directory {0} belongs to another user: choose another one with --data-dir")]
    Foreign(String),
    /// Another process holds the lock.
    #[error(
        "the data directory {path} is in use by another jobwright{process}: stop that one, or choose another directory \
         with --data-dir"
    )]
    InUse {
        /// The directory.
        path: String,
        /// The other process, if the lock file names it.
        process: String,
    },
}

/// A data directory locked by this process. The lock is released when the process ends, however it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it does not exist, restricts its permissions to the owner, and locks it.
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
        restrict_permissions(path)?;
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
                // Only used in the error message, so a failed read is ignored.
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

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Restricts the directory to its owner (mode 0700).
#[cfg(unix)]
fn restrict_permissions(path: &Path) -> Result<(), DataDirError> {
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
        tracing::warn!(path = %path.display(), "the data directory was accessible to other users; its mode is now 0700");
    }
    Ok(())
}

/// Sets the process's umask to 077, so that other users cannot read the files it writes.
pub fn set_private_umask() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]
    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_data_dir_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let opened = DataDir::open(&path).unwrap();
        assert_eq!(mode(opened.path()), 0o700);
    }

    #[test]
    fn accessible_data_dir_is_restricted_to_its_owner() {
        for open in [0o755, 0o750, 0o701, 0o777] {
            let dir = tempfile::tempdir().unwrap();
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(open)).unwrap();
            let _opened = DataDir::open(dir.path()).unwrap();
            assert_eq!(mode(dir.path()), 0o700, "{open:o}");
        }
    }

    #[test]
    fn locked_data_dir_error_names_the_process_and_the_option() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        let error = DataDir::open(dir.path()).unwrap_err().to_string();
        for part in [
            dir.path().to_str().unwrap(),
            &std::process::id().to_string(),
            "--data-dir",
        ] {
            assert!(error.contains(part), "{error}");
        }
        drop(first);
        DataDir::open(dir.path()).unwrap();
    }
}
