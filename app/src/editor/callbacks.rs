//! What the editor calls: closures over the host, kept alive as long as the editor.

use std::rc::Rc;

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::editor::utf16::to_byte;
use crate::editor::{Host, Suggestion, object, span};

/// The closures by the names that `editor.js` knows them by.
pub struct Callbacks(Vec<(&'static str, Box<dyn AsRef<JsValue>>)>);

impl Callbacks {
    pub fn new(host: Rc<dyn Host>) -> Self {
        let (typed, undo, redo) = (Rc::clone(&host), Rc::clone(&host), Rc::clone(&host));
        let (complete, hover, fixes) = (Rc::clone(&host), Rc::clone(&host), Rc::clone(&host));
        let informed = Rc::clone(&host);
        Self(vec![
            (
                "onChange",
                kept(Closure::<dyn FnMut(JsValue, String)>::new(
                    move |_, text: String| typed.typed(&text),
                )),
            ),
            ("onUndo", kept(Closure::<dyn FnMut()>::new(move || undo.undo()))),
            ("onRedo", kept(Closure::<dyn FnMut()>::new(move || redo.redo()))),
            (
                "informed",
                kept(Closure::<dyn FnMut() -> JsValue>::new(move || {
                    let informed = informed.informed();
                    future_to_promise(async move {
                        informed.await;
                        Ok(JsValue::UNDEFINED)
                    })
                    .into()
                })),
            ),
            (
                "complete",
                kept(Closure::<dyn FnMut(usize) -> JsValue>::new(move |at: usize| {
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
                kept(Closure::<dyn FnMut(usize) -> JsValue>::new(move |at: usize| {
                    let text = hover.text();
                    let Some((words, range)) = hover.hover(to_byte(&text, at)) else {
                        return JsValue::NULL;
                    };
                    let [offset, length] = span(&text, &range);
                    object(&[offset, length, ("text", words.into())])
                })),
            ),
            (
                "fixes",
                kept(Closure::<dyn FnMut(usize, usize) -> JsValue>::new(
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
                kept(Closure::<dyn FnMut(usize)>::new(move |number: usize| {
                    host.fix(number);
                })),
            ),
        ])
    }

    /// Makes them fields of an object.
    pub fn put_into(&self, options: &JsValue) {
        for (name, closure) in &self.0 {
            // Setting a field of a fresh plain object cannot fail.
            let _ = Reflect::set(options, &JsValue::from_str(name), (**closure).as_ref());
        }
    }
}

fn kept<T: AsRef<JsValue> + 'static>(closure: T) -> Box<dyn AsRef<JsValue>> {
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
