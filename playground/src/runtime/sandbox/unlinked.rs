//! Measures unlinked files held by the processes of a sandbox: files that were removed while they were open or
//! mapped, which keep their disk blocks.
//!
//! Descriptors and mappings are read from `/proc`. All threads of a process share one table of descriptors (the
//! seccomp filter ensures it). What cannot be seen is reported as such: descriptors in transit through a socket,
//! the content of mappings where this process is not root, and processes that start and end during the scan.

use std::collections::HashMap;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};

use crate::runtime::sandbox::tree;

/// Maximum number of descriptors, and kibibytes of mapping tables, read in one round.
const MAX_SCANNED: usize = 400_000;

/// The remaining budget of a round: a container with countless descriptors must not stall the disk check.
pub(in crate::runtime) struct ScanBudget(usize);

impl ScanBudget {
    pub fn new() -> Self {
        Self(MAX_SCANNED)
    }
}

/// Unlinked files that are still open or mapped.
#[derive(Debug, Default)]
pub(in crate::runtime) struct UnlinkedFiles {
    /// By inode: bytes on the disk and, where it is known, the part of the file system through which the file was
    /// opened, which is the directory mounted in the container.
    pub files: HashMap<u64, (u64, Option<PathBuf>)>,
    /// There may be more files that cannot be seen.
    pub is_opaque: bool,
    /// Bytes that these processes, including their ended children, have written to disks.
    pub written: u64,
}

impl UnlinkedFiles {
    /// Scans the processes of the sandbox with this first process for files of one device.
    pub fn of(first: i32, device: u64, budget: &mut ScanBudget) -> Self {
        let mut scanner = Scanner {
            device,
            found: Self::default(),
            budget,
        };
        for process in tree::processes(first) {
            scanner.process(process);
        }
        scanner.found
    }

    /// Adds what another container of the Pod holds; a file held by both is counted once.
    pub fn merge(&mut self, other: Self) {
        self.files.extend(other.files);
        self.is_opaque |= other.is_opaque;
        self.written = self.written.saturating_add(other.written);
    }
}

struct Scanner<'a> {
    device: u64,
    found: UnlinkedFiles,
    budget: &'a mut ScanBudget,
}

