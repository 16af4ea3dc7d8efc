//! Inspects the processes of a sandbox through the host's `/proc`.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::runtime::sandbox::arguments::SHM_BYTES;

/// `TMPFS_MAGIC`.
const TMPFS: i128 = 0x0102_1994;
/// Maximum number of processes inspected.
const MAX_PROCESSES: usize = 4096;

/// Returns a process and all its descendants. A process that loses its parent inside a PID namespace is reparented
/// to the first process there, so nothing of a sandbox is missed.
pub(super) fn processes(first: i32) -> HashSet<i32> {
    let mut seen = HashSet::from([first]);
    let mut todo = vec![first];
    while let Some(process) = todo.pop() {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
            continue;
        };
        for thread in threads.flatten() {
            let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
                if seen.len() < MAX_PROCESSES && seen.insert(child) {
                    todo.push(child);
                }
            }
        }
    }
    seen
}

/// Returns the PID, in this process's namespace, of the first process of a PID namespace that a descendant of
/// `above` has created; the parent namespace calls it `number`.
pub(super) fn first_of(above: i32, number: i32) -> Option<i32> {
    processes(above).into_iter().find(|process| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let numbers: Vec<i32> = numbers
            .unwrap_or_default()
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        numbers.ends_with(&[number, 1])
    })
}

/// Returns the bytes of memory held by a sandbox with this first process: what its processes have mapped, and the
/// files of its own in-memory file systems, mapped or not.
pub(super) fn memory(first: i32, limit: u64) -> u64 {
    let all = processes(first);
    let files = files_in_memory(first);
    let resident: u64 = all
        .iter()
        .filter_map(|process| field(*process, "status", "VmRSS:"))
        .sum();
    if resident.saturating_add(files) <= limit {
        return resident.saturating_add(files);
    }
    // Shared pages and mapped files were counted several times; the exact figure costs more.
    let share = |process: &i32| {
        let all =
            field(*process, "smaps_rollup", "Pss:").or_else(|| field(*process, "status", "RssAnon:"))?;
        let shared = field(*process, "smaps_rollup", "Pss_Shmem:").unwrap_or(0);
        Some((all.saturating_sub(shared), shared))
    };
    let (own, shared) = all
        .iter()
        .filter_map(share)
        .fold((0_u64, 0_u64), |(own, shared), (one, other)| {
            (own + one, shared + other)
        });
    own + files.max(shared)
}

/// Returns the bytes of files in the root and in `/dev/shm` of a sandbox, linked or not, where those are in memory.
fn files_in_memory(first: i32) -> u64 {
    // Larger ones are volumes on a host disk that is itself in memory.
    [("", 1 << 30), ("/dev/shm", SHM_BYTES)]
        .iter()
        .filter_map(|(place, size)| {
            let stat = rustix::fs::statfs(format!("/proc/{first}/root{place}")).ok()?;
            let block = u64::try_from(stat.f_bsize).unwrap_or(0);
            let is_own = i128::from(stat.f_type) == TMPFS && stat.f_blocks.saturating_mul(block) <= *size;
            let used = stat.f_blocks.saturating_sub(stat.f_bfree);
            is_own.then(|| used.saturating_mul(block))
        })
        .sum()
}

/// Returns a field in kibibytes of a file in `/proc`.
fn field(process: i32, file: &str, name: &str) -> Option<u64> {
    let path: PathBuf = format!("/proc/{process}/{file}").into();
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}
