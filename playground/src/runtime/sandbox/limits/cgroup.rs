//! Manages control groups: which version this process may use, the parent group of its containers' groups, and
//! their removal.
//!
//! The kernel refuses to remove a group (EBUSY) until the last process in it has been reaped, which is shortly
//! after the end of a container is known. So a removal is retried for a while, and what a killed process could not
//! remove is removed by the next one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::io::Errno;

use crate::runtime::sandbox::limits::MAX_ALL_PIDS;

/// Delay before the first retry of a removal; doubled each time.
const FIRST_DELAY: Duration = Duration::from_millis(2);
/// Maximum number of attempts: about four seconds in the background, a quarter of a second where the caller waits.
const MAX_ATTEMPTS: u32 = 11;
const MAX_BLOCKING_ATTEMPTS: u32 = 7;

/// The parent of the containers' groups; removed when dropped.
#[derive(Debug)]
pub(super) enum Groups {
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

impl Groups {
    /// Creates the best kind of group that this process may create; all containers together are limited to `memory`
    /// bytes.
    pub fn probe(memory: u64) -> Self {
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        v2(&own, memory)
            .or_else(|| v1(&own, memory))
            .unwrap_or(Self::None)
    }

    /// The file of a group that accepts a process with one thread. Through `tasks` the kernel moves a thread
    /// without waiting for a moment in which no process forks, which takes several milliseconds; version 2 offers
    /// that for threads only.
    pub fn entry(&self) -> &'static str {
        match self {
            Self::V1 { .. } => "tasks",
            Self::V2 { .. } | Self::None => "cgroup.procs",
        }
    }

    fn all(&self) -> impl Iterator<Item = &Path> {
        let all = match self {
            Self::V2 { parent } => [Some(parent), None, None],
            Self::V1 { memory, cpu, pids } => [Some(memory), cpu.as_ref(), pids.as_ref()],
            Self::None => [None; 3],
        };
        all.into_iter().flatten().map(PathBuf::as_path)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in self.all() {
            remove_tree(group);
        }
    }
}

/// Removes the group of a container that has ended: at once, or in the background as soon as the kernel allows it.
/// The parent group is kept that long.
pub(super) fn remove(group: PathBuf, parent: Arc<Groups>) {
    if attempt(&group) {
        return;
    }
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        remove_waiting(&group);
        return;
    };
    runtime.spawn(async move {
        for attempt_number in 1..MAX_ATTEMPTS {
            tokio::time::sleep(FIRST_DELAY * 2_u32.pow(attempt_number - 1)).await;
            if attempt(&group) {
                return;
            }
        }
        stays(&group);
        drop(parent);
    });
}

/// Removes a group and its children, which are one level deep.
fn remove_tree(group: &Path) {
    let children = std::fs::read_dir(group).into_iter().flatten().flatten();
    for child in children.filter(|child| child.file_type().is_ok_and(|kind| kind.is_dir())) {
        remove_waiting(&child.path());
    }
    remove_waiting(group);
}

fn remove_waiting(group: &Path) {
    for attempt_number in 1..MAX_BLOCKING_ATTEMPTS {
        if attempt(group) {
            return;
        }
        std::thread::sleep(FIRST_DELAY * 2_u32.pow(attempt_number - 1));
    }
    if !attempt(group) {
        stays(group);
    }
}

/// Tries to remove a group; returns false if processes are still in it.
fn attempt(group: &Path) -> bool {
    match rustix::fs::rmdir(group) {
        Err(Errno::BUSY) => false,
        Err(error) if error != Errno::NOENT => {
            tracing::debug!(group = %group.display(), %error, "cannot remove a control group");
            true
        }
        _ => true,
    }
}

fn stays(group: &Path) {
    tracing::warn!(group = %group.display(), "a control group is busy; it is removed at the next start");
}

