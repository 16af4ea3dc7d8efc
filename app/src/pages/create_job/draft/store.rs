//! `IndexedDB` storage of drafts: one database with one object store. The key is the draft's slot; the value is the
//! text, or an array of the text and its JSON view.

use idb::{Database, DatabaseEvent, Error, Factory, ObjectStoreParams, TransactionMode};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::pages::create_job::draft::Draft;

const DATABASE: &str = "jobwright";
const STORE: &str = "drafts";

async fn open() -> Result<Database, Error> {
    let mut request = Factory::new()?.open(DATABASE, Some(1))?;
    request.on_upgrade_needed(|event| {
        // If the browser refuses this, the following reads and writes fail and report it.
        if let Ok(database) = event.database() {
            let _ = database.create_object_store(STORE, ObjectStoreParams::new());
        }
    });
    request.await
}

/// Returns the slots that hold a draft.
pub async fn slots() -> Result<Vec<String>, Error> {
    let database = open().await?;
    let transaction = database.transaction(&[STORE], TransactionMode::ReadOnly)?;
    let keys = transaction.object_store(STORE)?.get_all_keys(None, None)?.await?;
    transaction.await?;
    database.close();
    Ok(keys.iter().filter_map(JsValue::as_string).collect())
}

/// Returns the draft in a slot.
pub async fn get(slot: &str) -> Result<Option<Draft>, Error> {
    let database = open().await?;
    let transaction = database.transaction(&[STORE], TransactionMode::ReadOnly)?;
    let value: Option<JsValue> = transaction
        .object_store(STORE)?
        .get(JsValue::from_str(slot))?
        .await?;
    transaction.await?;
    database.close();
    let array = value.as_ref().and_then(|value| value.dyn_ref::<Array>());
    let (text, json) = match array {
        Some(array) => (array.get(0).as_string(), array.get(1).as_string()),
        None => (value.and_then(|value| value.as_string()), None),
    };
    Ok(text.map(|text| Draft { text, json }))
}

/// Stores a draft in a slot, or deletes it.
pub async fn put(slot: &str, draft: Option<&Draft>) -> Result<(), Error> {
    let database = open().await?;
    let transaction = database.transaction(&[STORE], TransactionMode::ReadWrite)?;
    let store = transaction.object_store(STORE)?;
    let key = JsValue::from_str(slot);
    match draft {
        Some(Draft { text, json }) => {
            let text = JsValue::from_str(text);
            let value = match json {
                None => text,
                Some(json) => Array::of2(&text, &JsValue::from_str(json)).into(),
            };
            store.put(&value, Some(&key))?.await?;
        }
        None => store.delete(key)?.await?,
    }
    transaction.commit()?.await?;
    database.close();
    Ok(())
}
