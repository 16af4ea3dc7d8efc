//! Language service of the editor, based on the document and the cluster's schema.

use std::ops::Range;
use std::pin::Pin;

use leptos::prelude::*;
use manifest::schema::{CompletionKind, Type, complete, hover};

use crate::editor::{Host, Suggestion};
use crate::pages::create_job::problems::fix_label;
use crate::pages::create_job::state::Wizard;

/// Editor host backed by the wizard's document.
pub struct DocumentHost(pub Wizard);

impl Host for DocumentHost {
    fn text(&self) -> String {
        self.0.shown.with_untracked(|shown| shown.text().to_owned())
    }

    fn on_change(&self, text: &str) {
        self.0.on_text_change(text);
    }

    fn undo(&self) {
        self.0.undo();
    }

    fn redo(&self) {
        self.0.redo();
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        let schema = self.0.schema;
        Box::pin(async move {
            schema.wait().await;
        })
    }

    fn complete(&self, offset: usize) -> Vec<Suggestion> {
        let Some(schema) = self.0.schema.get_untracked() else {
            return Vec::new();
        };
        let found = self
            .0
            .shown
            .with_untracked(|document| complete(document, &schema, offset));
        let suggestion = |item: manifest::schema::Completion| Suggestion {
            label: item.label,
            insert: item.insert,
            detail: type_name(item.value).to_owned(),
            documentation: item.documentation,
            range: item.range,
            is_field: item.kind == CompletionKind::Field,
        };
        found.into_iter().map(suggestion).collect()
    }

    fn hover(&self, offset: usize) -> Option<(String, Range<usize>)> {
        let schema = self.0.schema.get_untracked()?;
        let found = self
            .0
            .shown
            .with_untracked(|document| hover(document, &schema, offset))?;
        let choices = if found.choices.is_empty() {
            String::new()
        } else {
            format!("\n\n`{}`", found.choices.join("` · `"))
        };
        let markdown = format!(
            "**{}** · {}\n\n{}{choices}",
            found.path,
            type_name(found.kind),
            found.documentation
        );
        Some((markdown, found.range))
    }

    fn fixes(&self, range: Range<usize>) -> Vec<(String, usize)> {
        let touches = |of: &Range<usize>| of.start <= range.end && range.start <= of.end;
        self.0.problems.with_untracked(|problems| {
            let numbered = problems.iter().enumerate();
            let touching = numbered.filter(|(_, problem)| touches(&problem.range));
            touching
                .filter_map(|(number, problem)| Some((fix_label(problem.fix.as_ref()?), number)))
                .collect()
        })
    }

    fn fix(&self, number: usize) {
        let problem = self
            .0
            .problems
            .with_untracked(|problems| problems.get(number).cloned());
        if let Some(problem) = problem {
            self.0.fix(&problem);
        }
    }
}

/// Returns the type's name in the API's documentation, the same in every language.
fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Any => "any",
        Type::Object => "object",
        Type::Map => "map",
        Type::List => "list",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Integer | Type::Integer32 => "integer",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::IntOrString => "integer or string",
        Type::Quantity => "quantity",
        Type::Time => "time",
    }
}
