//! Tests what commands in sandboxes cannot do, with real Pods: as the user that runs the tests, and, where that is
//! root, as an ordinary user too. Nothing here is skipped: without bubblewrap it fails.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test goes step by step, and what fails ends it"
)]

mod bounds;
mod disk;
mod full_disk;
mod groups;
mod kernel;
mod lifetime;
mod paths;
mod racing;
mod setting;

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Set for the tests that run as an ordinary user.
const UNPRIVILEGED_RUN: &str = "PLAYGROUND_ESCAPE_UNPRIVILEGED";
/// A user id that is not assigned.
const NOBODY: u32 = 65532;

/// Runs every test of this file as an unprivileged user.
#[test]
fn suite_passes_as_unprivileged_user() {
    if !rustix::process::geteuid().is_root() {
        // The others run as an ordinary user already.
        return;
    }
    assert!(
        std::env::var_os(UNPRIVILEGED_RUN).is_none(),
        "the user was not changed"
    );
    let dir = tempfile::tempdir().unwrap();
    let give = |path: &std::path::Path| std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    // The target directory may be closed to others.
    let program = dir.path().join("escape");
    // Copied by another process: a file that this one has written can be open in a process that another test has
    // just forked, and is "busy" then.
    let copied = Command::new("cp")
        .args([std::env::current_exe().unwrap(), program.clone()])
        .status();
    assert!(copied.unwrap().success());
    let home = dir.path().join("home");
    std::fs::create_dir(&home).unwrap();
    for path in [dir.path(), &program, &home] {
        give(path);
    }
    let output = Command::new(&program)
        .args(["--test-threads", "2"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TMPDIR", &home)
        .env("HOME", &home)
        .env(UNPRIVILEGED_RUN, "1")
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
