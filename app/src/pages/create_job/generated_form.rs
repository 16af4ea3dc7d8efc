//! Generated form for every field of the cluster's schema that has no handwritten control.
//!
//! Fields that are set are shown with a control for their type; the others can be added. A field whose subtree is
//! partly covered by handwritten controls shows only the rest.

use leptos::prelude::*;
use manifest::schema::{Field as SchemaField, Type, fields};
use manifest::{Edit, Path};
use serde_json::{Value, json};

use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::field_index::{Coverage, coverage};
use crate::pages::create_job::fields::key_values::KeyValues;
use crate::pages::create_job::fields::{AddButton, Field, Input, InputKind, RemoveButton, Rows, StringList};
use crate::pages::create_job::focus_field::focus_field;
use crate::pages::create_job::state::{Wizard, display};

/// Remaining fields of the object at a path, collapsed; renders nothing if the schema knows none.
#[component]
pub fn OtherFields(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the object.
    path: Path,
) -> impl IntoView {
    let stored = StoredValue::new(path);
    let any = Memo::new(move |_| !uncovered_fields(wizard, &stored.get_value()).is_empty());
    let set = Memo::new(move |_| {
        let fields = uncovered_fields(wizard, &stored.get_value());
        fields.iter().filter(|(_, field)| field.present).count()
    });
    let open = Memo::new(move |was: Option<&bool>| was.copied().unwrap_or_default() || set.get() > 0);
    view! {
        <Show when=move || any.get()>
            <details class="more" open=move || open.get()>
                <summary>
                    {t(text::OTHER_FIELDS)}
                    {dynamic(move || {
                        let set = set.get();
                        (set > 0).then(|| view! { <span class="count count-mild" title=t(text::FIELDS_SET)>{set}</span> })
                    })}
                </summary>
                <p class="hint">{t(text::OTHER_FIELDS_HINT)}</p>
                {dynamic(move || fields_of(wizard, stored.get_value()))}
            </details>
        </Show>
    }
    .into_any()
}

/// Field of the generated form: its path below the form's object, and its schema.
type FormField = (Path, SchemaField);

/// Maximum depth of the search for uncovered fields in partly covered objects.
const MAX_DEPTH: usize = 6;

/// Returns the fields below an object that have no handwritten controls. A partly covered object contributes the
/// rest of its fields; a list whose items have their own cards contributes none, since those cards show the rest.
fn uncovered_fields(wizard: Wizard, path: &Path) -> Vec<FormField> {
    let mut found = Vec::new();
    if let Some(schema) = wizard.schema.get() {
        wizard.read(path, |entry, document| {
            let fields_at = |path: &Path| fields(document, entry, &schema, path);
            collect(&fields_at, path, &Path::root(), MAX_DEPTH, &mut found);
        });
    }
    found
}

fn collect(
    fields_at: &dyn Fn(&Path) -> Vec<SchemaField>,
    base: &Path,
    below: &Path,
    depth: usize,
    found: &mut Vec<FormField>,
) {
    let at = joined(base, below);
    for field in fields_at(&at) {
        let below = below.key(&field.name);
        match coverage(&at.key(&field.name)) {
            Coverage::Partial if field.kind == Type::Object && depth > 0 => {
                collect(fields_at, base, &below, depth - 1, found);
            }
            Coverage::Full | Coverage::Partial => {}
            Coverage::None => found.push((below, field)),
        }
    }
}

/// Objects with a form of their remaining fields.
fn bases() -> [Path; 5] {
    let template = Path::of(["spec", "template"]);
    let pod = template.key("spec");
    [
        Path::of(["metadata"]),
        Path::of(["spec"]),
        template.key("metadata"),
        pod.key("containers").index(0),
        pod,
    ]
}

/// Returns the paths of all fields in generated forms, for the field search; of containers, those of the first.
pub fn all_paths(wizard: Wizard) -> Vec<String> {
    let paths_of = |base: Path| {
        let fields = uncovered_fields(wizard, &base);
        fields
            .into_iter()
            .map(move |(below, _)| joined(&base, &below).to_string())
    };
    bases().into_iter().flat_map(paths_of).collect()
}

