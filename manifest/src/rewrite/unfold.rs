//! A list (`kind: List`, what `kubectl get -o yaml` prints) becomes the objects in it.

use serde_json::Value;

use crate::document::Document;
use crate::operation::EditError;
use crate::path::Path;
use crate::problem::Report;
use crate::rewrite::source::source;

/// Replaces a list by its items, each a document of the stream.
pub(super) fn unfold(document: &Document, entry: usize) -> Result<(Document, Report), EditError> {
    let path = Path::of(["items"]);
    let items = document.get(entry, &path).and_then(Value::as_array);
    let count = items.map_or(0, Vec::len);
    let texts: Vec<String> = (0..count)
        .filter_map(|index| source(document, entry, &path.index(index)))
        .collect();
    if texts.is_empty() {
        return Err(EditError::NoSuchPlace(path));
    }
    let unfolded = document.with_entry_text(entry, &texts.join("\n---\n"));
    let report = Report {
        code: "list.unfolded",
        subjects: vec![texts.len().to_string()],
    };
    Ok((unfolded, report))
}

#[cfg(test)]
mod tests {
    use crate::problem::{Fix, Language};
    use crate::{Document, validate};

    fn unfolded(text: &str) -> (Document, String) {
        let document = Document::parse(text);
        let problems = validate(&document);
        let problem = problems
            .iter()
            .find(|problem| matches!(problem.fix, Some(Fix::Rewrite(_))))
            .unwrap_or_else(|| panic!("{problems:?}"));
        assert_eq!(problem.code, "object.list");
        let (document, report) = document.fixed(problem).unwrap();
        (document, report.unwrap().text(Language::En))
    }

    #[test]
    fn list_becomes_its_objects_with_their_comments() {
        let (document, report) = unfolded(
            "# mine\napiVersion: v1\nkind: List\nitems:\n  - apiVersion: batch/v1 # first\n    kind: Job\n    metadata:\n      name: a\n    spec:\n      template:\n        spec:\n          containers:\n            - name: c\n              command:\n                - sh\n                - -c\n                - |\n                  echo 1\n\n                  echo 2\n  # second\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: b}\n",
        );
        assert_eq!(
            document.text(),
            "# mine\napiVersion: batch/v1 # first\nkind: Job\nmetadata:\n  name: a\nspec:\n  template:\n    spec:\n      containers:\n        - name: c\n          command:\n            - sh\n            - -c\n            - |\n              echo 1\n\n              echo 2\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
        );
        assert!(report.contains('2'), "{report}");
    }

    #[test]
    fn list_in_json_and_typed_list_become_their_objects() {
        for text in [
            r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}}]}"#,
            "apiVersion: v1\nkind: SecretList\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- &b {apiVersion: v1, kind: Secret, metadata: {name: b}}\n",
        ] {
            let (document, _) = unfolded(text);
            let names: Vec<_> = document
                .entries()
                .iter()
                .filter_map(|entry| entry.name.as_deref())
                .collect();
            assert_eq!(names, ["a", "b"], "{}", document.text());
        }
    }
}
