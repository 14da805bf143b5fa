//! `from_miss`: what is missing is built.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use larder::{Cache, CacheModel, FromMiss, Miss, ModelError, Reference};
use serde::{Deserialize, Serialize};

use crate::world::{World, on_every_store};

/// What the application reads on a miss.
#[derive(Clone, Default)]
struct Source(Arc<Rows>);

#[derive(Default)]
struct Rows {
    rows: Mutex<HashMap<String, String>>,
    asked: AtomicUsize,
}

impl Source {
    fn set(&self, name: &str, value: &str) {
        self.rows().insert(name.into(), value.into());
    }

    fn rows(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.0
            .rows
            .lock()
            .expect("no test panics while it holds this")
    }

    async fn read(&self, name: &str) -> Result<Option<String>, Broken> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        // Whoever comes now waits.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        match self.rows().get(name).cloned() {
            Some(value) if value == "broken" => Err(Broken),
            value => Ok(value),
        }
    }

    fn asked(&self) -> usize {
        self.0.asked.swap(0, Ordering::SeqCst)
    }
}

#[derive(Debug, PartialEq)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the source is broken")
    }
}

impl std::error::Error for Broken {}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cache(ttl = "1h", from_miss)]
struct Page {
    #[key]
    path: String,
    #[key(default = "\"en\"")]
    language: String,
    text: String,
}

impl FromMiss for Page {
    type Error = Broken;

    async fn from_miss(miss: Miss<Page>) -> Result<Option<Page>, Broken> {
        let PageKeys { path, language } = miss.keys().clone();
        let read = miss.resource::<Source>().read(&path).await?;
        Ok(read.map(|text| Page {
            path: if text == "moved" {
                "elsewhere".into()
            } else {
                path
            },
            language,
            text,
        }))
    }
}

/// Something that is never built.
#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Author {
    #[key]
    name: String,
}

/// Refers to both, and is built from a row that names the author.
#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cache(from_miss)]
struct Book {
    #[key]
    title: String,
    author: Reference<Author>,
    cover: Option<Reference<Page>>,
}

impl FromMiss for Book {
    type Error = Box<dyn std::error::Error + Send + Sync>;

    async fn from_miss(miss: Miss<Book>) -> Result<Option<Book>, Self::Error> {
        let title = miss.keys().title.clone();
        let Some(author) = miss.resource::<Source>().read(&title).await? else {
            return Ok(None);
        };
        if author == "saves" {
            Author {
                name: "saves".into(),
            }
            .save(miss.cache())
            .await?;
        }
        Ok(Some(Book {
            title,
            author: Reference::to_key(author),
            cover: None,
        }))
    }
}

/// Refers to a book, and is not built itself.
#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shelf {
    #[key]
    id: u8,
    books: Vec<Reference<Book>>,
}

fn with_source(world: &World) -> (Cache, Source) {
    let source = Source::default();
    let cache = world.another(|builder| builder.resource(source.clone()));
    (cache, source)
}

async fn text(cache: &Cache, path: &str) -> String {
    let page = Page::get(cache, path).await;
    page.unwrap_or_else(|error| panic!("{error}")).text.clone()
}

