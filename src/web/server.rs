//! Accepts connections with limits of time and number, plain or over TLS: a slow or idle client is cut.
mod places;
mod sent;

use self::places::{Arriving, Place, Places, sent};
use super::auth::Peer;
use crate::limits;
use crate::store::wall::Whose;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use futures_util::StreamExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
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
    serve_within(listener, router, tls, stop, limits::CONNECTIONS).await;
}

/// The same with so many connections at once.
pub async fn serve_within(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
    connections: usize,
) {
    let (places, graceful) = (Places::new(connections), GracefulShutdown::new());
    loop {
        let next = async {
            let (stream, peer) = listener.accept().await.ok()?;
            Some((stream, peer, places.take(peer.ip()).await?))
        };
        let next = tokio::select! {
            () = stop.cancelled() => break,
            next = next => next,
        };
        let Some((stream, peer, place)) = next else {
            // Out of file descriptors: give others time to close.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (router, watcher, tls) = (router.clone(), graceful.watcher(), tls.clone());
        // Who asks is not known yet: until then nobody's rows are seen.
        tokio::spawn(Whose::Nobodys.scope(async move {
            let gone = place.gone.clone();
            tokio::select! {
                () = gone.cancelled() => {}
                () = accepted_by(stream, peer, router, watcher, tls, place) => {}
            }
        }));
    }
    drop(listener);
    if tokio::time::timeout(limits::SERVER_GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still running when the server stopped");
    }
}

/// Who can't do a handshake in time, or speaks something else, is cut; it held one place meanwhile.
async fn accepted_by(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
    tls: Option<TlsAcceptor>,
    place: Arc<Place>,
) {
    let Some(tls) = tls else { return connection(stream, peer, router, watcher, (HEAD, place)).await };
    let began = Instant::now();
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        let left = HEAD.saturating_sub(began.elapsed());
        connection(stream, peer, router, watcher, (left, place)).await;
    }
}

/// A request's body; it is our turn once that is there.
fn arriving(body: Incoming, place: &Arc<Place>) -> Body {
    if body.is_end_stream() {
        place.works();
        return Body::new(body);
    }
    let arriving = Arriving(Arc::clone(place));
    Body::from_stream(Body::new(body).into_data_stream().inspect(move |_| {
        let _ = &arriving;
    }))
}

async fn connection<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
    (head, place): (Duration, Arc<Place>),
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let (router, place) = (router.clone(), Arc::clone(&place));
        async move {
            let response = router.oneshot(request.map(|body| arriving(body, &place))).await;
            // Who listens has nothing to say for a long time, and is not the first to be pushed out for it.
            let listens = |response: &Response| {
                response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream")
            };
            if response.as_ref().is_ok_and(listens) {
                place.listens();
                return response;
            }
            place.waits();
            response.map(|response: Response| response.map(|body| sent(body, place)))
        }
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
