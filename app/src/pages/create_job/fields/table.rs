//! Groups of fields as tables: a row names a field of the API, its words and its control.

use leptos::prelude::*;
use manifest::Path;

use crate::api::create::Offers;
use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::extra_objects::names_of;
use crate::pages::create_job::fields::key_values::Pairs;
use crate::pages::create_job::fields::quantity::{QuantityField, Units};
use crate::pages::create_job::fields::{As, Check, Field, Flag, Input, Select, TextField, Words};
use crate::pages::create_job::state::Wizard;

/// How a field is edited.
#[derive(Debug, Clone, Copy)]
pub enum Control {
    /// A text; empty takes the field out.
    Text,
    /// A text that the API requires; empty stays.
    Required,
    /// A whole number, or a port's name where the API takes either.
    Number,
    /// True, or not there.
    Check,
    /// True, false or not there: for fields whose default is true, or decided elsewhere.
    Flag,
    /// One of these.
    Choice(&'static [&'static str]),
    /// An amount.
    Quantity(Units),
    /// A list of texts; words on its button.
    Words(Text),
    /// A mapping of texts; words on its button.
    Pairs(Text),
    /// A name out of what the stream itself brings of a kind and what the project offers, or any other.
    Offer(&'static str, fn(&Offers) -> Vec<String>),
}

impl Control {
    /// It needs the whole width.
    fn is_wide(self) -> bool {
        matches!(self, Self::Words(_) | Self::Pairs(_))
    }
}

/// A field of the API.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Its keys below the group's path, joined by dots.
    pub key: &'static str,
    /// Its words.
    pub label: Text,
    /// An explanation; may be empty.
    pub hint: Text,
    /// How it is edited.
    pub control: Control,
    /// The first minor version of Kubernetes 1 that serves it without a feature gate; 0 for all that we support.
    pub since: u16,
}

impl Spec {
    /// Where it stands below a path.
    pub fn path(&self, base: &Path) -> Path {
        self.key.split('.').fold(base.clone(), |path, key| path.key(key))
    }
}

/// Declares a table: `"key" => Control, "label" | "标签", "hint" | "说明";` and, where the API has the field only
/// since some version, `[since 26]` before the colon's semicolon.
macro_rules! specs {
    ($($key:literal => $control:expr, $en:literal | $zh:literal, $hint_en:literal | $hint_zh:literal $([since $since:literal])?;)*) => {
        &[$($crate::pages::create_job::fields::table::Spec {
            key: $key,
            label: $crate::i18n::Text { en: $en, zh: $zh },
            hint: $crate::i18n::Text { en: $hint_en, zh: $hint_zh },
            control: $control,
            since: 0 $(+ $since)?,
        }),*]
    };
}
pub(crate) use specs;

/// The fields of a table, in as many columns as there is room for.
#[component]
pub fn Fields(
    /// The wizard.
    wizard: Wizard,
    /// The object that they belong to.
    base: Path,
    /// The table.
    specs: &'static [Spec],
) -> impl IntoView {
    let (wide, narrow): (Vec<_>, Vec<_>) = specs.iter().partition(|spec| spec.control.is_wide());
    let one = |spec: &&'static Spec| {
        let spec = *spec;
        let path = spec.path(&base);
        view! { <Versioned wizard spec path/> }
    };
    view! {
        {(!narrow.is_empty()).then(|| view! { <div class="columns">{narrow.iter().map(one).collect_view()}</div> })}
        {wide.iter().map(one).collect_view()}
    }
    .into_any()
}

/// A field, disabled with its reason where the cluster does not have it yet.
#[component]
fn Versioned(wizard: Wizard, spec: &'static Spec, path: Path) -> impl IntoView {
    let place = StoredValue::new(path.clone());
    let missing = Memo::new(move |_| {
        let lacks = match wizard.knows(&place.get_value()) {
            // What is set stays in reach, to be taken out.
            _ if wizard.get(&place.get_value()).is_some() => false,
            Some(known) => !known,
            None => wizard.minor.get().is_some_and(|minor| minor < spec.since),
        };
        lacks.then(|| match spec.since {
            0 => t(text::NOT_IN_CLUSTER).to_owned(),
            since => tf(text::NEEDS_VERSION, &[("version", &format!("1.{since}"))]),
        })
    });
    view! {
        <div class="versioned" class:versioned-wide=spec.control.is_wide() inert=move || missing.with(Option::is_some)>
            <One wizard spec path/>
        </div>
        {dynamic(move || missing.get().map(|words| view! { <p class="hint hint-version">{t(spec.label)} ": " {words}</p> }))}
    }
}

#[component]
fn One(wizard: Wizard, spec: &'static Spec, path: Path) -> impl IntoView {
    let Spec { label, hint, .. } = *spec;
    let text = |kind| view! { <TextField wizard path=path.clone() label hint kind mono=true/> }.into_any();
    match spec.control {
        Control::Text => text(As::Text),
        Control::Required => text(As::TextKept),
        Control::Number => text(As::Number),
        Control::Check => view! { <Check wizard path label hint/> }.into_any(),
        Control::Flag => view! { <Flag wizard path label hint/> }.into_any(),
        Control::Choice(values) => {
            view! { <Select wizard path label hint values none=text::NOT_SET/> }.into_any()
        }
        Control::Quantity(units) => view! { <QuantityField wizard path label units/> }.into_any(),
        Control::Words(add) => view! { <Words wizard path label add/> }.into_any(),
        Control::Pairs(add) => view! { <Pairs wizard path label add/> }.into_any(),
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
                    <Input wizard path kind=As::Text offers=Some(offers) mono=true/>
                    <Offered id offers/>
                </Field>
            }
            .into_any()
        }
    }
}

/// Says how many names there are to choose from, so that an empty list is no riddle.
#[component]
fn Offered(id: String, offers: Signal<Vec<String>>) -> impl IntoView {
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
    fn a_key_with_dots_goes_down_several_levels() {
        const TABLE: &[Spec] = specs! { "limits.cpu" => Control::Text, "a" | "甲", "" | "" [since 26]; };
        assert_eq!(
            TABLE[0].path(&Path::of(["resources"])).to_string(),
            "resources.limits.cpu"
        );
        assert_eq!(TABLE[0].since, 26);
    }
}
