//! The key that encrypts cookies, stored in a file that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use axum_extra::extract::cookie::Key;
use sha2::{Digest, Sha512};

use crate::random;
use crate::session::SessionError;

/// Length of the key in bytes: half signs, half encrypts.
const LENGTH: usize = 64;

/// Reads a key that must exist; a line break at its end is not part of it.
pub fn read(path: &Path) -> Result<Key, SessionError> {
    let bytes = fs::read(path).map_err(|error| SessionError::file(path, error))?;
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    // A key of any kind of text or bytes that is long enough to be one.
    if text.len() < LENGTH / 2 {
        return Err(SessionError::Key(path.display().to_string()));
    }
    Key::try_from(Sha512::digest(text).as_slice()).map_err(|_| SessionError::Key(path.display().to_string()))
}

/// Checks the key that [`open`] would read; one that does not exist is created later.
pub fn check(path: &Path) -> Result<(), SessionError> {
    if path.exists() {
        open(path).map(drop)
    } else {
        Ok(())
    }
}

/// Reads the key from `path`, or creates one.
pub fn open(path: &Path) -> Result<Key, SessionError> {
    match fs::read(path) {
        Ok(bytes) if bytes.len() == LENGTH => {
            Key::try_from(bytes.as_slice()).map_err(|_| SessionError::Key(path.display().to_string()))
        }
        Ok(_) => Err(SessionError::Key(path.display().to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        Err(error) => Err(SessionError::file(path, error)),
    }
}

fn create(path: &Path) -> Result<Key, SessionError> {
    let bytes = random::bytes::<LENGTH>().map_err(SessionError::Random)?;
    write_private(path, &bytes).map_err(|error| SessionError::file(path, error))?;
    Key::try_from(bytes.as_slice()).map_err(|_| SessionError::Key(path.display().to_string()))
}

/// Writes a file with mode 0600 atomically.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_survives_a_restart_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.key");
        let made = open(&path).unwrap();
        assert_eq!(made.master(), open(&path).unwrap().master());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn invalid_key_file_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.key");
        fs::write(&path, "short").unwrap();
        assert!(matches!(open(&path), Err(SessionError::Key(_))));
    }
}
