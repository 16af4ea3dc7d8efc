//! Callbacks of the editor: closures over the host, kept alive as long as the editor.

use std::rc::Rc;

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::editor::utf16::to_byte;
use crate::editor::{Host, Suggestion, object, span};

/// Closures by the names under which `editor.js` calls them.
pub struct Callbacks(Vec<(&'static str, Box<dyn AsRef<JsValue>>)>);

impl Callbacks {
    pub fn new(host: Rc<dyn Host>) -> Self {
        let (changed, undo, redo) = (Rc::clone(&host), Rc::clone(&host), Rc::clone(&host));
        let (complete, hover, fixes) = (Rc::clone(&host), Rc::clone(&host), Rc::clone(&host));
        let ready = Rc::clone(&host);
        Self(vec![
            (
                "onChange",
                boxed(Closure::<dyn FnMut(JsValue, String)>::new(
                    move |_, text: String| changed.on_change(&text),
                )),
            ),
            ("onUndo", boxed(Closure::<dyn FnMut()>::new(move || undo.undo()))),
            ("onRedo", boxed(Closure::<dyn FnMut()>::new(move || redo.redo()))),
            (
                "informed",
                boxed(Closure::<dyn FnMut() -> JsValue>::new(move || {
                    let ready = ready.ready();
                    future_to_promise(async move {
                        ready.await;
                        Ok(JsValue::UNDEFINED)
                    })
                    .into()
                })),
            ),
            (
                "complete",
                boxed(Closure::<dyn FnMut(usize) -> JsValue>::new(move |at: usize| {
                    let text = complete.text();
                    let found = complete.complete(to_byte(&text, at));
                    found
                        .iter()
                        .map(|item| suggestion(&text, item))
                        .collect::<Array>()
                        .into()
                })),
            ),
            (
                "hover",
                boxed(Closure::<dyn FnMut(usize) -> JsValue>::new(move |at: usize| {
                    let text = hover.text();
                    let Some((markdown, range)) = hover.hover(to_byte(&text, at)) else {
                        return JsValue::NULL;
                    };
                    let [offset, length] = span(&text, &range);
                    object(&[offset, length, ("text", markdown.into())])
                })),
            ),
            (
                "fixes",
                boxed(Closure::<dyn FnMut(usize, usize) -> JsValue>::new(
                    move |at: usize, length: usize| {
                        let text = fixes.text();
                        let found = fixes.fixes(to_byte(&text, at)..to_byte(&text, at + length));
                        let fix = |(title, number): (String, usize)| {
                            object(&[("title", title.into()), ("index", crate::editor::count(number))])
                        };
                        found.into_iter().map(fix).collect::<Array>().into()
                    },
                )),
            ),
            (
                "fix",
                boxed(Closure::<dyn FnMut(usize)>::new(move |number: usize| {
                    host.fix(number);
                })),
            ),
        ])
    }

    /// Sets the closures as properties of an object.
    pub fn put_into(&self, options: &JsValue) {
        for (name, closure) in &self.0 {
            // Setting a field of a fresh plain object cannot fail.
            let _ = Reflect::set(options, &JsValue::from_str(name), (**closure).as_ref());
        }
    }
}

fn boxed<T: AsRef<JsValue> + 'static>(closure: T) -> Box<dyn AsRef<JsValue>> {
    Box::new(closure)
}

fn suggestion(text: &str, item: &Suggestion) -> JsValue {
    let [offset, length] = span(text, &item.range);
    object(&[
        offset,
        length,
        ("label", item.label.as_str().into()),
        ("insert", item.insert.as_str().into()),
        ("detail", item.detail.as_str().into()),
        ("documentation", item.documentation.as_str().into()),
        ("field", item.is_field.into()),
    ])
}
