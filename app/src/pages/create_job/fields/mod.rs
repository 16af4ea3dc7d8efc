//! Inputs bound to a path of the document: they show its value and change it by edits.
//!
//! [`table`] builds groups of them from tables, so that a field of the API is a row of data.

mod buttons;
mod choose;
mod input;
pub mod items;
pub mod key_values;
pub mod lazy;
pub mod quantity;
pub mod rows;
mod string_list;
pub mod table;
mod yaml_key;

pub use crate::pages::create_job::fields::buttons::{AddButton, RemoveButton};
pub use crate::pages::create_job::fields::choose::{BooleanSelect, Checkbox, Select};
pub use crate::pages::create_job::fields::input::{
    Input, InputKind, TextField, escape_for_textarea, line_count,
};
pub use crate::pages::create_job::fields::rows::Rows;
pub use crate::pages::create_job::fields::string_list::StringList;
pub use crate::pages::create_job::fields::yaml_key::YamlKey;

use std::fmt::Write;

use leptos::prelude::*;
use manifest::{Path, Severity};

use crate::i18n::{Text, t};
use crate::kit::erased::dynamic;
use crate::pages::create_job::problems::{fix_label, message};
use crate::pages::create_job::state::Wizard;

/// Returns the element id of a path's input, in the form of the Job or of another document of the stream. The
/// problem list and the mode switch focus it. Ids are unique per path and contain no space, which would make them
/// several.
pub fn id_in(other: Option<usize>, path: &Path) -> String {
    let mut id = other.map_or_else(|| "f-".to_owned(), |entry| format!("d{entry}-"));
    for c in path.to_string().chars() {
        match c {
            c if c.is_ascii_alphanumeric() => id.push(c),
            '.' => id.push('-'),
            '[' => id.push(':'),
            ']' => id.push('.'),
            c => {
                let _ = write!(id, "_{:x}_", u32::from(c));
            }
        }
    }
    id
}

/// Label, input, hint and problems.
#[component]
pub fn Field(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the field.
    path: Path,
    /// Label.
    #[prop(into)]
    label: String,
    /// Help text.
    #[prop(optional)]
    hint: Option<Text>,
    /// Whether the label is for screen readers only (rows that have a heading).
    #[prop(optional)]
    quiet: bool,
    /// Input.
    children: Children,
) -> impl IntoView {
    let id = wizard.id(&path);
    let key = (!quiet).then(|| view! { <YamlKey path=path.clone() label=label.clone()/> });
    view! {
        <div class="field">
            <div class="field-heading">
                <label class=if quiet { "sr-only" } else { "field-label" } for=id.clone()>{label}</label>
                {key}
            </div>
            {children()}
            {hint.filter(|hint| !hint.en.is_empty()).map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{t(hint)}</p> })}
            <Problems wizard path/>
        </div>
    }
}

/// Problems at a path.
#[component]
pub fn Problems(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the field.
    path: Path,
) -> impl IntoView {
    let id = format!("{}-problem", wizard.id(&path));
    let path = StoredValue::new(path);
    view! {
        <div id=id class="field-problems" aria-live="polite">
            {dynamic(move || {
                wizard
                    .problems_at(&path.get_value())
                    .into_iter()
                    .map(|problem| {
                        let class = match problem.severity {
                            Severity::Error => "field-problem",
                            _ => "field-problem field-advice",
                        };
                        let fix = problem.fix.as_ref().map(|fix| (fix_label(fix), problem.clone()));
                        view! {
                            <p class=class>
                                {message(&problem)}
                                {fix
                                    .map(|(label, problem)| {
                                        view! {
                                            <button type="button" class="link" on:click=move |_| wizard.fix(&problem)>
                                                {label}
                                            </button>
                                        }
                                    })}
                            </p>
                        }
                    })
                    .collect_view()
            })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn element_ids_are_unique_per_path() {
        let keys = [
            "a", "a.b", "a-b", "a b", "a/b", "a[0]", "0", "", "é", "_2e_", "a\"b", "b", "a_b", "a]b",
        ];
        let mut paths = vec![Path::root()];
        for key in keys {
            paths.push(Path::of([key]));
            paths.push(Path::of(["a"]).key(key));
            paths.push(Path::of([key]).index(0));
            paths.push(Path::of([key]).index(0).key("b"));
        }
        let distinct: HashSet<_> = paths.iter().collect();
        let ids: HashSet<_> = paths
            .iter()
            .flat_map(|path| [id_in(None, path), id_in(Some(0), path), id_in(Some(1), path)])
            .collect();
        assert_eq!(ids.len(), distinct.len() * 3);
        assert!(ids.iter().all(|id| !id.contains(char::is_whitespace)));
        assert_eq!(id_in(None, &Path::of(["metadata", "name"])), "f-metadata-name");
    }
}
