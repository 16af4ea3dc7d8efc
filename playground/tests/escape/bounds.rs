//! Limits on what a command can use up: processes, memory, and disk.

use std::process::Command;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use crate::setting::{Setting, container, pod};

const MEBI: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn process_count_is_bounded_without_limits() {
    let setting = Setting::new();
    // Counts its processes, then keeps trying to fork for a while.
    let bomb = "my $n = 0; while (1) { my $p = fork; last unless defined $p; if (!$p) { sleep 5; exit } $n++;
        last if $n > 5000 } print \"$n\\n\"; my $end = time + 3; while (time < $end) { my $p = fork; if (defined $p && !$p) { 1 while fork || 1 > 2; exit } }";
    let mut one = pod("bomb", "");
    container(&mut one)["command"] = json!(["perl", "-e", bomb]);
    setting.create("pods", &one).await;
    // Others start meanwhile.
    for number in 0..3 {
        setting.other_commands_still_run(&format!("other-{number}")).await;
    }
    let ended = setting.end("bomb").await;
    let count: u64 = ended.log.lines().next().unwrap_or_default().parse().unwrap();
    assert!((16..1100).contains(&count), "{ended:#?}");
    setting.other_commands_still_run("after").await;
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_limit_holds_for_one_process_and_many() {
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
        let started_at = Instant::now();
        let ended = setting
            .run_with(name, "", |pod| {
                container(pod)["command"] = json!(command);
                container(pod)["resources"] =
                    json!({"limits": {"memory": "96Mi", "ephemeral-storage": "128Mi"}});
            })
            .await;
        assert_eq!(ended.pod["status"]["phase"], "Failed", "{name}: {ended:#?}");
        assert!(
            started_at.elapsed() < Duration::from_secs(50),
            "{name}: {ended:#?}"
        );
    }
    setting.other_commands_still_run("after").await;
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn container_without_limits_has_node_limits() {
    let setting = Setting::new();
    let script = "df -k / /dev/shm /sys | tail -n +2 | awk '{print $2}'; dd if=/dev/zero of=/dev/shm/x bs=1M count=100 2>&1 | grep -c 'No space'
        ulimit -Sn; ulimit -c";
    let ended = setting.run("sizes", script).await;
    let lines: Vec<_> = ended.log.lines().collect();
    let size = |line: usize| lines[line].parse::<u64>().unwrap() * 1024;
    assert_eq!((size(0), size(1)), (1 << 30, 64 * MEBI), "{ended:#?}");
    assert_eq!((lines[3], lines[5]), ("1", "0"), "{ended:#?}");
    // Not the limit that the console has raised for itself.
    assert!(lines[4].parse::<u64>().unwrap() <= 65536, "{ended:#?}");
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_storage_above_limit_evicts_pod() {
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
    setting.other_commands_still_run("after").await;
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory_volume_has_its_size_limit() {
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
        // A user that cannot mount has the volume on disk, where its size is checked.
        assert_eq!(ended.reason(), "Evicted", "{ended:#?}");
    }
    // Containers of a Pod share it, and it is removed with the Pod.
    let mut both = pod("both", "cat /v/x");
    let volume = json!({"name": "v", "mountPath": "/v"});
    both["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {"medium": "Memory"}}]);
    both["spec"]["initContainers"] = json!([{
        "name": "first", "image": "busybox", "command": ["/bin/sh", "-c", "echo kept > /v/x"], "volumeMounts": [volume],
    }]);
    container(&mut both)["volumeMounts"] = json!([volume]);
    setting.create("pods", &both).await;
    assert_eq!(setting.end("both").await.log, "kept\n");
    let started_at = Instant::now();
    while std::fs::read_to_string("/proc/self/mounts")
        .unwrap()
        .contains(setting.host.parent().unwrap().to_str().unwrap())
    {
        assert!(started_at.elapsed().as_secs() < 10, "a mount remains");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    setting.shut_down().await;
}

/// Returns the mounts below a directory.
fn mounts(dir: &std::path::Path) -> usize {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    mounts
        .lines()
        .filter(|line| line.contains(dir.to_str().unwrap()))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory_volumes_are_unmounted_at_shutdown_and_start() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let place = dir.path().to_owned();
    let root = rustix::process::geteuid().is_root();
    // As left behind by a killed process.
    let left = data.join("pods/gone/volumes/v");
    std::fs::create_dir_all(&left).unwrap();
    if root {
        let options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(&left).status();
        assert!(mounted.unwrap().success());
    }
    assert_eq!(mounts(&place), usize::from(root));
    let setting = Setting::with_data(dir, &data);
    let mut one = pod("memory", "touch /v/x; sleep 600");
    one["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {"medium": "Memory"}}]);
    container(&mut one)["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
    setting.create("pods", &one).await;
    setting
        .wait("memory", |pod| pod["status"]["phase"] == "Running")
        .await;
    assert!(!left.exists(), "the directory of a deleted Pod remains");
    assert_eq!(mounts(&place), usize::from(root));
    setting.playground.shutdown().await;
    assert_eq!(mounts(&place), 0);
    setting.shut_down().await;
}
