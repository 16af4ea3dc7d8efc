//! The name of a field in YAML, shown beside its label: the form and the text are one document.

use leptos::prelude::*;
use manifest::{Path, Segment};

/// Objects that say which of several fields of one name is meant.
const QUALIFYING: [&str; 4] = ["requests", "limits", "metadata", "template"];

/// Returns the keys to show for a path: the last one, preceded by those that it needs to be told from others of its
/// name (`limits.cpu`, `template.metadata.labels`). None for an item of a list.
fn keys(path: &Path) -> Option<String> {
    let mut keys = path.segments().iter().rev().map_while(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    });
    let last = keys.next()?;
    let mut shown = vec![last];
    shown.extend(keys.take_while(|key| QUALIFYING.contains(key)));
    shown.reverse();
    Some(shown.join("."))
}

/// Key of a field, beside its label. Renders nothing where the label is the key, as in generated forms. Hidden from
/// screen readers, for which the label is enough.
#[component]
pub fn YamlKey(
    /// Path of the field.
    path: Path,
    /// Label.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    keys(&path)
        .filter(|key| *key != label)
        .map(|key| view! { <code class="yaml-key" aria-hidden="true">{key}</code> })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_the_last_one_with_its_parent_where_that_matters() {
        for (path, expected) in [
            ("spec.ttlSecondsAfterFinished", Some("ttlSecondsAfterFinished")),
            ("containers[0].resources.limits.cpu", Some("limits.cpu")),
            ("metadata.annotations[\"a.io/b\"]", Some("a.io/b")),
            ("spec.template.metadata.labels", Some("template.metadata.labels")),
            ("metadata.name", Some("metadata.name")),
            ("containers[0]", None),
            ("", None),
        ] {
            assert_eq!(keys(&path.parse().unwrap()).as_deref(), expected, "{path}");
        }
    }
}
