//! Runs one command in a bubblewrap sandbox: own user, PID, mount, network, IPC, UTS and cgroup namespaces, an
//! unprivileged user whoever starts it, no descriptors of this process, a seccomp filter, the host's programs
//! read-only, no home directories, and limited memory, CPU, processes and files.

mod arguments;
mod etc;
mod host;
mod launcher;
mod limits;
mod mounts;
mod process;
mod resolve;
mod seccomp;
mod spec;
mod tree;
mod unlinked;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

pub use crate::runtime::sandbox::etc::write_etc;
pub use crate::runtime::sandbox::limits::LimitMethod;
pub use crate::runtime::sandbox::process::{Exit, Process};
pub use crate::runtime::sandbox::spec::{Mount, Spec};
pub(super) use crate::runtime::sandbox::unlinked::{ScanBudget, UnlinkedFiles};

use crate::runtime::sandbox::host::Host;
use crate::runtime::sandbox::launcher::Launcher;
use crate::runtime::sandbox::limits::Limits;

/// Why a command could not be started. Users see the message on the waiting or failed container.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A program is not installed: install the package `bubblewrap` or `util-linux`.
    #[error("{0} is not installed, and commands only run in a sandbox: install it and restart")]
    Missing(&'static str),
    /// `bwrap` is installed but cannot create the namespaces, most often because the system forbids unprivileged
    /// user namespaces.
    #[error("cannot create a sandbox: {0}")]
    Refused(String),
    /// The container's program does not exist in the sandbox or is not executable. The message is that of a
    /// container runtime.
    #[error("{0}")]
    Program(String),
    /// The container's limits could not be enforced, so it must not run.
    #[error("cannot apply the container's limits: {0}")]
    Limits(#[source] std::io::Error),
    /// The mounted directory is not the one that was checked: another container of the volume has replaced it
    /// meanwhile. The next start may succeed.
    #[error("the volume mounted at \"{0}\" was changed while the container started")]
    Changed(PathBuf),
    /// Communication with the sandbox failed: out of file descriptors, processes or memory.
    #[error("cannot start the sandbox: {0}")]
    Io(#[from] std::io::Error),
}

/// The sandbox of this machine, probed once; cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    bwrap: PathBuf,
    /// The program that changes the user when started by root.
    setpriv: Option<PathBuf>,
    host: Host,
    limits: Limits,
    filters: Vec<Vec<u8>>,
    launcher: Launcher,
}

/// The user and group that sandboxes run as when root starts them, and that own their files: an id that Debian
/// reserves, outside of systemd's ranges, and inside of those that containers usually map.
const OWNER: u32 = 65533;

/// Returns the owner of files that containers may write, where it differs from this process's user.
pub fn owner() -> Option<u32> {
    rustix::process::geteuid().is_root().then_some(OWNER)
}

impl Sandbox {
    /// Finds `bwrap` in `PATH` and probes what it and this machine can do. Must be called on a tokio runtime; it
    /// starts the thread that is the parent of all containers.
    pub fn find() -> Result<Self, SandboxError> {
        let bwrap = find_program("bwrap").ok_or(SandboxError::Missing("bubblewrap (bwrap)"))?;
        let host = Host::probe();
        let setpriv = if host.root {
            Some(find_program("setpriv").ok_or(SandboxError::Missing("setpriv (util-linux)"))?)
        } else {
            None
        };
        let prlimit = find_program("prlimit").ok_or(SandboxError::Missing("prlimit (util-linux)"))?;
        let filters = seccomp::filters().map_err(|error| SandboxError::Refused(error.to_string()))?;
        let inner = Inner {
            bwrap,
            setpriv,
            host,
            limits: Limits::probe(prlimit),
            filters,
            launcher: Launcher::start()?,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Returns how memory and CPU limits are enforced here.
    pub fn limit_method(&self) -> LimitMethod {
        self.inner.limits.method()
    }

    /// Starts the command and returns once the program itself runs. The caller drains [`Process::stdout`] and
    /// [`Process::stderr`].
    pub async fn start(&self, spec: &Spec) -> Result<Process, SandboxError> {
        let inner = &self.inner;
        if let Some(program) = spec.argv.first() {
            process::check_program(program, &spec.env)?;
        }
        let slot = inner.limits.slot(&spec.id, spec.memory_bytes, spec.cpu_millis);
        let slot = slot.map_err(SandboxError::Limits)?;
        let inside = arguments::inner(spec, &inner.host)?;
        let options = process::Options {
            outer: arguments::outer(spec, &inner.host, &inner.bwrap),
            filters: &inner.filters,
            change_user: inner.change_user(),
            argv: slot
                .inner_prefix()
                .into_iter()
                .chain(inside.change_dir.iter().cloned())
                .chain(spec.argv.iter().cloned())
                .collect(),
            inner: inside,
        };
        let mut command = slot.command(&inner.bwrap);
        // The container's environment is passed in the options file, never as bwrap's own: there LD_PRELOAD would
        // act outside of the sandbox, and on a command line every user could read it.
        command.env_clear().current_dir("/");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        process::spawn(command, options, &inner.launcher, slot).await
    }
}

impl Inner {
    /// Returns the command that runs between the two bwraps: none, or the one that changes from root to an
    /// unprivileged user.
    fn change_user(&self) -> Vec<OsString> {
        let Some(setpriv) = &self.setpriv else {
            return Vec::new();
        };
        let owner = OWNER.to_string();
        let words = [
            "--reuid",
            &owner,
            "--regid",
            &owner,
            "--clear-groups",
            "--inh-caps=-all",
            "--bounding-set=-all",
            "--no-new-privs",
            // Changing the user resets it.
            "--pdeathsig",
            "KILL",
        ];
        let program = std::iter::once(setpriv.into());
        program.chain(words.iter().map(OsString::from)).collect()
    }
}

/// Returns the first executable of that name in `PATH`, or in the usual system directories.
fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/bin", "/bin", "/usr/local/bin"].iter().map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(usual)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    struct Ran {
        stdout: String,
        exit: Exit,
    }

    async fn run(argv: &[&str], change: impl FnOnce(&mut Spec)) -> Result<Ran, SandboxError> {
        let etc = tempfile::tempdir().unwrap();
        write_etc(etc.path(), "pi-0", None, &[]).unwrap();
        let mut spec = Spec {
            // Tests run in parallel: each has a group of its own.
            id: format!("test-{}", uuid::Uuid::new_v4().simple()),
            argv: argv.iter().map(ToString::to_string).collect(),
            env: vec![
                ("PATH".into(), "/usr/bin:/bin".into()),
                ("TOLD".into(), "yes".into()),
            ],
            working_dir: "/".into(),
            hostname: "pi-0".into(),
            uid: 1000,
            gid: 1000,
            read_only_root: false,
            etc: etc.path().into(),
            mounts: Vec::new(),
            memory_bytes: None,
            cpu_millis: None,
            root_bytes: 16 << 20,
        };
        change(&mut spec);
        // The launcher's thread, and with it every command, ends with the sandbox.
        let sandbox = Sandbox::find()?;
        let mut process = sandbox.start(&spec).await?;
        let mut stdout = String::new();
        process
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .await
            .unwrap();
        Ok(Ran {
            stdout,
            exit: process.wait().await,
        })
    }

    #[tokio::test]
    async fn command_gets_environment_and_reports_exit_code() {
        let ran = run(&["sh", "-c", "echo $TOLD $(hostname) $$; exit 3"], |_| {})
            .await
            .unwrap();
        assert_eq!(ran.stdout, "yes pi-0 1\n");
        assert_eq!(
            ran.exit,
            Exit {
                code: 3,
                started: true,
                oom_killed: false
            }
        );
    }

    #[tokio::test]
    async fn only_host_programs_are_visible() {
        let script =
            "ls /home /root /tmp; cat /etc/shadow; find /sys -maxdepth 3; wc -l < /proc/net/dev; echo $HOME";
        let ran = run(&["sh", "-c", script], |_| {}).await.unwrap();
        // Two header lines and the loopback device.
        let sys = "/sys\n/sys/devices\n/sys/devices/system\n/sys/devices/system/cpu\n";
        assert_eq!(ran.stdout, format!("/home:\n\n/root:\n\n/tmp:\n{sys}3\n\n"));
    }

    #[tokio::test]
    async fn missing_program_gets_container_runtime_message() {
        let Err(error) = run(&["no-such-program"], |_| {}).await else {
            panic!("it ran");
        };
        assert!(
            error
                .to_string()
                .contains("exec: \"no-such-program\": executable file not found in $PATH")
        );
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let script = "$x = 'x' x (256 << 20); print length $x";
        let ran = run(&["perl", "-e", script], |spec| spec.memory_bytes = Some(64 << 20))
            .await
            .unwrap();
        assert_eq!(ran.stdout, "");
        assert_ne!(ran.exit.code, 0);
    }
}
