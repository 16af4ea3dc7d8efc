//! “Find a field”: searches every field of the form by YAML key, label and synonym, in both languages, and moves
//! the focus to it.

use leptos::prelude::*;
use manifest::{Path, Segment};
use serde_json::{Value, json};

use crate::i18n::{Text, field_search as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::field_index::{CUSTOM_FIELDS, GROUPS, tables};
use crate::pages::create_job::focus_field::focus_field;
use crate::pages::create_job::generated_form;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::step::Step;
use crate::pages::create_job::steps::volumes::new_volume;

/// Maximum number of hits shown.
const MAX_HITS: usize = 8;

/// Points that each level below the root costs: of fields of one name the nearest to the root is meant.
const PER_LEVEL: i32 = 3;

/// Field found by the search.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    /// Label; none for a field of a generated form, which has its key only.
    label: Option<Text>,
    path: String,
}

/// What a word of the query fits, from the closest to the farthest.
#[derive(Debug, Clone, Copy)]
enum Fit {
    Whole = 100,
    Start = 80,
    Word = 65,
    Within = 45,
    Path = 20,
}

/// Returns how well a query fits a name: the whole of it, its start, the start of a word, or a part.
fn fit(name: &str, query: &str) -> Option<Fit> {
    if name == query {
        return Some(Fit::Whole);
    }
    if name.starts_with(query) {
        return Some(Fit::Start);
    }
    let at = name.find(query)?;
    let before = name[..at].chars().next_back();
    let is_word = before.is_none_or(|c| !c.is_alphanumeric());
    Some(if is_word { Fit::Word } else { Fit::Within })
}