on_every_store! {
    async fn bc7_a_miss_is_built_saved_and_returned(world) {
        let (cache, source) = with_source(world);
        source.set("/", "home");
        assert_eq!(text(&cache, "/").await, "home");
        assert_eq!(source.asked(), 1);
        source.set("/", "changed");
        assert_eq!(text(&cache, "/").await, "home");
        assert_eq!(source.asked(), 0);
        let page = Page::get(&cache, ("/", "lv")).await.expect("it is built");
        assert_eq!((page.language.as_str(), page.text.as_str()), ("lv", "changed"));
        // The other processes find it.
        let (there, unasked) = with_source(world);
        assert_eq!(text(&there, "/").await, "home");
        assert_eq!(unasked.asked(), 0);
        world.clock.advance(std::time::Duration::from_secs(3601));
        assert_eq!(text(&cache, "/").await, "changed");
    }

    async fn bc7_what_does_not_exist_is_missing_and_not_remembered(world) {
        let (cache, source) = with_source(world);
        let missed = Page::get(&cache, "/").await.expect_err("there is none");
        assert_eq!(missed.missing().map(|missing| missing.model()), Some("Page"));
        source.set("/", "home");
        assert_eq!(text(&cache, "/").await, "home");
        assert_eq!(source.asked(), 2);
    }

    async fn bc7_a_source_that_fails_is_told_from_a_miss(world) {
        let (cache, source) = with_source(world);
        source.set("/", "broken");
        let failed = Page::get(&cache, "/").await.expect_err("the source is broken");
        assert!(!failed.is_missing() && !failed.is_store());
        assert_eq!(failed.failed::<Broken>(), Some(&Broken));
        assert!(failed.to_string().contains("the source is broken"), "{failed}");
        assert!(!Page::exists(&cache, "/").await.expect("the store answers"));
    }

    async fn bc7_what_is_built_has_the_keys_that_were_asked_for(world) {
        let (cache, source) = with_source(world);
        source.set("/", "moved");
        let other = Page::get(&cache, "/").await.expect_err("it has another path");
        assert!(matches!(other, ModelError::OtherKeys(_)), "{other:?}");
        assert!(!Page::exists(&cache, "/").await.expect("the store answers"));
        assert!(!Page::exists(&cache, "elsewhere").await.expect("the store answers"));
    }

    async fn bc7_concurrent_misses_build_once(world) {
        let (here, source) = with_source(world);
        source.set("/", "home");
        let there = if world.is_shared() {
            world.another(|builder| builder.resource(source.clone()))
        } else {
            here.clone()
        };
        let calls = (0..20).map(|n| {
            let cache = if n % 2 == 0 { &here } else { &there };
            async move { text(cache, "/").await }
        });
        let texts = futures_util::future::join_all(calls).await;
        assert!(texts.iter().all(|text| text == "home"));
        assert_eq!(source.asked(), 1);
    }

    async fn bc7_of_many_the_missing_are_built(world) {
        let (cache, source) = with_source(world);
        for path in ["/a", "/b", "/c"] {
            source.set(path, path);
        }
        text(&cache, "/b").await;
        source.asked();
        let pages = Page::get_many(&cache, ["/a", "/b", "/none", "/c"]).await;
        assert_eq!(source.asked(), 3);
        assert!(pages[2].as_ref().is_err_and(|error| error.is_missing()));
        let texts = pages.iter().flatten().map(|page| page.text.as_str());
        assert_eq!(texts.collect::<Vec<_>>(), ["/a", "/b", "/c"]);
    }

    async fn bc7_a_store_that_failed_costs_a_build_and_no_error(world) {
        let (cache, source) = with_source(world);
        source.set("/", "home");
        world.kill();
        assert_eq!(text(&cache, "/").await, "home");
    }

    async fn bc13_a_missing_reference_is_rebuilt_where_it_can_be(world) {
        let (cache, source) = with_source(world);
        source.set("/cover", "a cover");
        Author { name: "ann".into() }.save(&cache).await.expect("the store answers");
        let book = Book {
            title: "Birds".into(),
            author: Reference::to_key("ann"),
            cover: Some(Reference::to_key("/cover")),
        };
        book.save(&cache).await.expect("the store answers");
        let got = Book::get(&cache, "Birds").await.expect("its cover is built");
        let cover = got.cover.as_ref().and_then(Reference::get).expect("it is loaded");
        assert_eq!(cover.text, "a cover");
        assert_eq!(source.asked(), 1, "the book itself was there");
        Book::get(&cache, "Birds").await.expect("it is there");
        assert_eq!(source.asked(), 0);
    }

    async fn bc13_if_the_reference_still_fails_what_refers_to_it_is_built_anew(world) {
        let (cache, source) = with_source(world);
        Author { name: "ann".into() }.save(&cache).await.expect("the store answers");
        source.set("Birds", "ann");
        let book = Book {
            title: "Birds".into(),
            author: Reference::to_key("gone"),
            cover: Some(Reference::to_key("/none")),
        };
        book.save(&cache).await.expect("the store answers");
        let calls = (0..10).map(|_| Book::get(&cache, "Birds"));
        for got in futures_util::future::join_all(calls).await {
            let got = got.expect("it is built anew");
            assert_eq!(got.author.get().map(|author| author.name.as_str()), Some("ann"));
            assert_eq!(got.cover, None);
        }
        assert_eq!(source.rows().len(), 1);
        // The cover was tried, and the book was built once by all of them.
        assert_eq!(source.asked(), 1 + 1);
        Book::get(&cache, "Birds").await.expect("it is there");
        assert_eq!(source.asked(), 0);
    }

    async fn bc13_in_a_request_too_what_refers_to_nothing_is_built_anew(world) {
        let (cache, source) = with_source(world);
        source.set("Birds", "saves");
        let book = Book { title: "Birds".into(), author: Reference::to_key("gone"), cover: None };
        book.save(&cache).await.expect("the store answers");
        let request = async {
            assert!(Book::exists(&cache, "Birds").await.expect("the store answers"));
            let got = Book::get(&cache, "Birds").await.expect("it is built anew");
            assert!(got.author.get().is_some());
        };
        cache.request_scope(request).await;
    }

    async fn bc13_who_is_built_anew_may_save_what_was_missing(world) {
        let (cache, source) = with_source(world);
        source.set("Birds", "saves");
        let book = Book { title: "Birds".into(), author: Reference::to_key("saves"), cover: None };
        book.save(&cache).await.expect("the store answers");
        let got = Book::get(&cache, "Birds").await.expect("it is built anew");
        assert!(got.author.get().is_some());
    }

    async fn bc13_failures_go_up_until_somebody_can_be_built_anew(world) {
        let (cache, source) = with_source(world);
        let book = Book { title: "Birds".into(), author: Reference::to_key("gone"), cover: None };
        book.save(&cache).await.expect("the store answers");
        let shelf = Shelf { id: 1, books: vec![Reference::to_key("Birds")] };
        shelf.save(&cache).await.expect("the store answers");
        // The book does not exist any more: what is missing is the author.
        let missed = Shelf::get(&cache, 1).await.expect_err("its book's author is missing");
        let missing = missed.missing().expect("it is missing");
        assert_eq!((missing.model(), missing.reference()), ("Author", Some(("Book", "author"))));
        // It is built and still refers to nobody.
        source.set("Birds", "gone");
        let missed = Shelf::get(&cache, 1).await.expect_err("its book's author is missing");
        assert_eq!(missed.missing().map(|missing| missing.model()), Some("Author"));
        source.set("Birds", "broken");
        let failed = Shelf::get(&cache, 1).await.expect_err("the book cannot be built");
        assert!(matches!(failed, ModelError::Failed(_)), "{failed:?}");
        source.set("Birds", "ann");
        Author { name: "ann".into() }.save(&cache).await.expect("the store answers");
        let shelf = Shelf::get(&cache, 1).await.expect("its book is built anew");
        let book = shelf.books[0].get().expect("it is loaded");
        assert_eq!(book.author.get().map(|author| author.name.as_str()), Some("ann"));
    }
}

#[tokio::test]
#[should_panic(expected = "Cache::builder().resource")]
async fn a_resource_that_was_not_given_is_told_by_name() {
    let world = World::memory();
    let _ = Page::get(&world.cache, "/").await;
}
