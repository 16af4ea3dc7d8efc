//! Tests the store's guarantees: durability, optimistic concurrency, watches.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::resource::{JOBS, PODS};
use crate::store::{EventKind, Key, Preconditions, Store, StoreError};

fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.redb")).unwrap();
    (dir, store)
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
fn acknowledged_writes_survive_reopening() {
    let (dir, store) = store();
    let pi = store.create(&JOBS, job("pi")).unwrap();
    store.create(&JOBS, job("gone")).unwrap();
    store.remove(&key("gone"), None).unwrap();
    let version = store.version();
    drop(store);

    let reopened = Store::open(&dir.path().join("store.redb")).unwrap();
    assert_eq!(reopened.list(&JOBS, None).unwrap(), (vec![pi], version));
    assert!(matches!(
        reopened.watch(&JOBS, None, version - 1),
        Err(StoreError::Gone { .. })
    ));
    assert!(reopened.watch(&JOBS, None, version).is_ok());
}

#[test]
fn name_is_unique_per_namespace_and_type() {
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
fn stale_resource_version_conflicts() {
    let (_folder, store) = store();
    let read = Value::clone(&store.create(&JOBS, job("pi")).unwrap());
    set_parallelism(&store, "pi", 2);
    assert!(matches!(store.update(&JOBS, read), Err(StoreError::Conflict(_))));
}

#[test]
fn unchanged_write_keeps_resource_version() {
    let (_folder, store) = store();
    let created = store.create(&JOBS, job("pi")).unwrap();
    assert_eq!(set_parallelism(&store, "pi", 1), *created);
    assert_eq!(
        store.version().to_string(),
        created["metadata"]["resourceVersion"]
    );
}

#[test]
fn deleted_object_is_removed_with_last_finalizer() {
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
fn failed_precondition_keeps_object() {
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
async fn watch_yields_every_change_after_start_in_order() {
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
async fn watch_behind_history_ends_with_gone() {
    let (_folder, store) = store();
    store.create(&JOBS, job("pi")).unwrap();
    let mut watch = store.watch(&JOBS, None, store.version()).unwrap();
    {
        // Directly in memory: nine thousand commits would take the test a minute.
        let mut state = store.shared.state();
        for number in 0..9000 {
            let stored = state.newest(&key("pi")).unwrap();
            let mut object = Value::clone(&stored);
            object["spec"]["parallelism"] = number.into();
            state.replace(&key("pi"), &stored, object).unwrap();
        }
        let (_, reaches, _) = state.begin_write().unwrap();
        state.end_write(reaches);
    }
    assert!(matches!(watch.next().await, Some(Err(StoreError::Gone { .. }))));
    assert!(watch.next().await.is_none());
}

/// A disk that is full on request.
#[derive(Debug)]
struct FaultyDisk {
    file: redb::backends::FileBackend,
    full: Arc<AtomicBool>,
}

thread_local! {
    /// After how many more operations of this thread its disk is full.
    static FUSE: Cell<Option<u32>> = const { Cell::new(None) };
}

impl FaultyDisk {
    fn check(&self) -> io::Result<()> {
        match FUSE.get() {
            Some(0) => self.full.store(true, Ordering::SeqCst),
            Some(left) => FUSE.set(Some(left - 1)),
            None => {}
        }
        if self.full.load(Ordering::SeqCst) {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }
}

impl redb::StorageBackend for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.check()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}

fn store_on(dir: &TempDir, full: &Arc<AtomicBool>) -> Store {
    let (path, full) = (dir.path().join("store.redb"), Arc::clone(full));
    let open = move || {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(redb::Error::Io)?;
        let disk = FaultyDisk {
            file: redb::backends::FileBackend::new(file)?,
            full: Arc::clone(&full),
        };
        Ok(redb::Database::builder().create_with_backend(disk)?)
    };
    Store::open_with(Box::new(open)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_fails_write_and_next_succeeds_once_space_is_free() {
    let (dir, full) = (tempfile::tempdir().unwrap(), Arc::default());
    let store = store_on(&dir, &full);
    store.create(&JOBS, job("before")).unwrap();
    let version = store.version();
    let mut watch = store.watch(&JOBS, None, version).unwrap();

    for _ in 0..3 {
        full.store(true, Ordering::SeqCst);
        assert!(matches!(store.create(&JOBS, job("pi")), Err(StoreError::Full)));
        assert!(matches!(
            store.remove(&key("before"), None),
            Err(StoreError::Full)
        ));
        // It never existed: neither readers nor watches have seen it, and its name and version are free.
        assert_eq!(store.get(&key("pi")).unwrap(), None);
        assert!(store.get(&key("before")).unwrap().is_some());
        assert_eq!(store.version(), version);
        assert!(store.failure().is_some() && store.probe().is_err());
        full.store(false, Ordering::SeqCst);
        store.probe().unwrap();
        assert_eq!(store.failure(), None);
    }

    let pi = store.create(&JOBS, job("pi")).unwrap();
    let event = watch.next().await.unwrap().unwrap();
    assert_eq!((event.kind, &event.object), (EventKind::Added, &pi));
    let all = store.list(&JOBS, None).unwrap();
    drop((watch, store));
    assert_eq!(store_on(&dir, &full).list(&JOBS, None).unwrap(), all);
}

#[test]
fn writers_of_failed_batch_all_get_error() {
    let (dir, full) = (tempfile::tempdir().unwrap(), Arc::default());
    let store = store_on(&dir, &full);
    let refused = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (store, full) = (&store, &full);
                scope.spawn(move || {
                    let mut refused = Vec::new();
                    for number in 0..20 {
                        full.store(number % 3 == 0, Ordering::SeqCst);
                        let name = format!("job-{writer}-{number}");
                        if store.create(&JOBS, job(&name)).is_err() {
                            refused.push(name);
                        }
                    }
                    refused
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect::<Vec<_>>()
    });
    full.store(false, Ordering::SeqCst);
    store.create(&JOBS, job("last")).unwrap();
    let (seen, version) = store.list(&JOBS, None).unwrap();
    // Exactly what was acknowledged is there, in memory and on disk.
    assert_eq!(seen.len() + refused.len(), 8 * 20 + 1);
    assert!(
        refused
            .iter()
            .all(|name| store.get(&key(name)).unwrap().is_none())
    );
    drop(store);
    assert_eq!(store_on(&dir, &full).list(&JOBS, None).unwrap(), (seen, version));
}

#[test]
fn failed_commit_leaves_nothing_wherever_it_fails() {
    let mut failures = 0;
    // Further on than any commit goes.
    for step in 0..100 {
        let (folder, full) = (tempfile::tempdir().unwrap(), Arc::default());
        let store = store_on(&folder, &full);
        store.create(&JOBS, job("kept")).unwrap();
        let changed = json!({"metadata": {"name": "kept", "namespace": "demo"}, "spec": {"parallelism": 2}});

        FUSE.set(Some(step));
        failures += usize::from(store.update(&JOBS, changed).is_err());
        failures += usize::from(store.create(&JOBS, job("new")).is_err());
        FUSE.set(None);
        full.store(false, Ordering::SeqCst);

        store.probe().unwrap();
        let acknowledged = (store.list(&JOBS, None).unwrap().0, step);
        drop(store);
        let reopened = store_on(&folder, &full).list(&JOBS, None).unwrap().0;
        assert_eq!((reopened, step), acknowledged);
    }
    assert!(failures > 10, "{failures}");
}

#[tokio::test]
async fn change_is_invisible_until_on_disk() {
    let (_folder, store) = store();
    let mut watch = store.watch(&JOBS, None, store.version()).unwrap();
    let reaches = {
        let mut state = store.shared.state();
        state.put(&key("pi"), job("pi")).unwrap();
        let (_, reaches, _) = state.begin_write().unwrap();
        reaches
    };
    assert_eq!(store.get(&key("pi")).unwrap(), None);
    assert_eq!(store.list(&JOBS, None).unwrap().0.len(), 0);
    assert!(futures::poll!(watch.next()).is_pending());
    store.shared.state().end_write(reaches);
    assert!(store.get(&key("pi")).unwrap().is_some());
    assert!(futures::poll!(watch.next()).is_ready());
}
