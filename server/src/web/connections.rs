//! Connections of browsers: how many there may be, how long each may take for what, and how they end.
//!
//! `axum::serve` waits for a request's head without end, and for a browser that does not read. Here a connection that
//! stands still is closed, so that idle connections cannot use up the process's descriptors, and one that cannot be
//! accepted is tried again.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Sleep, sleep};
use tower::Service;

/// How long the head of a request may take, and a connection may lie idle between two requests.
pub const HEADER: Duration = Duration::from_secs(10);

/// The same while more than half of the connections are in use.
pub const HEADER_WHEN_BUSY: Duration = Duration::from_secs(2);

/// How long a browser may read nothing of what is sent to it.
pub const WRITE: Duration = Duration::from_secs(30);

/// How long the rest of a request that was answered early is thrown away: a browser that still sends would not see
/// the answer (RFC 9112, 9.6).
pub const LINGER: Duration = Duration::from_secs(10);

/// How long such a request may stand still.
const LINGER_IDLE: Duration = Duration::from_secs(2);

/// Largest head of a request, and what is read ahead of a body.
pub const HEAD_BYTES: usize = 64 * 1024;

/// After this time without an acknowledgement the other end is gone.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_mins(1);

/// Pause after a connection could not be accepted, for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Most connections that are ever held at once.
const MAX_CONNECTIONS: u64 = 4096;

/// Descriptors that are not for browsers: files, connections to clusters, commands of the playground.
const OTHER_DESCRIPTORS: u64 = 256;

/// How many connections may be open at once, of a process that may have so many `descriptors`.
pub fn max_connections(descriptors: u64) -> usize {
    let share = descriptors.saturating_sub(OTHER_DESCRIPTORS) / 4 * 3;
    usize::try_from(share.clamp(32, MAX_CONNECTIONS)).unwrap_or(32)
}

/// Serves until `ending` comes, then lets the requests that run come to their end; whoever waits for that decides how
/// long.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    ending: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(connections));
    let (end, ended) = watch::channel(());
    let mut ending = pin!(ending);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = &mut ending => break,
        };
        let Some((stream, peer, slot)) = accepted else {
            break;
        };
        let busy = slots.available_permits() < connections / 2;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(if busy { HEADER_WHEN_BUSY } else { HEADER })
            .max_buf_size(HEAD_BYTES)
            .serve_connection(
                TokioIo::new(BrowserStream::new(stream)),
                service_fn({
                    let router = router.clone();
                    move |mut request: Request<Incoming>| {
                        request.extensions_mut().insert(ConnectInfo(peer));
                        router.clone().call(request)
                    }
                }),
            )
            .with_upgrades();
        let mut ended = ended.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let outcome = tokio::select! {
                outcome = connection.as_mut() => outcome,
                _ = ended.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = outcome {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop(slot);
        });
    }
    drop((listener, end));
    // All of them are free again.
    let all = u32::try_from(connections).unwrap_or(u32::MAX);
    if let Err(error) = slots.acquire_many(all).await {
        tracing::debug!(%error, "no connections are waited for");
    }
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection for which there is room; none never comes, since the semaphore is not closed.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<Accepted> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    let mut complained = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                set_options(&stream);
                return Some((stream, peer, slot));
            }
            // The other end has gone already.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                if !std::mem::replace(&mut complained, true) {
                    tracing::warn!(%error, "no connection can be accepted; trying again");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// An option that cannot be set is missed by nobody but the network.
fn set_options(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::net::sockopt;
        let milliseconds = u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX);
        let set = sockopt::set_tcp_user_timeout(stream, milliseconds)
            .and_then(|()| sockopt::set_tcp_keepidle(stream, UNACKNOWLEDGED))
            .and_then(|()| sockopt::set_socket_keepalive(stream, true));
        if let Err(error) = set {
            tracing::debug!(%error, "TCP_USER_TIMEOUT");
        }
    }
}

/// A connection whose other end has to read what is sent, and which is closed in a way that lets it read the end.
struct BrowserStream<S> {
    stream: S,
    /// Until when something of what is sent has to be taken; set while nothing is.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Set once everything is sent: until when the other end may go on sending, in all and without a pause.
    lingering: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> BrowserStream<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            stalled: None,
            lingering: None,
        }
    }

    /// Turns a wait for the other end that takes too long into an error.
    fn limited<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the other end does not read",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BrowserStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for BrowserStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limited(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.limited(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.limited(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            let ended = Pin::new(&mut this.stream).poll_shutdown(context);
            ready!(this.limited(context, ended))?;
            this.lingering = Some((Instant::now() + LINGER, Box::pin(sleep(LINGER_IDLE))));
        }
        let Some((end, idle)) = &mut this.lingering else {
            return Poll::Ready(Ok(()));
        };
        loop {
            let mut rest = [0; 8192];
            let mut rest = ReadBuf::new(&mut rest);
            match Pin::new(&mut this.stream).poll_read(context, &mut rest) {
                Poll::Ready(Ok(())) if !rest.filled().is_empty() => {
                    let now = Instant::now();
                    if now >= *end {
                        return Poll::Ready(Ok(()));
                    }
                    idle.as_mut().reset((now + LINGER_IDLE).min(*end));
                }
                // The other end has closed, or is gone.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(idle.as_mut().poll(context));
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[test]
    fn connections_leave_descriptors_for_everything_else() {
        for (descriptors, connections) in [(0, 32), (64, 32), (1024, 576), (20_000, 4096), (u64::MAX, 4096)] {
            assert_eq!(max_connections(descriptors), connections, "{descriptors}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn other_end_that_does_not_read_is_cut() {
        let (near, far) = duplex(16);
        let mut near = BrowserStream::new(near);
        let begin = Instant::now();
        let error = near.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!((error.kind(), begin.elapsed()), (io::ErrorKind::TimedOut, WRITE));
        drop(far);
    }

    #[tokio::test(start_paused = true)]
    async fn other_end_that_reads_slowly_is_not_cut() {
        let (near, mut far) = duplex(16);
        let mut near = BrowserStream::new(near);
        let reading = tokio::spawn(async move {
            let mut byte = [0];
            for _ in 0..64 {
                sleep(WRITE / 20).await;
                far.read_exact(&mut byte).await.unwrap();
            }
        });
        near.write_all(&[0; 64]).await.unwrap();
        reading.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn rest_of_a_request_is_thrown_away_for_a_while() {
        let (near, mut far) = duplex(1024);
        let mut near = BrowserStream::new(near);
        let begin = Instant::now();
        let sending = tokio::spawn(async move {
            // Fails once the connection is closed.
            while far.write_all(&[0; 512]).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        near.shutdown().await.unwrap();
        assert!(begin.elapsed() <= LINGER + LINGER_IDLE, "{:?}", begin.elapsed());
        assert!(begin.elapsed() + LINGER_IDLE >= LINGER, "{:?}", begin.elapsed());
        drop(near);
        sending.await.unwrap();
        let (near, far) = duplex(16);
        let begin = Instant::now();
        BrowserStream::new(near).shutdown().await.unwrap();
        assert_eq!(
            begin.elapsed(),
            LINGER_IDLE,
            "one that says nothing more is left sooner"
        );
        drop(far);
    }
}
