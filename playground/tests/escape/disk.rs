//! Disk blocks of unlinked files: files that a container keeps open, mapped or in transit after removing them count
//! like all others.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::setting::{Ended, Setting, SmallDisk, container};

const MEBI: u64 = 1 << 20;

/// Opens an unlinked file in `/v` as `$f`.
const UNLINKED: &str = "open(my $f, '+>', '/v/x') or die; unlink '/v/x'";
/// Writes `$size` MiB to it.
const WRITE: &str = "for (1 .. $size) { print $f 'x' x (1 << 20) or die } $f->flush";

/// Returns a script that hides a file of `size` MiB and then waits until it is stopped, or ends on its own.
fn hides(size: u64, open: &str, keep: &str) -> String {
    format!(
        "use Fcntl; use IO::Handle; use Socket; $SIG{{CHLD}} = 'IGNORE'; my $size = {size};
         {open}; {WRITE}; {keep}; sleep(30)"
    )
}

fn temporary() -> String {
    format!(
        "sysopen(my $f, '/v', {}, 0600) or die $!",
        libc::O_TMPFILE | libc::O_RDWR
    )
}

/// Maps `$f` and closes it.
fn map() -> String {
    format!(
        "my $at = syscall({}, 0, $size << 20, 3, 1, fileno($f), 0); die $! if $at == -1; close $f",
        libc::SYS_mmap
    )
}

/// Sends `$f` over a socket that nobody reads, and closes it.
fn send() -> String {
    format!(
        "socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die; my $byte = 'x'; my $iov = pack('PQ', $byte, 1);
         my $control = pack('QiiiI', 20, 1, 1, fileno($f), 0);
         my $message = pack('QIIPQPQiI', 0, 0, 0, $iov, 1, $control, 24, 0, 0);
         syscall({}, fileno($a), $message, 0) == 1 or die $!; close $f",
        libc::SYS_sendmsg
    )
}

