//! Keys, functions, methods, forms, models, requests and threads in one file, in memory:
//! `cargo run -p larder --example everything`. Whatever is computed says so; the rest is cached.

use larder::{Cache, CacheModel, Form, FormError, Reference, cached, cached_form, key};

#[cached(ttl = "1h")]
async fn postage(cache: &Cache, grams: u32, country: &str) -> u32 {
    println!("computed: {grams} g to {country}");
    grams + 50
}

#[derive(CacheModel, Clone, serde::Serialize, serde::Deserialize)]
struct Song {
    #[key]
    title: String,
    cover_of: Option<Reference<Song>>,
}

impl Song {
    fn new(title: &str, of: Option<&Song>) -> Song {
        let (title, cover_of) = (title.into(), of.map(Reference::to));
        Song { title, cover_of }
    }

    #[cached(on(self.title))]
    async fn words(&self, cache: &Cache) -> usize {
        println!("computed: words of {}", self.title);
        self.title.split(' ').count()
    }

    #[cached_form(on(self.title))]
    async fn is_known(&self, cache: &Cache) -> Result<bool, FormError<&'static str>> {
        println!("computed: is {} known", self.title);
        Ok(self.title.starts_with("Hound"))
    }
}

impl Form for Song {
    type Errors = &'static str;
    fn clean(&self) -> Result<Song, &'static str> {
        let clean = Song::new(self.title.trim(), None);
        Some(clean).filter(|it| !it.title.is_empty()).ok_or("empty")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = &Cache::memory();
    // Keys: parts have types, those with names stand in any order, and a tree goes as a whole.
    cache.insert(key!("rate", to = "ch", kg = 2), 12).await?;
    let rate = cache.get::<i32>(key!("rate", kg = 2, to = "ch"));
    println!("a rate: {:?}", rate.await?);
    cache.remove_tree("rate").await?;
    // A function, found by its arguments. What stands beside it looks, drops, puts.
    let pay = async |grams| postage(cache, grams, "ch").await;
    println!("function: {}, {}", pay(200).await, pay(200).await);
    postage::invalidate(cache, 200, "ch").await?;
    // A model: what it refers to is loaded with it. A method, found by what counts of `self`.
    let hound = Song::new("Hound Dog", None);
    hound.save(cache).await?;
    Song::new("Live", Some(&hound)).save(cache).await?;
    let live = Song::get(cache, "Live").await?;
    for song in live.cover_of.iter().filter_map(Reference::get) {
        let words = [song.words(cache).await, hound.words(cache).await];
        println!("method: {words:?}");
    }
    // A form is cleaned, then looked for. One that is not valid computes nothing.
    for title in [" Hound", "Hound ", " "] {
        println!("form: {:?}", Song::new(title, None).is_known(cache).await);
    }
    // Within a request a second read asks no store. Threads without a runtime use the same cache.
    let twice = async { pay(200).await + pay(200).await };
    println!("a request: {}", cache.request_scope(twice).await);
    let thread = || cache.blocking().wait(postage(cache, 200, "ch"));
    let paid = std::thread::scope(|threads| threads.spawn(thread).join());
    println!("a thread: {paid:?}");
    Ok(())
}
