//! Memory, CPU and process limits of a container.
//!
//! A control group of its own where this process may make one (cgroup v2 when delegated, or v1 as root):
//! then the kernel says when it killed for memory. Else `prlimit --as` bounds the address space of each
//! process and `taskset` the number of CPUs: programs then see their own allocation fail, and nothing
//! is reported as `OOMKilled`, because it cannot be told.

use std::io;
use std::path::{Path, PathBuf};

use tokio::process::Command;

/// Processes and threads of one container; as kubelet's `podPidsLimit` would bound it.
const MAX_PIDS: u64 = 1024;
/// The period that CPU quotas are counted in, in microseconds (the kernel's and kubelet's default).
const CPU_PERIOD: u64 = 100_000;

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
pub(super) enum Limits {
    V2 {
        parent: PathBuf,
    },
    V1 {
        memory: PathBuf,
        cpu: Option<PathBuf>,
        pids: Option<PathBuf>,
    },
    Process,
}

impl Limits {
    /// Tries what this process may do, best first.
    pub fn probe() -> Self {
        let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        v2(&groups).or_else(|| v1(&groups)).unwrap_or(Self::Process)
    }

    pub fn method(&self) -> LimitMethod {
        match self {
            Self::V2 { .. } => LimitMethod::CgroupV2,
            Self::V1 { .. } => LimitMethod::CgroupV1,
            Self::Process => LimitMethod::ProcessLimits,
        }
    }

    /// The limits of one container, `id` naming it; removed again when the slot is dropped.
    pub fn slot(&self, id: &str, memory: Option<u64>, cpu_millis: Option<u64>) -> io::Result<Slot> {
        let mut slot = Slot {
            groups: Vec::new(),
            oom: None,
            memory: None,
            cpus: None,
        };
        match self {
            Self::V2 { parent } => {
                let group = slot.make(parent, id)?;
                if let Some(bytes) = memory {
                    write(&group, "memory.max", &bytes)?;
                    // Swap would let it grow past the limit; a kernel without swap has no such file.
                    let _ = write(&group, "memory.swap.max", &0);
                    // The whole container goes, not one process of it (kubelet's default since 1.28).
                    write(&group, "memory.oom.group", &1)?;
                }
                if let Some(millis) = cpu_millis {
                    write(&group, "cpu.max", &format!("{} {CPU_PERIOD}", quota(millis)))?;
                }
                write(&group, "pids.max", &MAX_PIDS)?;
                slot.oom = Some(group.join("memory.events"));
            }
            Self::V1 {
                memory: memory_root,
                cpu,
                pids,
            } => {
                let group = slot.make(memory_root, id)?;
                if let Some(bytes) = memory {
                    write(&group, "memory.limit_in_bytes", &bytes)?;
                }
                slot.oom = Some(group.join("memory.oom_control"));
                if let (Some(root), Some(millis)) = (cpu, cpu_millis) {
                    let group = slot.make(root, id)?;
                    write(&group, "cpu.cfs_period_us", &CPU_PERIOD)?;
                    write(&group, "cpu.cfs_quota_us", &quota(millis))?;
                }
                if let Some(root) = pids {
                    let group = slot.make(root, id)?;
                    write(&group, "pids.max", &MAX_PIDS)?;
                }
            }
            Self::Process => {
                slot.memory = memory;
                slot.cpus = cpu_millis.map(|millis| millis.div_ceil(1000).max(1));
            }
        }
        Ok(slot)
    }
}

/// Microseconds of CPU time a period; the kernel refuses less than 1000.
fn quota(millis: u64) -> u64 {
    (millis.saturating_mul(CPU_PERIOD) / 1000).max(1000)
}

/// The group of this process in version 2, when it may give its controllers to children.
fn v2(groups: &str) -> Option<Limits> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let parent = Path::new("/sys/fs/cgroup").join(own.trim_start_matches('/'));
    let given = std::fs::read_to_string(parent.join("cgroup.subtree_control")).ok()?;
    let given = |name: &str| given.split_whitespace().any(|word| word == name);
    let wanted = ["memory", "cpu", "pids"];
    if !wanted.iter().all(|name| given(name)) {
        // Only a group without processes of its own may give controllers away, so this fails unless the
        // group was delegated that way (`systemd-run --user --scope -p Delegate=yes`, a container).
        let text = wanted.map(|name| format!("+{name}")).join(" ");
        std::fs::write(parent.join("cgroup.subtree_control"), text).ok()?;
    }
    can_make(&parent).then_some(Limits::V2 { parent })
}

/// The groups of this process in version 1, when it may make children there.
fn v1(groups: &str) -> Option<Limits> {
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
            .find(|folder| folder.is_dir() && can_make(folder))
    };
    Some(Limits::V1 {
        memory: find("memory")?,
        cpu: find("cpu"),
        pids: find("pids"),
    })
}

/// Whether a child group can be made (and removed) here.
fn can_make(parent: &Path) -> bool {
    let probe = parent.join(format!("playground-probe-{}", std::process::id()));
    std::fs::create_dir(&probe)
        .and_then(|()| std::fs::remove_dir(&probe))
        .is_ok()
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
    oom: Option<PathBuf>,
    memory: Option<u64>,
    cpus: Option<u64>,
}

impl Slot {
    fn make(&mut self, parent: &Path, id: &str) -> io::Result<PathBuf> {
        let group = parent.join(format!("playground-{id}"));
        match std::fs::create_dir(&group) {
            Ok(()) => {}
            // Left by a process that was killed: its containers died with it, so it is free.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        self.groups.push(group.clone());
        Ok(group)
    }

    /// `program`, wrapped so that it starts within the limits.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("/bin/sh");
        if self.groups.is_empty() {
            command.args(["-c", r#"exec "$@""#, "sh", "prlimit", "--core=0"]);
            if let Some(bytes) = self.memory {
                command.arg(format!("--as={bytes}"));
            }
            if let Some(cpus) = self.cpus.and_then(usable_cpus) {
                command.args(["taskset", "-c", &cpus]);
            }
        } else {
            let enter = r#"n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; n=$((n-1)); done; exec "$@""#;
            command
                .args(["-c", enter, "sh", &self.groups.len().to_string()])
                .args(&self.groups);
        }
        command.arg(program);
        command
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
