//! “Find a field”: searches every field of the form by label or API name and jumps to it.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{Text, field_search as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::field_index::{CUSTOM_FIELDS, tables};
use crate::pages::create_job::footer::focus_field;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::step::Step;

/// Maximum number of hits shown.
const MAX_HITS: usize = 8;

/// Field found by the search.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    label: Text,
    path: String,
}

/// Returns the fields whose labels (in either language) or path contain every word of the query.
fn hits(query: &str) -> Vec<Hit> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let matches = |hit: &Hit| {
        let all = format!("{} {} {}", hit.label.en, hit.label.zh, hit.path).to_lowercase();
        words.iter().all(|word| all.contains(word))
    };
    let own = CUSTOM_FIELDS.iter().map(|(path, label)| Hit {
        label: *label,
        path: (*path).to_owned(),
    });
    let tables = tables().into_iter().flat_map(|(base, specs)| {
        specs.iter().map(move |spec| Hit {
            label: spec.label,
            path: format!("{base}.{}", spec.key),
        })
    });
    own.chain(tables).filter(matches).take(MAX_HITS).collect()
}

/// Search box with its hits.
#[component]
pub fn FieldSearch(
    /// Wizard state.
    wizard: Wizard,
    /// Navigates to a step.
    go: Callback<Step>,
) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let found = Memo::new(move |_| query.with(|query| hits(query)));
    let jump = move |hit: &Hit| {
        // Indexed paths always parse; a test of the index checks it.
        let path: Path = hit.path.parse().unwrap_or_default();
        query.set(String::new());
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
                prop:value=move || query.get()
                on:input=move |event| query.set(event_target_value(&event))
                on:keydown=move |event| match event.key().as_str() {
                    "Enter" => {
                        event.prevent_default();
                        if let Some(hit) = found.get_untracked().first() {
                            jump(hit);
                        }
                    }
                    "Escape" => query.set(String::new()),
                    _ => {}
                }
            />
            <Show when=move || query.with(|query| !query.trim().is_empty())>
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
    fn fields_are_found_by_label_or_api_name() {
        let first = |query: &str| hits(query).first().map(|hit| hit.path.clone());
        let grace = Some("spec.template.spec.terminationGracePeriodSeconds".to_owned());
        assert_eq!(first("grace period seconds"), grace);
        assert_eq!(first("终止宽限期（秒）"), grace);
        assert_eq!(first("ttlsec"), Some("spec.ttlSecondsAfterFinished".to_owned()));
        assert_eq!(first("  "), None);
        assert_eq!(first("no such field"), None);
    }
}
