//! The kernel's interface: settings, system calls, users and descriptors.

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;

use serde_json::json;

use crate::lifetime::processes;
use crate::setting::{Setting, container, pod};

/// Returns settings that a container may not change, with the host's values.
fn settings() -> BTreeMap<&'static str, String> {
    [
        "fs/lease-break-time",
        "fs/file-max",
        "kernel/core_pattern",
        "kernel/hostname",
        "kernel/pid_max",
        "kernel/shmmax",
        "vm/swappiness",
        "net/ipv4/ip_forward",
        "user/max_user_namespaces",
    ]
    .into_iter()
    .filter_map(|name| Some((name, std::fs::read_to_string(format!("/proc/sys/{name}")).ok()?)))
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn kernel_settings_are_read_only() {
    let setting = Setting::new();
    let before = settings();
    let script = "
        for file in $(find /proc/sys -type f 2>/dev/null) /proc/sysrq-trigger /proc/irq/*/smp_affinity \
                /proc/irq/default_smp_affinity /proc/bus/pci/00/* /proc/fs/*/* /proc/mtrr /proc/self/timerslack_ns2; do
            [ -f \"$file\" ] || continue
            (echo 46 > \"$file\") 2>/dev/null && echo \"wrote $file\"
        done
        find /sys -writable
        mkdir /sys/made /proc/made /dev/made /dev/block 2>/dev/null && echo made
        touch /proc/sys/made /dev/made /sys/made 2>/dev/null && echo touched
        for file in kcore keys timer_list sched_debug interrupts; do
            [ -e /proc/$file ] && [ \"$(head -c 100 /proc/$file | wc -c)\" != 0 ] && echo \"read $file\"
        done
        ls /proc/acpi /proc/scsi /proc/asound 2>/dev/null | grep -v -e '^/proc' -e '^$'
        echo end";
    for (name, user) in [("as-root", json!(null)), ("as-user", json!(1000))] {
        let ended = setting
            .run_with(name, script, |pod| {
                container(pod)["securityContext"] = json!({"runAsUser": user});
            })
            .await;
        assert_eq!(ended.log, "end\n", "{name}");
    }
    assert_eq!(settings(), before);
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn command_is_unprivileged_on_host_as_any_container_user() {
    let setting = Setting::new();
    let script = "id -u; id -g; grep -E '^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status
        cat /proc/self/oom_score_adj; mount | grep -v -e ro, -e nosuid; touch /made && stat -c %u /made";
    for (name, context, user) in [
        ("by-default", json!({}), 0),
        ("as-asked", json!({"runAsUser": 1234, "runAsGroup": 1234}), 1234),
    ] {
        let ended = setting
            .run_with(name, script, |pod| container(pod)["securityContext"] = context)
            .await;
        let none = "0000000000000000";
        let expected = format!(
            "{user}\n{user}\nCapPrm:\t{none}\nCapEff:\t{none}\nCapBnd:\t{none}\nCapAmb:\t{none}\nNoNewPrivs:\t1\n\
             Seccomp:\t2\n1000\n{user}\n"
        );
        assert_eq!(ended.log, expected);
    }
    // As the host sees it.
    let mark = format!("7{}", std::process::id());
    setting
        .create("pods", &pod("sleeper", &format!("sleep {mark}; true")))
        .await;
    let number = loop {
        let sleepers = processes(&format!("sleep\0{mark}\0"));
        if let Some(number) = sleepers.first() {
            break *number;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let status = std::fs::read_to_string(format!("/proc/{number}/status")).unwrap();
    let users = |field: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .unwrap()
            .to_owned()
    };
    assert!(
        users("Uid:").split_whitespace().all(|user| user != "0"),
        "{status}"
    );
    assert!(
        users("Gid:").split_whitespace().all(|group| group != "0"),
        "{status}"
    );
    assert!(
        users("Groups:").split_whitespace().all(|group| group != "0"),
        "{status}"
    );
    // A deleted Pod leaves no process.
    let path = "/api/v1/namespaces/demo/pods/sleeper";
    setting.request(http::Method::DELETE, path, None).await;
    let started_at = std::time::Instant::now();
    while !processes(&format!("sleep\0{mark}\0")).is_empty() {
        assert!(started_at.elapsed().as_secs() < 30);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn command_has_container_umask() {
    let setting = Setting::new();
    let ended = setting
        .run("umask", "umask; touch /tmp/a; stat -c %a /tmp/a")
        .await;
    assert_eq!(ended.log, "0022\n644\n");
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_descriptor_is_inherited() {
    let setting = Setting::new();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "the secret").unwrap();
    // Descriptors inherited from the process that starts the console, without close-on-exec.
    let files: Vec<_> = (0..8)
        .map(|_| {
            let file = std::fs::File::open(secret.path()).unwrap();
            rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
            file
        })
        .collect();
    assert!(files.iter().all(|file| file.as_raw_fd() > 2));
    let script =
        "for number in $(ls /proc/self/fd); do [ \"$number\" -gt 2 ] && cat <&$number; done 2>/dev/null
        perl -e 'for my $n (0 .. 4096) { open(my $f, \"<&=$n\") and print \"$n\\n\" }'
        echo end";
    let ended = setting.run("fds", script).await;
    assert_eq!(ended.log, "0\n1\n2\nend\n");
    drop(files);
    setting.shut_down().await;
}

/// Numbers of x86-64; elsewhere the filter is the same, and its test would need other numbers.
#[cfg(target_arch = "x86_64")]
#[tokio::test(flavor = "multi_thread")]
async fn dangerous_system_calls_are_refused() {
    let setting = Setting::new();
    let (eperm, enosys) = (1, 38);
    // Name, number, arguments, expected error.
    let calls: &[(&str, u64, &[u64], i64)] = &[
        ("ptrace", 101, &[0, 0, 0, 0], eperm),
        ("ptrace attach", 101, &[16, 1, 0, 0], eperm),
        ("ptrace x32", 0x4000_0000 + 521, &[0, 0, 0, 0], eperm),
        ("mount", 165, &[0, 0, 0, 0, 0], eperm),
        ("mount x32", 0x4000_0000 + 165, &[0, 0, 0, 0, 0], eperm),
        ("umount2", 166, &[0, 0], eperm),
        ("pivot_root", 155, &[0, 0], eperm),
        ("chroot", 161, &[0], eperm),
        ("init_module", 175, &[0, 0, 0], eperm),
        ("finit_module", 313, &[0, 0, 0], eperm),
        ("kexec_load", 246, &[0, 0, 0, 0], eperm),
        ("add_key", 248, &[0, 0, 0, 0, 0], eperm),
        ("keyctl", 250, &[0, 0, 0, 0, 0], eperm),
        ("unshare user", 272, &[0x1000_0000], eperm),
        ("unshare mount", 272, &[0x0002_0000], eperm),
        ("setns", 308, &[0, 0], eperm),
        ("clone user", 56, &[0x1000_0011, 0, 0, 0, 0], eperm),
        ("clone mount", 56, &[0x0002_0011, 0, 0, 0, 0], eperm),
        ("clone network", 56, &[0x4000_0011, 0, 0, 0, 0], eperm),
        ("clone3", 435, &[0, 0], enosys),
        ("perf_event_open", 298, &[0, 0, 0, 0, 0], eperm),
        ("open_by_handle_at", 304, &[0, 0, 0], eperm),
        ("process_vm_readv", 310, &[0, 0, 0, 0, 0, 0], eperm),
        ("kcmp", 312, &[0, 0, 0, 0, 0], eperm),
        ("bpf", 321, &[0, 0, 0], eperm),
        ("userfaultfd", 323, &[0], eperm),
        ("io_uring_setup", 425, &[1, 0], eperm),
        ("open_tree", 428, &[0, 0, 0], eperm),
        ("move_mount", 429, &[0, 0, 0, 0, 0], eperm),
        ("fsopen", 430, &[0, 0], eperm),
        ("pidfd_getfd", 438, &[0, 0, 0], eperm),
        ("mount_setattr", 442, &[0, 0, 0, 0, 0], eperm),
        ("syslog", 103, &[10, 0, 0], eperm),
        ("reboot", 169, &[0, 0, 0, 0], eperm),
        ("swapon", 167, &[0, 0], eperm),
        ("settimeofday", 164, &[0, 0], eperm),
        ("TIOCSTI", 16, &[0, 0x5412, 0], eperm),
        ("TIOCLINUX", 16, &[0, 0x541C, 0], eperm),
        ("TIOCSTI, high bits set", 16, &[0, 0x1_0000_5412, 0], eperm),
        ("AF_VSOCK", 41, &[40, 1, 0], eperm),
        ("AF_ALG", 41, &[38, 5, 0], eperm),
        ("AF_PACKET", 41, &[17, 3, 0], eperm),
    ];
    let mut script = String::new();
    let mut expected = String::new();
    for (name, number, arguments, error) in calls {
        use std::fmt::Write as _;
        let arguments: Vec<_> = arguments.iter().map(u64::to_string).collect();
        let arguments = arguments.join(", ");
        writeln!(
            script,
            "$! = 0; my $r = syscall({number}, {arguments}); exit 0 if $r == 0; print \"{name} \", $! + 0, \"\\n\";"
        )
        .unwrap();
        writeln!(expected, "{name} {error}").unwrap();
    }
    let ended = setting
        .run_with("calls", "", |pod| {
            container(pod)["command"] = json!(["perl", "-e", script]);
        })
        .await;
    assert_eq!(ended.log, expected);
    // What programs need works.
    let script = "mkfifo /tmp/fifo && (echo through > /tmp/fifo & cat /tmp/fifo); echo data | tr a-z A-Z
        exec 3<>/dev/null; echo x > /dev/shm/x && cat /dev/shm/x; echo $(( $(nproc) > 0 ))
        getent hosts localhost | tr -s ' ' | cut -d' ' -f2
        perl -MSocket -e 'socket(my $s, AF_INET, SOCK_STREAM, 0) or die; bind($s, sockaddr_in(0, INADDR_LOOPBACK)) or die;
            listen($s, 1) or die; my ($p) = sockaddr_in(getsockname($s)); if (!fork) { socket(my $c, AF_INET, SOCK_STREAM, 0);
            connect($c, sockaddr_in($p, INADDR_LOOPBACK)) or die; syswrite($c, \"socket\\n\"); exit }
            accept(my $a, $s); print <$a>; wait'
        perl -Mbignum=bpi -e 'print bpi(20), \"\\n\"'; bash -c 'echo <(true) | cut -c1-8'";
    let ended = setting.run("needed", script).await;
    assert_eq!(
        ended.log,
        "through\nDATA\nx\n1\nlocalhost\nsocket\n3.1415926535897932385\n/dev/fd/\n"
    );
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn host_users_are_invisible() {
    let setting = Setting::new();
    let script = "cat /etc/shadow /etc/ssl/private/* 2>/dev/null; ls -A /home /root /tmp /var/tmp | grep -v -e : -e '^$'
        find / -xdev -perm -4000 2>/dev/null | head -3
        for path in /oldroot /newroot /volumes /bwrap /work /mnt /srv; do [ -e $path ] && echo $path; done
        ls -d /proc/[0-9]* | wc -l; echo end";
    let ended = setting.run("look", script).await;
    let mut lines: Vec<_> = ended.log.lines().collect();
    // The shell, and perhaps the pipe's commands.
    assert!(lines.remove(0).parse::<u32>().unwrap() < 6, "{}", ended.log);
    assert_eq!(lines, ["end"]);
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_policy_mount_table_and_unknown_calls_are_denied() {
    let setting = Setting::new();
    // The error of each call, tried without arguments that could do anything.
    let mut calls: Vec<(i64, i64, i32)> = [
        libc::SYS_mbind,
        libc::SYS_set_mempolicy,
        libc::SYS_set_mempolicy_home_node,
        libc::SYS_migrate_pages,
        libc::SYS_move_pages,
        457,
        458,
        467,
    ]
    .map(|call| (call, 0, libc::EPERM))
    .into();
    calls.extend([470, 471, 511, 700, 5000].map(|call| (call, 0, libc::ENOSYS)));
    calls.extend([0x4_0000, 0x10_0000, 0x40_0000].map(|domain| (libc::SYS_personality, domain, libc::EPERM)));
    calls.extend([0, 0xffff_ffff_i64].map(|domain| (libc::SYS_personality, domain, 0)));
    let script = calls
        .iter()
        .map(|(call, argument, _)| {
            format!("$! = 0; syscall({call}, {argument}, 0, 0, 0, 0, 0); print $! + 0, \"\\n\";")
        })
        .collect::<Vec<_>>()
        .concat();
    let ended = setting
        .run_with("calls", "", |pod| {
            container(pod)["command"] = json!(["perl", "-e", script]);
        })
        .await;
    let found: Vec<i32> = ended.log.lines().map(|line| line.parse().unwrap()).collect();
    let expected: Vec<i32> = calls.iter().map(|(.., error)| *error).collect();
    assert_eq!(found, expected, "{ended:#?}");
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nul_bytes_are_reported_on_pod() {
    let setting = Setting::new();
    for (name, field, value) in [
        ("env", "env", json!([{"name": "A", "value": "x\u{0}y"}])),
        ("args", "args", json!(["x\u{0}y"])),
        ("directory", "workingDir", json!("/x\u{0}y")),
        (
            "sub",
            "volumeMounts",
            json!([{"name": "v", "mountPath": "/v", "subPath": "x\u{0}y"}]),
        ),
    ] {
        let mut one = pod(name, "true");
        one["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {}}]);
        container(&mut one)[field] = value;
        setting.create("pods", &one).await;
        let state =
            |pod: &serde_json::Value| pod["status"]["containerStatuses"][0]["state"]["waiting"].clone();
        let waiting = setting.wait(name, |pod| state(pod)["message"].is_string()).await;
        let waiting = state(&waiting);
        assert_eq!(
            waiting["reason"], "CreateContainerConfigError",
            "{name}: {waiting}"
        );
        let message = waiting["message"].as_str().unwrap();
        assert!(message.ends_with("contains a NUL byte"), "{name}: {message}");
    }
    let ended = setting
        .run_with("small", "true", |pod| {
            container(pod)["resources"] = json!({"limits": {"memory": "1"}});
        })
        .await;
    if ended.reason() == "StartError" {
        let message =
            ended.pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"].to_string();
        assert!(message.contains("memory limit too low?"), "{message}");
    } else {
        // Where no control group counts memory, it is killed at the next check.
        assert_eq!(ended.pod["status"]["phase"], "Failed", "{ended:#?}");
    }
    setting.shut_down().await;
}
