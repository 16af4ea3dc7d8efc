//! A full disk, and recovery when it has space again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use crate::setting::{Setting, SmallDisk, pod};

const MEBI: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn job_with_huge_log_does_not_stop_playground() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let disk = SmallDisk::mount(&data);
    let setting = Setting::with_data(dir, &data);
    if disk.is_none() {
        setting.playground.limit_data(40 * MEBI);
    }
    assert!(setting.playground.health().is_ok());
    let (seen, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let watching = tokio::spawn({
        let (playground, seen, stop) = (setting.playground.clone(), seen.clone(), stop.clone());
        async move {
            while !stop.load(Ordering::SeqCst) {
                if playground.health().is_err() {
                    seen.store(true, Ordering::SeqCst);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    // A gigabyte.
    let chatty = "$line = 'x' x 1023 . \"\\n\"; print $line for 1 .. 1 << 20; sleep 600";
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "chatty", "namespace": "demo"},
        "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": "main", "image": "perl", "command": ["/usr/bin/perl", "-e", chatty]}]}}},
    });
    let path = "/apis/batch/v1/namespaces/demo/jobs";
    let (code, text) = setting.request(Method::POST, path, Some(&job)).await;
    assert_eq!(code, 201, "{text}");
    let started_at = Instant::now();
    let pod = loop {
        let (_, text) = setting
            .request(Method::GET, "/api/v1/namespaces/demo/pods", None)
            .await;
        let pods: serde_json::Value = serde_json::from_str(&text).unwrap();
        if let Some(pod) = pods["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|pod| pod["status"]["phase"] == "Failed")
        {
            break pod.clone();
        }
        assert!(started_at.elapsed().as_secs() < 60, "{pods:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(pod["status"]["reason"], "Evicted", "{pod:#}");
    let message = pod["status"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("The node was low on resource: ephemeral-storage. "),
        "{message}"
    );
    // Ready again on its own, and everything works.
    let started_at = Instant::now();
    while setting.playground.health().is_err() {
        assert!(
            started_at.elapsed().as_secs() < 20,
            "{:?}",
            setting.playground.health()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(seen.load(Ordering::SeqCst), "readiness did not report it");
    let (code, _) = setting.request(Method::GET, "/readyz", None).await;
    assert_eq!(code, 200);
    setting.other_commands_still_run("after").await;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after"}});
    setting.create("configmaps", &map).await;
    let started_at = Instant::now();
    loop {
        let (_, job) = setting
            .request(Method::GET, &format!("{path}/chatty"), None)
            .await;
        if job.contains("BackoffLimitExceeded") {
            break;
        }
        assert!(started_at.elapsed().as_secs() < 20, "{job}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.store(true, Ordering::SeqCst);
    watching.await.unwrap();
    setting.shut_down().await;
    drop(disk);
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_filled_by_others_rejects_writes_until_space_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let Some(disk) = SmallDisk::mount(&data) else {
        // The store's own tests cover this with a simulated disk.
        return;
    };
    let setting = Setting::with_data(dir, &data);
    setting.other_commands_still_run("before").await;
    setting
        .create("pods", &pod("across", "sleep 4; echo through"))
        .await;
    setting
        .wait("across", |pod| pod["status"]["phase"] == "Running")
        .await;
    let full = std::fs::File::create(data.join("full")).unwrap();
    let zeros = vec![1; 1 << 16];
    while std::io::Write::write_all(&mut &full, &zeros).is_ok() {}
    let map = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": "y".repeat(500_000)}});
    let path = "/api/v1/namespaces/demo/configmaps";
    let mut refused = None;
    for number in 0..40 {
        let (code, text) = setting
            .request(Method::POST, path, Some(&map(&format!("map-{number}"))))
            .await;
        if code != 201 {
            refused = Some((code, text));
            break;
        }
    }
    let (code, text) = refused.unwrap();
    assert_eq!(code, 507, "{text}");
    assert!(text.contains("no space left"), "{text}");
    assert_eq!(setting.request(Method::GET, "/readyz", None).await.0, 500);
    assert_eq!(setting.request(Method::GET, "/livez", None).await.0, 200);
    tokio::time::sleep(Duration::from_secs(4)).await;
    drop(full);
    std::fs::remove_file(data.join("full")).unwrap();
    let started_at = Instant::now();
    while setting.request(Method::GET, "/readyz", None).await.0 != 200 {
        assert!(started_at.elapsed().as_secs() < 20);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    setting.create("configmaps", &map("later")).await;
    // It ended while nothing could be written.
    let ended = setting.end("across").await;
    assert_eq!(ended.exit_code(), Some(0), "{ended:#?}");
    assert_eq!(ended.pod["status"]["containerStatuses"][0]["restartCount"], 0);
    setting.other_commands_still_run("after").await;
    setting.shut_down().await;
    drop(disk);
}
