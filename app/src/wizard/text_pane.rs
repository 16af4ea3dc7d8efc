//! Edit mode: the files at the left, the text in the editor, or in a plain text field where there can be none.

use leptos::prelude::*;
use manifest::{Document, Format, MAX_BYTES};
use web_sys::FileList;

use super::state::Wizard;
use crate::i18n::{t, wizard as text};
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::kit::toast::use_toaster;

/// Why the plain text field stands in the editor's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    allow(dead_code, reason = "only a browser finds out")
)]
enum Plain {
    Chosen,
    Failed,
    LineEnds,
}

/// The pane.
#[component]
pub fn TextPane(
    /// The wizard.
    wizard: Wizard,
    /// Asks for a file at once.
    importing: bool,
) -> impl IntoView {
    let plain = RwSignal::new(None::<Plain>);
    view! {
        <div class="text-pane">
            <Files wizard importing/>
            <div class="text-main">
                <Bar wizard plain/>
                {move || match plain.get() {
                    None => view! { <Monaco wizard plain/> }.into_any(),
                    Some(why) => view! { <PlainText wizard why/> }.into_any(),
                }}
            </div>
        </div>
    }
}

/// The documents of the stream, import and export.
#[component]
fn Files(wizard: Wizard, importing: bool) -> impl IntoView {
    let chooser = NodeRef::<leptos::html::Input>::new();
    let over = RwSignal::new(false);
    let refusal = RwSignal::new(None::<String>);
    let toaster = use_toaster();
    // The browser empties its list when the chooser is reset, so the files are taken out of it at once.
    let take = move |files: &FileList| {
        let files = (0..files.length())
            .filter_map(|index| files.item(index))
            .collect();
        read_files(wizard, files, refusal, toaster);
    };
    Effect::new(move |_| {
        // A file chooser may only be opened by a click; the button with the focus is the next best.
        if importing && let Some(chooser) = chooser.get() {
            let _ = chooser.focus();
        }
    });
    let entries = Memo::new(move |_| {
        wizard.document.with(|document| {
            let name = |entry: &manifest::Entry| {
                format!(
                    "{}.{}",
                    entry.kind.as_deref().unwrap_or("?"),
                    entry.name.as_deref().unwrap_or("?")
                )
            };
            document
                .entries()
                .iter()
                .map(|entry| (name(entry), entry.range.start))
                .collect::<Vec<_>>()
        })
    });
    let count = move |index: usize| {
        wizard.problems.with(|problems| {
            problems
                .iter()
                .filter(|problem| problem.entry == Some(index))
                .count()
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
                {move || {
                    entries
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(index, (name, start))| {
                            view! {
                                <li>
                                    <button type="button" class="file" on:click=move |_| wizard.reveal(start)>
                                        <Icon glyph=Glyph::File/>
                                        <span class="cell-clip">{name}</span>
                                        {move || {
                                            let count = count(index);
                                            (count > 0).then(|| view! { <span class="count">{count}</span> })
                                        }}
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()
                }}
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
            <a
                class="button"
                download=move || wizard.document.with(file_name)
                href=move || wizard.document.with(|document| {
                    format!("data:text/plain;charset=utf-8,{}", leptos_router::location::Url::escape(document.text()))
                })
            >
                <Icon glyph=Glyph::Download/>
                {t(text::EXPORT)}
            </a>
            <p class="hint">{t(text::IMPORT_HINT)}</p>
            {move || refusal.get().map(|words| view! { <Notice tone=Tone::Error>{words}</Notice> })}
        </aside>
    }
}

/// `job-demo.yaml`, after kind and name of the first document.
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

/// Reads chosen files: one text fills the form, several become one stream. Nothing is taken if one is refused.
fn read_files(
    wizard: Wizard,
    files: Vec<web_sys::File>,
    refusal: RwSignal<Option<String>>,
    toaster: Option<crate::kit::toast::Toaster>,
) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        let mut texts = Vec::new();
        let mut names = Vec::new();
        for file in files {
            let name = file.name();
            let refuse =
                |words: crate::i18n::Text| refusal.set(Some(crate::i18n::tf(words, &[("name", &name)])));
            let lower = name.to_lowercase();
            if ![".yaml", ".yml", ".json"]
                .iter()
                .any(|extension| lower.ends_with(extension))
            {
                return refuse(text::IMPORT_REFUSED);
            }
            #[allow(clippy::cast_precision_loss, reason = "3 MiB")]
            if file.size() > MAX_BYTES as f64 {
                return refuse(text::IMPORT_LARGE);
            }
            let read = wasm_bindgen_futures::JsFuture::from(file.text()).await;
            match read
                .ok()
                .and_then(|value| value.as_string())
                .filter(|text| !text.contains('\0'))
            {
                Some(text) => texts.push(text),
                None => return refuse(text::IMPORT_UNREADABLE),
            }
            names.push(name);
        }
        if texts.is_empty() {
            return;
        }
        refusal.set(None);
        wizard.replace(&join(&texts));
        if let Some(toaster) = toaster {
            toaster.show(
                Tone::Good,
                crate::i18n::tf(text::IMPORTED, &[("name", &names.join(", "))]),
            );
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (wizard, files, refusal, toaster, MAX_BYTES);
}

/// Several texts as one stream of documents; a single one stays byte for byte.
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

/// Format, copy, and the choice of the plain text field.
#[component]
fn Bar(wizard: Wizard, plain: RwSignal<Option<Plain>>) -> impl IntoView {
    let broken = RwSignal::new(false);
    // What the text was in the other format: going back without an edit brings back its bytes.
    let other = StoredValue::new(None::<(String, String)>);
    let format = move || wizard.document.with(Document::format);
    let convert = move |to: Format| {
        let document = wizard.document.get_untracked();
        if document.format() == to {
            return;
        }
        let kept = other
            .get_value()
            .filter(|(converted, _)| converted == document.text())
            .map(|(_, original)| original);
        match kept.map_or_else(|| document.convert(to), Ok) {
            Ok(text) => {
                broken.set(false);
                other.set_value(Some((text.clone(), document.text().to_owned())));
                wizard.replace(&text);
            }
            Err(_) => broken.set(true),
        }
    };
    let pill = move |to: Format, words: &'static str| {
        view! {
            <button
                type="button"
                class="pill-part"
                aria-pressed=move || (format() == to).to_string()
                on:click=move |_| convert(to)
            >
                {words}
            </button>
        }
    };
    view! {
        <div class="text-bar">
            <div class="pill" role="group" aria-label=t(text::FORMAT)>
                {pill(Format::Yaml, "YAML")}
                {pill(Format::Json, "JSON")}
            </div>
            {move || broken.get().then(|| view! { <span class="field-problem">{t(text::FORMAT_BROKEN)}</span> })}
            <span class="bar-space"></span>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || plain.get().is_some()
                    on:change=move |event| plain.set(event_target_checked(&event).then_some(Plain::Chosen))
                />
                {t(text::PLAIN_TEXT)}
            </label>
        </div>
    }
}

/// A text area: for those who choose it, and where the editor cannot be.
#[component]
fn PlainText(wizard: Wizard, why: Plain) -> impl IntoView {
    let words = match why {
        Plain::Chosen => None,
        Plain::Failed => Some(text::EDITOR_FAILED),
        Plain::LineEnds => Some(text::EDITOR_LINE_ENDS),
    };
    // A text area shows every line end as one character and gives them back as `\n`: those that did not change keep
    // their own.
    let shown = move || {
        wizard
            .document
            .with(|document| document.text().replace("\r\n", "\n"))
    };
    view! {
        {words.map(|words| view! { <Notice tone=Tone::Info>{t(words)}</Notice> })}
        <textarea
            class="input input-mono plain-text"
            aria-label=t(text::MANIFEST)
            spellcheck="false"
            autocomplete="off"
            prop:value=shown
            on:input=move |event| {
                let old = wizard.document.with_untracked(|document| document.text().to_owned());
                wizard.typed(&with_line_ends(&old, &event_target_value(&event)));
            }
        ></textarea>
    }
}

/// The new text with the line ends that the old one had on the lines that stay.
fn with_line_ends(old: &str, new: &str) -> String {
    if !old.contains("\r\n") {
        return new.to_owned();
    }
    let shown = old.replace("\r\n", "\n");
    let Some(change) = manifest::difference(&shown, new) else {
        return old.to_owned();
    };
    // Byte offsets in `shown` become offsets in `old` by the carriage returns before them.
    let at = |offset: usize| {
        let (mut seen, mut real) = (0, 0);
        for byte in old.bytes() {
            if seen >= offset {
                break;
            }
            real += 1;
            if byte != b'\r' || !old[real..].starts_with('\n') {
                seen += 1;
            }
        }
        real
    };
    let text = change.text.replace('\n', "\r\n");
    manifest::splice(
        old,
        &[manifest::Splice::new(
            at(change.range.start)..at(change.range.end),
            text,
        )],
    )
}

/// The editor.
#[component]
fn Monaco(wizard: Wizard, plain: RwSignal<Option<Plain>>) -> impl IntoView {
    let place = NodeRef::<leptos::html::Div>::new();
    let ready = RwSignal::new(false);
    #[cfg(feature = "hydrate")]
    monaco::mount(wizard, place, ready, plain);
    #[cfg(not(feature = "hydrate"))]
    let _ = (wizard, plain);
    view! {
        <div class="editor" node_ref=place>
            {move || (!ready.get()).then(|| view! { <p class="hint editor-wait">{t(text::EDITOR_LOADING)}</p> })}
        </div>
        <p class="hint">{t(text::EDITOR_HINT)}</p>
    }
}

#[cfg(feature = "hydrate")]
mod monaco {
    //! Brings the editor onto the page and keeps it and the document in step.

    use std::cell::RefCell;
    use std::rc::Rc;

    use leptos::prelude::*;
    use manifest::{Severity, Splice};

    use super::super::offsets::to_byte;
    use super::super::state::{EditorPort, Wizard, words};
    use super::Plain;
    use crate::editor::{Editor, EditorError, Marker};
    use crate::i18n::{t, wizard as text};

    type Shared = Rc<RefCell<Option<Editor>>>;

    struct Port(Shared);

    impl EditorPort for Port {
        fn splice(&self, before: &str, splices: &[Splice]) {
            if let Some(editor) = self.0.borrow().as_ref() {
                editor.splice(before, splices);
            }
        }

        fn reveal(&self, text: &str, offset: usize) {
            if let Some(editor) = self.0.borrow().as_ref() {
                editor.reveal(text, offset);
            }
        }
    }

    pub fn mount(
        wizard: Wizard,
        place: NodeRef<leptos::html::Div>,
        ready: RwSignal<bool>,
        plain: RwSignal<Option<Plain>>,
    ) {
        let shared: Shared = Rc::default();
        let kept = StoredValue::new_local(shared.clone());
        Effect::new(move |_| {
            let Some(element) = place.get() else { return };
            let Some(shared) = kept.try_get_value() else {
                return;
            };
            leptos::task::spawn_local(async move {
                let document = wizard.document.get_untracked();
                let typed = move |text: String| wizard.typed(&text);
                match Editor::create(&element, document.text(), t(text::MANIFEST), typed).await {
                    // The pane may have gone while the editor was loading.
                    Ok(_) if kept.try_get_value().is_none() => {}
                    Ok(editor) => {
                        let focused = wizard.focused.get_untracked();
                        let entry = wizard.entry.get_untracked();
                        if let Some(range) = document.range(entry, &focused) {
                            editor.reveal(document.text(), range.start);
                        }
                        *shared.borrow_mut() = Some(editor);
                        wizard.set_editor(Some(Box::new(Port(shared))));
                        ready.set(true);
                    }
                    Err(EditorError::Unavailable) => plain.set(Some(Plain::Failed)),
                    Err(EditorError::LineEnds) => plain.set(Some(Plain::LineEnds)),
                }
            });
        });
        Effect::new(move |_| {
            let problems = wizard.problems.get();
            if !ready.get() {
                return;
            }
            let markers: Vec<_> = problems
                .iter()
                .map(|problem| Marker {
                    range: problem.range.clone(),
                    severity: match problem.severity {
                        Severity::Error => "error",
                        Severity::Warning => "warning",
                        Severity::Advice => "advice",
                    },
                    message: words(problem),
                })
                .collect();
            kept.with_value(|shared| {
                if let Some(editor) = shared.borrow().as_ref() {
                    wizard
                        .document
                        .with_untracked(|document| editor.mark(document.text(), &markers));
                }
            });
        });
        let shared = send_wrapper::SendWrapper::new(shared);
        on_cleanup(move || {
            // The field that the cursor was in gets the focus back.
            if let Some(editor) = shared.borrow().as_ref() {
                let document = wizard.document.get_untracked();
                let offset = to_byte(document.text(), editor.cursor());
                if let Some((entry, path)) = document.path_at(offset)
                    && entry == wizard.entry.get_untracked()
                {
                    wizard.focused.set(path);
                }
            }
            wizard.set_editor(None);
            *shared.borrow_mut() = None;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_become_one_stream() {
        let texts = |texts: &[&str]| join(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(texts(&["a: 1"]), "a: 1");
        assert_eq!(
            texts(&["a: 1", "b: 2\n", "---\nc: 3\n"]),
            "a: 1\n---\nb: 2\n---\nc: 3\n"
        );
    }

    #[test]
    fn a_text_area_keeps_line_ends() {
        assert_eq!(
            with_line_ends("a: 1\r\nb: 2\nc: 3\r\n", "a: 1\nb: 25\nc: 3\n"),
            "a: 1\r\nb: 25\nc: 3\r\n"
        );
        assert_eq!(with_line_ends("a: 1\r\n", "a: 1\nb: 2\n"), "a: 1\r\nb: 2\r\n");
        assert_eq!(with_line_ends("a: 1\n", "a: 2\n"), "a: 2\n");
    }

    #[test]
    fn a_file_is_named_after_kind_and_name() {
        assert_eq!(
            file_name(&Document::parse("kind: Job\nmetadata: {name: x}\n")),
            "job-x.yaml"
        );
        assert_eq!(file_name(&Document::parse("{}")), "manifest-new.json");
    }
}
