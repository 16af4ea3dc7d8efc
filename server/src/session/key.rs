//! The key that encrypts cookies, kept in a file that only its owner reads.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use axum_extra::extract::cookie::Key;

use crate::random;
use crate::session::SessionError;

/// Bytes of a key: half signs, half encrypts.
const LENGTH: usize = 64;

/// Reads the key from `path`, or makes one.
pub fn open(path: &Path) -> Result<Key, SessionError> {
    match fs::read(path) {
        Ok(bytes) if bytes.len() == LENGTH => {
            Key::try_from(bytes.as_slice()).map_err(|_| SessionError::Key(path.display().to_string()))
        }
        Ok(_) => Err(SessionError::Key(path.display().to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => make(path),
        Err(error) => Err(SessionError::file(path, error)),
    }
}

fn make(path: &Path) -> Result<Key, SessionError> {
    let bytes = random::bytes::<LENGTH>().map_err(SessionError::Random)?;
    write_private(path, &bytes).map_err(|error| SessionError::file(path, error))?;
    Key::try_from(bytes.as_slice()).map_err(|_| SessionError::Key(path.display().to_string()))
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_survives_a_restart_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.key");
        let made = open(&path).unwrap();
        assert_eq!(made.master(), open(&path).unwrap().master());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_foreign_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.key");
        fs::write(&path, "short").unwrap();
        assert!(matches!(open(&path), Err(SessionError::Key(_))));
    }
}
