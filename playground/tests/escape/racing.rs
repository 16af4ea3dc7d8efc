//! Volumes in which one container exchanges directories and links while others start with them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::setting::{Ended, Setting, container, mount, pod};

/// Starts a Pod that runs this Perl script in the volume until it is stopped.
async fn exchange(setting: &Setting, volume: &Value, script: &str) {
    let mut one = pod("exchanges", "");
    let script = format!("chdir '/v' or die; {script}");
    container(&mut one)["command"] = json!(["perl", "-e", script]);
    mount(
        &mut one,
        json!([volume]),
        json!([{"name": "v", "mountPath": "/v"}]),
    );
    setting.create("pods", &one).await;
    let runs = |pod: &Value| pod["status"]["phase"] == "Running";
    setting.wait("exchanges", runs).await;
}

/// Returns a script that exchanges a directory for each of several others, or links, as fast as it can (`renameat2`
/// with `RENAME_EXCHANGE`), so that in some attempts the check sees the one and the mount the other. The directory
/// is in place most of the time, so that others see it.
fn exchanges(make: &str, dir: &str, others: &[&str]) -> String {
    let number = libc::SYS_renameat2;
    format!(
        "{make}; my ($s, @l) = ('{dir}', {});
         while (1) {{ for my $l (@l) {{ for (1 .. 200) {{
            syscall({number}, -100, $s, -100, $l, 2); select(undef, undef, undef, rand() / 2000);
            syscall({number}, -100, $s, -100, $l, 2); select(undef, undef, undef, rand() / 300); }} }} }}",
        others
            .iter()
            .map(|name| format!("'{name}'"))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

/// Starts numbered Pods one after the other with a pause, and returns how they end.
async fn race(setting: &Setting, rounds: usize, make: impl Fn(usize, &mut Value)) -> Vec<Ended> {
    for number in 0..rounds {
        let mut racer = pod(&format!("racer-{number}"), "");
        make(number, &mut racer);
        setting.create("pods", &racer).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut all = Vec::new();
    for number in 0..rounds {
        all.push(setting.settled(&format!("racer-{number}")).await);
    }
    let ran = all.iter().filter(|ended| ended.exit_code() == Some(0)).count();
    assert!(ran > 0, "no attempt ran: {all:#?}");
    all
}

fn script(pod: &mut Value, script: &str) {
    container(pod)["command"] = json!(["sh", "-c", script]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_link_cannot_escape_during_start() {
    let setting = Setting::new();
    let host = setting.host.to_str().unwrap().to_owned();
    std::fs::write(setting.host.with_file_name("secret"), "the secret").unwrap();
    let volume = setting.claim().await;
    // With pauses of a few milliseconds in which a container may start.
    let flip = format!(
        "mkdir 'd'; symlink '/oldroot{host}/..', 'l'; symlink '{host}/..', 'k';
         while (1) {{ for my $l ('l', 'k') {{
            rename 'd', 'x'; rename $l, 'd'; select(undef, undef, undef, rand() / 500);
            rename 'd', $l; rename 'x', 'd'; select(undef, undef, undef, rand() / 50); }} }}"
    );
    exchange(&setting, &volume, &flip).await;
    let all = race(&setting, 16, |number, pod| {
        script(
            pod,
            "cat secret /m/secret /s/secret 2>/dev/null; touch made; true",
        );
        let mut mounts = vec![
            json!({"name": "v", "mountPath": "/v"}),
            json!({"name": "w", "mountPath": "/v/d/host/mount"}),
        ];
        if number % 2 == 0 {
            mounts.push(json!({"name": "v", "mountPath": "/s", "subPath": "d"}));
        }
        mount(pod, json!([volume, {"name": "w", "emptyDir": {}}]), mounts.into());
        container(pod)["workingDir"] = "/v/d/host".into();
    })
    .await;
    for ended in &all {
        assert!(!ended.log.contains("the secret"), "{ended:#?}");
    }
    setting.host_is_untouched();
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_path_mounts_checked_target_or_fails() {
    let setting = Setting::new();
    let volume = setting.claim().await;
    let links = [
        ("p", "/proc"),
        ("r", "/"),
        ("c", "/closed/proc"),
        ("u", "/usr"),
        ("o", "/volumes"),
    ];
    let make = links
        .map(|(name, target)| format!("symlink '{target}', '{name}'"))
        .join("; ");
    let make = format!("mkdir 's'; open(my $f, '>', 's/mine'); {make}");
    exchange(
        &setting,
        &volume,
        &exchanges(&make, "s", &links.map(|(name, _)| name)),
    )
    .await;
    let all = race(&setting, 40, |_, pod| {
        script(pod, "ls -A /m; touch /m/made");
        mount(
            pod,
            json!([volume]),
            json!([{"name": "v", "mountPath": "/m", "subPath": "s"}]),
        );
    })
    .await;
    for ended in &all {
        let state = &ended.pod["status"]["containerStatuses"][0]["state"];
        let ran = state["terminated"].is_object() && state["terminated"]["reason"] != "StartError";
        // Those that came later see what others have created.
        let shown =
            ended.log.lines().all(|name| name == "mine" || name == "made") && ended.log.contains("mine");
        assert!(shown || !ran, "{ended:#?}");
    }
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanged_sub_path_is_reported() {
    let setting = Setting::new();
    let volume = setting.claim().await;
    // Both are directories of the volume, so only the comparison can detect it.
    exchange(&setting, &volume, &exchanges("mkdir 's'; mkdir 't'", "s", &["t"])).await;
    let mut changed = 0;
    for turn in 0..10 {
        let path = if turn % 2 == 0 { "/m" } else { "/opt/deep/m" };
        for number in 0..8 {
            let name = format!("racer-{turn}-{number}");
            let mut racer = pod(&name, "true");
            mount(
                &mut racer,
                json!([volume]),
                json!([{"name": "v", "mountPath": path, "subPath": "s"}]),
            );
            setting.create("pods", &racer).await;
            let ended = setting.settled(&name).await;
            if ended.exit_code() == Some(0) {
                continue;
            }
            let state = ended.pod["status"]["containerStatuses"][0]["state"]["terminated"].clone();
            assert_eq!(state["reason"], "StartError", "{ended:#?}");
            let message = format!("the volume mounted at \"{path}\" was changed while the container started");
            assert_eq!(state["message"], message, "{ended:#?}");
            changed += 1;
        }
        if changed > 2 {
            break;
        }
    }
    assert!(changed > 0, "no container saw an exchange");
    setting.shut_down().await;
}
