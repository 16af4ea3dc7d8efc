//! Groups of fields as tables: a row names a field of the API, its label and its control.

use leptos::prelude::*;
use manifest::Path;

use crate::api::create::Offers;
use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::extra_objects::names_of;
use crate::pages::create_job::fields::key_values::KeyValues;
use crate::pages::create_job::fields::quantity::{QuantityField, Units};
use crate::pages::create_job::fields::{
    BooleanSelect, Checkbox, Field, Input, InputKind, Select, StringList, TextField,
};
use crate::pages::create_job::state::Wizard;

/// Control that edits a field.
#[derive(Debug, Clone, Copy)]
pub enum Control {
    /// String; empty removes the field.
    Text,
    /// String that the API requires; empty stays.
    Required,
    /// Integer, or a port's name where the API accepts either.
    Number,
    /// True, or absent.
    Checkbox,
    /// True, false or absent: for fields whose default is true, or decided elsewhere.
    BooleanSelect,
    /// One of these values.
    Choice(&'static [&'static str]),
    /// Quantity.
    Quantity(Units),
    /// List of strings; label of its add button.
    StringList(Text),
    /// Mapping of strings; label of its add button.
    KeyValues(Text),
    /// Name of an object of a kind, suggested from the stream itself and from the project; any other is accepted.
    Offer(&'static str, fn(&Offers) -> Vec<String>),
}

impl Control {
    /// Returns whether the control needs the whole width.
    fn is_wide(self) -> bool {
        matches!(self, Self::StringList(_) | Self::KeyValues(_))
    }
}

/// Field of the API.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// Keys below the group's path, joined by dots.
    pub key: &'static str,
    /// Label.
    pub label: Text,
    /// Help text; may be empty.
    pub hint: Text,
    /// Control.
    pub control: Control,
    /// First minor version of Kubernetes 1 that serves the field without a feature gate; 0 for all supported
    /// versions.
    pub since: u16,
    /// Other words for it in both languages, separated by commas, for the search.
    pub synonyms: &'static str,
}

impl FieldSpec {
    /// Returns the path of the field below a base.
    pub fn path(&self, base: &Path) -> Path {
        self.key.split('.').fold(base.clone(), |path, key| path.key(key))
    }
}

/// Declares a table: `"key" => Control, "label" | "标签", "hint" | "说明";` and before the semicolon, if the API has the
/// field only since some version, `[since 26]`, and other words for it, `also "words, 词"`.
macro_rules! specs {
    ($($key:literal => $control:expr, $en:literal | $zh:literal, $hint_en:literal | $hint_zh:literal $([since $since:literal])? $(also $also:literal)?;)*) => {
        &[$($crate::pages::create_job::fields::table::FieldSpec {
            key: $key,
            label: $crate::i18n::Text { en: $en, zh: $zh },
            hint: $crate::i18n::Text { en: $hint_en, zh: $hint_zh },
            control: $control,
            since: 0 $(+ $since)?,
            synonyms: concat!($($also)?),
        }),*]
    };
}
pub(crate) use specs;

/// Fields of a table, in as many columns as fit.
#[component]
pub fn Fields(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the object they belong to.
    base: Path,
    /// Table.
    specs: &'static [FieldSpec],
) -> impl IntoView {
    let (wide, narrow): (Vec<_>, Vec<_>) = specs.iter().partition(|spec| spec.control.is_wide());
    let field = |spec: &&'static FieldSpec| {
        let spec = *spec;
        let path = spec.path(&base);
        view! { <Versioned wizard spec path/> }
    };
    view! {
        {(!narrow.is_empty()).then(|| view! { <div class="columns">{narrow.iter().map(field).collect_view()}</div> })}
        {wide.iter().map(field).collect_view()}
    }
    .into_any()
}

/// Field that is disabled with a reason if the cluster's version lacks it.
#[component]
fn Versioned(wizard: Wizard, spec: &'static FieldSpec, path: Path) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let missing = Memo::new(move |_| {
        let is_missing = match wizard.schema_has(&stored.get_value()) {
            // A field that is set stays enabled, so that it can be removed.
            _ if wizard.get(&stored.get_value()).is_some() => false,
            Some(known) => !known,
            None => wizard.minor_version.get().is_some_and(|minor| minor < spec.since),
        };
        is_missing.then(|| match spec.since {
            0 => t(text::NOT_IN_CLUSTER).to_owned(),
            since => tf(text::NEEDS_VERSION, &[("version", &format!("1.{since}"))]),
        })
    });
    view! {
        <div class="versioned" class:versioned-wide=spec.control.is_wide() inert=move || missing.with(Option::is_some)>
            <FieldControl wizard spec path/>
        </div>
        {dynamic(move || missing.get().map(|reason| view! { <p class="hint hint-version">{t(spec.label)} ": " {reason}</p> }))}
    }
}

#[component]
fn FieldControl(wizard: Wizard, spec: &'static FieldSpec, path: Path) -> impl IntoView {
    let FieldSpec { label, hint, .. } = *spec;
    let text = |kind| view! { <TextField wizard path=path.clone() label hint kind mono=true/> }.into_any();
    match spec.control {
        Control::Text => text(InputKind::Text),
        Control::Required => text(InputKind::RequiredText),
        Control::Number => text(InputKind::Number),
        Control::Checkbox => view! { <Checkbox wizard path label hint/> }.into_any(),
        Control::BooleanSelect => view! { <BooleanSelect wizard path label hint/> }.into_any(),
        Control::Choice(values) => {
            view! { <Select wizard path label hint values none=text::NOT_SET/> }.into_any()
        }
        Control::Quantity(units) => view! { <QuantityField wizard path label units/> }.into_any(),
        Control::StringList(add) => view! { <StringList wizard path label add/> }.into_any(),
        Control::KeyValues(add) => view! { <KeyValues wizard path label add/> }.into_any(),
        Control::Offer(kind, names) => {
            let offers = Signal::derive(move || {
                let mut all = names_of(wizard, kind);
                wizard
                    .offers
                    .with(|offers| all.extend(offers.as_ref().map(names).unwrap_or_default()));
                all
            });
            let id = wizard.id(&path);
            view! {
                <Field wizard path=path.clone() label=t(label) hint>
                    <Input wizard path kind=InputKind::Text offers=Some(offers) mono=true/>
                    <SuggestionCount id offers/>
                </Field>
            }
            .into_any()
        }
    }
}

/// Announces the number of suggested names, so that an empty list is not confusing.
#[component]
fn SuggestionCount(id: String, offers: Signal<Vec<String>>) -> impl IntoView {
    view! {
        <span class="sr-only" id=format!("{id}-offered")>
            {dynamic(move || tf(text::OFFERED, &[("n", &offers.with(Vec::len).to_string())]))}
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_key_resolves_to_nested_path() {
        const TABLE: &[FieldSpec] =
            specs! { "limits.cpu" => Control::Text, "a" | "甲", "" | "" [since 26] also "b"; };
        assert_eq!(
            TABLE[0].path(&Path::of(["resources"])).to_string(),
            "resources.limits.cpu"
        );
        assert_eq!((TABLE[0].since, TABLE[0].synonyms), (26, "b"));
    }
}
