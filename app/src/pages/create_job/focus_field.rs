//! Moves the focus to a field, expanding collapsed parts around it.

#[cfg(feature = "hydrate")]
use leptos::prelude::*;
use manifest::Path;
#[cfg(feature = "hydrate")]
use wasm_bindgen::JsCast;

#[cfg(feature = "hydrate")]
use crate::pages::create_job::fields::id_in;
#[cfg(feature = "hydrate")]
use crate::pages::create_job::state::Wanted;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::step::Step;

/// How often the field is looked for in its step before the nearest part of the form gets the focus, and how often
/// whether the step is there.
#[cfg(feature = "hydrate")]
const TRIES: u32 = 4;
#[cfg(feature = "hydrate")]
const WAITS: u32 = 60;
#[cfg(feature = "hydrate")]
const PAUSE: std::time::Duration = std::time::Duration::from_millis(60);

/// Elements that get the focus in a group of fields, in this order: a field, else a button that adds one.
#[cfg(feature = "hydrate")]
const CONTROLS: [&str; 2] = [
    "input:not([disabled]), select:not([disabled]), textarea:not([disabled])",
    "button:not([disabled])",
];

/// Focuses the field of a path, or the first control of its nearest ancestor that is in the form; `other` is the
/// position of a document other than the Job. After navigation to a step, this waits for it.
pub fn focus_field(wizard: Wizard, other: Option<usize>, path: &Path, step: Option<Step>) {
    #[cfg(feature = "hydrate")]
    {
        wizard.wanted.set(Some(Wanted {
            other,
            path: path.clone(),
            is_missing: false,
        }));
        let search = Search {
            wizard,
            other,
            path: path.clone(),
            step,
            before: document().active_element(),
            tries: TRIES,
            waits: WAITS,
        };
        search.schedule();
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (wizard, other, path, step);
}

/// Focuses a button of a list whose last item was removed, with the button that had the focus.
pub fn focus_after_removal(other: Option<usize>, list: &Path) {
    #[cfg(feature = "hydrate")]
    {
        let id = id_in(other, list);
        set_timeout(
            move || {
                let Some(list) = document().get_element_by_id(&id) else {
                    return;
                };
                let found = ["[data-early=remove]", "button:not([disabled])"]
                    .into_iter()
                    .filter_map(|buttons| list.query_selector_all(buttons).ok())
                    .flat_map(|found| {
                        (0..found.length())
                            .rev()
                            .filter_map(move |index| found.item(index))
                    })
                    .filter_map(|node| node.dyn_into::<web_sys::HtmlElement>().ok());
                for button in found {
                    if button.focus().is_ok() && document().active_element().as_ref() == Some(&button) {
                        return;
                    }
                }
            },
            std::time::Duration::ZERO,
        );
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (other, list);
}

/// Field that is to get the focus.
#[cfg(feature = "hydrate")]
struct Search {
    wizard: Wizard,
    other: Option<usize>,
    path: Path,
    step: Option<Step>,
    // Element that had the focus.
    before: Option<web_sys::Element>,
    tries: u32,
    waits: u32,
}

#[cfg(feature = "hydrate")]
impl Search {
    fn schedule(self) {
        set_timeout(move || self.run(), PAUSE);
    }

    fn run(mut self) {
        // The user may have gone to another field meanwhile, and be typing.
        let now = document().active_element();
        if now != self.before && now.as_ref().is_some_and(is_input) {
            self.wizard.wanted.try_set(None);
            return;
        }
        let form = self.form();
        if form.is_none() && self.waits > 0 {
            self.waits -= 1;
            return self.schedule();
        }
        let other = self.other;
        let find = |path: &Path| document().get_element_by_id(&id_in(other, path));
        let first_below = |path: &Path| {
            let id = id_in(other, path);
            let below = format!(r#":is(input, select, textarea):is([id^="{id}-"], [id^="{id}:"])"#);
            document().query_selector(&below).ok().flatten()
        };
        let found = find(&self.path).or_else(|| first_below(&self.path));
        if found.is_some_and(|element| focus_within(&element)) {
            self.wizard.wanted.try_set(None);
            return;
        }
        self.tries -= 1;
        if self.tries > 0 {
            self.wizard.wanted.try_set(Some(Wanted {
                other: self.other,
                path: self.path.clone(),
                is_missing: true,
            }));
            return self.schedule();
        }
        self.wizard.wanted.try_set(None);
        let mut at = self.path.parent();
        while let Some(path) = at {
            if find(&path).is_some_and(|element| focus_within(&element)) {
                return;
            }
            at = path.parent();
        }
        if let Some(form) = form.filter(|_| self.step.is_some()) {
            focus_within(&form);
        }
    }

    /// Returns the form, once it is that of the step.
    fn form(&self) -> Option<web_sys::Element> {
        let form = document().query_selector(".wizard-step").ok().flatten()?;
        let shown = form.get_attribute("data-step");
        let is_there = self.step.is_none_or(|step| shown.as_deref() == Some(step.key()));
        is_there.then_some(form)
    }
}

/// Focuses an element, or the first visible control in it. Returns whether one has the focus.
#[cfg(feature = "hydrate")]
fn focus_within(element: &web_sys::Element) -> bool {
    open_around(element);
    if is_input(element) {
        return focus(element);
    }
    CONTROLS.iter().any(|controls| {
        let Ok(found) = element.query_selector_all(controls) else {
            return false;
        };
        (0..found.length())
            .filter_map(|index| found.item(index)?.dyn_into::<web_sys::Element>().ok())
            // What closes or removes something, and the search itself, is not what was looked for.
            .filter(|control| {
                !control.class_list().contains("button-icon") && !control.class_list().contains("find-input")
            })
            .any(|control| focus(&control))
    })
}

/// Focuses an element, unless it is hidden. Returns whether it has the focus.
#[cfg(feature = "hydrate")]
fn focus(element: &web_sys::Element) -> bool {
    let Some(control) = element.dyn_ref::<web_sys::HtmlElement>() else {
        return false;
    };
    control.scroll_into_view();
    control.focus().is_ok() && document().active_element().as_ref() == Some(element)
}

/// Returns whether the user can type into an element, or choose in it.
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
