//! A request scope around every request, for axum and other tower services.
//!
//! # Example: two handlers' parts, one read
//!
//! ```
//! use axum::{Router, extract::State, routing::get};
//! use larder::Cache;
//! use larder_tower::RequestScopeLayer;
//!
//! async fn price(cache: &Cache) -> i32 {
//!     let load = async || Ok::<_, std::io::Error>(99);
//!     let price = cache.get_or_load(("price", 7), load).await;
//!     price.map_or(0, |price| *price)
//! }
//!
//! // Both reads are of one key: the store is asked once.
//! async fn page(State(cache): State<Cache>) -> String {
//!     format!("{} {}", price(&cache).await, price(&cache).await)
//! }
//!
//! let cache = Cache::memory();
//! let shop: Router = Router::new()
//!     .route("/", get(page))
//!     .layer(RequestScopeLayer::new(&cache))
//!     .with_state(cache);
//! # let _ = shop;
//! ```
//!
//! What a scope promises, and what it does not, stands at
//! [`Cache::request_scope`](larder::Cache::request_scope).

use std::fmt;
use std::task::{Context, Poll};

use larder::{Cache, InScope};
use tower_layer::Layer;
use tower_service::Service;

/// Puts every request in a [request scope](larder::Cache::request_scope) of its own.
///
/// The scope begins with the inner service's future and ends when that has its response, or is
/// dropped because the client has gone away. A body that is streamed after that is in no scope, and
/// neither are tasks that the request spawns without giving them the [`Scope`](larder::Scope).
///
/// Add it outside of whatever reads the cache: in axum by `.layer(…)` after the routes. Layers of
/// two caches may stand around one service; of two of the same cache the inner one counts.
#[derive(Clone)]
pub struct RequestScopeLayer {
    cache: Cache,
}

impl RequestScopeLayer {
    /// A scope of this cache for every request.
    pub fn new(cache: &Cache) -> RequestScopeLayer {
        RequestScopeLayer {
            cache: cache.clone(),
        }
    }
}

impl fmt::Debug for RequestScopeLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestScopeLayer")
            .field("cache", &self.cache)
            .finish()
    }
}

impl<S> Layer<S> for RequestScopeLayer {
    type Service = RequestScope<S>;

    fn layer(&self, inner: S) -> RequestScope<S> {
        RequestScope {
            cache: self.cache.clone(),
            inner,
        }
    }
}

/// A service whose requests are in scopes: see [`RequestScopeLayer`].
#[derive(Clone)]
pub struct RequestScope<S> {
    cache: Cache,
    inner: S,
}

impl<S> fmt::Debug for RequestScope<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestScope")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl<S: Service<R>, R> Service<R> for RequestScope<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = InScope<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.cache.request_scope(self.inner.call(request))
    }
}
