//! Paths of manifests, and links that containers leave, lead nowhere outside.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::setting::{Setting, container, pod};

/// Ways to write a path of the host.
fn ways(path: &str) -> Vec<String> {
    [
        format!("/../oldroot{path}"),
        format!("/oldroot{path}"),
        format!("/..{path}"),
        format!("/a/b/../../../oldroot{path}"),
        format!("/tmp/../../oldroot{path}"),
        format!("/proc/../../oldroot{path}"),
        format!("/usr/../../../../../../oldroot{path}"),
        format!("/../newroot/../oldroot{path}"),
    ]
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn dots_in_mount_paths_and_working_directories_stay_inside() {
    let setting = Setting::new();
    let host = setting.host.to_str().unwrap().to_owned();
    let script =
        "pwd; ls -A /proc/self/cwd | head -3; touch made; (echo written > /m/../made) 2>/dev/null; echo end";
    for (number, way) in ways(&host).iter().enumerate() {
        let (directory, mount) = (format!("{way}/directory"), format!("{way}/mount"));
        let ended = setting
            .run_with(&format!("dots-{number}"), script, |pod| {
                container(pod)["workingDir"] = directory.clone().into();
                container(pod)["volumeMounts"] = json!([
                    {"name": "work", "mountPath": mount},
                    {"name": "file", "mountPath": format!("{way}/file"), "subPath": "key"},
                ]);
                pod["spec"]["volumes"] = json!([
                    {"name": "work", "emptyDir": {}},
                    {"name": "file", "downwardAPI": {"items": [
                        {"path": "key", "fieldRef": {"fieldPath": "metadata.name"}}]}},
                ]);
            })
            .await;
        assert!(ended.log.ends_with("end\n"), "{way}: {ended:#?}");
        setting.host_is_untouched();
    }
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_volumes_stay_inside() {
    let setting = Setting::new();
    let host = setting.host.to_str().unwrap().to_owned();
    let links = format!(
        "cd /v && ln -s /oldroot{host} a && ln -s ../oldroot{host} b && ln -s ../../../../../oldroot{host} c \
         && ln -s {host} d && ln -s /proc/1/root{host} e && ln -s /oldroot/proc/1/root{host} f \
         && ln -s /oldroot/proc/self/root{host} g && ln -s /newroot/../oldroot{host} h && mkdir real && ln -s real i"
    );
    for (number, link) in ["a", "b", "c", "d", "e", "f", "g", "h", "i"].iter().enumerate() {
        let name = format!("links-{number}");
        let mut pod = pod(&name, "touch made; touch /v/made; echo end");
        let volume = json!({"name": "v", "mountPath": "/v"});
        pod["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]);
        pod["spec"]["initContainers"] = json!([{
            "name": "links", "image": "busybox", "command": ["/bin/sh", "-c", links],
            "env": [{"name": "PATH", "value": "/usr/bin:/bin"}], "volumeMounts": [volume],
        }]);
        container(&mut pod)["volumeMounts"] =
            json!([volume, {"name": "w", "mountPath": format!("/v/{link}/mount")}]);
        container(&mut pod)["workingDir"] = format!("/v/{link}/directory").into();
        setting.create("pods", &pod).await;
        let ended = setting.end(&name).await;
        // A link to /proc makes no sense inside, and may be refused.
        let refused = ended.log.contains("/proc") || ended.pod.to_string().contains("/proc");
        assert!(ended.log.ends_with("end\n") || refused, "{link}: {ended:#?}");
        setting.host_is_untouched();
    }
    setting.shut_down().await;
}

/// The claim that Pods share.
async fn claim(setting: &Setting) -> Value {
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "shared"},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Mi"}}},
    });
    setting.create("persistentvolumeclaims", &claim).await;
    json!({"name": "v", "persistentVolumeClaim": {"claimName": "shared"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_path_that_is_a_link_out_of_its_volume_is_refused() {
    let setting = Setting::new();
    let host = setting.host.to_str().unwrap().to_owned();
    std::fs::write(setting.host.with_file_name("secret"), "the secret").unwrap();
    let volume = claim(&setting).await;
    let made = setting
        .run_with(
            "links",
            &format!("cd /v && mkdir in && ln -s in inner && ln -s {host}/.. out && ln -s ../.. up && ln -s /etc etc"),
            |pod| {
                pod["spec"]["volumes"] = json!([volume]);
                container(pod)["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
            },
        )
        .await;
    assert_eq!(made.exit_code(), Some(0), "{made:#?}");
    for (name, sub, inside) in [
        ("inner", "inner/made", true),
        ("out", "out", false),
        ("out-deep", "out/secret", false),
        ("up", "up/x", false),
        ("etc", "etc/passwd", false),
    ] {
        let mut pod = pod(name, "cat /m /m/* 2>/dev/null; echo end");
        pod["spec"]["volumes"] = json!([volume]);
        container(&mut pod)["volumeMounts"] = json!([{"name": "v", "mountPath": "/m", "subPath": sub}]);
        setting.create("pods", &pod).await;
        if inside {
            assert_eq!(setting.end(name).await.log, "end\n");
            continue;
        }
        let waiting = setting
            .wait(name, |pod| {
                pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
                    == "CreateContainerConfigError"
            })
            .await;
        assert!(
            waiting.to_string().contains("leads out of the volume"),
            "{waiting:#}"
        );
    }
    setting.host_is_untouched();
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_changes_while_containers_start_leads_nowhere() {
    let setting = Setting::new();
    let host = setting.host.to_str().unwrap().to_owned();
    std::fs::write(setting.host.with_file_name("secret"), "the secret").unwrap();
    let volume = claim(&setting).await;
    let with_volume = |pod: &mut Value, mounts: Value| {
        pod["spec"]["volumes"] = json!([volume, {"name": "w", "emptyDir": {}}]);
        container(pod)["volumeMounts"] = mounts;
    };
    // Exchanges a folder and links, with pauses of up to some milliseconds in which a container may start.
    let flip = format!(
        "chdir '/v'; mkdir 'd'; symlink '/oldroot{host}/..', 'l'; symlink '{host}/..', 'k';
         while (1) {{ for my $l ('l', 'k') {{
            rename 'd', 'x'; rename $l, 'd'; select(undef, undef, undef, rand() / 500);
            rename 'd', $l; rename 'x', 'd'; select(undef, undef, undef, rand() / 50); }} }}"
    );
    let mut flipper = pod("flipper", "");
    container(&mut flipper)["command"] = json!(["perl", "-e", flip]);
    with_volume(&mut flipper, json!([{"name": "v", "mountPath": "/v"}]));
    setting.create("pods", &flipper).await;
    setting
        .wait("flipper", |pod| pod["status"]["phase"] == "Running")
        .await;
    let rounds = 16;
    for number in 0..rounds {
        let mut one = pod(
            &format!("racer-{number}"),
            "cat secret /m/secret /s/secret 2>/dev/null; touch made; true",
        );
        let mut mounts = vec![
            json!({"name": "v", "mountPath": "/v"}),
            json!({"name": "w", "mountPath": "/v/d/host/mount"}),
        ];
        if number % 2 == 0 {
            mounts.push(json!({"name": "v", "mountPath": "/s", "subPath": "d"}));
        }
        with_volume(&mut one, mounts.into());
        container(&mut one)["workingDir"] = "/v/d/host".into();
        setting.create("pods", &one).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut ran = 0;
    for number in 0..rounds {
        let name = format!("racer-{number}");
        // One that met the link may wait for ever: it is not an error, only not a way out.
        let pod = setting
            .wait(&name, |pod| {
                let state = &pod["status"]["containerStatuses"][0]["state"];
                state["terminated"].is_object() || state["waiting"]["message"].is_string()
            })
            .await;
        ran += usize::from(pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0);
        let path = format!("/api/v1/namespaces/demo/pods/{name}/log");
        let (_, log) = setting.request(Method::GET, &path, None).await;
        assert!(!log.contains("the secret"), "{log}");
    }
    assert!(ran > 0, "nothing was tried");
    setting.host_is_untouched();
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_path_that_becomes_a_link_to_the_kernels_files_shows_no_process_of_the_host() {
    let setting = Setting::new();
    let volume = claim(&setting).await;
    // Exchanges a folder and links as fast as it can (`renameat2` with RENAME_EXCHANGE), so that of some tries the
    // check sees the folder and the mount the link.
    let flip = format!(
        "chdir '/v'; mkdir 's'; symlink '/proc', 'p'; symlink '/', 'r'; symlink '/closed/proc', 'c';
         my ($s, @l) = ('s', 'p', 'r', 'c');
         while (1) {{ for my $l (@l) {{ for (1 .. 200) {{
            syscall({}, -100, $s, -100, $l, 2); select(undef, undef, undef, rand() / 2000);
            syscall({}, -100, $s, -100, $l, 2); select(undef, undef, undef, rand() / 2000); }} }} }}",
        libc::SYS_renameat2,
        libc::SYS_renameat2,
    );
    let mut flipper = pod("flipper", "");
    container(&mut flipper)["command"] = json!(["perl", "-e", flip]);
    pod_volume(&mut flipper, &volume, json!({"name": "v", "mountPath": "/v"}));
    setting.create("pods", &flipper).await;
    setting
        .wait("flipper", |pod| pod["status"]["phase"] == "Running")
        .await;
    // A process of the host is one with this program's name; the network of the host has its listeners.
    let own = std::process::id();
    let script = format!(
        "for proc in /m /m/proc /m/closed/proc; do
            [ -e $proc/{own}/stat ] && grep -q esc[a]pe $proc/{own}/cmdline && echo host process $proc
            cat $proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q esc[a]pe && echo host processes $proc
            cat $proc/[0-9]*/net/dev 2>/dev/null | grep : | grep -qv lo: && echo host network $proc
            (echo x > $proc/sys/kernel/hostname) 2>/dev/null && echo wrote $proc
        done; ls /m | head -3; echo end"
    );
    let rounds = 40;
    for number in 0..rounds {
        let mut racer = pod(&format!("racer-{number}"), &script);
        pod_volume(
            &mut racer,
            &volume,
            json!({"name": "v", "mountPath": "/m", "subPath": "s"}),
        );
        setting.create("pods", &racer).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut ran = 0;
    for number in 0..rounds {
        let name = format!("racer-{number}");
        let pod = setting
            .wait(&name, |pod| {
                let state = &pod["status"]["containerStatuses"][0]["state"];
                state["terminated"].is_object() || state["waiting"]["message"].is_string()
            })
            .await;
        let path = format!("/api/v1/namespaces/demo/pods/{name}/log");
        let (_, log) = setting.request(Method::GET, &path, None).await;
        assert!(!log.contains("host") && !log.contains("wrote"), "{log}");
        ran += usize::from(pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0);
    }
    assert!(ran > 0, "nothing was tried");
    setting.shut_down().await;
}

/// Gives a Pod the volume, mounted once.
#[allow(
    clippy::needless_pass_by_value,
    reason = "calls read better with `json!` in place"
)]
fn pod_volume(pod: &mut Value, volume: &Value, mount: Value) {
    pod["spec"]["volumes"] = json!([volume]);
    container(pod)["volumeMounts"] = json!([mount]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_may_not_hide_the_kernels_files() {
    let setting = Setting::new();
    for (number, path) in ["/proc", "/proc/sys", "/sys/fs/cgroup", "/tmp/../proc/self"]
        .iter()
        .enumerate()
    {
        let ended = setting
            .run_with(&format!("hides-{number}"), "echo ran", |pod| {
                pod["spec"]["volumes"] = json!([{"name": "w", "emptyDir": {}}]);
                container(pod)["volumeMounts"] = json!([{"name": "w", "mountPath": path}]);
            })
            .await;
        assert_eq!(ended.reason(), "StartError", "{path}: {ended:#?}");
    }
    // Those that are used for volumes in practice are free.
    let ended = setting
        .run_with(
            "shm",
            "touch /dev/shm/x /etc/config/x /var/lib/x/x && echo ran",
            |pod| {
                pod["spec"]["volumes"] = json!([{"name": "w", "emptyDir": {}}]);
                container(pod)["volumeMounts"] = json!([
                    {"name": "w", "mountPath": "/dev/shm"},
                    {"name": "w", "mountPath": "/etc/config"},
                    {"name": "w", "mountPath": "/var/lib/x"},
                ]);
            },
        )
        .await;
    assert_eq!(ended.log, "ran\n");
    setting.shut_down().await;
}
