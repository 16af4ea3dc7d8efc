//! Serves browsers' connections with limits on their number and on the time of each phase.
//!
//! `axum::serve` waits indefinitely for a request's headers, and for a browser that does not read. Here a stalled
//! connection is closed, so that idle connections cannot exhaust the process's file descriptors, and a failed
//! accept is retried.

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

use crate::web::tls::Tls;

/// Timeout of a request's headers, and of an idle keep-alive connection.
pub const HEADER: Duration = Duration::from_secs(10);

/// The same while more than half of the connections are in use.
pub const HEADER_WHEN_BUSY: Duration = Duration::from_secs(2);

/// Timeout of a write, if the browser reads nothing.
pub const WRITE: Duration = Duration::from_secs(30);

/// How long the rest of a request that was answered early is read and discarded: a browser that is still sending
/// would not see the response (RFC 9112, 9.6).
pub const LINGER: Duration = Duration::from_secs(10);

/// Idle timeout while discarding.
const LINGER_IDLE: Duration = Duration::from_secs(2);

/// Maximum size of a request's headers, and of the read-ahead of a body.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Time without an acknowledgement after which the peer counts as gone.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_mins(1);

/// Delay after a failed accept, for lack of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Upper limit of concurrent connections.
const MAX_CONNECTIONS: u64 = 4096;

/// Descriptors reserved for other uses: files, connections to clusters, commands of the playground.
const OTHER_DESCRIPTORS: u64 = 256;

/// Returns the maximum number of concurrent connections for a process with this limit of file descriptors.
pub fn max_connections(descriptors: u64) -> usize {
    let share = descriptors.saturating_sub(OTHER_DESCRIPTORS) / 4 * 3;
    usize::try_from(share.clamp(32, MAX_CONNECTIONS)).unwrap_or(32)
}

/// Serves until `ending` completes, then until the requests in flight have finished; the caller limits how long.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
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
        let header_timeout = if busy { HEADER_WHEN_BUSY } else { HEADER };
        let (router, tls) = (router.clone(), tls.clone());
        let mut ended = ended.clone();
        tokio::spawn(async move {
            let Some(stream) = secured(stream, tls, header_timeout, peer).await else {
                return;
            };
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(header_timeout)
                .max_buf_size(HEAD_BYTES)
                .serve_connection(
                    TokioIo::new(BrowserStream::new(stream)),
                    service_fn(move |mut request: Request<Incoming>| {
                        request.extensions_mut().insert(ConnectInfo(peer));
                        router.clone().call(request)
                    }),
                )
                .with_upgrades();
            let mut connection = pin!(connection);
            let outcome = tokio::select! {
                outcome = connection.as_mut() => outcome,
                _ = ended.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = outcome {
                tracing::debug!(%peer, %error, "the connection ended early");
            }
            drop(slot);
        });
    }
    drop((listener, end));
    // Acquires all slots, which are free once all connections have ended.
    let all = u32::try_from(connections).unwrap_or(u32::MAX);
    if let Err(error) = slots.acquire_many(all).await {
        tracing::debug!(%error, "cannot wait for open connections");
    }
}

/// The stream of a connection, encrypted or not.
trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ByteStream for S {}

/// Encrypts a connection if there is a certificate; `None` if the peer does not agree in time.
async fn secured(
    stream: TcpStream,
    tls: Option<Tls>,
    timeout: Duration,
    peer: SocketAddr,
) -> Option<Box<dyn ByteStream>> {
    let Some(tls) = tls else {
        return Some(Box::new(stream));
    };
    match tokio::time::timeout(timeout, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "the connection cannot be encrypted");
            None
        }
        Err(_) => {
            tracing::debug!(%peer, "the connection is not encrypted in time");
            None
        }
    }
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// Accepts the next connection once there is a free slot. Never `None`, since the semaphore is not closed.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<Accepted> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    let mut warned = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                set_options(&stream);
                return Some((stream, peer, slot));
            }
            // The peer has disconnected already.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                if !std::mem::replace(&mut warned, true) {
                    tracing::warn!(%error, "cannot accept connections; retrying");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Sets socket options. Failures are harmless, so they are only logged.
fn set_options(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::net::sockopt;
        let milliseconds = u32::try_from(USER_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
        let set = sockopt::set_tcp_user_timeout(stream, milliseconds)
            .and_then(|()| sockopt::set_tcp_keepidle(stream, USER_TIMEOUT))
            .and_then(|()| sockopt::set_socket_keepalive(stream, true));
        if let Err(error) = set {
            tracing::debug!(%error, "cannot set TCP_USER_TIMEOUT");
        }
    }
}

/// A stream whose writes time out, and which lingers on shutdown so that the peer can read the end of the response.
struct BrowserStream<S> {
    stream: S,
    /// Timeout of a blocked write; set only while one is blocked.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Set after shutdown: when to stop discarding what the peer sends, in total and when idle.
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

    /// Fails with `TimedOut` if the peer does not read for too long.
    fn limited<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the peer does not read",
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
                // The peer has closed the connection, or is gone.
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
    fn connections_leave_descriptors_for_other_uses() {
        for (descriptors, connections) in [(0, 32), (64, 32), (1024, 576), (20_000, 4096), (u64::MAX, 4096)] {
            assert_eq!(max_connections(descriptors), connections, "{descriptors}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn peer_that_does_not_read_times_out() {
        let (near, far) = duplex(16);
        let mut near = BrowserStream::new(near);
        let started_at = Instant::now();
        let error = near.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(
            (error.kind(), started_at.elapsed()),
            (io::ErrorKind::TimedOut, WRITE)
        );
        drop(far);
    }

    #[tokio::test(start_paused = true)]
    async fn peer_that_reads_slowly_does_not_time_out() {
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
    async fn rest_of_a_request_is_discarded_within_limits() {
        let (near, mut far) = duplex(1024);
        let mut near = BrowserStream::new(near);
        let started_at = Instant::now();
        let sending = tokio::spawn(async move {
            // Fails once the connection is closed.
            while far.write_all(&[0; 512]).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        near.shutdown().await.unwrap();
        assert!(
            started_at.elapsed() <= LINGER + LINGER_IDLE,
            "{:?}",
            started_at.elapsed()
        );
        assert!(
            started_at.elapsed() + LINGER_IDLE >= LINGER,
            "{:?}",
            started_at.elapsed()
        );
        drop(near);
        sending.await.unwrap();
        let (near, far) = duplex(16);
        let started_at = Instant::now();
        BrowserStream::new(near).shutdown().await.unwrap();
        assert_eq!(started_at.elapsed(), LINGER_IDLE, "an idle peer is left sooner");
        drop(far);
    }
}
