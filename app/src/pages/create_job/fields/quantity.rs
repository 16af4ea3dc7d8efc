//! Quantity of CPU or memory: a number and a unit, stored in the manifest as written.

use leptos::prelude::*;
use manifest::{Path, Severity};

use crate::i18n::{Text, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::Field;
use crate::pages::create_job::state::Wizard;

/// Units offered next to the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// `m` and whole cores.
    Cpu,
    /// `Mi`, `Gi` and similar.
    Memory,
}

impl Units {
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Cpu => &["m", ""],
            Self::Memory => &["Mi", "Gi", "Ki", "Ti", "M", "G", ""],
        }
    }
}

/// Splits a text into number and suffix, if the unit list has the suffix; else returns the whole text and none.
fn split_unit(units: Units, text: &str) -> (String, Option<&'static str>) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-'))
        .unwrap_or(text.len());
    let suffix = units.suffixes().iter().find(|suffix| **suffix == &text[end..]);
    match suffix {
        Some(suffix) => (text[..end].to_owned(), Some(*suffix)),
        None => (text.to_owned(), None),
    }
}

/// Quantity with its unit. A unit typed into the number's box (`1.5Gi`) is accepted too.
#[component]
pub fn QuantityField(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the field.
    path: Path,
    /// Label.
    label: Text,
    /// Kind of units.
    units: Units,
) -> impl IntoView {
    let id = wizard.id(&path);
    let described = format!("{id}-problem");
    let stored = StoredValue::new(path.clone());
    // Unit selected while there is no number yet.
    let selected_unit = RwSignal::new(units.suffixes()[0]);
    let written = move || wizard.text(&stored.get_value());
    let number = move || split_unit(units, &written()).0;
    let unit = move || {
        let written = written();
        if written.is_empty() {
            Some(selected_unit.get())
        } else {
            split_unit(units, &written).1
        }
    };
    let set = move |number: &str, unit: &str| {
        let path = stored.get_value();
        let zero =
            number.is_empty() || number.parse::<f64>() == Ok(0.0) && !number.ends_with('.') && number == "0";
        if zero {
            wizard.clear(&path);
        } else {
            let has_unit = number.ends_with(|c: char| c.is_ascii_alphabetic());
            let value = if has_unit {
                number.to_owned()
            } else {
                format!("{number}{unit}")
            };
            wizard.set(&path, value.into());
        }
    };
    let invalid = move || {
        wizard
            .problems_at(&stored.get_value())
            .iter()
            .any(|problem| problem.severity == Severity::Error)
            .to_string()
    };
    view! {
        <Field wizard path label=t(label)>
            <div class="quantity">
                <input
                    id=id
                    class="input"
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    aria-describedby=described
                    aria-invalid=invalid
                    value=wizard.initial(number)
                    prop:value=number
                    on:input=move |event| {
                        let unit = untrack(unit).unwrap_or_default();
                        // A number that is cleared and retyped keeps its unit.
                        selected_unit.set(unit);
                        set(&event_target_value(&event), unit);
                    }
                    on:focus=move |_| wizard.focused.set(stored.get_value())
                />
                <select
                    class="input select"
                    aria-label=tf(text::UNIT, &[("label", t(label))])
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        let Some(unit) = units.suffixes().iter().find(|suffix| **suffix == value) else { return };
                        selected_unit.set(unit);
                        let number = untrack(number);
                        if !number.is_empty() {
                            set(&number, unit);
                        }
                    }
                >
                    {units
                        .suffixes()
                        .iter()
                        .map(|suffix| {
                            let label = match (*suffix, units) {
                                ("", Units::Cpu) => t(text::UNIT_CORES),
                                ("", Units::Memory) => "B",
                                (suffix, _) => suffix,
                            };
                            view! { <option value=*suffix selected=move || unit() == Some(*suffix)>{label}</option> }
                        })
                        .collect_view()}
                    {dynamic(move || {
                        unit().is_none().then(|| view! { <option value="?" selected=true>{t(text::UNIT_NONE)}</option> })
                    })}
                </select>
            </div>
        </Field>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_keep_their_written_unit() {
        assert_eq!(split_unit(Units::Cpu, "500m"), ("500".to_owned(), Some("m")));
        assert_eq!(split_unit(Units::Cpu, "0.5"), ("0.5".to_owned(), Some("")));
        assert_eq!(split_unit(Units::Memory, "1.5Gi"), ("1.5".to_owned(), Some("Gi")));
        assert_eq!(
            split_unit(Units::Memory, "1e9"),
            ("1e9".to_owned(), None),
            "kept as written"
        );
        assert_eq!(split_unit(Units::Memory, "1x"), ("1x".to_owned(), None));
        assert_eq!(split_unit(Units::Cpu, ""), (String::new(), Some("")));
    }
}
