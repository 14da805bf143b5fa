//! Keys, functions, methods, forms, models, requests and threads in one file, in memory:
//! `cargo run -p larder --example everything`. It tells what was computed and what was cached.

use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use larder::{Cache, CacheModel, Form, FormError, Reference, cached, cached_form, key};
use serde::{Deserialize, Serialize};

const SONG: &str = "love me tender, love me true";

#[cached(ttl = "1h")]
async fn postage(cache: &Cache, grams: u32, country: &str) -> u32 {
    computed(grams / 10 + country.len() as u32)
}

#[derive(Clone)]
struct Till(Cache, &'static str);

impl Till {
    #[cached(cache = self.0, on(self.1))]
    async fn label(&self, cents: u32) -> String {
        computed(format!("{cents} {}", self.1))
    }
}

struct Search(String);

impl Form for Search {
    type Errors = &'static str;

    fn clean(&self) -> Result<Search, &'static str> {
        let text = self.0.trim().to_lowercase();
        let valid = (!text.is_empty()).then_some(Search(text));
        valid.ok_or("say what you look for")
    }
}

impl Search {
    #[cached_form(on(self.0), ttl = "1m")]
    async fn hits(self, cache: &Cache) -> Result<usize, FormError<&'static str>> {
        Ok(computed(SONG.matches(&self.0).count()))
    }
}

#[derive(CacheModel, Clone, Debug, Serialize, Deserialize)]
struct Artist {
    #[key]
    id: u32,
    name: String,
}

#[derive(CacheModel, Debug, Serialize, Deserialize)]
struct Album {
    #[key]
    title: String,
    artist: Reference<Artist>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = &Cache::memory();

    // Keys: parts have types, those with names stand in any order, and a tree goes as a whole.
    let (one, same) = (
        key!("ship", kg = 2, to = "ch"),
        key!("ship", to = "ch", kg = 2),
    );
    let load = async || Ok::<_, Infallible>(computed(12));
    step("a value", true, cache.get_or_load(one, load)).await?;
    step("the same key", false, cache.get_or_load(same, load)).await?;
    cache.remove_tree("ship").await?;
    let below = key!("ship", kg = 2, to = "ch");
    let gone = cache.get::<i32>(below).await?;
    assert_eq!(gone, None);

    // Functions and methods, found by their arguments and by what counts of `self`.
    step("a function", true, postage(cache, 200, "ch")).await;
    step("the same call", false, postage(cache, 200, "ch")).await;
    postage::invalidate(cache, 200, "ch").await?;
    step("invalidated", true, postage(cache, 200, "ch")).await;
    let till = || Till(cache.clone(), "EUR");
    step("a method", true, till().label(99)).await;
    step("an equal till", false, till().label(99)).await;

    // A form is cleaned, then looked for. One that is not valid runs nothing.
    let search = |text: &str| Search(text.to_owned()).hits(cache);
    step("a form", true, search(" Love")).await?;
    step("the same, clean", false, search("LOVE ")).await?;
    let refused = search(" ").await;
    println!("refused   not valid        {refused:?}");
    assert!(refused.is_err_and(|error| error.invalid().is_some()));

    // A model refers to another, which is loaded with it as it is now.
    let artist = |name: &str| Artist {
        id: 1,
        name: name.to_owned(),
    };
    let (title, artist_was) = ("Back in Black".to_owned(), Reference::to(&artist("AC-DC")));
    Album {
        title,
        artist: artist_was,
    }
    .save(cache)
    .await?;
    artist("AC/DC").save(cache).await?;
    let album = step("a model", false, Album::get(cache, "Back in Black")).await?;
    assert_eq!(
        album.artist.get().map(|artist| artist.name.as_str()),
        Some("AC/DC")
    );

    // Within a request the second read of a key asks no store.
    let request = async { (postage(cache, 9, "it").await, postage(cache, 9, "it").await) };
    step("a request", true, cache.request_scope(request)).await;

    // Threads without a runtime use the same cache.
    let (blocking, shared) = (cache.blocking(), cache.clone());
    let thread = std::thread::spawn(move || blocking.wait(postage(&shared, 9, "it")));
    step("a thread", false, async {
        thread.join().expect("it answers")
    })
    .await;
    Ok(())
}

static COMPUTED: AtomicU32 = AtomicU32::new(0);

fn computed<T>(value: T) -> T {
    COMPUTED.fetch_add(1, Relaxed);
    value
}

/// A step: tells whether it computed anything, which must be as expected.
async fn step<T: Debug>(what: &str, computes: bool, work: impl IntoFuture<Output = T>) -> T {
    let before = COMPUTED.load(Relaxed);
    let value = work.await;
    let has = COMPUTED.load(Relaxed) > before;
    let how = if has { "computed" } else { "cached" };
    println!("{how:8}  {what:15}  {value:?}");
    assert_eq!(has, computes, "{what}");
    value
}
