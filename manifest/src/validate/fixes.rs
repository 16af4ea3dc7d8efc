//! Automatic fixes of the rules' causes.

use k8s_rules::{Cause, Rule};
use serde_json::Value;

use crate::document::Document;
use crate::operation::{Edit, Rewrite};
use crate::path::{Path, Segment};
use crate::problem::Fix;
use crate::references::{Target, names};
use crate::suggestion::nearest;

/// Returns the fix of a cause, if there is one.
pub(super) fn of(document: &Document, entry: usize, cause: &Cause, path: &Path) -> Option<Fix> {
    let set = |value: Value| {
        Some(Fix::Edit(Edit::Set {
            path: path.clone(),
            value,
        }))
    };
    let remove = |path: Path| Some(Fix::Edit(Edit::Remove { path }));
    // A name that nothing has: the nearest one that exists, or no reference.
    let existing = |target: Target, reference: Option<Path>| {
        let names = names(document.value(entry)?, target, None);
        let written = document.get(entry, path)?.as_str()?;
        // The server does not count what has a problem of its own.
        if names.iter().any(|(_, name)| name == written) {
            return None;
        }
        match nearest(written, names.iter().map(|(_, name)| name.as_str())) {
            Some(name) => set(name.into()),
            None => remove(reference?),
        }
    };
    match cause.rule {
        Rule::JobRestartMissing => set("Never".into()),
        // A missing policy was defaulted to Always.
        Rule::JobRestart if document.get(entry, path).is_none() => set("Never".into()),
        Rule::JobRestart => set("OnFailure".into()),
        Rule::JobReplacement => set("Failed".into()),
        Rule::FieldRange if path.last() == Some(&Segment::Key("successThreshold".to_owned())) => {
            set(1.into())
        }
        Rule::FieldForbidden | Rule::VolumeSourceMany if document.get(entry, path).is_some() => {
            remove(path.clone())
        }
        Rule::VolumeUnknown => existing(Target::Volume, path.parent()),
        Rule::JobPolicyContainer => existing(Target::Container, Some(path.clone())),
        Rule::JobOwnLabel | Rule::JobSelector => Some(Fix::Rewrite(Rewrite::WithoutStored)),
        _ => None,
    }
}
