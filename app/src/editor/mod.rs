//! The Monaco editor, fetched on first use. `frontend/editor/README.md` describes the JavaScript side.
//!
//! Everything here runs in the browser only.

mod callbacks;
pub mod utf16;

use std::pin::Pin;

use js_sys::{Array, Object, Reflect};
use manifest::Splice;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::editor::utf16::to_utf16;
use crate::preferences;
use crate::preferences::Theme;

#[wasm_bindgen(inline_js = "export function load_editor(path) { return import(path); }")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn load_editor(path: &str) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    type Module;
    #[wasm_bindgen(method, catch)]
    async fn create(this: &Module, element: &HtmlElement, options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn diff(this: &Module, element: &HtmlElement, options: &JsValue) -> Result<JsValue, JsValue>;

    /// Editor instance on the page.
    #[derive(Clone)]
    pub type Handle;
    #[wasm_bindgen(method)]
    fn exact(this: &Handle, text: &str) -> bool;
    #[wasm_bindgen(method, js_name = applyEdits)]
    fn apply_edits(this: &Handle, edits: &Array);
    #[wasm_bindgen(method, js_name = setMarkers)]
    fn set_markers(this: &Handle, markers: &Array);
    #[wasm_bindgen(method)]
    fn highlight(this: &Handle, ranges: &Array);
    #[wasm_bindgen(method)]
    fn reveal(this: &Handle, offset: usize, focus: bool);
    #[wasm_bindgen(method)]
    fn cursor(this: &Handle) -> usize;
    #[wasm_bindgen(method)]
    fn dispose(this: &Handle);
}

/// Completion item at the cursor.
pub struct Suggestion {
    /// Label shown in the list.
    pub label: String,
    /// Text that replaces `range`.
    pub insert: String,
    /// Type of the value.
    pub detail: String,
    /// Documentation.
    pub documentation: String,
    /// Replaced range, in bytes of the text.
    pub range: std::ops::Range<usize>,
    /// Whether it is a key, not a value.
    pub is_field: bool,
}

/// Requests of the editor to the document. Offsets are in bytes of the text.
pub trait Host {
    /// Returns the text that offsets refer to.
    fn text(&self) -> String;
    /// Handles a change made by typing.
    fn on_change(&self, text: &str);
    /// Undoes one step of the history that form and text share.
    fn undo(&self);
    /// Redoes one step.
    fn redo(&self);
    /// Resolves when the data for completion and documentation has arrived or cannot be fetched.
    fn ready(&self) -> Pin<Box<dyn Future<Output = ()>>>;
    /// Returns the completion items at an offset.
    fn complete(&self, offset: usize) -> Vec<Suggestion>;
    /// Returns Markdown about the field at an offset, and the range of that field.
    fn hover(&self, offset: usize) -> Option<(String, std::ops::Range<usize>)>;
    /// Returns the fixes of problems that touch a range: label and number of each.
    fn fixes(&self, range: std::ops::Range<usize>) -> Vec<(String, usize)>;
    /// Applies a fix by its number.
    fn fix(&self, number: usize);
}

/// Problem as the editor shows it.
pub struct Marker {
    /// Range, in bytes of the text.
    pub range: std::ops::Range<usize>,
    /// `error`, `warning` or `advice`.
    pub severity: &'static str,
    /// Message.
    pub message: String,
}

/// Editor with the callbacks that it calls. Dropping it removes it from the page.
pub struct Editor {
    handle: Handle,
    _host: callbacks::Callbacks,
}

/// Reason why the editor cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditorError {
    /// It cannot be fetched or started.
    Unavailable,
    /// It would change line endings of this text.
    LineEnds,
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