/// Adds the field at a path to its generated form, unless it is set.
pub fn add(wizard: Wizard, path: &Path) {
    if untrack(|| wizard.get(path)).is_some() {
        return;
    }
    let base = bases().into_iter().filter(|base| path.starts_with(base));
    let Some(base) = base.max_by_key(|base| base.segments().len()) else {
        return;
    };
    let fields = untrack(|| uncovered_fields(wizard, &base));
    if let Some((_, field)) = fields
        .into_iter()
        .find(|(below, _)| joined(&base, below) == *path)
    {
        wizard.edit(
            &Edit::Set {
                path: path.clone(),
                value: initial_value(&field),
            },
            None,
        );
    }
}

/// Joins a path and one below it.
fn joined(base: &Path, below: &Path) -> Path {
    below
        .segments()
        .iter()
        .cloned()
        .fold(base.clone(), |path, segment| path.join(segment))
}

/// Controls of the fields that are set, and a select that adds others.
fn fields_of(wizard: Wizard, path: Path) -> AnyView {
    let stored = StoredValue::new(path);
    // Rendered again only when fields are added or removed.
    let names = Memo::new(move |_| {
        let fields = uncovered_fields(wizard, &stored.get_value());
        let (set, unset): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(_, field)| field.present);
        let names = |fields: Vec<FormField>| {
            fields
                .into_iter()
                .map(|(below, _)| below.to_string())
                .collect::<Vec<_>>()
        };
        (names(set), names(unset))
    });
    let add = move |name: &str| {
        let path = stored.get_value();
        if let Some((below, field)) = find(wizard, &path, name) {
            let path = joined(&path, &below);
            wizard.edit(
                &Edit::Set {
                    path: path.clone(),
                    value: initial_value(&field),
                },
                None,
            );
            focus_field(wizard, None, &path, None);
        }
    };
    view! {
        <For each=move || names.get().0 key=Clone::clone let(name)>
            {control(wizard, stored.get_value(), &name)}
        </For>
        <Show when=move || names.with(|(_, unset)| !unset.is_empty())>
            <select
                class="input select add-field"
                aria-label=t(text::ADD_FIELD)
                on:change=move |event| add(&event_target_value(&event))
            >
                <option value="" selected=true>{t(text::ADD_FIELD)}</option>
                {dynamic(move || {
                    let unset = names.get().1.into_iter();
                    unset.map(|name| view! { <option value=name.clone()>{name.clone()}</option> }).collect_view()
                })}
            </select>
        </Show>
    }
    .into_any()
}

fn find(wizard: Wizard, path: &Path, name: &str) -> Option<FormField> {
    let fields = untrack(|| uncovered_fields(wizard, path));
    fields.into_iter().find(|(below, _)| below.to_string() == name)
}

/// Returns the initial value of a field.
fn initial_value(field: &SchemaField) -> Value {
    if let Some(default) = &field.default {
        return default.clone();
    }
    match field.kind {
        Type::Object | Type::Map => json!({}),
        Type::List => json!([]),
        Type::Boolean => json!(true),
        Type::Integer | Type::Integer32 | Type::IntOrString | Type::Number => json!(0),
        _ => field
            .choices
            .first()
            .map_or_else(|| json!(""), |choice| json!(choice)),
    }
}

