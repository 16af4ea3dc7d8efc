//! The store's promises: durability, optimistic concurrency, watches.

use futures::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{EventKind, Key, Preconditions, Store, StoreError};
use crate::resource::{JOBS, PODS};

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store.redb")).unwrap();
    (folder, store)
}

fn job(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "demo"}, "spec": {"parallelism": 1}})
}

fn key(name: &str) -> Key {
    Key::new(&JOBS, "demo", name)
}

fn set_parallelism(store: &Store, name: &str, to: i64) -> Value {
    let changed = store.modify::<StoreError>(&key(name), |object| {
        object["spec"]["parallelism"] = to.into();
        Ok(())
    });
    Value::clone(&changed.unwrap())
}

#[test]
fn what_is_acknowledged_is_there_after_reopening() {
    let (folder, store) = store();
    let pi = store.create(&JOBS, job("pi")).unwrap();
    store.create(&JOBS, job("gone")).unwrap();
    store.remove(&key("gone"), None).unwrap();
    let version = store.version();
    drop(store);

    let reopened = Store::open(&folder.path().join("store.redb")).unwrap();
    assert_eq!(reopened.list(&JOBS, None).unwrap(), (vec![pi], version));
    assert!(matches!(
        reopened.watch(&JOBS, None, version - 1),
        Err(StoreError::Gone { .. })
    ));
    assert!(reopened.watch(&JOBS, None, version).is_ok());
}

#[test]
fn a_name_is_taken_once_per_namespace_and_type() {
    let (_folder, store) = store();
    store.create(&JOBS, job("pi")).unwrap();
    assert!(matches!(
        store.create(&JOBS, job("pi")),
        Err(StoreError::AlreadyExists(_))
    ));
    store.create(&PODS, job("pi")).unwrap();
    let mut elsewhere = job("pi");
    elsewhere["metadata"]["namespace"] = "other".into();
    store.create(&JOBS, elsewhere).unwrap();
    assert_eq!(store.list(&JOBS, Some("demo")).unwrap().0.len(), 1);
    assert_eq!(store.list(&JOBS, None).unwrap().0.len(), 2);
}

#[test]
fn a_stale_resource_version_conflicts() {
    let (_folder, store) = store();
    let read = Value::clone(&store.create(&JOBS, job("pi")).unwrap());
    set_parallelism(&store, "pi", 2);
    assert!(matches!(store.update(&JOBS, read), Err(StoreError::Conflict(_))));
}

#[test]
fn a_write_that_changes_nothing_keeps_the_resource_version() {
    let (_folder, store) = store();
    let created = store.create(&JOBS, job("pi")).unwrap();
    assert_eq!(set_parallelism(&store, "pi", 1), *created);
    assert_eq!(
        store.version().to_string(),
        created["metadata"]["resourceVersion"]
    );
}

#[test]
fn an_object_goes_with_its_last_finalizer_once_it_is_being_deleted() {
    let (_folder, store) = store();
    let mut object = job("pi");
    object["metadata"]["finalizers"] = json!(["example.com/hold"]);
    object["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    store.create(&JOBS, object).unwrap();
    let released = store.modify::<StoreError>(&key("pi"), |object| {
        object["metadata"]["finalizers"] = json!([]);
        Ok(())
    });
    assert!(released.is_ok());
    assert_eq!(store.get(&key("pi")).unwrap(), None);
}

#[test]
fn a_precondition_that_fails_keeps_the_object() {
    let (_folder, store) = store();
    store.create(&JOBS, job("pi")).unwrap();
    let other = Preconditions {
        uid: Some("other".into()),
        resource_version: None,
    };
    assert!(matches!(
        store.remove(&key("pi"), Some(&other)),
        Err(StoreError::Precondition(_))
    ));
    assert!(store.get(&key("pi")).unwrap().is_some());
}

#[tokio::test]
async fn a_watch_sees_every_change_after_its_start_in_order() {
    let (_folder, store) = store();
    store.create(&JOBS, job("before")).unwrap();
    let watch = store.watch(&JOBS, Some("demo"), store.version()).unwrap();
    store.create(&JOBS, job("pi")).unwrap();
    set_parallelism(&store, "pi", 2);
    store.create(&PODS, job("not-a-job")).unwrap();
    store.remove(&key("pi"), None).unwrap();
    let events: Vec<_> = watch.take(3).map(Result::unwrap).collect().await;
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.kind, event.object["spec"]["parallelism"].as_i64()))
        .collect();
    assert_eq!(
        seen,
        [
            (EventKind::Added, Some(1)),
            (EventKind::Modified, Some(2)),
            (EventKind::Deleted, Some(2))
        ]
    );
}

#[tokio::test]
async fn a_watch_that_falls_behind_the_history_ends_with_gone() {
    let (_folder, store) = store();
    store.create(&JOBS, job("pi")).unwrap();
    let mut watch = store.watch(&JOBS, None, store.version()).unwrap();
    {
        // Straight in memory: nine thousand commits would take the test a minute.
        let mut state = store.shared.state();
        for number in 0..9000 {
            let stored = state.get(&key("pi")).unwrap();
            let mut object = Value::clone(&stored);
            object["spec"]["parallelism"] = number.into();
            state.replace(&key("pi"), &stored, object).unwrap();
        }
    }
    assert!(matches!(watch.next().await, Some(Err(StoreError::Gone { .. }))));
    assert!(watch.next().await.is_none());
}
