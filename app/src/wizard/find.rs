//! “Find a field”: every field of the form by its words or its name in the API, and a jump to it.

use leptos::prelude::*;
use manifest::Path;

use super::fields::spec::Spec;
use super::foot::focus_field;
use super::state::Wizard;
use super::step::Step;
use super::{containers, nodes, pod, settings, volumes};
use crate::i18n::{Text, find as text, t, tf, wizard};
use crate::kit::icon::{Glyph, Icon};

/// Most hits that are shown at once.
const HITS: usize = 8;

/// Tables of fields, each with the path of the object that they belong to.
fn tables() -> Vec<(&'static str, &'static [Spec])> {
    [
        settings::tables(),
        pod::tables(),
        containers::tables(),
        volumes::tables(),
        nodes::tables(),
    ]
    .concat()
}

/// Fields with controls of their own.
const OTHERS: &[(&str, Text)] = &[
    ("metadata.name", wizard::NAME),
    (
        "metadata.annotations[\"kubesphere.io/alias-name\"]",
        wizard::ALIAS,
    ),
    (
        "metadata.annotations[\"kubesphere.io/description\"]",
        wizard::DESCRIPTION,
    ),
    ("metadata.labels", wizard::JOB_LABELS),
    ("metadata.annotations", wizard::ANNOTATIONS),
    ("spec.template.metadata.labels", wizard::POD_LABELS),
    ("spec.template.spec.restartPolicy", wizard::RESTART),
    ("spec.template.spec.containers[0].name", wizard::CONTAINER_NAME),
    ("spec.template.spec.containers[0].image", wizard::IMAGE),
    (
        "spec.template.spec.containers[0].resources.requests.cpu",
        wizard::CPU_REQUEST,
    ),
    (
        "spec.template.spec.containers[0].resources.limits.cpu",
        wizard::CPU_LIMIT,
    ),
    (
        "spec.template.spec.containers[0].resources.requests.memory",
        wizard::MEMORY_REQUEST,
    ),
    (
        "spec.template.spec.containers[0].resources.limits.memory",
        wizard::MEMORY_LIMIT,
    ),
    ("spec.template.spec.containers[0].command", wizard::COMMAND),
    ("spec.template.spec.containers[0].args", wizard::ARGS),
    ("spec.template.spec.containers[0].ports", wizard::PORTS),
    ("spec.template.spec.containers[0].env", wizard::ENVIRONMENT),
    ("spec.template.spec.containers[0].envFrom", wizard::ENV_FROM),
    ("spec.template.spec.initContainers", wizard::INIT_CONTAINERS),
    ("spec.template.spec.volumes", wizard::STEP_VOLUMES),
    ("spec.template.spec.nodeSelector", wizard::NODE_SELECTOR),
];

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
                        {move || tf(text::HITS, &[("n", &found.with(Vec::len).to_string())])}
                    </p>
                    {move || {
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
                    }}
                </div>
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_catalogue_has_a_path() {
        for (base, specs) in tables() {
            for spec in specs {
                let path = format!("{base}.{}", spec.key);
                assert!(path.parse::<Path>().is_ok(), "{path}");
            }
        }
        for (path, _) in OTHERS {
            assert!(path.parse::<Path>().is_ok(), "{path}");
        }
    }

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
