//! Every request has a scope of its own: on axum, over a socket and without one.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use larder::{Cache, Key, Memory, Scope, Store, Tag};
use larder_tower::RequestScopeLayer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, Service, ServiceExt, service_fn};

/// A shop with two processes on one memory: the second one goes on writing.
#[derive(Clone)]
struct Shop {
    cache: Cache,
    other: Cache,
    memory: Memory,
    loads: Arc<AtomicU64>,
}

impl Shop {
    fn new() -> Shop {
        let memory = Memory::new();
        let process = || {
            let builder = Cache::builder().store(memory.clone());
            builder.build().expect("the settings are valid")
        };
        Shop {
            cache: process(),
            other: process(),
            loads: Arc::default(),
            memory,
        }
    }

    async fn price(&self) -> u64 {
        let loads = self.loads.clone();
        let load = async move || Ok::<_, Infallible>(loads.fetch_add(1, Ordering::SeqCst));
        let read = self.cache.get_or_load("price", load);
        *read.tags([Tag::named("prices")]).await.expect("it loads")
    }

    /// The store loses the entry, behind the cache's back.
    fn lose(&self) {
        let keys = [Key::new("price")];
        let lost = self.memory.remove(self.cache.namespace(), &keys).now();
        assert!(lost.is_ok_and(|lost| lost.is_ok()));
    }

    fn routes(self) -> Router {
        Router::new()
            .route("/twice", get(twice))
            .route("/write", get(write))
            .route("/task", get(task))
            .route("/panic", get(panic))
            .layer(RequestScopeLayer::new(&self.cache))
            .with_state(self)
    }
}

/// Reads twice; in between the store loses the entry.
async fn twice(State(shop): State<Shop>) -> String {
    let first = shop.price().await;
    tokio::task::yield_now().await;
    shop.lose();
    format!("{first} {}", shop.price().await)
}

/// Reads, invalidates, reads.
async fn write(State(shop): State<Shop>) -> String {
    let first = shop.price().await;
    let invalidated = shop.cache.invalidate([Tag::named("prices")]).await;
    invalidated.expect("memory answers");
    format!("{first} {}", shop.price().await)
}

/// Reads on tasks, with the scope and without.
async fn task(State(shop): State<Shop>) -> String {
    let first = shop.price().await;
    shop.lose();
    let scope = Scope::current().expect("this is a request");
    let read = |shop: &Shop| {
        let shop = shop.clone();
        async move { shop.price().await }
    };
    let inside = tokio::spawn(scope.enter(read(&shop))).await;
    let outside = tokio::spawn(read(&shop)).await;
    let (inside, outside) = (inside.expect("no panic"), outside.expect("no panic"));
    format!("{first} {inside} {outside}")
}

async fn panic(State(shop): State<Shop>) -> String {
    shop.price().await;
    panic!("as handlers do");
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// The body of a page, over a connection of its own; nothing if the connection broke.
async fn page(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some(body.to_owned())
}

#[tokio::test]
async fn kc30_a_second_read_in_one_request_asks_no_store_and_the_next_request_does() {
    let address = serve(Shop::new().routes()).await;
    assert_eq!(page(address, "/twice").await.as_deref(), Some("0 0"));
    assert_eq!(page(address, "/twice").await.as_deref(), Some("1 1"));
}

#[tokio::test]
async fn kc30_a_request_sees_its_own_writes() {
    let address = serve(Shop::new().routes()).await;
    assert_eq!(page(address, "/write").await.as_deref(), Some("0 1"));
    assert_eq!(page(address, "/write").await.as_deref(), Some("1 2"));
}

#[tokio::test]
async fn kc30_a_task_is_in_the_request_if_it_is_given_the_scope() {
    let address = serve(Shop::new().routes()).await;
    assert_eq!(page(address, "/task").await.as_deref(), Some("0 0 1"));
}

/// Many requests at once, on connections of their own: each sees one value in all its reads,
/// whatever another process writes meanwhile.
async fn requests_do_not_mix() {
    let shop = Shop::new();
    let reads = |State(shop): State<Shop>| async move {
        let first = shop.price().await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
            assert_eq!(shop.price().await, first);
        }
        first.to_string()
    };
    let routes = Router::new()
        .route("/reads", get(reads))
        .layer(RequestScopeLayer::new(&shop.cache))
        .with_state(shop.clone());
    let address = serve(routes).await;
    let pages: Vec<_> = (0..100)
        .map(|_| tokio::spawn(page(address, "/reads")))
        .collect();
    for number in 1_000..1_200u64 {
        let written = shop.other.insert("price", number).await;
        written.expect("memory answers");
        tokio::task::yield_now().await;
    }
    for page in pages {
        let body = page.await.expect("no panic").expect("an answer");
        assert!(body.parse::<u64>().is_ok(), "{body}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn kc30_requests_do_not_mix_on_one_thread() {
    requests_do_not_mix().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kc30_requests_do_not_mix_on_many_threads() {
    requests_do_not_mix().await;
}

#[tokio::test]
async fn kc30_a_handler_that_panics_leaves_no_scope_behind() {
    let shop = Shop::new();
    let address = serve(shop.clone().routes()).await;
    assert_eq!(page(address, "/panic").await, None);
    shop.lose();
    assert_eq!(page(address, "/twice").await.as_deref(), Some("1 1"));
}

#[tokio::test]
async fn a_service_without_http_has_its_scope_too() {
    let shop = Shop::new();
    let inner = service_fn({
        let shop = shop.clone();
        move |number: u64| {
            let shop = shop.clone();
            async move {
                let first = shop.price().await;
                shop.lose();
                Ok::<_, Infallible>((number, first, shop.price().await))
            }
        }
    });
    let mut service = RequestScopeLayer::new(&shop.cache).layer(inner);
    let ready = service.ready().await.expect("it never fails");
    assert_eq!(ready.call(7).await, Ok((7, 0, 0)));
    assert_eq!(service.oneshot(8).await, Ok((8, 1, 1)));
}

#[tokio::test]
async fn a_response_is_handed_on_as_it_is() {
    let response = Shop::new()
        .routes()
        .oneshot(Request::get("/nowhere").body(Body::empty()).expect("valid"))
        .await
        .expect("it answers");
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn layers_of_two_caches_stand_around_one_service() {
    let (left, right) = (Shop::new(), Shop::new());
    let both = {
        let (left, right) = (left.clone(), right.clone());
        service_fn(move |()| {
            let (left, right) = (left.clone(), right.clone());
            async move {
                let first = (left.price().await, right.price().await);
                left.lose();
                right.lose();
                let second = (left.price().await, right.price().await);
                Ok::<_, Infallible>(first == second)
            }
        })
    };
    let both = RequestScopeLayer::new(&left.cache).layer(both);
    let both = RequestScopeLayer::new(&right.cache).layer(both);
    assert_eq!(both.oneshot(()).await, Ok(true));
}
