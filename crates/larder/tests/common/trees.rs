//! What `remove_tree` promises, on any store: two caches of one namespace, which may be handles of
//! one cache or of two processes, and one that shares the store under another name.

use std::sync::Arc;

use larder::{Cache, IntoKey, Key, TREE_DEPTH_MAX};
use tokio::sync::Semaphore;

type Never = std::convert::Infallible;

/// Two caches of one namespace, and one of another in the same store.
pub(crate) struct Grove {
    pub(crate) here: Cache,
    pub(crate) there: Cache,
    pub(crate) elsewhere: Cache,
}

impl Grove {
    /// Runs every case. A case leaves the store as it likes: each has keys of its own.
    pub(crate) async fn keeps_its_promises(&self) {
        self.what_lies_below_goes_and_nothing_beside_it().await;
        self.every_depth_is_reached().await;
        self.what_is_stored_later_stays().await;
        self.a_load_below_that_runs_meanwhile_is_not_kept().await;
        self.a_load_of_the_key_that_runs_meanwhile_is_not_kept()
            .await;
        self.keys_with_many_parts_go_with_their_first_ones().await;
        self.long_parts_are_told_apart().await;
        self.many_keys_at_once_are_in_their_trees().await;
        self.another_namespace_keeps_its_tree().await;
        self.an_empty_cache_has_empty_trees().await;
        self.below_the_key_without_parts_is_everything().await;
    }

    async fn put(&self, key: impl IntoKey) {
        self.here
            .insert(Key::new(key), 1_u32)
            .await
            .expect("stored");
    }

    /// Whether both caches find the key, or neither.
    #[track_caller]
    fn has(&self, key: impl IntoKey) -> impl Future<Output = bool> {
        let key = Key::new(key);
        async move {
            let here = self.here.get::<u32>(&key).await.expect("asked").is_some();
            let there = self.there.get::<u32>(&key).await.expect("asked").is_some();
            assert_eq!(here, there, "of {}", key.readable());
            here
        }
    }

    async fn remove_tree(&self, key: impl IntoKey) {
        self.there.remove_tree(key).await.expect("removed");
    }

    async fn what_lies_below_goes_and_nothing_beside_it(&self) {
        let below = [
            Key::new(("product", 123)),
            Key::new(("product", 123, "reviews")),
            Key::new(("product", 123, "reviews", 7)),
            Key::new(("product", 123, None::<u8>)),
            Key::new(("product", 123_u64, ("a", "b"))),
        ];
        let beside = [
            Key::new("product"),
            Key::new(("product", 1234)),
            Key::new(("product", 12)),
            Key::new(("product", "123")),
            Key::new(("product", "123", "reviews")),
            Key::new(("product", Some(123), "reviews")),
            Key::new(("product", (123, "reviews"))),
            Key::new((("product", 123), "reviews")),
            Key::new((Key::new(("product", 123)), "reviews")),
            Key::new(("products", 123, "reviews")),
            Key::new((123, "product")),
        ];
        for key in below.iter().chain(&beside) {
            self.put(key).await;
        }
        for key in below.iter().chain(&beside) {
            assert!(self.has(key).await, "{}", key.readable());
        }
        self.remove_tree(("product", 123)).await;
        for key in &below {
            assert!(!self.has(key).await, "{}", key.readable());
        }
        for key in &beside {
            assert!(self.has(key).await, "{}", key.readable());
        }
        self.remove_tree("product").await;
        for key in &beside[..7] {
            assert!(!self.has(key).await, "{}", key.readable());
        }
        for key in &beside[7..] {
            assert!(self.has(key).await, "{}", key.readable());
        }
    }

    async fn every_depth_is_reached(&self) {
        let key = |parts: usize| {
            let mut key = Key::builder().text("depth");
            (1..parts).for_each(|part| key.push(part));
            key.build()
        };
        for removed in 1..=TREE_DEPTH_MAX {
            for parts in 1..=TREE_DEPTH_MAX + 1 {
                self.put(key(parts)).await;
            }
            self.remove_tree(key(removed)).await;
            for parts in 1..=TREE_DEPTH_MAX + 1 {
                let above = parts < removed;
                assert_eq!(self.has(key(parts)).await, above, "{removed} {parts}");
            }
        }
    }

    async fn what_is_stored_later_stays(&self) {
        self.remove_tree("later").await;
        self.put(("later", 1)).await;
        assert!(self.has(("later", 1)).await);
        self.remove_tree("later").await;
        self.put(("later", 1)).await;
        self.put(("later", 2)).await;
        assert!(self.has(("later", 1)).await);
        assert!(self.has(("later", 2)).await);
        assert!(!self.has("later").await);
    }

