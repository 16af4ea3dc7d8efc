//! Memory, CPU and process limits of a container.
//!
//! A control group of its own where this process may make one (cgroup v2 when delegated, or v1 as root):
//! then the kernel says when it killed for memory. Else `prlimit` bounds the data of each process, somebody looks at
//! the sum of all and kills the container above its limit, and `taskset` bounds the number of CPUs. A container
//! without a limit has that of a node, and all of them together leave the machine a quarter of its memory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::process::Command;

use super::process::Killer;
use super::tree;

/// Processes and threads of one container; as kubelet's `podPidsLimit` would bound it.
const MAX_PIDS: u64 = 1024;
/// Processes and threads of all containers.
const MAX_ALL_PIDS: u64 = 8192;
/// The memory of one container without a limit: what a node of the playground has.
const NODE_MEMORY: u64 = 8 << 30;
/// The period that CPU quotas are counted in, in microseconds (the kernel's and kubelet's default).
const CPU_PERIOD: u64 = 100_000;
/// How often memory is looked at where the kernel does not count it.
const LOOK: Duration = Duration::from_millis(100);

/// How limits are put in force on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitMethod {
    /// A control group of version 2 for each container.
    CgroupV2,
    /// Control groups of version 1 for each container.
    CgroupV1,
    /// Resource limits of the processes and the set of CPUs.
    ProcessLimits,
}

/// The limits of this machine, probed once.
#[derive(Debug)]
pub(super) struct Limits {
    groups: Groups,
    prlimit: PathBuf,
    /// Bytes of memory of this machine.
    memory: u64,
}

/// The groups that hold those of the containers; removed when dropped.
#[derive(Debug)]
enum Groups {
    V2 {
        parent: PathBuf,
    },
    V1 {
        memory: PathBuf,
        cpu: Option<PathBuf>,
        pids: Option<PathBuf>,
    },
    None,
}

impl Limits {
    /// Tries what this process may do, best first.
    pub fn probe(prlimit: PathBuf) -> Self {
        let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let memory = machine_memory();
        let most = memory / 4 * 3;
        Self {
            groups: v2(&groups, most)
                .or_else(|| v1(&groups, most))
                .unwrap_or(Groups::None),
            prlimit,
            memory,
        }
    }

    pub fn method(&self) -> LimitMethod {
        match self.groups {
            Groups::V2 { .. } => LimitMethod::CgroupV2,
            Groups::V1 { .. } => LimitMethod::CgroupV1,
            Groups::None => LimitMethod::ProcessLimits,
        }
    }

