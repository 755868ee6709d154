//! Our own CSS, scripts and icon, embedded in the binary and served under names that carry a content hash.
use axum::Router;
use memory_serve::{Manifest, MemoryServe, load};
use std::sync::LazyLock;

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| files().manifest());

/// The hashed address of a file in `static/`, for templates.
pub fn url(path: &'static str) -> &'static str {
    MANIFEST.get(path).unwrap_or(path)
}

/// The files' routes.
pub fn router() -> Router {
    files().into_router()
}

fn files() -> MemoryServe {
    load!().index_file(None).enable_hashed_routes(true)
}
