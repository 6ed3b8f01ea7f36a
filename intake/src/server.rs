//! The listener of both programs: HTTP/1.1 with an end to patience.
//!
//! `axum::serve` has no time-out for headers: a client that opens a connection and says nothing would hold it for ever.
//! Here headers, the pause between two requests, and the time in which a client takes nothing of its answer are bounded,
//! [`read_body`] bounds bodies in bytes and time, and the number of connections is bounded. Headers and body together
//! stay below ten seconds.

mod stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::Service;

use crate::problem::Problem;

use self::stream::PatientStream;

/// Longest wait for a request's headers, also on an idle connection that is kept alive.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(4);

/// Longest wait for a whole body.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time in which a client takes nothing of its answer.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(8);

/// How long what a client still sends is read and thrown away before its connection is closed.
const LINGER: Duration = Duration::from_secs(1);

/// Largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// How long open requests may go on after shutdown has begun.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(3);

/// How long to wait when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a connection waits for what.
#[derive(Debug, Clone, Copy)]
struct Patience {
    head: Duration,
    write: Duration,
    linger: Duration,
}

const PATIENCE: Patience = Patience { head: HEADER_TIMEOUT, write: WRITE_TIMEOUT, linger: LINGER };

/// Serves `router` until `shutdown` completes, then lets open requests finish for a few seconds.
///
/// The peer's address reaches handlers as [`ConnectInfo<SocketAddr>`]. When `max_connections` are open, new ones wait
/// in the system's queue.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    max_connections: usize,
    shutdown: impl Future<Output = ()> + Send,
) {
    serve_with(PATIENCE, listener, router, max_connections, shutdown).await;
}

async fn serve_with(
    patience: Patience,
    listener: TcpListener,
    router: Router,
    max_connections: usize,
    shutdown: impl Future<Output = ()> + Send,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(max_connections));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(MAX_HEAD_BYTES.max(8 << 10));
    let mut shutdown = std::pin::pin!(shutdown);

    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let ((stream, peer), place) = tokio::select! {
            () = &mut shutdown => break,
            (accepted, place) = accepted => match accepted {
                Ok(connection) => (connection, place),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection, waiting a moment");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // An answer is one small write: waiting to fill a segment would only delay it.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request.map(Body::new))
        });
        let stream = TokioIo::new(PatientStream::new(stream, patience));
        let connection = graceful.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            // A client that breaks off is its own business.
            let _ = connection.await;
            drop(place);
        });
    }

    drop(listener);
    let _ = tokio::time::timeout(SHUTDOWN_PATIENCE, graceful.shutdown()).await;
}

/// Reads a whole body of at most `max_bytes` within [`BODY_TIMEOUT`].
///
/// # Errors
/// 413 if it is longer, 408 if it is slower, 400 if the connection breaks.
pub async fn read_body(body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    read_body_within(BODY_TIMEOUT, body, max_bytes).await
}

async fn read_body_within(patience: Duration, body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    // A Content-Length that is too large is refused before a byte of it is awaited.
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(too_large(max_bytes));
    }
    match tokio::time::timeout(patience, Limited::new(body, max_bytes).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large(max_bytes)),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "body-broken", "The body broke off")
            .detail("The connection ended, or its framing was wrong, before the body was complete. Send it again.")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "The body came too slowly")
            .detail(format!("A body must arrive within {} s. Send it again.", patience.as_secs_f64()))
            .header(axum::http::header::CONNECTION, axum::http::HeaderValue::from_static("close"))),
    }
}

fn too_large(max_bytes: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
        .detail(format!("The body may have at most {max_bytes} bytes here. Send less at once."))
        .with("max_bytes", max_bytes)
}

/// The peer address that [`serve`] gives to each request.
pub type Peer = ConnectInfo<SocketAddr>;

#[cfg(test)]
mod tests;
