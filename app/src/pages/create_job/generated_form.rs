//! The generated form: every field of the cluster's schema that has no control made by hand.
//!
//! Fields that are set are shown with a control for their type; the others can be added. A field whose subtree is
//! partly covered by hand shows only the rest.

use leptos::prelude::*;
use manifest::schema::{Field as Known, Type, fields};
use manifest::{Edit, Path};
use serde_json::{Value, json};

use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::field_index::{Covered, covered};
use crate::pages::create_job::fields::key_values::Pairs;
use crate::pages::create_job::fields::{AddButton, As, Field, Input, RemoveButton, Words, positions};
use crate::pages::create_job::state::{Wizard, plain};

/// The rest of the fields of the object at a path, folded; nothing where the schema knows none.
#[component]
pub fn OtherFields(
    /// The wizard.
    wizard: Wizard,
    /// The object.
    path: Path,
) -> impl IntoView {
    let stored = StoredValue::new(path);
    let any = Memo::new(move |_| !known(wizard, &stored.get_value()).is_empty());
    let set = Memo::new(move |_| {
        let fields = known(wizard, &stored.get_value());
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

/// A field of the generated form: where it stands below the form's object, and what the schema says.
type Below = (Path, Known);

/// How far the search for uncovered fields goes down through objects that are partly covered.
const DEPTH: usize = 6;

/// The fields below an object that have no controls made by hand. An object that is partly covered gives the rest of
/// its fields; a list whose items have cards of their own gives none, since those cards show the rest.
fn known(wizard: Wizard, path: &Path) -> Vec<Below> {
    let entry = wizard.entry.get();
    let mut found = Vec::new();
    if let Some(schema) = wizard.schema.get() {
        wizard.readable.with(|document| {
            let of = |path: &Path| fields(document, entry, &schema, path);
            collect(&of, path, &Path::root(), DEPTH, &mut found);
        });
    }
    found
}

fn collect(
    of: &dyn Fn(&Path) -> Vec<Known>,
    base: &Path,
    below: &Path,
    depth: usize,
    found: &mut Vec<Below>,
) {
    let at = below
        .segments()
        .iter()
        .cloned()
        .fold(base.clone(), |path, segment| path.join(segment));
    for field in of(&at) {
        let below = below.key(&field.name);
        match covered(&at.key(&field.name)) {
            Covered::Partly if field.kind == Type::Object && depth > 0 => {
                collect(of, base, &below, depth - 1, found);
            }
            Covered::Whole | Covered::Partly => {}
            Covered::Not => found.push((below, field)),
        }
    }
}

/// The fields that are set, and the choice of those that are not.
fn fields_of(wizard: Wizard, path: Path) -> AnyView {
    let stored = StoredValue::new(path);
    // Drawn anew only when fields come or go.
    let names = Memo::new(move |_| {
        let fields = known(wizard, &stored.get_value());
        let (set, free): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(_, field)| field.present);
        let names = |fields: Vec<Below>| {
            fields
                .into_iter()
                .map(|(below, _)| below.to_string())
                .collect::<Vec<_>>()
        };
        (names(set), names(free))
    });
    let add = move |name: &str| {
        let path = stored.get_value();
        if let Some((below, field)) = find(wizard, &path, name) {
            let path = below
                .segments()
                .iter()
                .cloned()
                .fold(path, |path, segment| path.join(segment));
            wizard.edit(
                &Edit::Set {
                    path: path.clone(),
                    value: beginning(&field),
                },
                None,
            );
            crate::pages::create_job::footer::focus_field(None, &path);
        }
    };
    view! {
        <For each=move || names.get().0 key=Clone::clone let(name)>
            {control(wizard, stored.get_value(), &name)}
        </For>
        <Show when=move || names.with(|(_, free)| !free.is_empty())>
            <select
                class="input select add-field"
                aria-label=t(text::ADD_FIELD)
                on:change=move |event| add(&event_target_value(&event))
            >
                <option value="" selected=true>{t(text::ADD_FIELD)}</option>
                {dynamic(move || {
                    let free = names.get().1.into_iter();
                    free.map(|name| view! { <option value=name.clone()>{name.clone()}</option> }).collect_view()
                })}
            </select>
        </Show>
    }
    .into_any()
}

fn find(wizard: Wizard, path: &Path, name: &str) -> Option<Below> {
    let fields = untrack(|| known(wizard, path));
    fields.into_iter().find(|(below, _)| below.to_string() == name)
}

/// What a field begins with.
fn beginning(field: &Known) -> Value {
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

/// A control for the type of a field.
fn control(wizard: Wizard, parent: Path, name: &str) -> AnyView {
    let Some((below, field)) = find(wizard, &parent, name) else {
        return ().into_any();
    };
    let path = below
        .segments()
        .iter()
        .cloned()
        .fold(parent, |path, segment| path.join(segment));
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
        Type::Map => view! { <Pairs wizard path=path.clone() label=label.clone() add=text::ADD_LABEL lines=true/> {documentation} }.into_any(),
        Type::List if field.item == Some(Type::Object) => {
            view! { <ObjectList wizard path=path.clone() label=label.clone()/> {documentation} }.into_any()
        }
        Type::List => {
            let numbers = matches!(field.item, Some(Type::Integer | Type::Integer32));
            view! { <Words wizard path=path.clone() label=label.clone() add=text::ADD_ITEM_OF numbers lines=true/> {documentation} }.into_any()
        }
        Type::Boolean => {
            let values = ["true", "false"].map(str::to_owned).to_vec();
            choice(wizard, path.clone(), label.clone(), &field, values)
        }
        _ if !field.choices.is_empty() => choice(wizard, path.clone(), label.clone(), &field, field.choices.clone()),
        kind => {
            let numeric = matches!(kind, Type::Integer | Type::Integer32 | Type::IntOrString | Type::Number);
            let kind = if numeric { As::NumberKept } else { As::TextKept };
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

/// One of several values.
fn choice(wizard: Wizard, path: Path, label: String, field: &Known, values: Vec<String>) -> AnyView {
    let boolean = field.kind == Type::Boolean;
    let stored = StoredValue::new(path.clone());
    let value = move || {
        wizard
            .get(&stored.get_value())
            .as_ref()
            .map(plain)
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

/// A list of objects, each with its own generated fields.
#[component]
fn ObjectList(wizard: Wizard, path: Path, label: String) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let name = label.clone();
    view! {
        <fieldset class="group" id=wizard.id(&path) tabindex="-1">
            <legend class="group-title mono">{label}</legend>
            <For each=move || positions(wizard, stored.get_value()).get() key=|index| *index let(index)>
                <div class="item" role="group" aria-label=format!("{} {}", t(text::ITEM), index + 1)>
                    <div class="item-fields">{fields_of(wizard, stored.get_value().index(index))}</div>
                    <RemoveButton wizard path=stored.get_value().index(index) what=format!("{name} {}", index + 1)/>
                </div>
            </For>
            <AddButton
                label=t(text::ADD_ITEM_OF)
                on_add=Callback::new(move |()| wizard.push(&stored.get_value(), json!({})))
            />
        </fieldset>
    }
    .into_any()
}
