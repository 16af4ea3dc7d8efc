//! Builds the two bubblewrap command lines of a container.
//!
//! bubblewrap creates mount points before it leaves the original file system, and follows `..` and links while it
//! does: a path of a manifest, or a link that a container has put into a volume, would lead to the host. So there
//! are two sandboxes, one inside the other. The outer one sees the host and receives only paths chosen by this
//! program; it builds a root that holds the host's programs, read-only, and the volumes of this container under
//! [`VOLUMES`]. The inner one starts in that root, builds the container from it and receives the paths of the
//! manifest. Wherever those lead, even if a link is changed during setup, there is nothing but what the container
//! is given anyway: its `/proc` shows only the processes of this sandbox, and its network is the container's.
//!
//! When started by root, the user changes between the two: the part that can reach a file of the host runs as root,
//! the part that runs the command is a user that owns nothing, and the inner user namespace maps every user of the
//! container to it.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};

use crate::runtime::sandbox::SandboxError;
use crate::runtime::sandbox::host::Host;
use crate::runtime::sandbox::mounts::{Checked, Gate};
use crate::runtime::sandbox::resolve::Tree;
use crate::runtime::sandbox::spec::{Mount, Spec};

/// Where the outer root keeps the volumes, by number.
const VOLUMES: &str = "/volumes";
/// A directory of the outer root that only root can enter.
const CLOSED: &str = "/closed";
/// Where the outer root keeps bubblewrap.
pub(super) const INNER_BWRAP: &str = "/bwrap";
/// The first descriptor of a file that the inner bwrap copies; the lower ones are the standard streams, the
/// options, the status pipe and the filters.
pub(super) const FIRST_FILE_FD: i32 = 10;
/// Size of `/dev/shm` in bytes, as in container runtimes.
pub(super) const SHM_BYTES: u64 = 64 << 20;

/// The part of `/sys` that programs read to learn the number of processors.
const CPUS: &str = "/sys/devices/system/cpu";

/// Returns the options of the outer bwrap.
pub(super) fn outer(spec: &Spec, host: &Host, bwrap: &Path) -> Vec<OsString> {
    let mut list = Arguments::default();
    // A PID namespace ends with its first process, whatever users its other processes have. With
    // `--die-with-parent` alone, the death of root would not reach processes of another user, as bwrap has dropped
    // its capabilities.
    list.words(&["--die-with-parent", "--unshare-pid", "--unshare-net"]);
    if !host.root {
        list.words(&["--unshare-user"]);
    }
    list.programs(host);
    list.words(&[
        "--proc", "/proc", "--dev", "/dev", "--dir", "/tmp", "--dir", VOLUMES,
    ]);
    if host.root {
        // The inner bwrap needs a fully visible `/proc` somewhere, or the kernel refuses to let it mount one, and
        // root's bwrap covers parts of a new one. The host's `/proc` is placed where no path of another user leads.
        let place = format!("{CLOSED}/proc");
        list.words(&["--perms", "0700", "--dir", CLOSED, "--bind", "/proc", &place]);
    }
    list.add(["--ro-bind".into(), bwrap.into(), INNER_BWRAP.into()]);
    for (number, mount) in spec.mounts.iter().enumerate() {
        let option = if mount.read_only { "--ro-bind" } else { "--bind" };
        list.add([
            option.into(),
            mount.volume.as_path().into(),
            volume(&number.to_string()),
        ]);
    }
    list.0
}

/// The setup of the inner bwrap.
pub(super) struct Inner {
    /// Its options. The command itself is not among them: bwrap reads it from its own command line only.
    pub options: Vec<OsString>,
    /// The files that it copies, with descriptors numbered from [`FIRST_FILE_FD`].
    pub files: Vec<OwnedFd>,
    /// The mounts to verify, and the gate that blocks bwrap until they are verified; `None` where nothing is
    /// mounted.
    pub gate: Option<Gate>,
    /// The prefix of the command that enters its working directory.
    pub change_dir: Vec<String>,
}

/// Returns the options of the inner bwrap, its files and its gate.
pub(super) fn inner(spec: &Spec, host: &Host) -> Result<Inner, SandboxError> {
    let mut list = Arguments::default();
    list.isolation(spec);
    list.words(&[
        "--size",
        &spec.root_bytes.to_string(),
        "--tmpfs",
        "/",
        "--tmpfs",
        "/sys",
    ]);
    list.programs(host);
    list.root(host);
    let mut files = list.files(spec, host)?;
    let links = host
        .system
        .iter()
        .filter_map(|(name, target)| Some((Path::new("/").join(name), target.clone()?)));
    let mut tree = Tree::new(links.collect());
    let mounted = list.mounts(&spec.mounts, &mut tree)?;
    let gate = if mounted.is_empty() {
        None
    } else {
        let (gate, end) = Gate::new(mounted)?;
        // bwrap blocks while copying this file until the gate opens; the destination keeps nothing.
        let number = FIRST_FILE_FD as usize + files.len();
        list.words(&["--file", &number.to_string(), "/dev/null"]);
        files.push(end);
        Some(gate)
    };
    let working_dir = tree.resolve(&spec.working_dir)?;
    list.add(["--dir".into(), working_dir.as_path().into()]);
    // bwrap holds descriptors of the outer root, which /proc/self/fd leads to: the directory is entered after it.
    list.words(&["--chdir", "/"]);
    // Only now: volumes may be mounted there.
    list.words(&["--remount-ro", "/dev"]);
    if spec.read_only_root {
        list.words(&["--remount-ro", "/"]);
    }
    list.words(&["--clearenv"]);
    for (name, value) in &spec.env {
        list.words(&["--setenv", name, value]);
    }
    Ok(Inner {
        options: list.0,
        files,
        gate,
        change_dir: change_dir(&working_dir, spec.argv.first()),
    })
}