fn span(text: &str, range: &std::ops::Range<usize>) -> [(&'static str, JsValue); 2] {
    let (start, end) = (to_utf16(text, range.start), to_utf16(text, range.end));
    [
        ("offset", count(start)),
        ("length", count(end.saturating_sub(start))),
    ]
}

#[allow(clippy::cast_precision_loss, reason = "offsets in a text of at most 3 MiB")]
fn count(value: usize) -> JsValue {
    JsValue::from_f64(value as f64)
}

/// Returns the page's CSP nonce, which Monaco's style elements need.
fn nonce() -> String {
    let found = leptos::prelude::document()
        .query_selector("script[nonce]")
        .ok()
        .flatten();
    let script = found.and_then(|element| element.dyn_into::<HtmlElement>().ok());
    script.map(|script| script.nonce()).unwrap_or_default()
}

fn theme() -> &'static str {
    let dark = || {
        let query = leptos::prelude::window().match_media("(prefers-color-scheme: dark)");
        query.ok().flatten().is_some_and(|query| query.matches())
    };
    match preferences::current().theme {
        Theme::Dark => "dark",
        Theme::Auto if dark() => "dark",
        Theme::Light | Theme::Auto => "light",
    }
}

impl Editor {
    /// Creates an editor with the host's text in an element.
    pub async fn create(
        element: &HtmlElement,
        label: &str,
        host: std::rc::Rc<dyn Host>,
    ) -> Result<Self, EditorError> {
        let module: Module = load_editor(&crate::urls::own("/editor/editor.js"))
            .await
            .map_err(unavailable)?
            .unchecked_into();
        let text = host.text();
        let callbacks = callbacks::Callbacks::new(host);
        let options = object(&[
            ("text", text.as_str().into()),
            ("theme", theme().into()),
            ("ariaLabel", label.into()),
            ("nonce", nonce().into()),
        ]);
        callbacks.put_into(&options);
        let handle: Handle = module
            .create(element, &options)
            .await
            .map_err(unavailable)?
            .unchecked_into();
        if !handle.exact(&text) {
            handle.dispose();
            return Err(EditorError::LineEnds);
        }
        Ok(Self {
            handle,
            _host: callbacks,
        })
    }

    /// Applies splices of `before` that were made outside the editor, and highlights them.
    pub fn splice(&self, before: &str, splices: &[Splice]) {
        let edits = splices.iter().map(|splice| {
            let [offset, length] = span(before, &splice.range);
            object(&[offset, length, ("text", splice.text.as_str().into())])
        });
        self.handle.apply_edits(&edits.collect());
        let mut moved = 0_isize;
        let after = manifest::splice(before, splices);
        let ranges = splices.iter().map(|splice| {
            let start = splice.range.start.saturating_add_signed(moved);
            moved += splice.text.len().cast_signed() - splice.range.len().cast_signed();
            let skip = splice.text.len() - splice.text.trim_start_matches(['\r', '\n']).len();
            object(&span(&after, &(start + skip..start + splice.text.len())))
        });
        self.handle.highlight(&ranges.collect());
    }

    /// Shows problems at their lines.
    pub fn show_problems(&self, text: &str, markers: &[Marker]) {
        let markers = markers.iter().map(|marker| {
            let [offset, length] = span(text, &marker.range);
            object(&[
                offset,
                length,
                ("severity", marker.severity.into()),
                ("message", marker.message.as_str().into()),
            ])
        });
        self.handle.set_markers(&markers.collect());
    }

    /// Moves the cursor to a byte offset and focuses the editor.
    pub fn reveal(&self, text: &str, offset: usize) {
        self.handle.reveal(to_utf16(text, offset), true);
    }

    /// Returns the cursor position in UTF-16 code units.
    pub fn cursor(&self) -> usize {
        self.handle.cursor()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.handle.dispose();
    }
}

/// Read-only diff of two texts. Dropping it removes it from the page.
pub struct DiffEditor(Handle);

impl DiffEditor {
    /// Creates the diff in an element.
    pub async fn create(element: &HtmlElement, before: &str, after: &str) -> Result<Self, EditorError> {
        let module: Module = load_editor(&crate::urls::own("/editor/editor.js"))
            .await
            .map_err(unavailable)?
            .unchecked_into();
        let options = object(&[
            ("original", before.into()),
            ("modified", after.into()),
            ("theme", theme().into()),
            ("nonce", nonce().into()),
        ]);
        let handle = module.diff(element, &options).await.map_err(unavailable)?;
        Ok(Self(handle.unchecked_into()))
    }
}

impl Drop for DiffEditor {
    fn drop(&mut self) {
        self.0.dispose();
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unavailable(error: JsValue) -> EditorError {
    leptos::logging::warn!("cannot load the editor: {error:?}");
    EditorError::Unavailable
}
