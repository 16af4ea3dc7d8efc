//! Problems that depend on the project in which the text is to be created.

use crate::document::Document;
use crate::operation::Edit;
use crate::path::Path;
use crate::problem::{Fix, Problem, Severity};
use crate::validate::missing::{KnownNames, missing};
use crate::validate::nearest;

/// Returns the problems of a text in a project: documents of another one, and references to objects that neither
/// the text nor the project has.
pub fn project_problems(document: &Document, project: &str, known: &KnownNames) -> Vec<Problem> {
    let path = Path::of(["metadata", "namespace"]);
    let entries = document.entries().iter().enumerate();
    let others = entries.filter_map(|(entry, read)| {
        let namespace = read.namespace.as_deref()?;
        let is_other = !namespace.is_empty() && namespace != project && !project.is_empty();
        is_other.then(|| Problem {
            code: "object.namespace",
            severity: Severity::Error,
            entry: Some(entry),
            path: path.clone(),
            field: None,
            range: nearest(document, entry, &path),
            subjects: vec![namespace.to_owned(), project.to_owned()],
            fix: Some(Fix::Edit(Edit::Set {
                path: path.clone(),
                value: project.into(),
            })),
        })
    });
    others.chain(missing(document, known)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_of_another_project_is_reported_with_a_fix() {
        let document = Document::parse(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: other} # x\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: demo}\n",
        );
        let problems = project_problems(&document, "demo", &KnownNames::default());
        let [problem] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        assert_eq!((problem.code, problem.entry), ("object.namespace", Some(0)));
        let (fixed, _) = document.fixed(problem).unwrap();
        assert!(fixed.text().contains("{name: a, namespace: demo} # x"));
    }
}