/// Returns the prefix of a command that enters its working directory: inside the sandbox, where the kernel resolves
/// the path as for the command itself.
fn change_dir(working_dir: &Path, program: Option<&String>) -> Vec<String> {
    if working_dir == Path::new("/") {
        return Vec::new();
    }
    let dir = working_dir.to_string_lossy().into_owned();
    let mut prefix: Vec<String> = ["/usr/bin/env", "-C", &dir, "--"].map(str::to_owned).into();
    // `env` would take its name for a variable.
    if program.is_some_and(|program| program.contains('=')) {
        prefix.extend(["/bin/sh", "-c", "exec \"$0\" \"$@\""].map(str::to_owned));
    }
    prefix
}

/// Returns a path in the outer root.
fn volume(name: &str) -> OsString {
    format!("{VOLUMES}/{name}").into()
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

    fn isolation(&mut self, spec: &Spec) {
        self.words(&[
            "--unshare-all",
            // The network of the outer sandbox, which is empty too.
            "--share-net",
            "--unshare-user",
            "--die-with-parent",
            "--new-session",
            "--as-pid-1",
        ]);
        self.words(&["--cap-drop", "ALL", "--hostname", &spec.hostname]);
        self.words(&["--uid", &spec.uid.to_string(), "--gid", &spec.gid.to_string()]);
    }

    /// Adds what both roots have: the host's programs, and directories that would otherwise be closed to others.
    fn programs(&mut self, host: &Host) {
        self.words(&["--ro-bind", "/usr", "/usr"]);
        for (name, target) in &host.system {
            let place = format!("/{name}");
            match target {
                Some(target) => self.add(["--symlink".into(), target.into(), place.into()]),
                None => self.words(&["--ro-bind", &place, &place]),
            }
        }
        self.words(&["--dir", "/etc", "--dir", "/etc/ssl"]);
        self.words(&[
            "--dir",
            "/sys",
            "--dir",
            "/sys/devices",
            "--dir",
            "/sys/devices/system",
        ]);
        self.words(&["--ro-bind-try", CPUS, CPUS]);
        for name in &host.etc_dirs {
            let place = format!("/etc/{name}");
            self.words(&["--ro-bind-try", &place, &place]);
        }
    }

    fn root(&mut self, host: &Host) {
        self.words(&["--remount-ro", "/sys", "--proc", "/proc"]);
        for name in &host.read_only {
            let place = format!("/proc/{name}");
            self.words(&["--ro-bind", &place, &place]);
        }
        for (name, dir) in &host.masked {
            let place = format!("/proc/{name}");
            if *dir {
                self.words(&["--tmpfs", &place, "--remount-ro", &place]);
            } else {
                self.words(&["--dev-bind", "/dev/null", &place]);
            }
        }
        self.words(&["--dev", "/dev", "--perms", "1777"]);
        self.words(&["--size", &SHM_BYTES.to_string(), "--tmpfs", "/dev/shm"]);
        for dir in ["/tmp", "/var/tmp"] {
            self.words(&["--perms", "1777", "--dir", dir]);
        }
        for dir in ["/root", "/home", "/run"] {
            self.words(&["--dir", dir]);
        }
    }

    /// Adds copies of the host's files and of the Pod's own, which cost less than mounts.
    fn files(&mut self, spec: &Spec, host: &Host) -> io::Result<Vec<OwnedFd>> {
        let hosts = host
            .etc_files
            .iter()
            .map(|name| (Path::new("/etc").join(name), name.as_str()));
        let own = crate::runtime::sandbox::etc::FILES
            .iter()
            .map(|name| (spec.etc.join(name), *name));
        let mut files = Vec::new();
        for ((source, name), number) in hosts.chain(own).zip(FIRST_FILE_FD..) {
            files.push(std::fs::File::open(source)?.into());
            let target = format!("/etc/{name}");
            self.words(&["--perms", "0644", "--file", &number.to_string(), &target]);
        }
        Ok(files)
    }

    fn mounts(&mut self, mounts: &[Mount], tree: &mut Tree) -> Result<Vec<Checked>, SandboxError> {
        let mut all = Vec::new();
        let mut left: Vec<(usize, &Mount)> = mounts.iter().enumerate().collect();
        while !left.is_empty() {
            // Parents first, or they would hide the mounts inside them; where a mount goes may depend on links in
            // its parents.
            let resolved = left.iter().map(|(_, mount)| tree.resolve(&mount.target));
            let resolved = resolved.collect::<io::Result<Vec<_>>>()?;
            let outermost = resolved
                .into_iter()
                .enumerate()
                .min_by_key(|(_, target)| target.components().count());
            let Some((place, target)) = outermost else { break };
            let (number, mount) = left.remove(place);
            let kernels = ["/proc", "/sys"]
                .iter()
                .any(|kernels| target.starts_with(kernels));
            if kernels || target == Path::new("/dev") {
                let (requested, inside) = (mount.target.display(), target.display());
                let message = format!("\"{requested}\" cannot be mounted because it is inside {inside}");
                return Err(io::Error::other(message).into());
            }
            let mut source = PathBuf::from(volume(&number.to_string()));
            if !mount.sub_path.as_os_str().is_empty() {
                source.push(&mount.sub_path);
            }
            let option = if mount.read_only { "--ro-bind" } else { "--bind" };
            self.add([option.into(), source.into(), target.clone().into()]);
            // The directory belongs to this program; the part of it that is mounted belongs to the containers.
            let opened = open(mount).map_err(|error| {
                if mount.sub_path.as_os_str().is_empty() {
                    error.into()
                } else {
                    SandboxError::Changed(target.clone())
                }
            })?;
            all.push(Checked {
                target: target.clone(),
                source: opened.try_clone()?,
                read_only: mount.read_only,
            });
            tree.mount(target, opened);
        }
        Ok(all)
    }
}