async fn run(setting: &Setting, name: &str, script: &str, volume: Value) -> Ended {
    setting
        .run_with(name, "", |pod| {
            pod["spec"]["volumes"] = json!([volume]);
            container(pod)["command"] = json!(["perl", "-e", script]);
            container(pod)["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_file_counts_for_its_volume() {
    let setting = Setting::new();
    for (name, script) in [
        ("unlinked", hides(32, UNLINKED, "1")),
        ("temporary", hides(32, &temporary(), "1")),
        ("mapped", hides(32, UNLINKED, &map())),
        // The process that opened it has ended.
        (
            "inherited",
            hides(32, UNLINKED, "if (!fork) { sleep(30); exit } close $f"),
        ),
        // Many small ones.
        (
            "many",
            hides(
                0,
                "my @all; for (1 .. 400) { open(my $f, '+>', '/v/x') or die; unlink '/v/x'; print $f 'x' x (64 << 10); \
                 $f->flush; push @all, $f } my $f = $all[0]",
                "1",
            ),
        ),
    ] {
        let volume = json!({"name": "v", "emptyDir": {"sizeLimit": "8Mi"}});
        let ended = run(&setting, name, &script, volume).await;
        assert_eq!(ended.reason(), "Evicted", "{name}: {ended:#?}");
        assert_eq!(
            ended.pod["status"]["message"], "Usage of EmptyDir volume \"v\" exceeds the limit \"8Mi\". ",
            "{name}"
        );
    }
    setting.other_commands_still_run("after").await;
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_file_counts_once_until_last_descriptor_closes() {
    let setting = Setting::new();
    // Six MiB held by eight processes, and then by six others.
    let script = "for my $round (1, 2) { open(my $f, '+>', '/v/x') or die; unlink '/v/x'; \
                  print $f 'x' x (6 << 20); $f->flush; \
                  for (1 .. 7) { if (!fork) { sleep(3); exit } } sleep(3); close $f; 1 while wait > 0 }";
    let script = format!("use IO::Handle; {script}");
    let volume = json!({"name": "v", "emptyDir": {"sizeLimit": "8Mi"}});
    let ended = run(&setting, "shared", &script, volume).await;
    assert_eq!(ended.exit_code(), Some(0), "{ended:#?}");
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_file_in_claim_counts_for_data_directory() {
    let setting = Setting::new();
    setting.playground.limit_data(24 * MEBI);
    let volume = setting.claim().await;
    let ended = run(&setting, "claim", &hides(48, UNLINKED, "1"), volume).await;
    assert_eq!(ended.reason(), "Evicted", "{ended:#?}");
    let message = ended.pod["status"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("The node was low on resource: ephemeral-storage. "),
        "{message}"
    );
    setting.other_commands_still_run("after").await;
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_filled_by_hidden_files_is_freed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let Some(disk) = SmallDisk::mount(&data) else {
        // An ordinary user has no disk that may be filled; the sandbox's own tests cover the detection.
        return;
    };
    let setting = Setting::with_data(dir, &data);
    let volume = json!({"name": "v", "emptyDir": {}});
    let ended = run(&setting, "sent", &hides(45, UNLINKED, &send()), volume).await;
    assert_eq!(ended.reason(), "Evicted", "{ended:#?}");
    wait_for_space(&setting).await;
    setting.other_commands_still_run("after").await;
    setting.shut_down().await;
    drop(disk);
}

async fn wait_for_space(setting: &Setting) {
    let started_at = Instant::now();
    while setting.playground.health().is_err() {
        assert!(
            started_at.elapsed().as_secs() < 20,
            "{:?}",
            setting.playground.health()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_files_in_memory_are_bounded() {
    let setting = Setting::new();
    let fill = |path: &str| {
        format!(
            "use IO::Handle; open(my $f, '+>', '{path}') or die; unlink '{path}'; my $n = 0; \
             while (print $f 'x' x (1 << 20) and $f->flush) {{ $n++ }} print \"$n\\n\"; sleep(4)"
        )
    };
    let shared = setting
        .run_with("shm", "", |pod| {
            container(pod)["command"] = json!(["perl", "-e", fill("/dev/shm/x")]);
        })
        .await;
    // Perl also reports that it could not close it.
    assert!(shared.log.lines().any(|line| line == "64"), "{shared:#?}");
    let root = setting
        .run_with("root", "", |pod| {
            container(pod)["command"] = json!(["perl", "-e", fill("/tmp/x")]);
            container(pod)["resources"] = json!({"limits": {"ephemeral-storage": "8Mi"}});
        })
        .await;
    assert_eq!(root.reason(), "Evicted", "{root:#?}");
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_report_disk_pressure() {
    let setting = Setting::new();
    setting.other_commands_still_run("before").await;
    let of_nodes = async |setting: &Setting| {
        let (_, text) = setting.request(Method::GET, "/api/v1/nodes", None).await;
        let nodes: Value = serde_json::from_str(&text).unwrap();
        let is = |node: &Value| {
            let conditions = node["status"]["conditions"].as_array().unwrap();
            let pressure = conditions.iter().find(|one| one["type"] == "DiskPressure");
            let tainted = node["spec"]["taints"]
                .to_string()
                .contains("node.kubernetes.io/disk-pressure");
            (pressure.map(|one| one["status"].clone()), tainted)
        };
        nodes["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(is)
            .collect::<Vec<_>>()
    };
    let wait = async |pressure: bool| {
        let status = if pressure { "True" } else { "False" };
        let started_at = Instant::now();
        loop {
            let nodes = of_nodes(&setting).await;
            if nodes == vec![(Some(status.into()), pressure); 3] {
                break;
            }
            assert!(started_at.elapsed().as_secs() < 40, "{nodes:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    wait(false).await;
    // Nothing that could be evicted.
    setting.playground.limit_data(1);
    wait(true).await;
    setting
        .create("pods", &crate::setting::pod("waits", "true"))
        .await;
    let waiting = setting
        .wait("waits", |pod| {
            pod["status"]["conditions"].to_string().contains("Unschedulable")
        })
        .await;
    assert!(waiting["spec"]["nodeName"].is_null(), "{waiting:#}");
    let path = "/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind=Node";
    let (_, events) = setting.request(Method::GET, path, None).await;
    assert!(events.contains("NodeHasDiskPressure"), "{events}");
    setting.playground.limit_data(0);
    wait(false).await;
    assert_eq!(setting.end("waits").await.exit_code(), Some(0));
    setting.shut_down().await;
}
