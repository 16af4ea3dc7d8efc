//! Where a tab keeps its draft. A project has several places, and an open tab holds one of them by a lock of the
//! browser, which ends with the tab. So two tabs never write over each other's text, and what a closed tab has left is
//! found again by the next one.

use wasm_bindgen::prelude::*;

use super::{Begin, store};
use crate::address::base;

/// Places of a project. Nobody has more tabs of one wizard; who has shares the last place.
const PLACES: usize = 32;

/// How long a tab waits for its own place, in milliseconds: after a reload, the page before may still be ending.
const PATIENCE: u32 = 1000;

#[wasm_bindgen(inline_js = "
// Whether this page holds a lock now. It is let go of when the page ends. Where the browser has no locks (it is not a
// secure context), every page holds them all.
export async function hold_lock(name, patience) {
  if (!navigator.locks) return true;
  const options = patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    const held = (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    };
    navigator.locks.request(name, options, held).catch(() => resolve(false));
  });
}

// Whether this page was here before: it is loaded again, or the person came back to it.
export function is_return() {
  const type = performance.getEntriesByType('navigation')[0]?.type;
  return type === 'reload' || type === 'back_forward';
}
")]
extern "C" {
    async fn hold_lock(name: &str, patience: u32) -> JsValue;
    pub fn is_return() -> bool;
}

async fn hold(place: &str, patience: u32) -> bool {
    hold_lock(&format!("jobwright-draft:{place}"), patience)
        .await
        .is_truthy()
}

/// Takes a place for this tab's draft of a project; with the draft that lies there.
pub async fn take(project: &str, begin: Begin) -> (String, Option<String>) {
    let drafts = store::places().await.unwrap_or_default();
    let own = match begin {
        Begin::Anew if !is_return() => None,
        _ => own(project, &drafts).await,
    };
    let place = match (own, begin) {
        (Some(own), _) => own,
        (None, Begin::Again) => again(project, &drafts).await,
        (None, Begin::Anew) => anew(project, &drafts).await,
    };
    remember(project, &place);
    let draft = store::get(&place).await.ok().flatten();
    (place, draft.filter(|text| !text.is_empty()))
}

/// The place that this tab had before, if a draft lies there.
async fn own(project: &str, drafts: &[String]) -> Option<String> {
    let own = remembered(project).filter(|own| drafts.contains(own))?;
    hold(&own, PATIENCE).await.then_some(own)
}

/// A free place with a draft; else one without.
async fn again(project: &str, drafts: &[String]) -> String {
    let places = || (0..PLACES).map(|number| name(project, number));
    for place in places().filter(|place| drafts.contains(place)) {
        if hold(&place, 0).await {
            return place;
        }
    }
    anew(project, drafts).await
}

/// A free place without a draft.
async fn anew(project: &str, drafts: &[String]) -> String {
    let places = (0..PLACES).map(|number| name(project, number));
    for place in places.filter(|place| !drafts.contains(place)) {
        if hold(&place, 0).await {
            return place;
        }
    }
    name(project, PLACES - 1)
}

/// What a place is called: two clusters may have a project of the same name.
fn name(project: &str, number: usize) -> String {
    let project = match base().as_str() {
        "" => project.to_owned(),
        base => format!("{base}/{project}"),
    };
    // A project's name has no blank.
    match number {
        0 => project,
        number => format!("{project} {number}"),
    }
}

/// The tab's own memory, which a reload leaves alone.
fn memory() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// Under which key the tab remembers its place.
fn key(project: &str) -> String {
    format!("jobwright-draft:{}", name(project, 0))
}

fn remembered(project: &str) -> Option<String> {
    memory()?.get_item(&key(project)).ok().flatten()
}

fn remember(project: &str, place: &str) {
    if let Some(memory) = memory() {
        // A tab without a memory takes any free place after a reload.
        let _ = memory.set_item(&key(project), place);
    }
}
