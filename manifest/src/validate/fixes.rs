//! Automatic fixes of the rules' causes.

use k8s_rules::{Cause, Rule};
use serde_json::Value;

use crate::document::Document;
use crate::operation::Edit;
use crate::path::{Path, Segment};

/// Returns the edit that fixes a cause, if there is one.
pub(super) fn of(document: &Document, entry: usize, cause: &Cause, path: &Path) -> Option<Edit> {
    let set = |value: Value| {
        Some(Edit::Set {
            path: path.clone(),
            value,
        })
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
            Some(Edit::Remove { path: path.clone() })
        }
        _ => None,
    }
}
