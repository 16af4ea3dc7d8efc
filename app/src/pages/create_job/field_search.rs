//! “Find a field”: every field of the form by its words or its name in the API, and a jump to it.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{Text, field_search as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::field_index::{OTHERS, tables};
use crate::pages::create_job::footer::focus_field;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::step::Step;

/// Most hits that are shown at once.
const HITS: usize = 8;

/// A field that can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    label: Text,
    path: String,
}

/// The fields whose words (in either language) or path hold every word that was typed.
fn hits(typed: &str) -> Vec<Hit> {
    let wanted: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let fits = |hit: &Hit| {
        let all = format!("{} {} {}", hit.label.en, hit.label.zh, hit.path).to_lowercase();
        wanted.iter().all(|word| all.contains(word))
    };
    let own = OTHERS.iter().map(|(path, label)| Hit {
        label: *label,
        path: (*path).to_owned(),
    });
    let tables = tables().into_iter().flat_map(|(base, specs)| {
        specs.iter().map(move |spec| Hit {
            label: spec.label,
            path: format!("{base}.{}", spec.key),
        })
    });
    own.chain(tables).filter(fits).take(HITS).collect()
}

/// The box with its hits.
#[component]
pub fn Find(
    /// The wizard.
    wizard: Wizard,
    /// Goes to a step.
    go: Callback<Step>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let found = Memo::new(move |_| typed.with(|typed| hits(typed)));
    let jump = move |hit: &Hit| {
        // Paths of the catalogue always parse; see the test below.
        let path: Path = hit.path.parse().unwrap_or_default();
        typed.set(String::new());
        wizard.focused.set(path.clone());
        go.run(Step::of(&path));
        focus_field(None, &path);
    };
    view! {
        <div class="find" role="search">
            <Icon glyph=Glyph::Search/>
            <input
                class="input find-input"
                type="search"
                autocomplete="off"
                spellcheck="false"
                aria-label=t(text::FIND)
                placeholder=t(text::FIND)
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
                on:keydown=move |event| match event.key().as_str() {
                    "Enter" => {
                        event.prevent_default();
                        if let Some(hit) = found.get_untracked().first() {
                            jump(hit);
                        }
                    }
                    "Escape" => typed.set(String::new()),
                    _ => {}
                }
            />
            <Show when=move || typed.with(|typed| !typed.trim().is_empty())>
                <div class="find-hits">
                    <p class="sr-only" role="status">
                        {dynamic(move || tf(text::HITS, &[("n", &found.with(Vec::len).to_string())]))}
                    </p>
                    {dynamic(move || {
                        let found = found.get();
                        if found.is_empty() {
                            return view! { <p class="hint find-none">{t(text::NONE)}</p> }.into_any();
                        }
                        found
                            .into_iter()
                            .map(|hit| {
                                let (label, path) = (t(hit.label), hit.path.clone());
                                view! {
                                    <button type="button" class="find-hit" on:click=move |_| jump(&hit)>
                                        <span>{label}</span>
                                        <code>{path}</code>
                                    </button>
                                }
                            })
                            .collect_view()
                            .into_any()
                    })}
                </div>
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_words_in_either_language_and_by_its_name() {
        let first = |typed: &str| hits(typed).first().map(|hit| hit.path.clone());
        let grace = Some("spec.template.spec.terminationGracePeriodSeconds".to_owned());
        assert_eq!(first("grace period seconds"), grace);
        assert_eq!(first("终止宽限期（秒）"), grace);
        assert_eq!(first("ttlsec"), Some("spec.ttlSecondsAfterFinished".to_owned()));
        assert_eq!(first("  "), None);
        assert_eq!(first("no such field"), None);
    }
}