/// Creates a version 2 group below that of this process, if it can delegate its controllers to children.
fn v2(groups: &str, memory: u64) -> Option<Groups> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let above = Path::new("/sys/fs/cgroup").join(own.trim_start_matches('/'));
    // Only a group without processes of its own can delegate controllers, so this fails unless the group was
    // delegated that way (`systemd-run --user --scope -p Delegate=yes`, a container).
    delegate(&above)?;
    let parent = make_parent(&above)?;
    let groups = Groups::V2 {
        parent: parent.clone(),
    };
    delegate(&parent)?;
    write(&parent, "memory.max", &memory).ok()?;
    write(&parent, "pids.max", &MAX_ALL_PIDS).ok()?;
    Some(groups)
}

/// Enables the controllers of a group for its children.
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

/// Creates version 1 groups below those of this process, if it may create children there.
fn v1(groups: &str, memory: u64) -> Option<Groups> {
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
        let dir = root.join(own.trim_start_matches('/'));
        // In a container the path may be the host's, while the mount shows the container's own root.
        [dir, root]
            .into_iter()
            .filter(|dir| dir.is_dir())
            .find_map(|dir| make_parent(&dir))
    };
    let parent = find("memory")?;
    let groups = Groups::V1 {
        memory: parent.clone(),
        cpu: find("cpu"),
        pids: find("pids"),
    };
    write(&parent, "memory.limit_in_bytes", &memory).ok()?;
    if let Groups::V1 { pids: Some(pids), .. } = &groups {
        write(pids, "pids.max", &MAX_ALL_PIDS).ok()?;
    }
    Some(groups)
}

/// Creates the group for the containers of this process, `playground-PID-START-NUMBER`, and removes those of
/// processes that have ended. The start time of a process, in kernel ticks, distinguishes it from a later process
/// with the same PID.
fn make_parent(above: &Path) -> Option<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);

    remove_leftovers(above);
    let process = std::process::id();
    let start = started(process)?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let parent = above.join(format!("playground-{process}-{start}-{number}"));
    std::fs::create_dir(&parent).ok()?;
    Some(parent)
}

/// Removes the groups of processes that ended before they could do so.
fn remove_leftovers(above: &Path) {
    for group in std::fs::read_dir(above).into_iter().flatten().flatten() {
        let name = group.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix("playground-"))
            .and_then(|name| {
                let mut numbers = name.split('-').map(str::parse::<u64>);
                let owner = (u32::try_from(numbers.next()?.ok()?).ok()?, numbers.next()?.ok()?);
                numbers.next()?.ok().map(|_| owner)
            });
        if owner.is_some_and(|(process, start)| started(process) != Some(start)) {
            remove_tree(&group.path());
        }
    }
}

/// Returns when a process started, in kernel ticks since boot; `None` if there is no such process.
fn started(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command name may contain anything, parentheses too: the 22nd field is the 20th after it.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}

pub(super) fn write(group: &Path, file: &str, value: &impl ToString) -> io::Result<()> {
    let path = group.join(file);
    std::fs::write(&path, value.to_string())
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_time_distinguishes_reused_pids() {
        let own = started(std::process::id()).unwrap();
        assert_eq!(started(std::process::id()), Some(own));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let other = started(child.id());
        assert!(other >= Some(own));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(started(child.id()), None);
    }

    #[test]
    fn only_groups_of_ended_processes_are_leftovers() {
        let above = tempfile::tempdir().unwrap();
        let process = std::process::id();
        let start = started(process).unwrap();
        // The PID is that of a living process, which started at another time.
        let reused = format!("playground-{process}-{}-0", start + 1);
        let ended = "playground-4194305-1-0".to_owned();
        let own = format!("playground-{process}-{start}-0");
        for name in [&reused, &ended, &own] {
            std::fs::create_dir_all(above.path().join(name).join("container")).unwrap();
        }
        for name in [
            "user.slice",
            "playground-",
            "playground-x-1-0",
            "playground-4194305-0",
        ] {
            std::fs::create_dir(above.path().join(name)).unwrap();
        }
        remove_leftovers(above.path());
        let mut left: Vec<_> = std::fs::read_dir(above.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected = vec![
            own,
            "playground-".into(),
            "playground-x-1-0".into(),
            "playground-4194305-0".into(),
            "user.slice".into(),
        ];
        expected.sort();
        assert_eq!(left, expected);
    }
}