    /// The limits of one container, `id` naming it; removed again when the slot is dropped.
    pub fn slot(&self, id: &str, memory: Option<u64>, cpu_millis: Option<u64>) -> io::Result<Slot> {
        let without_limit = NODE_MEMORY.min(self.memory / 2);
        let memory = memory.unwrap_or(without_limit).min(self.memory / 4 * 3);
        let mut slot = Slot {
            groups: Vec::new(),
            prlimit: self.prlimit.clone(),
            counts_processes: true,
            oom: None,
            memory: None,
            cpus: None,
        };
        match &self.groups {
            Groups::V2 { parent } => {
                let group = slot.make(parent, id)?;
                write(&group, "memory.max", &memory)?;
                // Swap would let it grow past the limit; a kernel without swap has no such file.
                let _ = write(&group, "memory.swap.max", &0);
                // The whole container goes, not one process of it (kubelet's default since 1.28).
                write(&group, "memory.oom.group", &1)?;
                if let Some(millis) = cpu_millis {
                    write(&group, "cpu.max", &format!("{} {CPU_PERIOD}", quota(millis)))?;
                }
                write(&group, "pids.max", &MAX_PIDS)?;
                slot.oom = Some(group.join("memory.events"));
            }
            Groups::V1 {
                memory: memory_root,
                cpu,
                pids,
            } => {
                let group = slot.make(memory_root, id)?;
                write(&group, "memory.limit_in_bytes", &memory)?;
                // Memory and swap together; a kernel that does not count swap has no such file.
                let _ = write(&group, "memory.memsw.limit_in_bytes", &memory);
                slot.oom = Some(group.join("memory.oom_control"));
                if let (Some(root), Some(millis)) = (cpu, cpu_millis) {
                    let group = slot.make(root, id)?;
                    write(&group, "cpu.cfs_period_us", &CPU_PERIOD)?;
                    write(&group, "cpu.cfs_quota_us", &quota(millis))?;
                }
                match pids {
                    Some(root) => {
                        let group = slot.make(root, id)?;
                        write(&group, "pids.max", &MAX_PIDS)?;
                    }
                    None => slot.counts_processes = false,
                }
            }
            Groups::None => {
                slot.counts_processes = false;
                slot.memory = Some(memory);
                slot.cpus = cpu_millis.map(|millis| millis.div_ceil(1000).max(1));
            }
        }
        Ok(slot)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        let all = match self {
            Self::V2 { parent } => vec![&*parent],
            Self::V1 { memory, cpu, pids } => [Some(&*memory), cpu.as_ref(), pids.as_ref()]
                .into_iter()
                .flatten()
                .collect(),
            Self::None => Vec::new(),
        };
        for group in all {
            if let Err(error) = std::fs::remove_dir(group) {
                tracing::debug!(group = %group.display(), %error, "a control group stays until the next start");
            }
        }
    }
}

/// Bytes of memory of this machine; what a node has where that cannot be read.
fn machine_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok())
        .map_or(NODE_MEMORY, |kibibytes| kibibytes * 1024)
}

/// Microseconds of CPU time a period; the kernel refuses less than 1000.
fn quota(millis: u64) -> u64 {
    (millis.saturating_mul(CPU_PERIOD) / 1000).max(1000)
}

/// A group of version 2 below that of this process, when it may give its controllers to children.
fn v2(groups: &str, most: u64) -> Option<Groups> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let above = Path::new("/sys/fs/cgroup").join(own.trim_start_matches('/'));
    // Only a group without processes of its own may give controllers away, so this fails unless the
    // group was delegated that way (`systemd-run --user --scope -p Delegate=yes`, a container).
    delegate(&above)?;
    let parent = make_parent(&above)?;
    let groups = Groups::V2 {
        parent: parent.clone(),
    };
    delegate(&parent)?;
    write(&parent, "memory.max", &most).ok()?;
    write(&parent, "pids.max", &MAX_ALL_PIDS).ok()?;
    Some(groups)
}

/// Gives the controllers of a group to its children.
fn delegate(group: &Path) -> Option<()> {
    let file = group.join("cgroup.subtree_control");
    let given = std::fs::read_to_string(&file).ok()?;
    let wanted = ["memory", "cpu", "pids"];
    if wanted
        .iter()
        .all(|name| given.split_whitespace().any(|word| word == *name))
    {
        return Some(());
    }
    let text = wanted.map(|name| format!("+{name}")).join(" ");
    std::fs::write(file, text).ok()
}

/// Groups of version 1 below those of this process, when it may make children there.
fn v1(groups: &str, most: u64) -> Option<Groups> {
    let find = |controller: &str| {
        let own = groups.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let controllers = parts.next()?;
            controllers
                .split(',')
                .any(|name| name == controller)
                .then(|| parts.next())?
        })?;
        let root = Path::new("/sys/fs/cgroup").join(controller);
        let folder = root.join(own.trim_start_matches('/'));
        // In a container the path may be the host's, while the mount shows the container's own root.
        [folder, root]
            .into_iter()
            .filter(|folder| folder.is_dir())
            .find_map(|folder| make_parent(&folder))
    };
    let memory = find("memory")?;
    let groups = Groups::V1 {
        memory: memory.clone(),
        cpu: find("cpu"),
        pids: find("pids"),
    };
    write(&memory, "memory.limit_in_bytes", &most).ok()?;
    if let Groups::V1 { pids: Some(pids), .. } = &groups {
        write(pids, "pids.max", &MAX_ALL_PIDS).ok()?;
    }
    Some(groups)
}

