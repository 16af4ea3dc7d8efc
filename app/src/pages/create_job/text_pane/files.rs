//! Documents of the stream, with import and export.

use leptos::prelude::*;
use manifest::{Document, Format, MAX_BYTES, Severity};
use web_sys::FileList;

use crate::i18n::{t, wizard as text};
use crate::kit::download::DownloadButton;
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::kit::toast::use_toaster;
use crate::pages::create_job::state::Wizard;

/// List of documents, import and export.
#[component]
pub fn Files(
    /// Wizard state.
    wizard: Wizard,
    /// Whether to focus the file chooser at once.
    importing: bool,
) -> impl IntoView {
    let chooser = NodeRef::<leptos::html::Input>::new();
    let over = RwSignal::new(false);
    let import_error = RwSignal::new(None::<String>);
    let toaster = use_toaster();
    // The browser empties its list when the chooser is reset, so the files are taken out of it at once.
    let take = move |files: &FileList| {
        let files = (0..files.length())
            .filter_map(|index| files.item(index))
            .collect();
        read_files(wizard, files, import_error, toaster);
    };
    Effect::new(move |_| {
        // Only a click may open a file chooser; focusing the button is the next best.
        if importing && let Some(chooser) = chooser.get() {
            let _ = chooser.focus();
        }
    });
    // While the text cannot be parsed, the documents keep their names.
    let entries = Memo::new(move |_| {
        wizard.readable.with(|document| {
            let name = |entry: &manifest::Entry| {
                format!(
                    "{}.{}",
                    entry.kind.as_deref().unwrap_or("?"),
                    entry.name.as_deref().unwrap_or("?")
                )
            };
            document.entries().iter().map(name).collect::<Vec<_>>()
        })
    });
    // Errors of a document; without errors, its other problems, styled milder.
    let count = move |index: usize| {
        wizard.problems.with(|problems| {
            let of_entry = || {
                problems
                    .iter()
                    .filter(move |problem| problem.entry == Some(index))
            };
            let errors = of_entry()
                .filter(|problem| problem.severity == Severity::Error)
                .count();
            if errors > 0 {
                (errors, "count")
            } else {
                (of_entry().count(), "count count-mild")
            }
        })
    };
    view! {
        <aside
            class="files"
            class:files-over=move || over.get()
            aria-label=t(text::FILES)
            on:dragover=move |event| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=move |event| {
                event.prevent_default();
                over.set(false);
                if let Some(files) = event.data_transfer().and_then(|transfer| transfer.files()) {
                    take(&files);
                }
            }
        >
            <h2 class="group-title">{t(text::FILES)}</h2>
            <ul>
                {dynamic(move || {
                    entries
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(index, name)| {
                            let show = move |_| {
                                if let Some(at) = wizard.offset_of(index, &manifest::Path::root()) {
                                    wizard.reveal(at);
                                }
                            };
                            view! {
                                <li>
                                    <button type="button" class="file" on:click=show>
                                        <Icon glyph=Glyph::File/>
                                        <span class="cell-clip">{name}</span>
                                        {dynamic(move || {
                                            let (count, class) = count(index);
                                            (count > 0).then(|| view! { <span class=class>{count}</span> })
                                        })}
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()
                })}
            </ul>
            <label class="button">
                <Icon glyph=Glyph::Upload/>
                {t(text::IMPORT)}
                <input
                    class="sr-only"
                    type="file"
                    multiple
                    accept=".yaml,.yml,.json,application/json,application/yaml"
                    node_ref=chooser
                    on:change=move |_| {
                        if let Some(chooser) = chooser.get_untracked() {
                            if let Some(files) = chooser.files() {
                                take(&files);
                            }
                            // The same file may be chosen again.
                            chooser.set_value("");
                        }
                    }
                />
            </label>
            <DownloadButton
                label=text::EXPORT
                file=Signal::derive(move || wizard.shown.with(file_name))
                text=Signal::derive(move || wizard.shown.with(|document| document.text().to_owned()))
            />
            <p class="hint">{t(text::IMPORT_HINT)}</p>
            {dynamic(move || import_error.get().map(|error| view! { <Notice tone=Tone::Error>{error}</Notice> }))}
        </aside>
    }
}

/// Returns the file name after kind and name of the first document, such as `job-demo.yaml`.
fn file_name(document: &Document) -> String {
    let entry = document.entries().first();
    let kind = entry
        .and_then(|entry| entry.kind.as_deref())
        .unwrap_or("manifest")
        .to_lowercase();
    let name = entry.and_then(|entry| entry.name.as_deref()).unwrap_or("new");
    let extension = if document.format() == Format::Json {
        "json"
    } else {
        "yaml"
    };
    format!("{kind}-{name}.{extension}")
}

/// Reads selected files: one text fills the form, several become one stream. If one is rejected, nothing is
/// imported.
fn read_files(
    wizard: Wizard,
    files: Vec<web_sys::File>,
    import_error: RwSignal<Option<String>>,
    toaster: Option<crate::kit::toast::Toaster>,
) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        let mut texts = Vec::new();
        let mut names = Vec::new();
        for file in files {
            let name = file.name();
            let reject = |reason: crate::i18n::Text| {
                import_error.set(Some(crate::i18n::tf(reason, &[("name", &name)])));
            };
            let lower = name.to_lowercase();
            if ![".yaml", ".yml", ".json"]
                .iter()
                .any(|extension| lower.ends_with(extension))
            {
                return reject(text::IMPORT_REFUSED);
            }
            #[allow(clippy::cast_precision_loss, reason = "3 MiB")]
            if file.size() > MAX_BYTES as f64 {
                return reject(text::IMPORT_LARGE);
            }
            let read = wasm_bindgen_futures::JsFuture::from(file.text()).await;
            match read
                .ok()
                .and_then(|value| value.as_string())
                .filter(|text| !text.contains('\0'))
            {
                Some(text) => texts.push(text),
                None => return reject(text::IMPORT_UNREADABLE),
            }
            names.push(name);
        }
        if texts.is_empty() {
            return;
        }
        import_error.set(None);
        let text = join(&texts);
        wizard.import(&text);
        wizard.imported.set(Some(text));
        if let Some(toaster) = toaster {
            toaster.show(
                Tone::Good,
                crate::i18n::tf(text::IMPORTED, &[("name", &names.join(", "))]),
            );
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (wizard, files, import_error, toaster, MAX_BYTES);
}

/// Joins several texts into one stream of documents; a single one stays byte for byte.
#[cfg_attr(
    not(feature = "hydrate"),
    allow(dead_code, reason = "the server imports no files")
)]
fn join(texts: &[String]) -> String {
    let mut out = String::new();
    for text in texts {
        if !out.is_empty() {
            if !out.ends_with('\n') {
                out.push('\n');
            }
            if !text.starts_with("---") {
                out.push_str("---\n");
            }
        }
        out.push_str(text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_joined_into_one_stream() {
        let texts = |texts: &[&str]| join(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(texts(&["a: 1"]), "a: 1");
        assert_eq!(
            texts(&["a: 1", "b: 2\n", "---\nc: 3\n"]),
            "a: 1\n---\nb: 2\n---\nc: 3\n"
        );
    }

    #[test]
    fn file_name_contains_kind_and_name() {
        assert_eq!(
            file_name(&Document::parse("kind: Job\nmetadata: {name: x}\n")),
            "job-x.yaml"
        );
        assert_eq!(file_name(&Document::parse("{}")), "manifest-new.json");
    }
}
