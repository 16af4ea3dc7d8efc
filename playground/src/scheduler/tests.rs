//! Tests what is reported about unschedulable Pods.

use serde_json::json;

use super::*;
use crate::api::registry::create_object;
use crate::clock::Clock;
use crate::resource::EVENTS;
use crate::store::{EventKind, Store};

fn cluster() -> Cluster {
    let cluster = Cluster::new(Store::in_memory(), Clock::system(), "/nowhere".into());
    crate::bootstrap::run(&cluster).unwrap();
    cluster
}

fn create(cluster: &Cluster, name: &str, cpu: &str) -> Arc<Value> {
    let pod = json!({"metadata": {"name": name}, "spec": {"containers": [
        {"name": "c", "image": "x:1", "resources": {"requests": {"cpu": cpu}}},
    ]}});
    create_object(cluster, &PODS, "demo", pod, false).unwrap()
}

fn failures(cluster: &Cluster) -> Vec<Value> {
    let (events, _) = cluster.store.list(&EVENTS, Some("demo")).unwrap();
    let failed = events
        .iter()
        .filter(|event| event["reason"] == "FailedScheduling");
    failed.map(|event| event["series"]["count"].clone()).collect()
}

/// The Pod ends, and the scheduler receives the change.
fn end(scheduler: &mut Scheduler, pod: &Value) {
    let key = Key::of(&PODS, pod).unwrap();
    let before = scheduler.cluster.store.get(&key).unwrap();
    let after = scheduler.cluster.store.modify(&key, |pod| {
        pod["status"]["phase"] = "Succeeded".into();
        Ok::<_, StoreError>(())
    });
    scheduler.pod_changed(&Event {
        kind: EventKind::Modified,
        object: after.unwrap(),
        previous: before,
        resource_version: 0,
    });
}

#[test]
fn unschedulable_pod_is_retried_and_reported_when_another_finishes() {
    let cluster = cluster();
    let mut scheduler = Scheduler {
        cluster: cluster.clone(),
        unschedulable: HashMap::new(),
    };
    let small: Vec<_> = ["a", "b", "c"].map(|name| create(&cluster, name, "1m")).into();
    create(&cluster, "huge", "9999");
    scheduler.round().unwrap();
    assert_eq!(failures(&cluster), [Value::Null]);
    scheduler.round().unwrap();
    assert_eq!(failures(&cluster), [Value::Null], "nothing has happened");
    end(&mut scheduler, &small[0]);
    scheduler.round().unwrap();
    // Its condition has been written since: that is another state of the Pod, and another event.
    assert_eq!(failures(&cluster).len(), 2);
    end(&mut scheduler, &small[1]);
    scheduler.round().unwrap();
    let mut counts = failures(&cluster);
    counts.sort_by_key(Value::is_number);
    assert_eq!(counts, [Value::Null, json!(2)], "a series");
    end(&mut scheduler, &small[2]);
    scheduler.round().unwrap();
    assert_eq!(failures(&cluster).len(), 2, "counted, not written");
}