/// A group for the containers of this process, `playground-PID-NUMBER`; those of processes that were killed go.
fn make_parent(above: &Path) -> Option<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let entries = std::fs::read_dir(above).ok()?.flatten();
    for old in entries {
        let name = old.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix("playground-")?.split_once('-'))
            .and_then(|(process, _)| process.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            let children = std::fs::read_dir(old.path()).into_iter().flatten().flatten();
            for child in children.filter(|child| child.path().is_dir()) {
                let _ = std::fs::remove_dir(child.path());
            }
            let _ = std::fs::remove_dir(old.path());
        }
    }
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let parent = above.join(format!("playground-{}-{number}", std::process::id()));
    std::fs::create_dir(&parent).ok()?;
    Some(parent)
}

fn write(group: &Path, file: &str, value: &impl ToString) -> io::Result<()> {
    let path = group.join(file);
    std::fs::write(&path, value.to_string())
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// The limits of one container while it runs.
#[derive(Debug)]
pub(super) struct Slot {
    groups: Vec<PathBuf>,
    prlimit: PathBuf,
    /// A group counts the processes.
    counts_processes: bool,
    oom: Option<PathBuf>,
    memory: Option<u64>,
    cpus: Option<u64>,
}

/// Somebody looks at the memory of a container until this is dropped.
pub(super) struct Watched {
    killed: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Watched {
    /// Whether the container was killed for its memory.
    pub fn has_killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Slot {
    fn make(&mut self, parent: &Path, id: &str) -> io::Result<PathBuf> {
        let group = parent.join(id);
        std::fs::create_dir(&group)?;
        self.groups.push(group.clone());
        Ok(group)
    }

    /// `program`, wrapped so that it starts within the limits. When the machine runs out of memory, containers are
    /// killed before anything else; they leave no core file, and have as many descriptors as in a container, and its
    /// umask: that of this process is for files of its own.
    pub fn command(&self, program: &Path) -> Command {
        let enter = r#"echo 1000 2>/dev/null >/proc/self/oom_score_adj
umask 022
ulimit -c 0
ulimit -Sn 65536 2>/dev/null
n=$1; shift
while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; n=$((n-1)); done
exec "$@""#;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", enter, "sh", &self.groups.len().to_string()])
            .args(&self.groups);
        if let Some(bytes) = self.memory {
            command.arg(&self.prlimit).arg(format!("--data={bytes}"));
        }
        if let Some(cpus) = self.cpus.and_then(usable_cpus) {
            command.args(["taskset", "-c", &cpus]);
        }
        command.arg(program);
        command
    }

    /// What the command runs behind, inside of its sandbox: a bound of its processes, which the kernel counts for
    /// each user namespace apart.
    pub fn within(&self) -> Vec<String> {
        if self.counts_processes {
            return Vec::new();
        }
        let prlimit = self.prlimit.to_string_lossy().into_owned();
        vec![prlimit, format!("--nproc={MAX_PIDS}"), "--".to_owned()]
    }

    /// Looks at the memory of the container whose first process this is, where the kernel does not.
    pub fn watch(&self, first: i32, killer: Killer) -> Option<Watched> {
        let limit = self.memory?;
        let killed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&killed);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
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
        Some(Watched { killed, task })
    }

    /// Whether the kernel killed a process of the container for memory; false where it cannot be told.
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
        for group in &self.groups {
            if let Err(error) = std::fs::remove_dir(group) {
                tracing::debug!(group = %group.display(), %error, "a control group stays until the next start");
            }
        }
    }
}

/// The first `count` CPUs that this process may use, as `taskset -c` reads them; `None` when all.
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
