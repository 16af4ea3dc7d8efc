//! Slots for drafts. A project has several slots, and an open tab holds one of them through a lock, which is released
//! when the tab closes. So two tabs never overwrite each other's text, and the draft of a closed tab is
//! found by the next one.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use futures_channel::oneshot;
use manifest::History;
use wasm_bindgen::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::pages::create_job::draft::{Draft, DraftChoice, store};
use crate::urls::base;
use crate::user_key;

/// Maximum number of slots tried for a new draft, beyond those that have one: only open tabs without a draft hold
/// others.
const MAX_SLOTS: usize = 1000;

/// Timeout in milliseconds for a tab's own slot: after a reload, the previous page may still hold the lock.
const LOCK_TIMEOUT_MS: u32 = 1000;

#[wasm_bindgen(inline_js = "
const held = new Map();

// Web Locks need a secure context. Without them, pages ask each other: who wants a lock waits whether another page
// answers that it has it; of two pages that ask at once, the one with the lower number gets it.
const ANSWER_TIMEOUT = 250;
const page = Math.random();
const wanted = new Set();
const channel = navigator.locks ? null : new BroadcastChannel('jobwright-draft');
channel?.addEventListener('message', ({ data }) => {
  const { question, from } = data;
  if (held.has(question) || (wanted.has(question) && page < from)) channel.postMessage({ answer: question, to: from });
});

function is_taken(name) {
  return new Promise((resolve) => {
    const end = (taken) => {
      clearTimeout(timer);
      channel.removeEventListener('message', hear);
      resolve(taken);
    };
    const hear = ({ data }) => {
      if (data.answer === name && data.to === page) end(true);
    };
    const timer = setTimeout(end, ANSWER_TIMEOUT, false);
    channel.addEventListener('message', hear);
    channel.postMessage({ question: name, from: page });
  });
}

async function ask_for_lock(name, timeout) {
  if (held.has(name)) return false;
  const end = performance.now() + timeout;
  for (;;) {
    wanted.add(name);
    const taken = await is_taken(name);
    wanted.delete(name);
    if (!taken) held.set(name, () => {});
    if (!taken || performance.now() >= end) return !taken;
    await sleep(100);
  }
}

