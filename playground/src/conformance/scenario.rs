//! Parses the files of recorded exchanges.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// Why scenarios cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// A directory or file cannot be read.
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] std::io::Error),
    /// A file does not contain a scenario.
    #[error("{0} is not a scenario")]
    Parse(PathBuf, #[source] serde_json::Error),
}

/// The setup of the cluster before every scenario.
#[derive(Clone, Debug, Deserialize)]
pub struct Baseline {
    /// How each user authenticates.
    #[serde(default)]
    pub users: BTreeMap<String, String>,
    /// Requests of the administrator.
    pub requests: Vec<Request>,
}

/// One scenario.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scenario {
    /// Its namespace.
    #[serde(default)]
    pub namespace: String,
    /// Whether the controllers ran while it was recorded.
    #[serde(default)]
    pub job_controller: bool,
    /// Requests before the steps.
    #[serde(default)]
    pub setup: Vec<Request>,
    /// The steps that are compared.
    pub steps: Vec<Step>,
    /// The values of the captured variables.
    #[serde(default)]
    pub recorded: BTreeMap<String, Value>,
    /// What a watch of the namespace saw.
    #[serde(default)]
    pub observed: Value,
}

/// A request, and what to wait for before it.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    /// HTTP method.
    #[serde(default)]
    pub method: String,
    /// Path without the query.
    #[serde(default)]
    pub path: String,
    /// Query parameters: a string or several.
    #[serde(default)]
    pub query: BTreeMap<String, Value>,
    /// `content-type` and `accept`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Text, or JSON.
    #[serde(default)]
    pub body: Option<Value>,
    /// One of the baseline's users; the administrator by default.
    #[serde(default)]
    pub user: Option<String>,
    /// What to wait for.
    #[serde(default, rename = "await")]
    pub awaits: Value,
}

/// A request with its recorded response.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// What to wait for.
    #[serde(default, rename = "await")]
    pub awaits: Value,
    /// The request.
    pub request: Request,
    /// The recorded response.
    pub response: Response,
    /// Steps done while this step's watch is open.
    #[serde(default)]
    pub during: Vec<Step>,
    /// Variables by the pointer of their value.
    #[serde(default)]
    pub capture: BTreeMap<String, String>,
}

/// A response.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, `Retry-After`, `Warning`.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// JSON, text, or the events of a watch.
    #[serde(default)]
    pub body: Value,
}

/// Reads a file, and expands repeated strings.
pub fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, ScenarioError> {
    let text = std::fs::read(path).map_err(|error| ScenarioError::Read(path.to_owned(), error))?;
    let unreadable = |error| ScenarioError::Parse(path.to_owned(), error);
    let mut value: Value = serde_json::from_slice(&text).map_err(unreadable)?;
    expand(&mut value);
    serde_json::from_value(value).map_err(unreadable)
}

/// Expands `{"$repeat": "x", "times": n}` to n times x.
fn expand(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(text) = members.get("$repeat").and_then(Value::as_str) {
                let times = members.get("times").and_then(Value::as_u64).unwrap_or(0);
                *value = text.repeat(usize::try_from(times).unwrap_or(0)).into();
            } else {
                members.values_mut().for_each(expand);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(expand),
        _ => {}
    }
}

/// Returns the scenario files below directories, by group and name.
pub fn files(dirs: &[PathBuf]) -> Result<Vec<(String, PathBuf)>, ScenarioError> {
    let list = |dir: &Path| -> Result<Vec<PathBuf>, ScenarioError> {
        let unreadable = |error| ScenarioError::Read(dir.to_owned(), error);
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(unreadable)? {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.sort();
        Ok(paths)
    };
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let mut files = Vec::new();
    let mut groups = Vec::new();
    for dir in dirs {
        groups.extend(list(dir)?.into_iter().filter(|path| path.is_dir()));
    }
    for group in groups {
        for file in list(&group)? {
            // `nnn-slug.json`; other files are supporting data.
            let file_name = name(&file);
            let is_json = file.extension().is_some_and(|ending| ending == "json");
            if is_json && file_name.starts_with(|first: char| first.is_ascii_digit()) {
                files.push((name(&group), file));
            }
        }
    }
    Ok(files)
}
