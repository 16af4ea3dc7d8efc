//! Reads a kubeconfig as `kubectl` does.
//!
//! Rules: <https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/>.

use std::io;
use std::path::PathBuf;

use kube::config::{Kubeconfig, KubeconfigError};

/// Merges the files that `KUBECONFIG` lists; reads `~/.kube/config` if it lists none. A listed file that does not
/// exist is skipped; a file with an empty current context leaves it to the next one.
pub fn read() -> Result<Kubeconfig, KubeconfigError> {
    let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let files: Vec<PathBuf> = std::env::split_paths(&listed)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    if files.is_empty() {
        return Kubeconfig::read();
    }
    merged(&files)
}

fn merged(files: &[PathBuf]) -> Result<Kubeconfig, KubeconfigError> {
    let mut all: Option<Kubeconfig> = None;
    let mut missing = None;
    for file in files {
        let mut read = match Kubeconfig::read_from(file) {
            Ok(read) => read,
            Err(KubeconfigError::ReadConfig(error, path)) if error.kind() == io::ErrorKind::NotFound => {
                missing = Some(KubeconfigError::ReadConfig(error, path));
                continue;
            }
            Err(error) => return Err(error),
        };
        read.current_context = read.current_context.filter(|name| !name.is_empty());
        all = Some(match all {
            None => read,
            Some(first) => first.merge(read)?,
        });
    }
    match (all, missing) {
        (Some(all), _) => Ok(all),
        (None, Some(error)) => Err(error),
        (None, None) => Kubeconfig::read(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn missing_files_are_skipped_and_first_current_context_wins() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let context =
            |name: &str| format!("contexts: [{{name: {name}, context: {{cluster: {name}, user: u}}}}]\n");
        let one = write("one", &format!("current-context: \"\"\n{}", context("one")));
        let two = write("two", &format!("current-context: two\n{}", context("two")));
        let gone = dir.path().join("gone");

        let both = merged(&[gone.clone(), one, two]).unwrap();
        assert_eq!(both.current_context.as_deref(), Some("two"));
        let names: Vec<_> = both.contexts.iter().map(|named| named.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        assert!(merged(&[gone]).is_err(), "no listed file exists");
    }
}
