//! What cannot be given to every caller, or kept.

use larder::{Cache, cached};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct NoClone;

#[cached]
async fn gives_one(cache: &Cache) -> NoClone {
    NoClone
}

#[derive(Clone)]
struct NoSerde;

#[cached]
async fn gives_what_no_store_holds(cache: &Cache) -> NoSerde {
    NoSerde
}

struct Broken;

#[cached]
async fn fails_for_one(cache: &Cache) -> Result<u32, Broken> {
    Err(Broken)
}

type Answer = Result<u32, String>;

#[cached]
async fn hides_its_errors(cache: &Cache) -> Answer {
    Ok(7)
}

#[cached(wait = "2s")]
async fn cannot_say_that_it_took_too_long(cache: &Cache) -> Result<u32, String> {
    Ok(7)
}

#[cached(cache = 7)]
async fn has_no_cache() -> u32 {
    7
}

fn main() {}