/// Returns a control for the type of a field.
fn control(wizard: Wizard, parent: Path, name: &str) -> AnyView {
    let Some((below, field)) = find(wizard, &parent, name) else {
        return ().into_any();
    };
    let path = joined(&parent, &below);
    let removed = path.clone();
    let label = name.to_owned();
    let documentation = view! { <p class="hint documentation">{field.documentation.clone()}</p> };
    let inside = match field.kind {
        Type::Object => {
            let at = path.clone();
            view! {
                <fieldset class="group" id=wizard.id(&path) tabindex="-1">
                    <legend class="group-title mono">{label.clone()}</legend>
                    {documentation}
                    <div class="item-fields">{fields_of(wizard, at)}</div>
                </fieldset>
            }
            .into_any()
        }
        Type::Map => view! { <KeyValues wizard path=path.clone() label=label.clone() add=text::ADD_LABEL lines=true/> {documentation} }.into_any(),
        Type::List if field.item == Some(Type::Object) => {
            view! { <ObjectList wizard path=path.clone() label=label.clone()/> {documentation} }.into_any()
        }
        Type::List => {
            let numbers = matches!(field.item, Some(Type::Integer | Type::Integer32));
            view! { <StringList wizard path=path.clone() label=label.clone() add=text::ADD_ITEM_OF numbers lines=true/> {documentation} }.into_any()
        }
        Type::Boolean => {
            let values = ["true", "false"].map(str::to_owned).to_vec();
            choice(wizard, path.clone(), label.clone(), &field, values)
        }
        _ if !field.choices.is_empty() => choice(wizard, path.clone(), label.clone(), &field, field.choices.clone()),
        kind => {
            let numeric = matches!(kind, Type::Integer | Type::Integer32 | Type::IntOrString | Type::Number);
            let kind = if numeric { InputKind::RequiredNumber } else { InputKind::RequiredText };
            view! {
                <Field wizard path=path.clone() label=label.clone()>
                    <Input wizard path=path.clone() kind lines=!numeric mono=true/>
                    {documentation}
                </Field>
            }
            .into_any()
        }
    };
    view! {
        <div class="item">
            <div class="item-fields">{inside}</div>
            <RemoveButton wizard path=removed what=label/>
        </div>
    }
    .into_any()
}

/// Select of several values.
fn choice(wizard: Wizard, path: Path, label: String, field: &SchemaField, values: Vec<String>) -> AnyView {
    let boolean = field.kind == Type::Boolean;
    let stored = StoredValue::new(path.clone());
    let value = move || {
        wizard
            .get(&stored.get_value())
            .as_ref()
            .map(display)
            .unwrap_or_default()
    };
    let id = wizard.id(&path);
    let documentation = field.documentation.clone();
    view! {
        <Field wizard path label>
            <select
                id=id
                class="input select"
                on:focus=move |_| wizard.focused.set(stored.get_value())
                on:change=move |event| {
                    let chosen = event_target_value(&event);
                    let value = if boolean { Value::Bool(chosen == "true") } else { Value::from(chosen) };
                    wizard.set(&stored.get_value(), value);
                }
            >
                {values
                    .into_iter()
                    .map(|offered| {
                        let chosen = offered.clone();
                        view! { <option value=offered.clone() selected=move || value() == chosen>{offered.clone()}</option> }
                    })
                    .collect_view()}
            </select>
            <p class="hint documentation">{documentation}</p>
        </Field>
    }
    .into_any()
}

/// List of objects, each with its own generated fields.
#[component]
fn ObjectList(wizard: Wizard, path: Path, label: String) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let name = StoredValue::new(label.clone());
    let row = move |index: usize| {
        let path = stored.get_value().index(index);
        view! {
            <div class="item" role="group" aria-label=format!("{} {}", t(text::ITEM), index + 1)>
                <div class="item-fields">{fields_of(wizard, path.clone())}</div>
                <RemoveButton wizard path what=format!("{} {}", name.get_value(), index + 1)/>
            </div>
        }
        .into_any()
    };
    view! {
        <fieldset class="group" id=wizard.id(&path) tabindex="-1">
            <legend class="group-title mono">{label}</legend>
            <Rows wizard path=path.clone() label=name.get_value() row=Callback::new(row)/>
            <AddButton
                label=t(text::ADD_ITEM_OF)
                on_add=Callback::new(move |()| wizard.add(&stored.get_value(), json!({})))
            />
        </fieldset>
    }
    .into_any()
}
