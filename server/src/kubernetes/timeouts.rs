//! How long the console waits for a cluster.

use std::time::Duration;

/// How long the console waits for a cluster. What is asked again, and when, stands with the request it is about.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// For the answer to one request.
    pub request: Duration,
    /// A connection on which nothing is heard for so long is probed (TCP keep-alive); three unanswered probes later, a
    /// second apart, it is dead.
    pub probe_after: Duration,
    /// After how long the API server ends a watch, which then goes on where it was: one that does not end is dead. Each
    /// costs the API server a request, so few are better; a peer that is gone is noticed by the probes, and one that
    /// says nothing by [`Disconnections`](super::Disconnections). Less than three seconds would leave no time for a bookmark, which is
    /// sent two seconds before the end.
    pub watch: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(15),
            probe_after: Duration::from_secs(4),
            watch: Duration::from_mins(1),
        }
    }
}

impl Timeouts {
    /// The same, with watches of this many seconds.
    #[must_use]
    pub fn with_watch(mut self, seconds: u16) -> Self {
        self.watch = Duration::from_secs(seconds.into());
        self
    }

    /// Longest silence of any connection: a watch may be as silent as it is long. Requests and followed logs are left
    /// much sooner.
    pub(crate) fn silence(&self) -> Duration {
        self.watch + Duration::from_secs(35)
    }
}
