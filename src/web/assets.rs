//! Our own CSS, scripts and icon, embedded in the binary and served under names that carry a content hash.
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use memory_serve::{Manifest, MemoryServe, load};
use std::sync::LazyLock;

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| files().manifest());

/// The hashed address of a file in `static/`, for templates.
pub fn url(path: &'static str) -> &'static str {
    MANIFEST.get(path).unwrap_or(path)
}

/// How long a file of ours may be kept, on its answer.
#[derive(Debug, Clone, Copy)]
pub struct Kept(pub &'static str);

/// The files' routes.
pub fn router() -> Router {
    files().into_router().route_layer(middleware::from_fn(kept))
}

/// A name with a hash never stands for anything else; the plain name is asked for anew each time.
async fn kept(request: Request, next: Next) -> Response {
    let is_hashed = MANIFEST.iter().any(|(plain, served)| plain != served && served == request.uri().path());
    let mut response = next.run(request).await;
    if !response.status().is_client_error() {
        let rule = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        response.extensions_mut().insert(Kept(rule));
    }
    response
}

fn files() -> MemoryServe {
    load!().index_file(None).enable_hashed_routes(true)
}