impl Scanner<'_> {
    fn process(&mut self, process: i32) {
        let own = format!("/proc/{process}");
        self.found.written = self.found.written.saturating_add(written(&own));
        let Ok(threads) = std::fs::read_dir(format!("{own}/task")) else {
            // It has ended since; what it held may be held by a process that has started since.
            self.found.is_opaque = true;
            return;
        };
        // A main thread that has exited has no descriptor table any more, while the other threads still use it.
        let mut seen = false;
        for thread in threads.flatten() {
            let thread = thread.path();
            seen |= self.descriptors(&thread.to_string_lossy());
            if seen {
                break;
            }
        }
        self.found.is_opaque |= !seen && !is_zombie(&own);
        self.mappings(&own);
    }

    /// Scans the descriptors of a thread; returns false if it has no visible table.
    fn descriptors(&mut self, thread: &str) -> bool {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(dir) = rustix::fs::open(format!("{thread}/fd"), flags, Mode::empty()) else {
            return false;
        };
        let Ok(entries) = rustix::fs::Dir::read_from(&dir) else {
            return false;
        };
        let mut seen = false;
        let mut table = None;
        for entry in entries.flatten() {
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            seen = true;
            if !self.charge(1) {
                break;
            }
            // Follows the link to the file, whatever its name.
            let Ok(stat) = rustix::fs::statat(dir.as_fd(), name, AtFlags::empty()) else {
                continue;
            };
            let info = || read(&format!("{thread}/fdinfo/{}", name.to_string_lossy()));
            if FileType::from_raw_mode(stat.st_mode) == FileType::Socket {
                self.found.is_opaque |=
                    !self.charge(1) || field(&info(), "scm_fds:").is_some_and(|count| count > 0);
            } else if self.is_unlinked(&stat) {
                let table = table.get_or_insert_with(|| mounts(thread));
                let number = field(&info(), "mnt_id:");
                let mount = table.iter().find(|mount| Some(mount.number) == number);
                self.add_file(&stat, mount.map(|mount| mount.root.clone()));
            }
        }
        seen
    }

    /// Scans mapped files that are unlinked.
    fn mappings(&mut self, process: &str) {
        let mut maps = String::new();
        let left = u64::try_from(self.budget.0).unwrap_or(0) * 1024;
        let file = std::fs::File::open(format!("{process}/maps"));
        // What was read so far counts even if the process ends meanwhile or a path is not UTF-8.
        if file
            .and_then(|file| file.take(left).read_to_string(&mut maps))
            .is_err()
        {
            self.found.is_opaque = true;
        }
        if !self.charge(maps.len().div_ceil(1024)) {
            return;
        }
        let mut table = None;
        for line in maps.lines().filter(|line| line.ends_with(" (deleted)")) {
            if !self.charge(1) {
                return;
            }
            let mut fields = line.split_ascii_whitespace();
            let (Some(range), Some(device), Some(Ok(inode))) =
                (fields.next(), fields.nth(2), fields.next().map(str::parse::<u64>))
            else {
                continue;
            };
            let table = table.get_or_insert_with(|| mounts(process));
            let root = || {
                let path = Path::new(line.get(line.find('/')?..)?);
                let containing = table.iter().filter(|mount| path.starts_with(&mount.mount_point));
                let nearest = containing.max_by_key(|mount| mount.mount_point.components().count());
                nearest.map(|mount| mount.root.clone())
            };
            // Only root may follow this link.
            if let Ok(stat) = rustix::fs::stat(format!("{process}/map_files/{range}")) {
                if self.is_unlinked(&stat) {
                    self.add_file(&stat, root());
                }
            } else if is_device(device, self.device) {
                self.found.is_opaque = true;
                self.add(inode, length(range).unwrap_or(0), root());
            }
        }
    }

    /// Charges the budget; returns false if it is exhausted.
    fn charge(&mut self, count: usize) -> bool {
        self.budget.0 = self.budget.0.saturating_sub(count);
        self.found.is_opaque |= self.budget.0 == 0;
        self.budget.0 > 0
    }

    fn is_unlinked(&self, stat: &Stat) -> bool {
        stat.st_dev == self.device && stat.st_nlink == 0
    }

    fn add_file(&mut self, stat: &Stat, root: Option<PathBuf>) {
        let bytes = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512);
        self.add(stat.st_ino, bytes, root);
    }

    fn add(&mut self, inode: u64, bytes: u64, root: Option<PathBuf>) {
        let known = self.found.files.entry(inode).or_default();
        known.0 = known.0.max(bytes);
        if root.is_some() {
            known.1 = root;
        }
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

/// Returns the bytes written to disks, less those that were discarded before they got there.
fn written(process: &str) -> u64 {
    let text = read(&format!("{process}/io"));
    let count = |name| field(&text, name).unwrap_or(0);
    count("write_bytes:").saturating_sub(count("cancelled_write_bytes:"))
}

/// A mount of a sandbox.
struct Mounted {
    number: u64,
    /// The mount point in the container.
    mount_point: PathBuf,
    /// The part of its file system that it shows, as the kernel writes it.
    root: PathBuf,
}

fn mounts(thread: &str) -> Vec<Mounted> {
    let table = read(&format!("{thread}/mountinfo"));
    let mounts = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(' ').take(5).collect();
        Some(Mounted {
            number: fields.first()?.parse().ok()?,
            root: fields.get(3)?.into(),
            mount_point: fields.get(4)?.into(),
        })
    });
    mounts.collect()
}

fn is_zombie(process: &str) -> bool {
    let status = read(&format!("{process}/status"));
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_none_or(|state| state.trim_start().starts_with(['Z', 'X']))
}

/// Whether a device number in the format of `maps`, in hexadecimal, is this device.
fn is_device(text: &str, device: u64) -> bool {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    text == format!("{major:02x}:{minor:02x}")
}

