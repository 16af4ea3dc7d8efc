//! Tests the life cycle of a Job with a manual clock.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::api::registry::{create_object, is_finished};
use crate::clock::{Clock, seconds};
use crate::controllers::job::facts::index as index_of;
use crate::resource::{JOBS, PODS};
use crate::store::{Key, Store, StoreError};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cluster() -> (Cluster, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("db")).unwrap();
    let cluster = Cluster::new(
        store,
        Clock::manual(at("2026-01-01T00:00:00Z")),
        dir.path().into(),
    );
    crate::bootstrap::run(&cluster).unwrap();
    (cluster, dir)
}

fn job(cluster: &Cluster, spec: &Value) -> Key {
    let mut object = json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "c", "image": "x:1"}],
    }}}});
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    create_object(cluster, &JOBS, "demo", object, false).unwrap();
    Key::new(&JOBS, "demo", "j")
}

fn pods(cluster: &Cluster) -> Vec<Arc<Value>> {
    cluster.store.list(&PODS, Some("demo")).unwrap().0
}

fn finish(cluster: &Cluster, pod: &Value, phase: &str) {
    let now = seconds(cluster.clock.now());
    cluster.store.modify(&Key::of(&PODS, pod).unwrap(), |pod| {
        pod["status"] = json!({"phase": phase, "containerStatuses": [{"state": {"terminated": {"finishedAt": now}}}]});
        Ok::<_, StoreError>(())
    }).unwrap();
}

/// Syncs every Job until nothing more follows, without advancing the clock.
async fn rounds(controller: &mut Controller) {
    for _ in 0..6 {
        for job in controller.cluster.store.list(&JOBS, None).unwrap().0 {
            let text = |field: &str| job["metadata"][field].as_str().unwrap().to_owned();
            controller.start_sync((text("namespace"), text("name"))).unwrap();
            while let Some(result) = controller.workers.join_next().await {
                controller.finish_sync(result.unwrap().unwrap());
            }
        }
    }
}

fn condition<'a>(job: &'a Value, kind: &str) -> Option<&'a Value> {
    status::condition(&job["status"], kind)
}

#[tokio::test(start_paused = true)]
async fn job_completes_when_enough_pods_have_succeeded() {
    let (cluster, _folder) = cluster();
    let mut controller = Controller::new(cluster.clone());
    let key = job(&cluster, &json!({"completions": 3, "parallelism": 2}));
    rounds(&mut controller).await;
    assert_eq!(pods(&cluster).len(), 2);
    for _ in 0..3 {
        let next = pods(&cluster).into_iter().find(|pod| !is_finished(pod)).unwrap();
        finish(&cluster, &next, "Succeeded");
        rounds(&mut controller).await;
    }
    let job = cluster.store.get(&key).unwrap().unwrap();
    assert_eq!(job["status"]["succeeded"], 3);
    assert_eq!(
        condition(&job, "Complete").unwrap()["reason"],
        "CompletionsReached"
    );
    assert!(condition(&job, "SuccessCriteriaMet").is_some());
    assert_eq!(pods(&cluster).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn retries_back_off_and_limit_fails_job() {
    let (cluster, _folder) = cluster();
    let mut controller = Controller::new(cluster.clone());
    let key = job(&cluster, &json!({"backoffLimit": 1}));
    rounds(&mut controller).await;
    finish(&cluster, &pods(&cluster)[0], "Failed");
    rounds(&mut controller).await;
    assert_eq!(pods(&cluster).len(), 1, "waits 10 s");
    cluster.clock.set(at("2026-01-01T00:00:10Z"));
    rounds(&mut controller).await;
    assert_eq!(pods(&cluster).len(), 2);
    let next = pods(&cluster).into_iter().find(|pod| !is_finished(pod)).unwrap();
    finish(&cluster, &next, "Failed");
    rounds(&mut controller).await;
    let job = cluster.store.get(&key).unwrap().unwrap();
    assert_eq!(
        condition(&job, "Failed").unwrap()["reason"],
        "BackoffLimitExceeded"
    );
    assert_eq!(job["status"]["failed"], 2);
}

#[tokio::test(start_paused = true)]
async fn deadline_takes_precedence_over_back_off_limit() {
    let (cluster, _folder) = cluster();
    let mut controller = Controller::new(cluster.clone());
    let key = job(&cluster, &json!({"activeDeadlineSeconds": 5}));
    rounds(&mut controller).await;
    cluster.clock.set(at("2026-01-01T00:00:05Z"));
    rounds(&mut controller).await;
    let job = cluster.store.get(&key).unwrap().unwrap();
    assert_eq!(condition(&job, "Failed").unwrap()["reason"], "DeadlineExceeded");
    assert_eq!(pods(&cluster).len(), 0, "the Pod was on no node yet and is gone");
}

#[tokio::test(start_paused = true)]
async fn indexed_job_has_one_pod_per_index() {
    let (cluster, _folder) = cluster();
    let mut controller = Controller::new(cluster.clone());
    let key = job(
        &cluster,
        &json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed"}),
    );
    rounds(&mut controller).await;
    let mut indexes: Vec<_> = pods(&cluster).iter().filter_map(|pod| index_of(pod)).collect();
    indexes.sort_unstable();
    assert_eq!(indexes, [0, 1, 2]);
    for pod in pods(&cluster) {
        finish(&cluster, &pod, "Succeeded");
    }
    rounds(&mut controller).await;
    assert_eq!(
        cluster.store.get(&key).unwrap().unwrap()["status"]["completedIndexes"],
        "0-2"
    );
}

#[tokio::test(start_paused = true)]
async fn suspended_job_runs_nothing_until_resumed() {
    let (cluster, _folder) = cluster();
    let mut controller = Controller::new(cluster.clone());
    let key = job(&cluster, &json!({"suspend": true}));
    rounds(&mut controller).await;
    assert_eq!(pods(&cluster).len(), 0);
    cluster
        .store
        .modify(&key, |job| {
            job["spec"]["suspend"] = false.into();
            Ok::<_, StoreError>(())
        })
        .unwrap();
    rounds(&mut controller).await;
    assert_eq!(pods(&cluster).len(), 1);
}
