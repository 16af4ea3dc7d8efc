//! Where a tab keeps its draft. A project has several places, and an open tab holds one of them by a lock of the
//! browser, which ends with the tab. So two tabs never write over each other's text, and what a closed tab has left is
//! found again by the next one.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use futures_channel::oneshot;
use manifest::History;
use wasm_bindgen::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::pages::create_job::draft::{Begin, Draft, store};
use crate::urls::base;

/// Places that are tried for a new draft, beyond those that have one: only tabs that are open and have none yet hold
/// others.
const TRIES: usize = 1000;

/// How long a tab waits for its own place, in milliseconds: after a reload, the page before may still be ending.
const PATIENCE: u32 = 1000;

#[wasm_bindgen(inline_js = "
const held = new Map();

// Whether this page holds a lock now. It is let go of when the page ends. Where the browser has no locks (it is not a
// secure context), every page holds them all.
export async function hold_lock(name, patience) {
  if (!navigator.locks) return true;
  const options = patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    const use = (lock) => {
      resolve(lock !== null);
      return lock && new Promise((release) => held.set(name, release));
    };
    navigator.locks.request(name, options, use).catch(() => resolve(false));
  });
}

export function release_lock(name) {
  held.get(name)?.();
  held.delete(name);
}

export function rest(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
")]
extern "C" {
    async fn hold_lock(name: &str, patience: u32) -> JsValue;
    fn release_lock(name: &str);
    #[wasm_bindgen(js_name = rest)]
    async fn rest_for(milliseconds: u32) -> JsValue;
}

async fn hold(place: &str, patience: u32) -> bool {
    hold_lock(&lock(place), patience).await.is_truthy()
}

fn lock(place: &str) -> String {
    format!("jobwright-draft:{place}")
}

/// Ends after so many milliseconds.
pub async fn rest(milliseconds: u32) {
    rest_for(milliseconds).await;
}

/// How long the database may take to answer, in milliseconds.
const ANSWER: u32 = 5000;

/// Takes a place for this tab's draft of a project: its name and number, with the draft that lies there; or why the
/// drafts cannot be read. A place whose draft is not known is never taken.
pub async fn take(project: &str, begin: Begin) -> Result<(String, usize, Option<Draft>), String> {
    let (sender, answer) = oneshot::channel();
    let sender = Rc::new(Cell::new(Some(sender)));
    let (late, project) = (Rc::clone(&sender), project.to_owned());
    leptos::task::spawn_local(async move {
        let found = find(&project, begin).await;
        if let Some(sender) = sender.take() {
            let _ = sender.send(found);
        }
    });
    leptos::task::spawn_local(async move {
        rest(ANSWER).await;
        if let Some(sender) = late.take() {
            let _ = sender.send(Err(t(text::DRAFT_SLOW).to_owned()));
        }
    });
    answer.await.unwrap_or_else(|_| Err(String::new()))
}

async fn find(project: &str, begin: Begin) -> Result<(String, usize, Option<Draft>), String> {
    let drafts = store::places().await.map_err(|error| error.to_string())?;
    let own = match begin {
        Begin::At(number) => named(&name(project, number), &drafts).await,
        Begin::Again | Begin::Anew => None,
    };
    let own = match (own, begin) {
        (None, Begin::Again | Begin::At(_)) => own_place(project, &drafts).await,
        (own, _) => own,
    };
    let place = match (own, begin) {
        (Some(own), _) => own,
        (None, Begin::Again | Begin::At(_)) => again(project, &drafts).await?,
        (None, Begin::Anew) => anew(project, &drafts).await?,
    };
    let draft = store::get(&place).await.map_err(|error| {
        // Its draft is another tab's, if that can read it.
        release_lock(&lock(&place));
        error.to_string()
    })?;
    remember(project, &place);
    let number = number_of(project, &place);
    let draft = draft.filter(|draft| !draft.text.is_empty() || draft.json.is_some());
    Ok((place, number.unwrap_or_default(), draft))
}

/// The place that this tab had before, if a draft lies there.
async fn own_place(project: &str, drafts: &[String]) -> Option<String> {
    named(&remembered(project)?, drafts).await
}

/// A place, if a draft lies there and no other tab works on it.
async fn named(place: &str, drafts: &[String]) -> Option<String> {
    let found = drafts.iter().find(|draft| *draft == place)?;
    hold(found, PATIENCE).await.then(|| place.to_owned())
}

/// A free place with a draft; else one without.
async fn again(project: &str, drafts: &[String]) -> Result<String, String> {
    let mut numbers: Vec<usize> = drafts
        .iter()
        .filter_map(|place| number_of(project, place))
        .collect();
    numbers.sort_unstable();
    for number in numbers {
        let place = name(project, number);
        if hold(&place, 0).await {
            return Ok(place);
        }
    }
    anew(project, drafts).await
}

/// A free place without a draft, however many there are: no draft is written over.
async fn anew(project: &str, drafts: &[String]) -> Result<String, String> {
    let taken: HashSet<usize> = drafts
        .iter()
        .filter_map(|place| number_of(project, place))
        .collect();
    let free = (0..).filter(|number| !taken.contains(number)).take(TRIES);
    for number in free {
        let place = name(project, number);
        if hold(&place, 0).await {
            return Ok(place);
        }
    }
    Err(t(text::DRAFT_NO_PLACE).to_owned())
}

/// The number of a place of a project, and none for another project's.
fn number_of(project: &str, place: &str) -> Option<usize> {
    let rest = place.strip_prefix(&name(project, 0))?;
    if rest.is_empty() {
        return Some(0);
    }
    rest.strip_prefix(' ')?.parse().ok()
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

/// Most bytes of a history that the tab keeps.
const HISTORY: usize = 512 * 1024;

/// Under which key the tab keeps the history of the text at a place.
fn history_key(place: &str) -> String {
    format!("jobwright-history:{place}")
}

/// Keeps a text's history over the end of this page. It is of no use to another text.
pub fn keep_history(place: &str, of: &str, history: &History) {
    if let Some(memory) = memory() {
        // Without it there is nothing to undo on the next page, and nothing is lost.
        let _ = memory.set_item(
            &history_key(place),
            &format!("{:x} {}", sum(of), history.to_json(HISTORY)),
        );
    }
}

/// What [`keep_history`] kept, if it is of this text.
pub fn history(place: &str, of: &str) -> Option<History> {
    let kept = memory()?.get_item(&history_key(place)).ok().flatten()?;
    let (found, history) = kept.split_once(' ')?;
    (found == format!("{:x}", sum(of)))
        .then(|| History::from_json(history))
        .flatten()
}

/// FNV-1a, 64 bits: tells one's own texts apart.
fn sum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
