//! Timeouts of requests to a cluster.

use std::time::Duration;

/// Timeouts of requests to a cluster. Retry delays are defined next to the requests they apply to.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// Timeout of connecting.
    pub connect: Duration,
    /// Timeout of one request.
    pub request: Duration,
    /// Idle time after which a connection is probed (TCP keep-alive); after three unanswered probes, one second
    /// apart, it is closed.
    pub probe_after: Duration,
    /// Duration of a watch, at the end of which the API server closes it and the console resumes it; one that does
    /// not end is dead. Each watch costs the API server a request, so longer is better: a peer that is gone is
    /// detected by the probes, one that does not respond by [`Disconnections`](super::Disconnections). Less than
    /// three seconds would leave no time for a bookmark, which is sent two seconds before the end.
    pub watch: Duration,
}

/// How long a watch or a followed log of a user goes on before it is requested again: only then does the cluster check
/// whether the user still has the right to it.
pub(crate) const MAX_UNCHECKED: Duration = Duration::from_secs(15);

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
    /// Sets the duration of watches, in seconds.
    #[must_use]
    pub fn with_watch(mut self, seconds: u16) -> Self {
        self.watch = Duration::from_secs(seconds.into());
        self
    }

    /// Shortens watches to [`MAX_UNCHECKED`].
    #[must_use]
    pub(crate) fn for_users(mut self) -> Self {
        self.watch = self.watch.min(MAX_UNCHECKED);
        self
    }

    /// Returns the idle timeout of any connection: a watch may be idle for its whole duration. Requests and
    /// followed logs have much shorter timeouts of their own.
    pub(crate) fn idle(&self) -> Duration {
        self.watch + Duration::from_secs(35)
    }
}
