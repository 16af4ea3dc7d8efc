//! Limits memory, CPU and processes of a container.
//!
//! Uses a control group of its own where this process may create one (cgroup v2 if delegated, or v1 as root): then
//! the kernel reports OOM kills. Otherwise `prlimit` limits the data of each process, a task sums up the memory of
//! all of them and kills a container above its limit, and `taskset` limits the number of CPUs. A container without
//! a limit has that of a node, and all of them together leave a quarter of the machine's memory free.

mod cgroup;
mod slot;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::runtime::sandbox::limits::cgroup::{Groups, write};
pub(super) use crate::runtime::sandbox::limits::slot::{MemoryWatch, Slot};

/// Maximum processes and threads of one container, like the kubelet's `podPidsLimit`.
const MAX_PIDS: u64 = 1024;
/// Maximum processes and threads of all containers.
const MAX_ALL_PIDS: u64 = 8192;
/// Memory of a container without a limit: what a node of the playground has.
const NODE_MEMORY: u64 = 8 << 30;
/// The CPU quota period in microseconds (the kernel's and kubelet's default).
const CPU_PERIOD: u64 = 100_000;

/// How limits are enforced on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitMethod {
    /// A version 2 control group for each container.
    CgroupV2,
    /// Version 1 control groups for each container.
    CgroupV1,
    /// Resource limits of the processes and the set of CPUs.
    ProcessLimits,
}

/// The limits of this machine, probed once.
#[derive(Debug)]
pub(super) struct Limits {
    groups: Arc<Groups>,
    prlimit: PathBuf,
    /// Bytes of memory of this machine.
    memory: u64,
}

impl Limits {
    /// Probes what this process may do, best first.
    pub fn probe(prlimit: PathBuf) -> Self {
        let memory = machine_memory();
        Self {
            groups: Arc::new(Groups::probe(memory / 4 * 3)),
            prlimit,
            memory,
        }
    }

    pub fn method(&self) -> LimitMethod {
        match *self.groups {
            Groups::V2 { .. } => LimitMethod::CgroupV2,
            Groups::V1 { .. } => LimitMethod::CgroupV1,
            Groups::None => LimitMethod::ProcessLimits,
        }
    }

    /// Creates the limits of one container, named by `id`; removed again when the slot is dropped.
    pub fn slot(&self, id: &str, memory: Option<u64>, cpu_millis: Option<u64>) -> io::Result<Slot> {
        let without_limit = NODE_MEMORY.min(self.memory / 2);
        let memory = memory.unwrap_or(without_limit).min(self.memory / 4 * 3);
        let mut slot = Slot {
            groups: Vec::new(),
            parent: Arc::clone(&self.groups),
            prlimit: self.prlimit.clone(),
            counts_processes: true,
            oom: None,
            memory: None,
            cpus: None,
        };
        match &*self.groups {
            Groups::V2 { parent } => {
                let group = slot.make(parent, id)?;
                write(&group, "memory.max", &memory)?;
                // Swap would let it grow past the limit; a kernel without swap has no such file.
                let _ = write(&group, "memory.swap.max", &0);
                // The OOM killer kills the whole container, not one process of it (kubelet's default since 1.28).
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

/// Returns the bytes of memory of this machine, or a node's memory where it cannot be read.
fn machine_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok())
        .map_or(NODE_MEMORY, |kibibytes| kibibytes * 1024)
}

/// Returns microseconds of CPU time per period; the kernel refuses less than 1000.
fn quota(millis: u64) -> u64 {
    (millis.saturating_mul(CPU_PERIOD) / 1000).max(1000)
}
