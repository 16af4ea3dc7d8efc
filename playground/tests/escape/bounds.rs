//! What a command can use up: processes, memory, and disk.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use crate::setting::{Setting, container, pod};

const MEBI: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_bounded_without_any_limit() {
    let setting = Setting::new();
    // Counts, and then tries for a while to be more.
    let bomb = "my $n = 0; while (1) { my $p = fork; last unless defined $p; if (!$p) { sleep 5; exit } $n++;
        last if $n > 5000 } print \"$n\\n\"; my $end = time + 3; while (time < $end) { my $p = fork; if (defined $p && !$p) { 1 while fork || 1 > 2; exit } }";
    let mut one = pod("bomb", "");
    container(&mut one)["command"] = json!(["perl", "-e", bomb]);
    setting.create("pods", &one).await;
    // Others start meanwhile.
    for number in 0..3 {
        setting.goes_on(&format!("beside-{number}")).await;
    }
    let ended = setting.end("bomb").await;
    let count: u64 = ended.log.lines().next().unwrap_or_default().parse().unwrap();
    assert!((16..1100).contains(&count), "{ended:#?}");
    setting.goes_on("after").await;
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_in_one_process_and_in_many() {
    let setting = Setting::new();
    let one = "$x = 'x' x (512 << 20); print length $x";
    let many = "for (1 .. 16) { if (!fork) { $x = 'x' x (24 << 20); sleep 60; exit } }
        for (1 .. 16) { wait; exit 1 if $? }";
    let shared = "dd if=/dev/zero of=/dev/shm/x bs=1M count=60 && dd if=/dev/zero of=/tmp/x bs=1M count=200";
    for (name, command) in [
        ("one", ["perl", "-e", one]),
        ("many", ["perl", "-e", many]),
        ("files", ["sh", "-c", shared]),
    ] {
        let began = Instant::now();
        let ended = setting
            .run_with(name, "", |pod| {
                container(pod)["command"] = json!(command);
                container(pod)["resources"] =
                    json!({"limits": {"memory": "96Mi", "ephemeral-storage": "128Mi"}});
            })
            .await;
        assert_eq!(ended.pod["status"]["phase"], "Failed", "{name}: {ended:#?}");
        assert!(began.elapsed() < Duration::from_secs(50), "{name}: {ended:#?}");
    }
    setting.goes_on("after").await;
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_without_limits_has_those_of_a_node() {
    let setting = Setting::new();
    let script = "df -k / /dev/shm /sys | tail -n +2 | awk '{print $2}'; dd if=/dev/zero of=/dev/shm/x bs=1M count=100 2>&1 | grep -c 'No space'
        ulimit -Sn; ulimit -c";
    let ended = setting.run("sizes", script).await;
    let lines: Vec<_> = ended.log.lines().collect();
    let size = |line: usize| lines[line].parse::<u64>().unwrap() * 1024;
    assert_eq!((size(0), size(1)), (1 << 30, 64 * MEBI), "{ended:#?}");
    assert_eq!((lines[3], lines[5]), ("1", "0"), "{ended:#?}");
    // Not what the console has raised its own limit to.
    assert!(lines[4].parse::<u64>().unwrap() <= 65536, "{ended:#?}");
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_storage_above_its_limit_evicts_the_pod() {
    let setting = Setting::new();
    let fill = |path: &str| format!("dd if=/dev/zero of={path} bs=1M count=64; sync; sleep 60");
    for (name, script, resources, volume, message) in [
        (
            "volume",
            fill("/v/x"),
            json!({}),
            json!({"sizeLimit": "8Mi"}),
            "Usage of EmptyDir volume \"v\" exceeds the limit \"8Mi\". ",
        ),
        (
            "root",
            fill("/x"),
            json!({"limits": {"ephemeral-storage": "8Mi"}}),
            json!({}),
            "Pod ephemeral local storage usage exceeds the total limit of containers 8Mi. ",
        ),
        (
            "log",
            "dd if=/dev/zero bs=1M count=12 | tr '\\0' 'x' | fold -w 1000; sleep 60".to_owned(),
            json!({"limits": {"ephemeral-storage": "8Mi"}}),
            json!({}),
            "Pod ephemeral local storage usage exceeds the total limit of containers 8Mi. ",
        ),
    ] {
        let ended = setting
            .run_with(name, &script, |pod| {
                pod["spec"]["volumes"] = json!([{"name": "v", "emptyDir": volume}]);
                container(pod)["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
                container(pod)["resources"] = resources;
            })
            .await;
        assert_eq!(ended.reason(), "Evicted", "{name}: {ended:#?}");
        assert_eq!(ended.pod["status"]["message"], message);
        let disrupted = ended.pod["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|condition| condition["type"] == "DisruptionTarget")
            .unwrap();
        assert_eq!(disrupted["reason"], "TerminationByKubelet");
        let path =
            format!("/api/v1/namespaces/demo/events?fieldSelector=reason=Evicted,involvedObject.name={name}");
        let (_, events) = setting.request(Method::GET, &path, None).await;
        assert!(events.contains("\"Evicted\""), "{events}");
    }
    setting.goes_on("after").await;
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_in_memory_has_its_size() {
    let setting = Setting::new();
    let script = "dd if=/dev/zero of=/v/x bs=1M count=64 2>&1 | grep -c 'No space'; sleep 20";
    let ended = setting
        .run_with("memory", script, |pod| {
            pod["spec"]["volumes"] =
                json!([{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}}]);
            container(pod)["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
        })
        .await;
    if rustix::process::geteuid().is_root() {
        assert_eq!(
            (ended.exit_code(), ended.log.as_str()),
            (Some(0), "1\n"),
            "{ended:#?}"
        );
    } else {
        // Who may not mount has it on disk, and looks at its size.
        assert_eq!(ended.reason(), "Evicted", "{ended:#?}");
    }
    // Containers of a Pod share it, and it goes with the Pod.
    let mut both = pod("both", "cat /v/x");
    let volume = json!({"name": "v", "mountPath": "/v"});
    both["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {"medium": "Memory"}}]);
    both["spec"]["initContainers"] = json!([{
        "name": "first", "image": "busybox", "command": ["/bin/sh", "-c", "echo kept > /v/x"], "volumeMounts": [volume],
    }]);
    container(&mut both)["volumeMounts"] = json!([volume]);
    setting.create("pods", &both).await;
    assert_eq!(setting.end("both").await.log, "kept\n");
    let began = Instant::now();
    while std::fs::read_to_string("/proc/self/mounts")
        .unwrap()
        .contains(setting.host.parent().unwrap().to_str().unwrap())
    {
        assert!(began.elapsed().as_secs() < 10, "a mount is left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    setting.shut_down().await;
}

/// Mounts beneath a folder.
fn mounts(folder: &std::path::Path) -> usize {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    mounts
        .lines()
        .filter(|line| line.contains(folder.to_str().unwrap()))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_in_memory_end_with_the_playground_and_at_the_start_of_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let place = folder.path().to_owned();
    let root = rustix::process::geteuid().is_root();
    // As one that was killed leaves it.
    let left = data.join("pods/gone/volumes/v");
    std::fs::create_dir_all(&left).unwrap();
    if root {
        let options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(&left).status();
        assert!(mounted.unwrap().success());
    }
    assert_eq!(mounts(&place), usize::from(root));
    let setting = Setting::with_data(folder, &data);
    let mut one = pod("memory", "touch /v/x; sleep 600");
    one["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {"medium": "Memory"}}]);
    container(&mut one)["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
    setting.create("pods", &one).await;
    setting
        .wait("memory", |pod| pod["status"]["phase"] == "Running")
        .await;
    assert!(!left.exists(), "the folder of a Pod that is gone stays");
    assert_eq!(mounts(&place), usize::from(root));
    setting.playground.shutdown().await;
    assert_eq!(mounts(&place), 0);
    setting.shut_down().await;
}

/// A small disk for a data folder, where one can be made.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(folder: &std::path::Path) -> Option<Self> {
        let mounted = rustix::process::geteuid().is_root()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=50m,mode=700", "tmpfs"])
                .arg(folder)
                .status()
                .is_ok_and(|status| status.success());
        mounted.then(|| Self(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chatty_job_does_not_stop_the_playground() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let disk = SmallDisk::mount(&data);
    let setting = Setting::with_data(folder, &data);
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
    let began = Instant::now();
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
        assert!(began.elapsed().as_secs() < 60, "{pods:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(pod["status"]["reason"], "Evicted", "{pod:#}");
    let message = pod["status"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("The node was low on resource: ephemeral-storage. "),
        "{message}"
    );
    // Ready again by itself, and everything works.
    let began = Instant::now();
    while setting.playground.health().is_err() {
        assert!(
            began.elapsed().as_secs() < 20,
            "{:?}",
            setting.playground.health()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(seen.load(Ordering::SeqCst), "readiness said nothing");
    let (code, _) = setting.request(Method::GET, "/readyz", None).await;
    assert_eq!(code, 200);
    setting.goes_on("after").await;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after"}});
    setting.create("configmaps", &map).await;
    let began = Instant::now();
    loop {
        let (_, job) = setting
            .request(Method::GET, &format!("{path}/chatty"), None)
            .await;
        if job.contains("BackoffLimitExceeded") {
            break;
        }
        assert!(began.elapsed().as_secs() < 20, "{job}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.store(true, Ordering::SeqCst);
    watching.await.unwrap();
    setting.shut_down().await;
    drop(disk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_others_have_filled_refuses_writes_until_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let Some(disk) = SmallDisk::mount(&data) else {
        // The store's own tests do this with a disk that they make up.
        return;
    };
    let setting = Setting::with_data(folder, &data);
    setting.goes_on("before").await;
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
    let began = Instant::now();
    while setting.request(Method::GET, "/readyz", None).await.0 != 200 {
        assert!(began.elapsed().as_secs() < 20);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    setting.create("configmaps", &map("later")).await;
    // It ended while nothing could be written.
    let ended = setting.end("across").await;
    assert_eq!(ended.exit_code(), Some(0), "{ended:#?}");
    assert_eq!(ended.pod["status"]["containerStatuses"][0]["restartCount"], 0);
    setting.goes_on("after").await;
    setting.shut_down().await;
    drop(disk);
}