/// Separates the words of a key: `backoffLimit` becomes `backoff limit`.
fn words_of(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            out.push(' ');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Returns the score of a field for a query in lower case; none if it does not fit.
fn score(query: &str, label: Option<Text>, path: &str, synonyms: &str) -> Option<i32> {
    let key = path
        .rsplit(['.', '['])
        .find(|part| !part.is_empty() && !part.ends_with(']'))
        .unwrap_or(path);
    let mut names = vec![key.to_lowercase(), words_of(key)];
    if let Some(label) = label {
        names.extend([label.en.to_lowercase(), label.zh.to_lowercase()]);
    }
    names.extend(
        synonyms
            .split(", ")
            .filter(|name| !name.is_empty())
            .map(str::to_lowercase),
    );
    let depth = i32::try_from(path.matches(['.', '[']).count()).unwrap_or(0);
    let best = names
        .iter()
        .filter_map(|name| fit(name, query))
        .map(|fit| fit as i32)
        .max();
    let lower = path.to_lowercase();
    let by_path = lower.contains(query).then(|| {
        if lower.ends_with(query) {
            Fit::Start as i32
        } else {
            Fit::Path as i32
        }
    });
    let in_words = || {
        // Several words in any order; or, in Chinese, a longer phrase that contains a name.
        let is_named =
            |name: &String| name.chars().count() > 1 && !name.is_ascii() && query.contains(name.as_str());
        let all = query
            .split_whitespace()
            .all(|word| lower.contains(word) || names.iter().any(|name| name.contains(word)));
        (all || names.iter().any(is_named)).then_some(Fit::Path as i32 + 5)
    };
    let found = best.max(by_path).or_else(in_words)?;
    Some(found - PER_LEVEL * depth)
}

/// Returns the fields that fit a query, the best first. `generated` are the paths of fields without a row in a table.
fn hits(query: &str, generated: &[String]) -> Vec<Hit> {
    let query = query.trim().to_lowercase();
    if query.is_empty() {
        return Vec::new();
    }
    let custom = GROUPS
        .iter()
        .chain(CUSTOM_FIELDS)
        .map(|(path, label, synonyms)| ((*path).to_owned(), Some(*label), *synonyms));
    let rows = tables().into_iter().flat_map(|(base, specs)| {
        specs.iter().map(move |spec| {
            // Only an init container has this control.
            let base = if spec.key == "restartPolicy" {
                base.replace("containers[0]", "initContainers[0]")
            } else {
                base.clone()
            };
            (format!("{base}.{}", spec.key), Some(spec.label), spec.synonyms)
        })
    });
    let generated = generated.iter().map(|path| (path.clone(), None, ""));
    let mut found: Vec<(i32, Hit)> = custom
        .chain(rows)
        .chain(generated)
        .filter_map(|(path, label, synonyms)| {
            let score = score(&query, label, &path, synonyms)?;
            Some((score, Hit { label, path }))
        })
        .collect();
    found.sort_by_key(|(score, _)| -score);
    found.truncate(MAX_HITS);
    found.into_iter().map(|(_, hit)| hit).collect()
}

/// Returns a new item for a list that the field at `rest` below the item needs.
fn new_item(list: &str, rest: &[Segment]) -> Option<Value> {
    let first = match rest.first() {
        Some(Segment::Key(key)) => key.as_str(),
        _ => return None,
    };
    Some(match list {
        "containers" => json!({"name": "container-1", "image": "", "imagePullPolicy": "IfNotPresent"}),
        "initContainers" => json!({"name": "init-1", "image": "", "imagePullPolicy": "IfNotPresent"}),
        "volumes" => new_volume(first)?,
        "ports" => json!({"containerPort": 80, "protocol": "TCP"}),
        "imagePullSecrets" => json!({"name": ""}),
        "hostAliases" => json!({"ip": "", "hostnames": [""]}),
        "tolerations" => json!({"key": "", "operator": "Exists", "effect": "NoSchedule"}),
        "topologySpreadConstraints" => json!({
            "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway",
        }),
        _ => return None,
    })
}

/// Adds the items of lists that a field needs, and returns the field's path: in the first item that has its kind.
fn ensure(wizard: Wizard, path: &Path) -> Path {
    let mut at = Path::root();
    let segments = path.segments();
    for (depth, segment) in segments.iter().enumerate() {
        let Segment::Index(_) = segment else {
            at = at.join(segment.clone());
            continue;
        };
        let rest = &segments[depth + 1..];
        let list = match at.last() {
            Some(Segment::Key(key)) => key.clone(),
            _ => String::new(),
        };
        let length = untrack(|| wizard.length(&at));
        let fits = |index: &usize| {
            list != "volumes"
                || rest
                    .first()
                    .is_none_or(|kind| untrack(|| wizard.get(&at.index(*index).join(kind.clone()))).is_some())
        };
        let index = (0..length).find(fits);
        if index.is_none()
            && let Some(item) = new_item(&list, rest)
        {
            wizard.push(&at, item);
        }
        at = at.index(index.unwrap_or(length));
    }
    at
}

/// Goes to the step of a field and focuses it; adds what it needs.
fn open(wizard: Wizard, go: Callback<Step>, hit: &Hit) {
    // Indexed paths always parse; a test of the index checks it.
    let path: Path = hit.path.parse().unwrap_or_default();
    let path = ensure(wizard, &path);
    if hit.label.is_none() {
        generated_form::add(wizard, &path);
    }
    wizard.focused.set(path.clone());
    let step = Step::of(&path);
    go.run(step);
    focus_field(wizard, None, &path, Some(step));
}

/// Search box with its hits.
#[component]
pub fn FieldSearch(
    /// Wizard state.
    wizard: Wizard,
    /// Navigates to a step.
    go: Callback<Step>,
) -> impl IntoView {
    const LIST: &str = "field-hits";
    let query = RwSignal::new(String::new());
    let active = RwSignal::new(0_usize);
    let generated = Memo::new(move |_| generated_form::all_paths(wizard));
    let found = Memo::new(move |_| {
        query.with(|query| {
            // The fields of the schema are only listed for a search, not for each edit.
            if query.trim().is_empty() {
                return Vec::new();
            }
            generated.with(|generated| hits(query, generated))
        })
    });
    let jump = move |hit: &Hit| {
        query.set(String::new());
        open(wizard, go, hit);
    };
    let step = move |by: usize| {
        let count = found.with_untracked(Vec::len).max(1);
        active.update(|active| *active = (*active + by) % count);
    };
    let option_id = |index: usize| format!("{LIST}-{index}");
    view! {
        <div class="find" role="search">
            <Icon glyph=Glyph::Search/>
            <input
                class="input find-input"
                type="search"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                aria-label=t(text::FIND)
                placeholder=t(text::FIND)
                aria-autocomplete="list"
                aria-controls=LIST
                aria-expanded=move || (!found.with(Vec::is_empty)).to_string()
                aria-activedescendant=move || found.with(|found| (!found.is_empty()).then(|| option_id(active.get())))
                prop:value=move || query.get()
                on:focus=move |_| wizard.schema.request()
                on:input=move |event| {
                    active.set(0);
                    query.set(event_target_value(&event));
                }
                on:keydown=move |event| {
                    match event.key().as_str() {
                        "Enter" => {
                            if let Some(hit) = found.with_untracked(|found| found.get(active.get_untracked()).cloned()) {
                                jump(&hit);
                            }
                        }
                        "ArrowDown" => step(1),
                        "ArrowUp" => step(found.with_untracked(Vec::len).max(1) - 1),
                        "Escape" => query.set(String::new()),
                        _ => return,
                    }
                    event.prevent_default();
                }
            />
            <Show when=move || query.with(|query| !query.trim().is_empty())>
                <div class="find-hits">
                    <p class="sr-only" role="status">
                        {dynamic(move || tf(text::HITS, &[("n", &found.with(Vec::len).to_string())]))}
                    </p>
                    {dynamic(move || found.with(Vec::is_empty).then(|| view! { <p class="hint find-none">{t(text::NONE)}</p> }))}
                    <ul role="listbox" id=LIST aria-label=t(text::FIND)>
                        {dynamic(move || {
                            found
                                .get()
                                .into_iter()
                                .enumerate()
                                .map(|(index, hit)| {
                                    // A long path breaks before a key.
                                    let path = hit.path.split_inclusive('.').map(str::to_owned);
                                    let path = path.map(|part| view! { {part} <wbr/> }).collect_view();
                                    let label = hit.label.map(|label| view! { <span>{t(label)}</span> });
                                    view! {
                                        <li
                                            class="find-hit"
                                            id=option_id(index)
                                            role="option"
                                            aria-selected=move || (active.get() == index).to_string()
                                            on:click=move |_| jump(&hit)
                                        >
                                            {label}
                                            <code>{path}</code>
                                        </li>
                                    }
                                })
                                .collect_view()
                        })}
                    </ul>
                </div>
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTAINER: &str = "spec.template.spec.containers[0].";
    const POD: &str = "spec.template.spec.";

    /// Words that users type, with the end of the path of the field that they mean. The walk in the browser reads
    /// the same table.
    fn words() -> Vec<(String, String)> {
        include_str!("../../../../end2end/files/field-words.tsv")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| {
                let (word, path) = line.split_once('\t').unwrap();
                let path = path.replace("POD.", POD).replace("CONTAINER.", CONTAINER);
                (word.to_owned(), path)
            })
            .collect()
    }

    #[test]
    fn words_of_users_find_their_field_first() {
        let words = words();
        let generated = ["metadata.generateName".to_owned()];
        let chinese = words.iter().filter(|(word, _)| !word.is_ascii()).count();
        assert_eq!((words.len(), chinese), (60, 30));
        let wrong: Vec<_> = words
            .iter()
            .filter_map(|(word, path)| {
                let found = hits(word, &generated);
                let first = found.first().map(|hit| hit.path.clone());
                (first.as_ref() != Some(path)).then(|| (word.clone(), path.clone(), first))
            })
            .collect();
        assert!(wrong.len() <= 5, "{wrong:#?}");
        // The others are found all the same.
        for (word, path, _) in &wrong {
            assert!(
                hits(word, &generated).iter().any(|hit| hit.path == *path),
                "{word}"
            );
        }
    }

    #[test]
    fn fields_are_found_by_label_or_api_name() {
        let first = |query: &str| hits(query, &[]).first().map(|hit| hit.path.clone());
        let grace = Some("spec.template.spec.terminationGracePeriodSeconds".to_owned());
        assert_eq!(first("grace period seconds"), grace);
        assert_eq!(first("终止宽限期（秒）"), grace);
        assert_eq!(first("ttlsec"), Some("spec.ttlSecondsAfterFinished".to_owned()));
        assert_eq!(first("spec.completions"), Some("spec.completions".to_owned()));
        assert_eq!(first("  "), None);
        assert_eq!(first("no such field"), None);
    }

    #[test]
    fn generated_fields_are_found_by_their_key() {
        let generated = [
            "metadata.generateName".to_owned(),
            "spec.template.spec.os.name".to_owned(),
        ];
        let first = |query: &str| hits(query, &generated).first().cloned();
        let hit = first("generatename").unwrap();
        assert_eq!((hit.path.as_str(), hit.label), ("metadata.generateName", None));
        assert_eq!(first("os.name").unwrap().path, "spec.template.spec.os.name");
    }

    #[test]
    fn nearest_field_of_a_name_comes_before_those_below_it() {
        let paths: Vec<_> = hits("probe", &[]).into_iter().map(|hit| hit.path).collect();
        assert_eq!(
            paths[..3],
            ["livenessProbe", "readinessProbe", "startupProbe"].map(|key| format!("{CONTAINER}{key}"))
        );
    }
}
