//! The bubblewrap command line of a container.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::spec::{Mount, MountSource, Spec};

/// First descriptor number used for mounts that are given as descriptors; the lower ones are the
/// standard streams, the argument file and the status pipe.
const FIRST_MOUNT_FD: i32 = 10;

/// What of this host's `/etc` programs need and that tells nothing about the host's people.
/// `/etc/ssl/private` stays out.
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

/// Folders of the root that hold programs and libraries.
const SYSTEM: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// What this host and its bubblewrap offer.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// `bwrap --disable-userns` (0.8.0 and newer): no further user namespaces inside.
    pub disable_userns: bool,
    /// `bwrap --bind-fd`: mounts by descriptor.
    pub bind_fd: bool,
    /// `bwrap --size`: bounded tmpfs.
    pub size: bool,
    /// Folders of the root: name and, where it is a link, its target.
    pub system: Vec<(String, Option<PathBuf>)>,
    /// Entries of `/etc` that exist, relative to it.
    pub etc: Vec<String>,
}

impl Host {
    /// Learns the options from `bwrap --help` and the layout from the file system.
    pub fn probe(help: &str) -> Self {
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
        etc.retain(|name| Path::new("/etc").join(name).exists());
        Self {
            disable_userns: help.contains("--disable-userns"),
            bind_fd: help.contains("--ro-bind-fd"),
            size: help.contains("--size"),
            system: system.collect(),
            etc,
        }
    }
}

/// Descriptors that bwrap must inherit, with their numbers in the child.
pub(super) type Inherited = Vec<(OwnedFd, i32)>;

/// The options of bwrap, and the descriptors that they name. The command itself is no part of them: bwrap reads it
/// from its own command line only.
pub(super) fn arguments(spec: &Spec, host: &Host) -> std::io::Result<(Vec<OsString>, Inherited)> {
    let mut list = Arguments::default();
    list.isolation(spec, host);
    list.root(spec, host);
    let inherited = list.mounts(&spec.mounts, host)?;
    list.add([
        "--dir".into(),
        spec.working_dir_argument(),
        "--chdir".into(),
        spec.working_dir_argument(),
    ]);
    if spec.read_only_root {
        list.words(&["--remount-ro", "/"]);
    }
    list.words(&["--clearenv"]);
    for (name, value) in &spec.env {
        list.words(&["--setenv", name, value]);
    }
    Ok((list.0, inherited))
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn add(&mut self, words: impl IntoIterator<Item = OsString>) {
        self.0.extend(words);
    }

    fn isolation(&mut self, spec: &Spec, host: &Host) {
        self.words(&[
            "--unshare-all",
            "--unshare-user",
            "--die-with-parent",
            "--new-session",
            "--as-pid-1",
        ]);
        self.words(&["--cap-drop", "ALL", "--hostname", &spec.hostname]);
        self.words(&["--uid", &spec.uid.to_string(), "--gid", &spec.gid.to_string()]);
        if host.disable_userns {
            self.words(&["--disable-userns"]);
        }
    }

    fn root(&mut self, spec: &Spec, host: &Host) {
        self.words(&["--ro-bind", "/usr", "/usr"]);
        for (name, target) in &host.system {
            let place = format!("/{name}");
            match target {
                Some(target) => self.add(["--symlink".into(), target.into(), place.into()]),
                None => self.words(&["--ro-bind", &place, &place]),
            }
        }
        self.words(&["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]);
        self.words(&[
            "--dir", "/root", "--dir", "/home", "--dir", "/run", "--dir", "/var/tmp",
        ]);
        for name in &host.etc {
            let place = format!("/etc/{name}");
            self.words(&["--ro-bind-try", &place, &place]);
        }
        for name in super::etc::FILES {
            let target = Path::new("/etc").join(name);
            self.add(["--ro-bind".into(), spec.etc.join(name).into(), target.into()]);
        }
    }

    fn mounts(&mut self, mounts: &[Mount], host: &Host) -> std::io::Result<Inherited> {
        // Outer places first, or they would hide the inner ones.
        let mut ordered: Vec<&Mount> = mounts.iter().collect();
        ordered.sort_by_key(|mount| mount.target.components().count());
        let mut inherited = Inherited::new();
        for mount in ordered {
            let target = mount.target.clone().into_os_string();
            match &mount.source {
                MountSource::Path(path) => {
                    let option = if mount.read_only { "--ro-bind" } else { "--bind" };
                    self.add([option.into(), path.into(), target]);
                }
                MountSource::Descriptor(fd) => {
                    let option = if mount.read_only {
                        "--ro-bind-fd"
                    } else {
                        "--bind-fd"
                    };
                    let number = FIRST_MOUNT_FD + i32::try_from(inherited.len()).unwrap_or(i32::MAX);
                    self.add([option.into(), number.to_string().into(), target]);
                    inherited.push((fd.as_fd().try_clone_to_owned()?, number));
                }
                MountSource::Memory(size) => {
                    if let Some(size) = size.filter(|_| host.size) {
                        self.words(&["--size", &size.to_string()]);
                    }
                    self.add(["--tmpfs".into(), target]);
                }
            }
        }
        Ok(inherited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        Host {
            disable_userns: true,
            bind_fd: true,
            size: true,
            system: vec![("bin".into(), Some("usr/bin".into())), ("lib".into(), None)],
            etc: vec!["ssl/certs".into()],
        }
    }

    fn mount(source: &str, target: &str, read_only: bool) -> Mount {
        Mount {
            source: MountSource::Path(source.into()),
            target: target.into(),
            read_only,
        }
    }

    #[test]
    fn only_programs_volumes_and_given_variables_are_visible() {
        let spec = Spec {
            id: "x".into(),
            argv: vec!["perl".into(), "-v".into()],
            env: vec![("A".into(), "1".into())],
            working_dir: "/work".into(),
            hostname: "pi-0".into(),
            uid: 7,
            gid: 8,
            read_only_root: true,
            etc: "/data/etc".into(),
            mounts: vec![
                mount("/data/inner", "/out/in", true),
                mount("/data/outer", "/out", false),
            ],
            memory_bytes: None,
            cpu_millis: None,
        };
        let (list, inherited) = arguments(&spec, &host()).unwrap();
        assert!(inherited.is_empty());
        let text: Vec<_> = list.iter().map(|word| word.to_str().unwrap()).collect();
        insta::assert_snapshot!(text.join(" ").replace(" --", "\n--"));
    }

    #[test]
    fn the_host_offers_its_programs_but_never_private_keys() {
        let host = Host::probe("--bind-fd --ro-bind-fd");
        assert!(!host.disable_userns && host.bind_fd);
        assert!(host.system.iter().any(|(name, _)| name == "bin"));
        assert!(
            host.etc
                .iter()
                .all(|name| name != "ssl" && name != "shadow" && name != "passwd")
        );
    }
}
