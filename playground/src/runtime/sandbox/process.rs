//! A running sandbox: its streams, its exit, and how to stop it.

use std::ffi::OsString;
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::oneshot;

use crate::runtime::sandbox::SandboxError;
use crate::runtime::sandbox::arguments::{FIRST_FILE_FD, INNER_BWRAP, Inner};
use crate::runtime::sandbox::launcher::Launcher;
use crate::runtime::sandbox::limits::{MemoryWatch, Slot};
use crate::runtime::sandbox::tree;

const OUTER_FD: i32 = 3;
const INNER_FD: i32 = 4;
const STATUS_FD: i32 = 5;
/// The descriptor of the first seccomp filter; the others follow.
const FILTER_FD: i32 = 6;
/// How long the processes of a sandbox may take to die after the first one.
const EXIT_TIMEOUT: Duration = Duration::from_millis(200);
/// How long a sandbox may take to reach the program; long enough for a slow disk.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The exit code, or 128 + the signal's number, as Kubernetes shows it.
    pub code: i32,
    /// Whether the command was reached; otherwise the sandbox could not be created, and its output says why.
    pub started: bool,
    /// Whether the kernel's OOM killer killed it.
    pub oom_killed: bool,
}

/// A running command.
pub struct Process {
    /// The command's standard output.
    pub stdout: Option<ChildStdout>,
    /// The command's standard error.
    pub stderr: Option<ChildStderr>,
    /// The PID of the sandbox's first process in this process's namespace; `None` if it has ended at once.
    pub number: Option<i32>,
    child: Child,
    exit_code: oneshot::Receiver<i32>,
    killer: Killer,
    slot: Slot,
    watched: Option<MemoryWatch>,
}

/// Stops a command; has no effect after it has ended.
#[derive(Clone)]
pub struct Killer {
    // A pidfd, because PIDs are reused. `None` if the process had ended at once.
    first: Option<Arc<OwnedFd>>,
}

impl Killer {
    /// Sends SIGTERM to the program. As in any container the program is process 1: without a handler for the
    /// signal, the kernel does not deliver it.
    pub fn terminate(&self) {
        self.send(Signal::TERM);
    }

    /// Kills every process of the sandbox at once: the namespace dies with its first process.
    pub fn kill(&self) {
        self.send(Signal::KILL);
    }

    fn send(&self, signal: Signal) {
        let Some(first) = &self.first else { return };
        if let Err(error) = rustix::process::pidfd_send_signal(first, signal) {
            tracing::debug!(%error, "the process has ended already");
        }
    }
}

impl Process {
    /// Returns a handle that stops it.
    pub fn killer(&self) -> Killer {
        self.killer.clone()
    }

    /// Waits for the exit.
    pub async fn wait(mut self) -> Exit {
        let status = self.child.wait().await.ok().and_then(|status| status.code());
        let reported = self.exit_code.await.ok();
        // Without a reported exit code, either bwrap itself was killed from outside, and the command with it, or it
        // gave up before the command, which is an exit code of 1.
        let code = reported.or(status).unwrap_or(137);
        Exit {
            code,
            started: reported.is_some() || status != Some(1),
            oom_killed: code != 0
                && (self.slot.oom_killed() || self.watched.is_some_and(|watched| watched.has_killed())),
        }
    }
}

/// The options of the two bwraps.
pub(super) struct Options<'a> {
    pub outer: Vec<OsString>,
    pub inner: Inner,
    pub filters: &'a [Vec<u8>],
    /// The command that runs between them.
    pub change_user: Vec<OsString>,
    /// The command.
    pub argv: Vec<String>,
}

/// Starts bwrap and waits until the namespaces exist and the program is about to run.
pub(super) async fn spawn(
    mut command: Command,
    options: Options<'_>,
    launcher: &Launcher,
    slot: Slot,
) -> Result<Process, SandboxError> {
    let (status, status_writer) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(io::Error::from)?;
    command.args(["--args", &OUTER_FD.to_string(), "--"]);
    command.args(options.change_user);
    command.args([
        INNER_BWRAP,
        "--args",
        &INNER_FD.to_string(),
        "--json-status-fd",
        &STATUS_FD.to_string(),
    ]);
    let mut mappings = vec![
        FdMapping {
            parent_fd: memory_file(&joined(&options.outer)?)?,
            child_fd: OUTER_FD,
        },
        FdMapping {
            parent_fd: memory_file(&joined(&options.inner.options)?)?,
            child_fd: INNER_FD,
        },
        FdMapping {
            parent_fd: status_writer,
            child_fd: STATUS_FD,
        },
    ];
    for (child_fd, filter) in (FILTER_FD..).zip(options.filters) {
        command.args(["--add-seccomp-fd", &child_fd.to_string()]);
        let parent_fd = memory_file(filter)?;
        mappings.push(FdMapping { parent_fd, child_fd });
    }
    for (child_fd, parent_fd) in (FIRST_FILE_FD..).zip(options.inner.files) {
        mappings.push(FdMapping { parent_fd, child_fd });
    }
    command.arg("--").args(options.argv);
    command.fd_mappings(mappings).map_err(io::Error::other)?;
    let mut child = launcher.spawn(command).await?;
    let (first, exit_code) = read_status(status)?;
    let stdout = child.stdout.take();
    let mut stderr = child.stderr.take();
    let Ok(Ok(number)) = tokio::time::timeout(START_TIMEOUT, first).await else {
        return Err(gave_up(&mut stderr, &slot).await);
    };
    // `None` where the command has ended at once.
    let number = child
        .id()
        .and_then(|outer| i32::try_from(outer).ok())
        .and_then(|outer| tree::first_of(outer, number));
    let descriptor = number
        .and_then(Pid::from_raw)
        .and_then(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok());
    // A process that cannot be killed is treated as unknown.
    let number = number.filter(|_| descriptor.is_some());
    let killer = Killer {
        first: descriptor.map(Arc::new),
    };
    if let Some(gate) = options.inner.gate {
        if let Some(number) = number {
            let compared = tokio::time::timeout(START_TIMEOUT, gate.compare(number)).await;
            let slow = |_| Err(SandboxError::Refused("mounting took too long".to_owned()));
            let compared = compared.unwrap_or_else(slow);
            if !matches!(compared, Ok(true)) {
                // Before the gate opens.
                killer.kill();
                compared?;
                return Err(gave_up(&mut stderr, &slot).await);
            }
        } else {
            // The command waits for the gate. So either bwrap has given up before it, or its PID is unknown, and it
            // must not continue.
            child.kill().await?;
            tokio::time::sleep(EXIT_TIMEOUT).await;
            return Err(gave_up(&mut stderr, &slot).await);
        }
    }
    let watched = number.and_then(|number| slot.watch(number, killer.clone()));
    Ok(Process {
        stdout,
        stderr,
        number,
        child,
        exit_code,
        killer,
        slot,
        watched,
    })
}

