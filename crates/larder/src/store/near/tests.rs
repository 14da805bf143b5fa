use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;

use super::{Near, Tiered};
use crate::store::remote::Remote;
use crate::store::remote::sim::{Server, process};
use crate::store::{Listener, Push};
use crate::{Cache, Key, Memory, Namespace, Policy, Tag};

const NAMESPACE: &str = "shop";

fn cache(server: &Arc<Server>, near: Option<Near>) -> Cache {
    let store = process(std::slice::from_ref(server));
    let builder = Cache::builder().store(store).namespace(NAMESPACE);
    match near {
        Some(near) => builder.near(near).build().expect("valid"),
        None => builder.build().expect("valid"),
    }
}

fn validated() -> Option<Near> {
    Some(Near::validated(Memory::bytes_max(16 << 20)))
}

async fn put(cache: &Cache, value: u32) {
    let tags = [Tag::named("a")];
    cache.insert("k", value).tags(tags).await.expect("stored");
}

async fn got(cache: &Cache) -> Option<u32> {
    let found = cache.get::<u32>("k").tags([Tag::named("a")]).await;
    found.expect("asked").map(|value| *value)
}

#[tokio::test]
async fn a_validated_copy_is_the_same_value_and_sees_every_change_of_another_process() {
    let server = Arc::<Server>::default();
    let (one, two) = (cache(&server, validated()), cache(&server, None));
    put(&two, 1).await;
    let get = async || one.get::<u32>("k").await.expect("asked").expect("there");
    let (first, second) = (get().await, get().await);
    assert!(Arc::ptr_eq(&first, &second), "decoded once");

    two.invalidate([Tag::named("a")]).await.expect("bumped");
    assert_eq!(got(&one).await, None);
    put(&two, 2).await;
    assert_eq!(got(&one).await, Some(2));
    put(&two, 3).await;
    assert_eq!(got(&one).await, Some(3), "replaced without a bump");
    two.remove("k").await.expect("removed");
    assert_eq!(got(&one).await, None);
    put(&two, 4).await;
    assert_eq!(got(&one).await, Some(4));
    two.clear().await.expect("bumped");
    assert_eq!(got(&one).await, None);
}

#[tokio::test]
async fn a_validated_hit_is_one_round_trip() {
    let server = Arc::<Server>::default();
    let one = cache(&server, validated());
    put(&one, 1).await;
    assert_eq!(got(&one).await, Some(1));
    let before = server.trips.load(Ordering::SeqCst);
    assert_eq!(got(&one).await, Some(1));
    assert_eq!(server.trips.load(Ordering::SeqCst), before + 1);
}

#[tokio::test]
async fn a_copy_of_an_older_life_of_the_server_is_not_served() {
    let server = Arc::<Server>::default();
    let (one, two) = (cache(&server, validated()), cache(&server, None));
    put(&two, 1).await;
    assert_eq!(got(&one).await, Some(1));
    let old = server.save();
    two.invalidate([Tag::named("a")]).await.expect("bumped");
    server.load(old);
    server.restart(false);
    assert_eq!(got(&one).await, None);
}

#[tokio::test]
async fn a_near_tier_over_memory_is_refused_and_so_are_news_that_nobody_gives() {
    let over_memory = Cache::builder().near(Memory::new()).build();
    assert!(over_memory.is_err_and(|error| error.is_config()));
    let server = Arc::<Server>::default();
    let silent = Cache::builder()
        .store(process(&[server]))
        .near(Near::pushed(Memory::new()))
        .build();
    assert!(silent.is_err_and(|error| error.is_config()));
}

/// A server that tells of changes when the test says so.
struct Telling {
    remote: Remote,
    listener: Mutex<Option<Arc<dyn Listener>>>,
}

impl Telling {
    fn listener(&self) -> Arc<dyn Listener> {
        self.listener.lock().clone().expect("subscribed")
    }
}

impl Push for Telling {
    fn tag_name(&self, namespace: &Namespace, tag: &Tag) -> Arc<str> {
        self.remote.names(namespace).tag(tag).as_str().into()
    }

    fn entry_name(&self, namespace: &Namespace, key: &Key) -> Arc<str> {
        self.remote.names(namespace).entry(key).as_str().into()
    }

