//! What listing keys promises, on any store that can: two caches of one namespace, and one that
//! shares the store under another name.

use std::time::Duration;

use larder::{Cache, IntoKey, Key, Tag};

/// Two caches of one namespace, and one of another in the same store.
pub(crate) struct Lister {
    pub(crate) here: Cache,
    pub(crate) there: Cache,
    pub(crate) elsewhere: Cache,
}

impl Lister {
    pub(crate) async fn keeps_its_promises(&self) {
        assert_eq!(self.list(()).await, [""; 0], "an empty cache");
        self.elsewhere.insert("theirs", 1).await.expect("stored");
        assert_eq!(self.list(()).await, [""; 0], "another namespace");
        self.keys_below_a_prefix_are_listed_with_it().await;
        self.what_is_known_of_an_entry_is_told().await;
        self.what_is_gone_is_not_listed().await;
        self.a_limit_is_kept_and_told().await;
        self.keys_of_every_kind_are_listed().await;
    }

    /// The readable keys below `prefix`, as both caches list them.
    async fn list(&self, prefix: impl IntoKey) -> Vec<String> {
        let prefix = Key::new(prefix);
        let mut lists = Vec::new();
        for cache in [&self.here, &self.there] {
            let list = cache.keys(&prefix).await.expect("listed");
            assert!(list.complete);
            let keys = list.keys.iter().map(|info| info.key.readable());
            lists.push(keys.collect::<Vec<String>>());
        }
        let first = lists.pop().expect("two lists");
        assert_eq!(Some(&first), lists.first());
        first
    }

    async fn put(&self, key: impl IntoKey) {
        self.here.insert(Key::new(key), 1).await.expect("stored");
    }

    async fn keys_below_a_prefix_are_listed_with_it(&self) {
        self.put("product").await;
        self.put(("product", 1)).await;
        self.put(("product", 1, "reviews")).await;
        self.put(("product", 12)).await;
        self.put(("product", "1")).await;
        self.put("produce").await;
        let product = ["('product')", "('product', '1')", "('product', 1)"];
        let below = ["('product', 1)", "('product', 1, 'reviews')"];
        let all = self.list("product").await;
        assert_eq!(all.len(), 5);
        assert_eq!(&all[..3], product);
        assert_eq!(self.list(("product", 1)).await, below);
        assert_eq!(self.list(("product", 2)).await, [""; 0]);
        assert_eq!(self.list("prod").await, [""; 0], "parts, not their text");
        assert_eq!(self.list(()).await.len(), 6);
    }

    async fn what_is_known_of_an_entry_is_told(&self) {
        let ttl = Duration::from_secs(77);
        let told = self
            .here
            .insert(("told", 1), 1_u64)
            .ttl(ttl)
            .tags([Tag::named("prices")]);
        told.await.expect("stored");
        let list = self.there.keys("told").await.expect("listed");
        let [info] = &list.keys[..] else {
            panic!("{list:?}");
        };
        assert_eq!(info.key, Key::new(("told", 1)));
        assert_eq!(info.ttl, ttl);
        let tags: Vec<String> = info.tags.iter().map(ToString::to_string).collect();
        assert_eq!(tags, ["namespace", "prices", "('told') tree"]);
        assert!(info.weight > 0);
    }

    async fn what_is_gone_is_not_listed(&self) {
        for key in 1..=4 {
            let put = self.here.insert(("gone", key, "x"), 1);
            put.tags([Tag::named(&format!("gone {key}"))])
                .await
                .expect("stored");
        }
        assert_eq!(self.list("gone").await.len(), 4);
        self.here.remove(("gone", 1, "x")).await.expect("removed");
        self.there
            .invalidate([Tag::named("gone 2")])
            .await
            .expect("bumped");
        self.there.remove_tree(("gone", 3)).await.expect("removed");
        assert_eq!(self.list("gone").await, ["('gone', 4, 'x')"]);
        // What is being loaded is not there yet.
        let (cache, hold) = (self.here.clone(), tokio::sync::oneshot::channel::<()>());
        let (begun, has_begun) = tokio::sync::oneshot::channel::<()>();
        let (go_on, gate) = hold;
        let loading = tokio::spawn(async move {
            let load = move || async move {
                begun.send(()).expect("somebody waits");
                gate.await.expect("told to go on");
                Ok::<_, std::io::Error>(1)
            };
            cache.get_or_load(("gone", 5), load).await
        });
        has_begun.await.expect("begun");
        assert_eq!(self.list("gone").await, ["('gone', 4, 'x')"]);
        go_on.send(()).expect("it waits");
        loading.await.expect("no panic").expect("loaded");
        assert_eq!(self.list("gone").await.len(), 2);
    }

    async fn a_limit_is_kept_and_told(&self) {
        let many = (0..300).map(|number| (("many", number), number));
        self.here.insert_many(many).await.expect("stored");
        assert_eq!(self.list("many").await.len(), 300);
        for (limit, complete) in [
            (0, false),
            (1, false),
            (299, false),
            (300, true),
            (301, true),
        ] {
            let list = self.there.keys("many").limit(limit).await.expect("listed");
            assert_eq!(list.keys.len(), limit.min(300));
            assert_eq!(list.complete, complete, "{limit}");
        }
        self.here.clear().await.expect("bumped");
        assert_eq!(self.list(()).await, [""; 0]);
    }

    async fn keys_of_every_kind_are_listed(&self) {
        let long = "x".repeat(5_000);
        let keys = [
            Key::new(()),
            Key::new(("kinds", vec![0u8, 255], None::<u8>, 'c', -1, 1.5, true)),
            Key::new(("kinds", ((), (1, (2,))), Key::new("a"), Some("b"))),
            Key::new(("kinds", &*long, 1)),
            larder::key!("kinds", b = 1, a = 2),
        ];
        for key in &keys {
            self.put(key).await;
        }
        assert_eq!(self.list(()).await.len(), keys.len());
        for key in &keys {
            let listed = self.list(key).await;
            assert!(listed.contains(&key.readable()), "{}", key.readable());
        }
    }
}
