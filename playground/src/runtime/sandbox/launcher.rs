//! The single thread that is the parent of all sandboxes.
//!
//! `bwrap --die-with-parent` asks the kernel for a signal at the death of the *thread* that started it
//! (`PR_SET_PDEATHSIG`), and threads of an async runtime come and go. So every sandbox is started by a thread that
//! lives exactly as long as the playground's runtime.

use std::io;
use std::sync::mpsc;

use tokio::process::{Child, Command};
use tokio::sync::oneshot;

struct Request {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Starts commands on its own thread. Dropping it ends the thread, and with it every sandbox.
pub(super) struct Launcher {
    queue: mpsc::Sender<Request>,
}

impl Launcher {
    /// Starts the thread; needs the current tokio runtime, which reaps the children.
    pub fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::current();
        let (queue, requests) = mpsc::channel::<Request>();
        std::thread::Builder::new()
            .name("playground-launcher".into())
            .spawn(move || {
                let _entered = runtime.enter();
                for Request { mut command, reply } in requests {
                    // Descriptors that this process inherited, or that a library has left open, must not leak into
                    // containers. Those passed on purpose get their numbers after the fork.
                    close_fds::set_fds_cloexec_threadsafe(3, &[]);
                    // If nobody waits any more, the child is dropped, and killed by `kill_on_drop`.
                    drop(reply.send(command.spawn()));
                }
            })?;
        Ok(Self { queue })
    }

    /// Starts `command` as a child of the launcher thread.
    pub async fn spawn(&self, mut command: Command) -> io::Result<Child> {
        command.kill_on_drop(true);
        let (reply, answer) = oneshot::channel();
        let ended = || io::Error::other("the launcher thread has ended");
        self.queue.send(Request { command, reply }).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}
