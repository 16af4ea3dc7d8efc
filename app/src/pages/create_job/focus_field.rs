//! Moves the focus to a field, expanding collapsed parts around it.

#[cfg(feature = "hydrate")]
use leptos::prelude::*;
use manifest::Path;

#[cfg(feature = "hydrate")]
use crate::pages::create_job::fields::id_in;

/// Focuses the field of a path, or of its nearest ancestor that has one; `other` is the position of a document
/// other than the Job.
pub fn focus_field(other: Option<usize>, path: &Path) {
    #[cfg(feature = "hydrate")]
    {
        let path = path.clone();
        let before = document().active_element();
        // The step's fields may only be rendered in the next frame.
        set_timeout(
            move || {
                // The user may have gone to another field meanwhile, and be typing.
                let now = document().active_element();
                if now != before && now.as_ref().is_some_and(is_input) {
                    return;
                }
                let mut at = Some(path);
                while let Some(path) = at {
                    if let Some(element) = document().get_element_by_id(&id_in(other, &path)) {
                        use wasm_bindgen::JsCast;
                        open_around(&element);
                        element.scroll_into_view();
                        if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
                            let _ = element.focus();
                        }
                        return;
                    }
                    at = path.parent();
                }
            },
            std::time::Duration::from_millis(60),
        );
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (other, path);
}

/// Returns whether the user can type into an element.
#[cfg(feature = "hydrate")]
fn is_input(element: &web_sys::Element) -> bool {
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
}

/// Opens the collapsed parts around an element.
#[cfg(feature = "hydrate")]
fn open_around(element: &web_sys::Element) {
    let mut at = element.parent_element();
    while let Some(parent) = at {
        if parent.tag_name() == "DETAILS" {
            let _ = parent.set_attribute("open", "");
        }
        at = parent.parent_element();
    }
}
