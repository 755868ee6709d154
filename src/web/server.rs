//! Accepts connections with limits of time and number, plain or over TLS: a slow or idle client is cut.
use super::auth::Peer;
use crate::limits;
use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The head of a request must be there within this time.
const HEAD: Duration = Duration::from_secs(10);
/// Headers and bytes of a head that are read, so that a few too many are refused with a page of ours; past these the
/// connection is answered and closed without one.
const HEADERS_READ: usize = 2 * limits::HEADERS;
/// See [`HEADERS_READ`].
const BYTES_READ: usize = 2 * limits::HEADER_BYTES;
/// A TLS handshake must be done within this time, which is taken off that of the head.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Serves plain HTTP until `stop`, then lets running requests finish for a while.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    serve_with(listener, router, None, stop).await;
}

/// Serves until `stop`, over TLS where there is an acceptor, then lets running requests finish for a while.
pub async fn serve_with(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        // A closed semaphore can't be: nobody closes it.
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            next = next => next,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors: give others time to close.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (router, watcher, tls) = (router.clone(), graceful.watcher(), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, peer, router, watcher, HEAD).await,
                Some(tls) => {
                    let began = Instant::now();
                    // Who can't do it in time, or speaks something else, is cut; it held one place meanwhile.
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                        let left = HEAD.saturating_sub(began.elapsed());
                        connection(stream, peer, router, watcher, left).await;
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits::SERVER_GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still running when the server stopped");
    }
}

async fn connection<S>(stream: S, peer: SocketAddr, router: Router, watcher: Watcher, head: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(axum::body::Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(HEADERS_READ)
        .max_buf_size(BYTES_READ);
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    // A client that breaks off is no news.
    let _ = watcher.watch(connection).await;
}
