//! Commands end with their playground, however that ends.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::setting::Setting;

const MARK: &str = "PLAYGROUND_ESCAPE_MARK";

/// The process that [`Killable`] kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs until it is killed"]
async fn killable_playground() {
    let mark = std::env::var(MARK).unwrap();
    let setting = Setting::new();
    let script = format!("trap '' TERM HUP INT; sleep {mark} & sleep {mark}; true");
    setting.run("sleeper", &script).await;
}

/// A process with a playground that runs a command without an end of its own.
pub struct Killable {
    pub child: Child,
    mark: String,
    _folder: TempDir,
}

impl Killable {
    pub async fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);

        let mark = format!(
            "8{}{}",
            NUMBER.fetch_add(1, Ordering::Relaxed),
            std::process::id()
        );
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "lifetime::killable_playground"])
            .env(MARK, &mark)
            .env("TMPDIR", dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self {
            child,
            mark,
            _folder: dir,
        };
        let started_at = Instant::now();
        while started.commands() < 2 {
            assert!(started_at.elapsed().as_secs() < 60, "the commands never ran");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        started
    }

    /// Kills the process, and waits until its commands have ended.
    pub async fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let killed = Instant::now();
        while self.commands() > 0 {
            assert!(killed.elapsed().as_secs() < 10, "{} are left", self.commands());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn commands(&self) -> usize {
        processes(&format!("sleep\0{}\0", self.mark)).len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_with_killed_playground() {
    Killable::start().await.kill().await;
}

/// Returns the processes with this command line.
pub fn processes(command: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
            (line == command).then_some(number)
        })
        .collect()
}
