//! Determines which parts of this host a container sees.

use std::path::{Path, PathBuf};

/// Parts of this host's `/etc` that programs need and that reveal nothing about the host's users.
/// `/etc/ssl/private` is left out.
const ETC: [&str; 22] = [
    "alternatives",
    "ca-certificates",
    "debian_version",
    "fonts",
    "host.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "magic",
    "magic.mime",
    "mime.types",
    "networks",
    "os-release",
    "perl",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
];

/// Directories of the root that hold programs and libraries.
const SYSTEM: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// Paths of `/proc` that reveal facts about the host, masked as by container runtimes.
const MASKED: [&str; 10] = [
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "sched_debug",
    "scsi",
    "timer_list",
    "timer_stats",
];
/// Paths of `/proc` that change the host, read-only as in container runtimes.
const READ_ONLY: [&str; 5] = ["bus", "fs", "irq", "sys", "sysrq-trigger"];
/// The layout of this host and the abilities of its bubblewrap.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// Started by root: the outer sandbox needs no user namespace, and changes the user.
    pub root: bool,
    /// Directories of the root: name and, where it is a link, its target.
    pub system: Vec<(String, Option<PathBuf>)>,
    /// Directories of `/etc` that exist, relative to it.
    pub etc_dirs: Vec<String>,
    /// Files of `/etc` that exist, relative to it.
    pub etc_files: Vec<String>,
    /// Entries of `/proc` to mask, and whether each is a directory.
    pub masked: Vec<(String, bool)>,
    /// Entries of `/proc` to make read-only.
    pub read_only: Vec<String>,
}

impl Host {
    /// Reads the layout from the file system.
    pub fn probe() -> Self {
        let system = SYSTEM.iter().filter_map(|name| {
            let path = Path::new("/").join(name);
            let kind = std::fs::symlink_metadata(&path).ok()?;
            let target = if kind.is_symlink() {
                Some(std::fs::read_link(&path).ok()?)
            } else {
                None
            };
            Some(((*name).to_owned(), target))
        });
        let mut etc: Vec<String> = ETC.iter().map(|&name| name.to_owned()).collect();
        // Interpreters keep their configuration under versioned names.
        if let Ok(entries) = std::fs::read_dir("/etc") {
            let names = entries
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok());
            etc.extend(names.filter(|name| name.starts_with("python3") || name.starts_with("java-")));
        }
        etc.retain(|name| std::fs::File::open(Path::new("/etc").join(name)).is_ok());
        let (etc_dirs, etc_files) = etc
            .into_iter()
            .partition(|name| Path::new("/etc").join(name).is_dir());
        let masked = MASKED.iter().filter_map(|name| {
            let meta = std::fs::metadata(Path::new("/proc").join(name)).ok()?;
            Some(((*name).to_owned(), meta.is_dir()))
        });
        let read_only = READ_ONLY
            .iter()
            .filter(|name| Path::new("/proc").join(name).exists());
        Self {
            root: crate::runtime::sandbox::owner().is_some(),
            system: system.collect(),
            etc_dirs,
            etc_files,
            masked: masked.collect(),
            read_only: read_only.map(|&name| name.to_owned()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_exposes_programs_but_no_private_keys() {
        let host = Host::probe();
        assert!(host.system.iter().any(|(name, _)| name == "bin"));
        assert!(
            host.etc_dirs
                .iter()
                .chain(&host.etc_files)
                .all(|name| name != "ssl" && name != "shadow" && name != "passwd")
        );
    }
}
