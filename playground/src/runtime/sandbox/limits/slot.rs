//! The limits of one container while it runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::process::Command;

use crate::runtime::sandbox::limits::MAX_PIDS;
use crate::runtime::sandbox::limits::cgroup;
use crate::runtime::sandbox::limits::cgroup::Groups;
use crate::runtime::sandbox::process::Killer;
use crate::runtime::sandbox::tree;

/// How often memory is polled where the kernel does not count it.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The limits of one container while it runs.
#[derive(Debug)]
pub(in crate::runtime::sandbox) struct Slot {
    pub(super) groups: Vec<PathBuf>,
    /// The parent of its groups.
    pub(super) parent: Arc<Groups>,
    pub(super) prlimit: PathBuf,
    /// A group counts the processes.
    pub(super) counts_processes: bool,
    pub(super) oom: Option<PathBuf>,
    pub(super) memory: Option<u64>,
    pub(super) cpus: Option<u64>,
}

/// Polls the memory of a container until it is dropped.
pub(in crate::runtime::sandbox) struct MemoryWatch {
    killed: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl MemoryWatch {
    /// Whether the container was killed for exceeding its memory limit.
    pub fn has_killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Slot {
    /// Creates a group for this container.
    pub(super) fn make(&mut self, parent: &Path, id: &str) -> io::Result<PathBuf> {
        let group = parent.join(id);
        std::fs::create_dir(&group)?;
        self.groups.push(group.clone());
        Ok(group)
    }

    /// Wraps `program` so that it starts within the limits. When the machine runs out of memory, containers are
    /// killed first; they write no core file, and have the descriptor limit and umask of a container: this
    /// process's umask is meant for its own files.
    pub fn command(&self, program: &Path) -> Command {
        let enter = r#"echo 1000 2>/dev/null >/proc/self/oom_score_adj
umask 022
ulimit -c 0
ulimit -n 65536 2>/dev/null || ulimit -Sn 65536 2>/dev/null
n=$1; shift
while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit 125; shift; n=$((n-1)); done
exec "$@""#;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", enter, "sh", &self.groups.len().to_string()])
            .args(self.groups.iter().map(|group| group.join(self.parent.entry())));
        if let Some(bytes) = self.memory {
            command.arg(&self.prlimit).arg(format!("--data={bytes}"));
        }
        if let Some(cpus) = self.cpus.and_then(usable_cpus) {
            command.args(["taskset", "-c", &cpus]);
        }
        command.arg(program);
        command
    }

    /// Returns the command prefix inside the sandbox: a limit on its processes, which the kernel counts separately
    /// for each user namespace.
    pub fn inner_prefix(&self) -> Vec<String> {
        if self.counts_processes {
            return Vec::new();
        }
        let prlimit = self.prlimit.to_string_lossy().into_owned();
        vec![prlimit, format!("--nproc={MAX_PIDS}"), "--".to_owned()]
    }

    /// Polls the memory of the container with this first process, where the kernel does not limit it.
    pub fn watch(&self, first: i32, killer: Killer) -> Option<MemoryWatch> {
        let limit = self.memory?;
        let killed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&killed);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(POLL_INTERVAL).await;
                let Ok(used) = tokio::task::spawn_blocking(move || tree::memory(first, limit)).await else {
                    return;
                };
                if used > limit {
                    flag.store(true, Ordering::Release);
                    killer.kill();
                    return;
                }
            }
        });
        Some(MemoryWatch { killed, task })
    }

    /// Whether the kernel's OOM killer killed a process of the container; false where that is unknown.
    pub fn oom_killed(&self) -> bool {
        let Some(text) = self
            .oom
            .as_ref()
            .and_then(|file| std::fs::read_to_string(file).ok())
        else {
            return false;
        };
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count
            .and_then(|count| count.trim().parse::<u64>().ok())
            .is_some_and(|count| count > 0)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        for group in self.groups.drain(..) {
            cgroup::remove(group, Arc::clone(&self.parent));
        }
    }
}

/// Returns the first `count` CPUs that this process may use, in the format of `taskset -c`; `None` for all.
fn usable_cpus(count: u64) -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let mut cpus = Vec::new();
    for range in allowed.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cpus.extend(first.parse::<u64>().ok()?..=last.parse::<u64>().ok()?);
    }
    let count = usize::try_from(count).ok()?;
    (count < cpus.len()).then(|| {
        cpus[..count]
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join(",")
    })
}
