//! The Jobs that are mutated: bodies of recordings, and real manifests.

use std::path::{Path, PathBuf};

use manifest::Document;
use serde_json::Value;

/// A Job and where it comes from.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Name of the file.
    pub name: String,
    /// The Job without namespace and status.
    pub job: Value,
    /// The text, if the file contains nothing but this Job.
    pub text: Option<String>,
}

/// Returns the Jobs of the repository that a server may accept, in a fixed order.
pub fn all() -> Vec<Seed> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in [
        "rules/tests/recordings",
        "playground/tests/conformance",
        "manifest/tests/fixtures/manifests",
    ] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    let mut seeds = Vec::new();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if file.extension().is_some_and(|extension| extension == "json") {
            recorded(&name, &text, &mut seeds);
        } else {
            written(&name, &text, &mut seeds);
        }
    }
    seeds
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| ["json", "yaml", "yml"].iter().any(|one| extension == *one))
        {
            files.push(path);
        }
    }
}

/// Adds the Jobs that a recorded server accepted.
fn recorded(name: &str, text: &str, seeds: &mut Vec<Seed>) {
    let scenario: Value = serde_json::from_str(text).unwrap_or_default();
    for step in scenario["steps"].as_array().into_iter().flatten() {
        let body = &step["request"]["body"];
        let is_accepted = step["response"]["status"]
            .as_u64()
            .is_some_and(|status| status < 300);
        // Bodies with repetitions written as such are left out: they are there for their size.
        if is_accepted && step["request"]["method"] == "POST" && is_job(body) && !text.contains("\"$repeat\"")
        {
            seeds.extend(seed(name, body.clone(), None));
        }
    }
}

/// Adds the Jobs of a manifest.
fn written(name: &str, text: &str, seeds: &mut Vec<Seed>) {
    let document = Document::parse(text);
    let count = document.entries().len();
    for entry in 0..count {
        if let Some(job) = document.value(entry).filter(|value| is_job(value)) {
            let text = (count == 1 && text.len() < 8000).then(|| text.to_owned());
            seeds.extend(seed(name, job.clone(), text));
        }
    }
}

fn is_job(value: &Value) -> bool {
    value["kind"] == "Job" && value["apiVersion"] == "batch/v1" && value["spec"].is_object()
}

fn seed(name: &str, mut job: Value, text: Option<String>) -> Option<Seed> {
    let map = job.as_object_mut()?;
    map.shift_remove("status");
    let text = text.filter(|text| !text.contains("namespace:") && !text.contains("\nstatus:"));
    map.get_mut("metadata")?
        .as_object_mut()?
        .shift_remove("namespace");
    Some(Seed {
        name: name.to_owned(),
        job,
        text,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn seeds_are_found() {
        let seeds = super::all();
        assert!(seeds.len() > 150, "{}", seeds.len());
        assert!(seeds.iter().filter(|seed| seed.text.is_some()).count() > 20);
    }
}
