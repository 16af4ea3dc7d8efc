//! Paths of manifests, and links that containers leave, lead nowhere outside.

use serde_json::json;

use crate::setting::{Setting, container, mount, pod};

/// Returns several spellings of a path of the host.
fn spellings(path: &str) -> Vec<String> {
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
    for (number, way) in spellings(&host).iter().enumerate() {
        let (directory, place) = (format!("{way}/directory"), format!("{way}/mount"));
        let ended = setting
            .run_with(&format!("dots-{number}"), script, |pod| {
                container(pod)["workingDir"] = directory.clone().into();
                let volumes = json!([
                    {"name": "work", "emptyDir": {}},
                    {"name": "file", "downwardAPI": {"items": [
                        {"path": "key", "fieldRef": {"fieldPath": "metadata.name"}}]}},
                ]);
                let mounts = json!([
                    {"name": "work", "mountPath": place},
                    {"name": "file", "mountPath": format!("{way}/file"), "subPath": "key"},
                ]);
                mount(pod, volumes, mounts);
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
        pod["spec"]["initContainers"] = json!([{
            "name": "links", "image": "busybox", "command": ["/bin/sh", "-c", links],
            "env": [{"name": "PATH", "value": "/usr/bin:/bin"}], "volumeMounts": [volume],
        }]);
        let volumes = json!([{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]);
        let mounts = json!([volume, {"name": "w", "mountPath": format!("/v/{link}/mount")}]);
        mount(&mut pod, volumes, mounts);
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

#[tokio::test(flavor = "multi_thread")]
async fn sub_path_linking_out_of_volume_is_rejected() {
    let setting = Setting::new();
    let host = setting.host.to_str().unwrap().to_owned();
    std::fs::write(setting.host.with_file_name("secret"), "the secret").unwrap();
    let volume = setting.claim().await;
    let made = setting
        .run_with(
            "links",
            &format!("cd /v && mkdir in && ln -s in inner && ln -s {host}/.. out && ln -s ../.. up && ln -s /etc etc"),
            |pod| {
                mount(pod, json!([volume]), json!([{"name": "v", "mountPath": "/v"}]));
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
        let mounts = json!([{"name": "v", "mountPath": "/m", "subPath": sub}]);
        mount(&mut pod, json!([volume]), mounts);
        setting.create("pods", &pod).await;
        let settled = setting.settled(name).await;
        if inside {
            assert_eq!(settled.log, "end\n");
            continue;
        }
        let waiting = settled.pod["status"]["containerStatuses"][0]["state"]["waiting"].to_string();
        assert!(
            waiting.contains("CreateContainerConfigError")
                && waiting.contains("points outside of the volume"),
            "{waiting}"
        );
    }
    setting.host_is_untouched();
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn volume_over_kernel_files_is_rejected() {
    let setting = Setting::new();
    for (number, path) in [
        "/proc",
        "/proc/sys",
        "/sys/fs/cgroup",
        "/tmp/../proc/self",
        "/dev",
    ]
    .iter()
    .enumerate()
    {
        let ended = setting
            .run_with(&format!("hides-{number}"), "echo ran", |pod| {
                let mounts = json!([{"name": "w", "mountPath": path}]);
                mount(pod, json!([{"name": "w", "emptyDir": {}}]), mounts);
            })
            .await;
        assert_eq!(ended.reason(), "StartError", "{path}: {ended:#?}");
    }
    // Paths that are used for volumes in practice are allowed.
    let ended = setting
        .run_with(
            "shm",
            "touch /dev/shm/x /etc/config/x /var/lib/x/x && echo ran",
            |pod| {
                let mounts = json!([
                    {"name": "w", "mountPath": "/dev/shm"},
                    {"name": "w", "mountPath": "/etc/config"},
                    {"name": "w", "mountPath": "/var/lib/x"},
                ]);
                mount(pod, json!([{"name": "w", "emptyDir": {}}]), mounts);
            },
        )
        .await;
    assert_eq!(ended.log, "ran\n");
    setting.shut_down().await;
}

/// The descriptors of bubblewrap lead out of the container's root, but only while it still runs.
#[tokio::test(flavor = "multi_thread")]
async fn working_directory_cannot_be_a_descriptor_of_the_sandbox() {
    let setting = Setting::new();
    let script = "ls -A . ..; ls -A ../volumes; touch ../volumes/*/made; echo end";
    let mut dirs: Vec<String> = (0..10).map(|number| format!("/proc/self/fd/{number}")).collect();
    dirs.extend(
        [
            "/dev/fd/3",
            "/proc/self/cwd",
            "/proc/1/cwd",
            "/proc/self/root",
            "/proc/1/fd/3",
        ]
        .map(str::to_owned),
    );
    let linked: Vec<String> = (0..dirs.len())
        .map(|number| format!("/v/link-{number}"))
        .collect();
    let links = dirs
        .iter()
        .zip(&linked)
        .map(|(dir, link)| format!("ln -s {dir} {link}"));
    let links = links.collect::<Vec<_>>().join(" && ");
    for (number, dir) in dirs.iter().chain(&linked).enumerate() {
        let name = format!("descriptor-{number}");
        let mut pod = pod(&name, script);
        let volume = json!({"name": "v", "mountPath": "/v"});
        pod["spec"]["initContainers"] = json!([{
            "name": "links", "image": "busybox", "command": ["/bin/sh", "-c", links],
            "env": [{"name": "PATH", "value": "/usr/bin:/bin"}], "volumeMounts": [volume],
        }]);
        mount(&mut pod, json!([{"name": "v", "emptyDir": {}}]), json!([volume]));
        container(&mut pod)["workingDir"] = dir.as_str().into();
        setting.create("pods", &pod).await;
        let ended = setting.end(&name).await;
        let shown: Vec<&str> = ended.log.lines().collect();
        for outside in ["closed", "volumes", "bwrap", "0"] {
            assert!(!shown.contains(&outside), "{dir}: {ended:#?}");
        }
        setting.host_is_untouched();
    }
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_path_expression_is_expanded_and_stays_inside() {
    let setting = Setting::new();
    for (name, expression, expected) in [
        ("inside", "$(DIR)/$(POD)", Some("./sub/dir/inside/made")),
        ("absolute", "$(ABSOLUTE)", None),
        ("dots", "$(DOTS)/x", None),
        ("unknown", "$(MISSING)", None),
    ] {
        let mut pod = pod(name, "touch /m/made; cd /v; find . -name made; echo end");
        let mounts = json!([
            {"name": "v", "mountPath": "/m", "subPathExpr": expression},
            {"name": "v", "mountPath": "/v"},
        ]);
        mount(&mut pod, json!([{"name": "v", "emptyDir": {}}]), mounts);
        let variables = json!([
            {"name": "DIR", "value": "sub/dir"}, {"name": "ABSOLUTE", "value": "/etc"},
            {"name": "DOTS", "value": "../.."}, {"name": "PATH", "value": "/usr/bin:/bin"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ]);
        container(&mut pod)["env"] = variables;
        setting.create("pods", &pod).await;
        let settled = setting.settled(name).await;
        if let Some(file) = expected {
            assert_eq!(settled.log, format!("{file}\nend\n"), "{settled:#?}");
        } else {
            let state = &settled.pod["status"]["containerStatuses"][0]["state"];
            assert_eq!(
                state["waiting"]["reason"], "CreateContainerConfigError",
                "{settled:#?}"
            );
        }
    }
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn program_cannot_be_found_through_a_descriptor_of_the_sandbox() {
    let setting = Setting::new();
    for (number, program) in [
        "/proc/self/fd/3/../usr/bin/id",
        "proc/self/fd/3/../usr/bin/id",
        "/usr/../proc/self/fd/3/../usr/bin/id",
        "/dev/fd/3/../usr/bin/id",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("program-{number}");
        let mut pod = pod(&name, "");
        container(&mut pod)["command"] = json!([program, "-u"]);
        setting.create("pods", &pod).await;
        let ended = setting.settled(&name).await;
        assert_ne!(ended.exit_code(), Some(0), "{program}: {ended:#?}");
    }
    setting.shut_down().await;
}