// Returns whether this page now holds a lock, which is released when the page ends.
export async function hold_lock(name, timeout) {
  if (!navigator.locks) return ask_for_lock(name, timeout);
  const options = timeout > 0 ? { signal: AbortSignal.timeout(timeout) } : { ifAvailable: true };
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

export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
")]
extern "C" {
    async fn hold_lock(name: &str, timeout: u32) -> JsValue;
    fn release_lock(name: &str);
    #[wasm_bindgen(js_name = sleep)]
    async fn js_sleep(milliseconds: u32) -> JsValue;
}

async fn try_lock(slot: &str, timeout: u32) -> bool {
    hold_lock(&lock_name(slot), timeout).await.is_truthy()
}

fn lock_name(slot: &str) -> String {
    format!("jobwright-draft:{slot}")
}

/// Resolves after a delay in milliseconds.
pub async fn sleep(milliseconds: u32) {
    js_sleep(milliseconds).await;
}

/// Timeout in milliseconds for a response of the database.
const DATABASE_TIMEOUT_MS: u32 = 5000;

/// Acquires a slot for this tab's draft of a project; returns its key, its number and the draft stored there.
///
/// # Errors
/// The reason why the drafts cannot be read. A slot whose draft is unknown is never acquired.
pub async fn acquire(project: &str, choice: DraftChoice) -> Result<(String, usize, Option<Draft>), String> {
    let (sender, response) = oneshot::channel();
    let sender = Rc::new(Cell::new(Some(sender)));
    let (on_timeout, project) = (Rc::clone(&sender), project.to_owned());
    leptos::task::spawn_local(async move {
        let result = choose_slot(&project, choice).await;
        if let Some(sender) = sender.take() {
            let _ = sender.send(result);
        }
    });
    leptos::task::spawn_local(async move {
        sleep(DATABASE_TIMEOUT_MS).await;
        if let Some(sender) = on_timeout.take() {
            let _ = sender.send(Err(t(text::DRAFT_SLOW).to_owned()));
        }
    });
    response.await.unwrap_or_else(|_| Err(String::new()))
}

async fn choose_slot(project: &str, choice: DraftChoice) -> Result<(String, usize, Option<Draft>), String> {
    let drafts = store::slots().await.map_err(|error| error.to_string())?;
    let own = match choice {
        DraftChoice::Slot(number) => lock_draft(&slot_key(project, number), &drafts).await,
        DraftChoice::Resume | DraftChoice::New => None,
    };
    let own = match (own, choice) {
        (None, DraftChoice::Resume | DraftChoice::Slot(_)) => lock_previous_slot(project, &drafts).await,
        (own, _) => own,
    };
    let slot = match (own, choice) {
        (Some(own), _) => own,
        (None, DraftChoice::Resume | DraftChoice::Slot(_)) => lock_any_draft(project, &drafts).await?,
        (None, DraftChoice::New) => lock_free_slot(project, &drafts).await?,
    };
    let draft = store::get(&slot).await.map_err(|error| {
        // The draft belongs to another tab, if that can read it.
        release_lock(&lock_name(&slot));
        error.to_string()
    })?;
    store_slot(project, &slot);
    let number = slot_number(project, &slot);
    let draft = draft.filter(|draft| !draft.text.is_empty() || draft.json.is_some());
    Ok((slot, number.unwrap_or_default(), draft))
}

/// Locks the slot that this tab had before, if it holds a draft.
async fn lock_previous_slot(project: &str, drafts: &[String]) -> Option<String> {
    lock_draft(&stored_slot(project)?, drafts).await
}

/// Locks a slot, if it holds a draft and no other tab is editing it.
async fn lock_draft(slot: &str, drafts: &[String]) -> Option<String> {
    let found = drafts.iter().find(|draft| *draft == slot)?;
    try_lock(found, LOCK_TIMEOUT_MS).await.then(|| slot.to_owned())
}

/// Locks a free slot with a draft, else one without.
async fn lock_any_draft(project: &str, drafts: &[String]) -> Result<String, String> {
    let mut numbers: Vec<usize> = drafts
        .iter()
        .filter_map(|slot| slot_number(project, slot))
        .collect();
    numbers.sort_unstable();
    for number in numbers {
        let slot = slot_key(project, number);
        if try_lock(&slot, 0).await {
            return Ok(slot);
        }
    }
    lock_free_slot(project, drafts).await
}

/// Locks a free slot without a draft, however many there are: no draft is overwritten.
async fn lock_free_slot(project: &str, drafts: &[String]) -> Result<String, String> {
    let occupied: HashSet<usize> = drafts
        .iter()
        .filter_map(|slot| slot_number(project, slot))
        .collect();
    let free = (0..).filter(|number| !occupied.contains(number)).take(MAX_SLOTS);
    for number in free {
        let slot = slot_key(project, number);
        if try_lock(&slot, 0).await {
            return Ok(slot);
        }
    }
    Err(t(text::DRAFT_NO_PLACE).to_owned())
}

/// Returns the number of a slot of a project; none for another project's slot.
fn slot_number(project: &str, slot: &str) -> Option<usize> {
    let rest = slot.strip_prefix(&slot_key(project, 0))?;
    if rest.is_empty() {
        return Some(0);
    }
    rest.strip_prefix(' ')?.parse().ok()
}

/// Returns the key of a slot, which includes the cluster, since two clusters may have a project of the same name, and
/// the user, since several may use one browser.
fn slot_key(project: &str, number: usize) -> String {
    let project = match base().as_str() {
        "" => project.to_owned(),
        base => format!("{base}/{project}"),
    };
    let project = match user_key::current().0.as_str() {
        "" => project,
        user => format!("{user}@{project}"),
    };
    // The name of a project contains no space.
    match number {
        0 => project,
        number => format!("{project} {number}"),
    }
}

/// Returns the session storage of the tab, which survives a reload.
fn session_storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// Returns the storage key under which the tab stores its slot.
fn storage_key(project: &str) -> String {
    format!("jobwright-draft:{}", slot_key(project, 0))
}

fn stored_slot(project: &str) -> Option<String> {
    session_storage()?.get_item(&storage_key(project)).ok().flatten()
}

fn store_slot(project: &str, slot: &str) {
    if let Some(session_storage) = session_storage() {
        // Without storage a tab acquires any free slot after a reload.
        let _ = session_storage.set_item(&storage_key(project), slot);
    }
}

/// Maximum size of a stored history, in bytes.
const MAX_HISTORY_BYTES: usize = 512 * 1024;

/// Returns the storage key of the history of the text in a slot.
fn history_key(slot: &str) -> String {
    format!("jobwright-history:{slot}")
}

/// Stores a text's history for the next page of this tab. It applies to no other text.
pub fn store_history(slot: &str, text: &str, history: &History) {
    if let Some(session_storage) = session_storage() {
        // Without storage the next page has nothing to undo, but no text is lost.
        let _ = session_storage.set_item(
            &history_key(slot),
            &format!("{:x} {}", hash(text), history.to_json(MAX_HISTORY_BYTES)),
        );
    }
}

/// Returns the history stored by [`store_history`], if it belongs to this text.
pub fn history(slot: &str, text: &str) -> Option<History> {
    let stored = session_storage()?.get_item(&history_key(slot)).ok().flatten()?;
    let (found, history) = stored.split_once(' ')?;
    (found == format!("{:x}", hash(text)))
        .then(|| History::from_json(history))
        .flatten()
}

/// Computes the 64-bit FNV-1a hash, which suffices to tell the user's own texts apart.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
