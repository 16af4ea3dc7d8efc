//! The real manifests.

use std::path::PathBuf;

/// Returns name and text of each file, sorted.
pub fn files() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/manifests");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension != "md"))
        .map(|file| {
            (
                file.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read_to_string(file).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// Returns whether the API server rejects the file for a duplicate key.
pub fn is_refused(name: &str) -> bool {
    name.starts_with("Azure__") || name.contains("ef6-update-database")
}

/// Returns whether it is a generated sample with random values in every field.
pub fn is_sample(name: &str) -> bool {
    name.contains("batch.v1.Job")
}