/// Opens the mounted directory or file, to look up links in it.
fn open(mount: &Mount) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let volume = rustix::fs::open(&mount.volume, flags | OFlags::DIRECTORY, Mode::empty())?;
    if mount.sub_path.as_os_str().is_empty() {
        return Ok(volume);
    }
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    Ok(rustix::fs::openat2(
        &volume,
        &mount.sub_path,
        flags,
        Mode::empty(),
        resolve,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(root: bool) -> Host {
        Host {
            root,
            system: vec![("bin".into(), Some("usr/bin".into())), ("lib".into(), None)],
            etc_dirs: vec!["ssl/certs".into()],
            etc_files: vec!["protocols".into()],
            masked: vec![("acpi".into(), true), ("keys".into(), false)],
            read_only: vec!["sys".into()],
        }
    }

    fn spec(dir: &Path) -> Spec {
        let mount = |name: &str, target: &str, read_only| Mount {
            volume: dir.join(name),
            sub_path: PathBuf::new(),
            target: target.into(),
            read_only,
        };
        for name in ["inner", "outer"] {
            std::fs::create_dir(dir.join(name)).unwrap();
        }
        crate::runtime::sandbox::write_etc(&dir.join("etc"), "pi-0", None, &[]).unwrap();
        Spec {
            id: "x".into(),
            argv: vec!["perl".into(), "-v".into()],
            env: vec![("A".into(), "1".into())],
            working_dir: "/../work".into(),
            hostname: "pi-0".into(),
            uid: 7,
            gid: 8,
            read_only_root: true,
            etc: dir.join("etc"),
            mounts: vec![mount("inner", "/out/in", true), mount("outer", "/../out", false)],
            memory_bytes: None,
            cpu_millis: None,
            root_bytes: 1 << 20,
        }
    }

    fn shown(list: &[OsString], dir: &Path) -> String {
        let text: Vec<_> = list.iter().map(|word| word.to_str().unwrap()).collect();
        let dir = dir.to_str().unwrap();
        text.join(" ").replace(" --", "\n--").replace(dir, "/data")
    }

    #[tokio::test]
    async fn inner_options_expose_only_programs_volumes_and_spec_environment() {
        let dir = tempfile::tempdir().unwrap();
        let mut host = host(true);
        // Independent of this machine's files.
        host.etc_files.clear();
        let inner = inner(&spec(dir.path()), &host).unwrap();
        // And the gate.
        assert_eq!(inner.files.len(), crate::runtime::sandbox::etc::FILES.len() + 1);
        assert!(inner.gate.is_some());
        insta::assert_snapshot!(shown(&inner.options, dir.path()));
    }

    #[test]
    fn outer_root_holds_programs_and_volumes() {
        let dir = tempfile::tempdir().unwrap();
        let list = outer(&spec(dir.path()), &host(false), Path::new("/usr/bin/bwrap"));
        insta::assert_snapshot!(shown(&list, dir.path()));
    }

    #[tokio::test]
    async fn volume_inside_proc_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let mut spec = spec(dir.path());
        spec.mounts[0].target = "/out/../proc/sys".into();
        let refused = inner(&spec, &host(true)).err().unwrap();
        assert!(refused.to_string().contains("/proc/sys"), "{refused}");
    }
}
