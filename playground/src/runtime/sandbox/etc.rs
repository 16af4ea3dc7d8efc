//! Writes the files of `/etc` that a container gets instead of the host's.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Names of the files written by [`write_etc`], each bound into the container's `/etc`.
pub(super) const FILES: [&str; 6] = [
    "passwd",
    "group",
    "hosts",
    "hostname",
    "resolv.conf",
    "nsswitch.conf",
];

/// A line of `/etc/hosts` (`spec.hostAliases`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostsEntry {
    /// The IP address.
    pub ip: IpAddr,
    /// Its host names.
    pub names: Vec<String>,
}

/// Writes the synthetic files of a Pod into `dir`: users that exist only there, the Pod's own name and address,
/// and no name server, since a sandbox has no network.
pub fn write_etc(
    dir: &Path,
    hostname: &str,
    pod_ip: Option<IpAddr>,
    aliases: &[HostsEntry],
) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let mut hosts = String::from("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost\n");
    if let Some(ip) = pod_ip {
        // Writing to a String cannot fail.
        let _ = writeln!(hosts, "{ip}\t{hostname}");
    }
    for alias in aliases {
        let _ = writeln!(hosts, "{}\t{}", alias.ip, alias.names.join("\t"));
    }
    let files = [
        (
            "passwd",
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        ),
        ("group", "root:x:0:\nnogroup:x:65534:\n"),
        ("hosts", hosts.as_str()),
        ("hostname", &format!("{hostname}\n")),
        ("resolv.conf", "# The playground's sandboxes have no network.\n"),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ];
    let public = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    // Independent of this process's umask: any user of the container reads them.
    public(dir, 0o755)?;
    for (name, text) in files {
        let file = dir.join(name);
        std::fs::write(&file, text)?;
        public(&file, 0o644)?;
    }
    Ok(())
}