    /// Starts a load of `key` that waits until it is let on.
    async fn loading(&self, key: &Key) -> (tokio::task::JoinHandle<u32>, Arc<Semaphore>) {
        let (begun, on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (cache, key) = (self.here.clone(), key.clone());
        let (has_begun, go_on) = (begun.clone(), on.clone());
        let reader = tokio::spawn(async move {
            let load = move || async move {
                has_begun.add_permits(1);
                go_on.acquire().await.expect("never closed").forget();
                Ok::<_, Never>(1_u32)
            };
            *cache.get_or_load(&key, load).await.expect("never fails")
        });
        begun.acquire().await.expect("never closed").forget();
        (reader, on)
    }

    async fn a_load_below_that_runs_meanwhile_is_not_kept(&self) {
        let key = Key::new(("running", 1, "below"));
        let (reader, on) = self.loading(&key).await;
        self.remove_tree(("running", 1)).await;
        // Whoever asks now does not get what was begun before.
        let newer = self.there.get_or_load(&key, async || Ok::<_, Never>(2_u32));
        assert_eq!(*newer.await.expect("never fails"), 2);
        on.add_permits(1);
        assert_eq!(reader.await.expect("no panic"), 1, "who asked before");
        let kept = self.here.get::<u32>(&key).await.expect("asked");
        assert!(kept.is_none_or(|kept| *kept == 2));
    }

    async fn a_load_of_the_key_that_runs_meanwhile_is_not_kept(&self) {
        let key = Key::new(("running", 2));
        let (reader, on) = self.loading(&key).await;
        self.remove_tree(&key).await;
        on.add_permits(1);
        assert_eq!(reader.await.expect("no panic"), 1);
        assert!(!self.has(&key).await);
    }

    async fn keys_with_many_parts_go_with_their_first_ones(&self) {
        let key = |parts: usize| {
            let mut key = Key::builder().text("many parts");
            (1..parts).for_each(|part| key.push(part));
            key.build()
        };
        let long = key(1_000);
        self.put(&long).await;
        self.put(key(12)).await;
        assert!(self.has(&long).await);
        // Deeper than its tags: what they reach goes, rather than nothing.
        self.remove_tree(key(20)).await;
        assert!(!self.has(&long).await);
        assert!(!self.has(key(12)).await, "it is in the deepest tree, too");
        self.put(&long).await;
        self.remove_tree(key(3)).await;
        assert!(!self.has(&long).await);
    }

    async fn long_parts_are_told_apart(&self) {
        let long = |last: char| format!("{}{last}", "x".repeat(2_000));
        self.put((long('a'), 1)).await;
        self.put((long('b'), 1)).await;
        self.remove_tree(long('a')).await;
        assert!(!self.has((long('a'), 1)).await);
        assert!(self.has((long('b'), 1)).await);
    }

    async fn many_keys_at_once_are_in_their_trees(&self) {
        let key = |number: u32| ("many", number % 2, number);
        let numbers = || (0..10).map(key);
        let values = numbers().map(|key| (key, key.2));
        self.here.insert_many(values).await.expect("stored");
        self.remove_tree(("many", 0)).await;
        for cache in [&self.here, &self.there] {
            let found = cache.get_many::<u32>(numbers()).await.expect("asked");
            let found: Vec<u32> = found.iter().flatten().map(|found| **found).collect();
            assert_eq!(found, [1, 3, 5, 7, 9]);
        }
        let load = async |missing: Vec<(&'static str, u32, u32)>| {
            Ok::<_, Never>(
                missing
                    .into_iter()
                    .map(|key| (key, key.2 + 100))
                    .collect::<Vec<_>>(),
            )
        };
        let loaded = self
            .here
            .get_or_load_many(numbers(), load)
            .await
            .expect("never fails");
        assert_eq!(*loaded[&key(4)], 104);
        assert_eq!(*loaded[&key(5)], 5);
        self.remove_tree(("many", 1)).await;
        let found = self.there.get_many::<u32>(numbers()).await.expect("asked");
        let found: Vec<u32> = found.iter().flatten().map(|found| **found).collect();
        assert_eq!(found, [100, 102, 104, 106, 108]);
    }

    async fn another_namespace_keeps_its_tree(&self) {
        self.put(("mine", 1)).await;
        self.elsewhere
            .insert(("mine", 1), 2_u32)
            .await
            .expect("stored");
        self.remove_tree("mine").await;
        assert!(!self.has(("mine", 1)).await);
        let theirs = self.elsewhere.get::<u32>(("mine", 1)).await;
        assert_eq!(theirs.expect("asked").as_deref(), Some(&2));
    }

    async fn an_empty_cache_has_empty_trees(&self) {
        self.remove_tree("nothing").await;
        self.remove_tree(("nothing", 1, 2, 3)).await;
        assert!(!self.has("nothing").await);
    }

    async fn below_the_key_without_parts_is_everything(&self) {
        self.put("alone").await;
        self.put(("with", 1)).await;
        self.elsewhere
            .insert("theirs", 2_u32)
            .await
            .expect("stored");
        self.remove_tree(Key::builder().build()).await;
        assert!(!self.has("alone").await);
        assert!(!self.has(("with", 1)).await);
        let theirs = self.elsewhere.get::<u32>("theirs").await;
        assert_eq!(theirs.expect("asked").as_deref(), Some(&2));
    }
}