/// Joins options as bwrap reads them: each terminated by a NUL byte.
fn joined(options: &[OsString]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for option in options {
        if option.as_bytes().contains(&0) {
            return Err(io::Error::other("an argument contains a NUL byte"));
        }
        bytes.extend_from_slice(option.as_bytes());
        bytes.push(0);
    }
    Ok(bytes)
}

/// Creates an in-memory file, positioned at its start.
fn memory_file(content: &[u8]) -> io::Result<OwnedFd> {
    let memory = rustix::fs::memfd_create("bwrap", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(content)?;
    file.rewind()?;
    Ok(file.into())
}

/// Reads bwrap's status: the PID of the command once it exists, its exit code when it has ended.
fn read_status(status: OwnedFd) -> io::Result<(oneshot::Receiver<i32>, oneshot::Receiver<i32>)> {
    let receiver = pipe::Receiver::from_owned_fd(status)?;
    let (started, first) = oneshot::channel();
    let (ended, exit_code) = oneshot::channel();
    tokio::spawn(async move {
        let (mut started, mut ended) = (Some(started), Some(ended));
        let mut lines = BufReader::new(receiver).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let Ok(value) = serde_json::from_str::<serde_json::Value>(&line) else {
                continue;
            };
            let number = |field: &str| {
                value[field]
                    .as_i64()
                    .and_then(|number| i32::try_from(number).ok())
            };
            // A dropped receiver does not need the answer.
            if let (Some(number), Some(sender)) = (
                number("child-pid"),
                started.take_if(|_| value["child-pid"].is_i64()),
            ) {
                let _ = sender.send(number);
            }
            if let (Some(code), Some(sender)) = (
                number("exit-code"),
                ended.take_if(|_| value["exit-code"].is_i64()),
            ) {
                let _ = sender.send(code);
            }
        }
    });
    Ok((first, exit_code))
}

/// Returns why bwrap ended before the command: its output, if there is any.
async fn gave_up(stderr: &mut Option<ChildStderr>, slot: &Slot) -> SandboxError {
    let output = startup_output(stderr).await;
    SandboxError::Refused(match output.is_empty() {
        false => output,
        // runc's message.
        true if slot.oom_killed() => "container init was OOM-killed (memory limit too low?)".to_owned(),
        true => "it ended before the command began (memory limit too low?)".to_owned(),
    })
}

/// Returns bwrap's output from before it gave up.
async fn startup_output(stderr: &mut Option<ChildStderr>) -> String {
    let mut text = String::new();
    if let Some(stderr) = stderr {
        let mut bounded = stderr.take(4096);
        let read = bounded.read_to_string(&mut text);
        if tokio::time::timeout(Duration::from_secs(2), read).await.is_err() {
            tracing::debug!("bwrap printed nothing");
        }
    }
    text.trim().trim_start_matches("bwrap: ").to_owned()
}

/// Checks that the program exists before it is started: a name in `PATH`, or a path among the host's programs.
/// Programs in a volume are found only by the sandbox itself. The message is that of a container runtime.
pub(super) fn check_program(program: &str, env: &[(String, String)]) -> Result<(), SandboxError> {
    let runs = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let hosts = ["/usr/", "/bin/", "/sbin/", "/lib"]
        .iter()
        .any(|start| program.starts_with(start));
    let found = if program.contains('/') {
        !hosts || runs(Path::new(program))
    } else {
        let path = env
            .iter()
            .rev()
            .find(|(name, _)| name == "PATH")
            .map_or("", |(_, value)| value.as_str());
        path.split(':').any(|dir| runs(&Path::new(dir).join(program)))
    };
    if found {
        return Ok(());
    }
    let why = if program.contains('/') {
        "no such file or directory"
    } else {
        "executable file not found in $PATH"
    };
    Err(SandboxError::Program(format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"{program}\": {why}: unknown"
    )))
}