    fn subscribe(&self, _namespace: &Namespace, listener: Arc<dyn Listener>) -> crate::Result<()> {
        *self.listener.lock() = Some(listener);
        Ok(())
    }

    fn delay_max(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// The far store with the news of `Telling`.
struct WithNews {
    remote: Remote,
    telling: Arc<Telling>,
}

crate::store::remote::face::store_through_remote!(WithNews, |store| Some(&*store.telling));

/// A cache with a pushed near tier, and the one who tells it.
fn pushed(server: &Arc<Server>) -> (Cache, Arc<Telling>) {
    let telling = Arc::new(Telling {
        remote: process(std::slice::from_ref(server)),
        listener: Mutex::new(None),
    });
    let near = Near::pushed(Memory::bytes_max(16 << 20));
    let namespace = Namespace::new(NAMESPACE);
    let far = Arc::new(WithNews {
        remote: telling.remote.clone(),
        telling: telling.clone(),
    });
    let store = Tiered::new(near, far, &namespace).expect("it has news");
    let cache = Cache::builder()
        .store(store)
        .namespace(NAMESPACE)
        .policy(Policy::new())
        .build();
    (cache.expect("valid"), telling)
}

#[tokio::test]
async fn a_pushed_copy_asks_nobody_until_its_news_come() {
    let server = Arc::<Server>::default();
    let (one, telling) = pushed(&server);
    let two = cache(&server, None);
    put(&two, 1).await;
    assert_eq!(got(&one).await, Some(1), "no news yet: read from afar");
    telling.listener().live();
    assert_eq!(got(&one).await, Some(1));
    let before = server.trips.load(Ordering::SeqCst);
    assert_eq!(got(&one).await, Some(1));
    assert_eq!(server.trips.load(Ordering::SeqCst), before);

    two.invalidate([Tag::named("a")]).await.expect("bumped");
    assert_eq!(got(&one).await, Some(1), "the news are on their way");
    let namespace = Namespace::new(NAMESPACE);
    let name = telling.tag_name(&namespace, &Tag::named("a"));
    telling.listener().changed(&name);
    assert_eq!(got(&one).await, None);
}

#[tokio::test]
async fn h37_lost_news_end_all_copies_and_reads_go_to_the_far_store() {
    let server = Arc::<Server>::default();
    let (one, telling) = pushed(&server);
    let two = cache(&server, None);
    telling.listener().live();
    put(&two, 1).await;
    assert_eq!(got(&one).await, Some(1));
    telling.listener().lost();
    two.invalidate([Tag::named("a")]).await.expect("bumped");
    assert_eq!(got(&one).await, None, "its news will never come");
    put(&two, 2).await;
    assert_eq!(got(&one).await, Some(2));
    let before = server.trips.load(Ordering::SeqCst);
    assert_eq!(got(&one).await, Some(2));
    assert_eq!(
        server.trips.load(Ordering::SeqCst),
        before + 1,
        "nothing is kept"
    );
}

#[tokio::test]
async fn this_process_sees_its_own_writes_before_any_news() {
    let server = Arc::<Server>::default();
    let (one, telling) = pushed(&server);
    telling.listener().live();
    for value in 0..3 {
        put(&one, value).await;
        assert_eq!(got(&one).await, Some(value));
        assert_eq!(got(&one).await, Some(value));
    }
    one.invalidate([Tag::named("a")]).await.expect("bumped");
    assert_eq!(got(&one).await, None);
    put(&one, 9).await;
    assert_eq!(got(&one).await, Some(9));
    one.remove("k").await.expect("removed");
    assert_eq!(got(&one).await, None);
}

#[tokio::test]
async fn linearizable_reads_are_refused_over_news() {
    let server = Arc::<Server>::default();
    let (one, _) = pushed(&server);
    assert!(!one.can_be_strict());
    // Others may read strictly: who writes behind a pushed tier marks for them.
    let mark = one.mark(&[Tag::named("a")], &[]).await;
    drop(mark.expect("marked on the server"));
}

#[tokio::test]
async fn a_validated_tier_keeps_every_promise_of_the_store_behind_it() {
    crate::store::conformance::run(|| {
        let far = Arc::new(process(&[Arc::default()]));
        let near = Near::validated(Memory::bytes_max(16 << 20));
        let namespace = Namespace::new("conformance");
        Arc::new(Tiered::new(near, far, &namespace).expect("it is far away"))
    })
    .await;
}