/// Returns the length of an address range.
fn length(range: &str) -> Option<u64> {
    let (from, to) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    number(to)?.checked_sub(number(from)?)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs a Perl script that reports when it is ready and then waits, and scans it.
    fn scan(dir: &std::path::Path, script: &str) -> UnlinkedFiles {
        use std::io::{BufRead, BufReader};

        let script = format!("$| = 1; {script}; print qq(ready\\n); sleep 60");
        let mut child = Command::new("perl")
            .args(["-e", &script])
            .current_dir(dir)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let device = rustix::fs::stat(dir).unwrap().st_dev;
        let found = UnlinkedFiles::of(i32::try_from(child.id()).unwrap(), device, &mut ScanBudget::new());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(line, "ready\n");
        found
    }

    fn bytes(found: &UnlinkedFiles) -> u64 {
        found.files.values().map(|(bytes, _)| bytes).sum()
    }

    const WRITE: &str = "open($f, '+>', 'x') or die; print $f 'x' x (4 << 20); $f->flush; unlink 'x'";

    #[test]
    fn unlinked_open_file_counts_once() {
        let dir = tempfile::tempdir().unwrap();
        let script = format!("use IO::Handle; {WRITE}; open($g, '+<&', $f); fork");
        let found = scan(dir.path(), &script);
        assert_eq!(found.files.len(), 1, "{found:?}");
        assert!(((4 << 20)..(5 << 20)).contains(&bytes(&found)), "{found:?}");
        assert!(found.files.values().all(|(_, root)| root.is_some()), "{found:?}");
    }

    #[test]
    fn unlinked_mapped_file_counts() {
        let dir = tempfile::tempdir().unwrap();
        let map = format!(
            "syscall({}, 0, 4 << 20, 3, 1, fileno($f), 0) != -1 or die $!; close $f",
            libc::SYS_mmap
        );
        let found = scan(dir.path(), &format!("use IO::Handle; {WRITE}; {map}"));
        assert_eq!(found.files.len(), 1, "{found:?}");
        assert!(((4 << 20)..(5 << 20)).contains(&bytes(&found)), "{found:?}");
        assert!(found.files.values().all(|(_, root)| root.is_some()), "{found:?}");
    }

    #[test]
    fn linked_files_and_other_devices_do_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let script = "open($f, '>', 'named'); print $f 'x' x 9999; close $f; open($f, '<', 'named'); open($g, '<', '/dev/null')";
        let found = scan(dir.path(), script);
        assert!(found.files.is_empty() && !found.is_opaque, "{found:?}");
    }

    #[test]
    fn descriptor_in_transit_makes_sandbox_opaque() {
        let dir = tempfile::tempdir().unwrap();
        // sendmsg with SCM_RIGHTS, built by hand: Perl's own send passes no descriptors.
        let script = format!(
            "use IO::Handle; use Socket; {WRITE}; socketpair($a, $b, AF_UNIX, SOCK_STREAM, 0);
             $byte = 'x'; $iov = pack('PQ', $byte, 1); $control = pack('QiiiI', 20, 1, 1, fileno($f), 0);
             $message = pack('QIIPQPQiI', 0, 0, 0, $iov, 1, $control, 24, 0, 0);
             syscall({}, fileno($a), $message, 0) == 1 or die $!; close $f",
            libc::SYS_sendmsg
        );
        let found = scan(dir.path(), &script);
        assert!(found.files.is_empty() && found.is_opaque, "{found:?}");
    }

    #[test]
    fn exhausted_scan_budget_makes_sandbox_opaque() {
        let process = i32::try_from(std::process::id()).unwrap();
        let complete = UnlinkedFiles::of(process, 0, &mut ScanBudget::new());
        let mut budget = ScanBudget(3);
        let found = UnlinkedFiles::of(process, 0, &mut budget);
        assert!(found.is_opaque && budget.0 == 0, "{found:?}");
        assert!(complete.files.is_empty());
    }

    #[test]
    fn device_numbers_and_address_ranges_are_parsed() {
        assert!(is_device("fe:00", rustix::fs::makedev(0xfe, 0)));
        assert!(is_device("103:0a", rustix::fs::makedev(0x103, 0xa)));
        assert!(!is_device("fe:01", rustix::fs::makedev(0xfe, 0)));
        assert_eq!(length("7f00-8000"), Some(0x100));
        assert_eq!(length("x"), None);
        assert_eq!(field("pos:\t0\nscm_fds: 2\n", "scm_fds:"), Some(2));
    }
}
