//! What a build of the service does when it is run: saves one object of each of its models, or gets
//! them, from a Redis that both builds share.
//!
//! `BUILD save|get ADDRESS CODEC`

use larder::{Cache, CacheModel, Codec, Redis};
use serde::Serialize;

/// A running build.
#[derive(Debug)]
pub struct Build {
    cache: Cache,
    saves: bool,
}

impl Build {
    /// Does what the arguments say.
    ///
    /// # Panics
    ///
    /// They say nothing that it can do, or Redis is not there.
    pub async fn begin() -> Build {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [act, url, codec] = &arguments[..] else {
            panic!("BUILD save|get ADDRESS CODEC");
        };
        let codec = match &**codec {
            "postcard" => Codec::Postcard,
            "message-pack" => Codec::MessagePack,
            "json" => Codec::Json,
            other => panic!("no codec is called {other}"),
        };
        let store = Redis::builder().url(url).connect().await;
        let store = store.unwrap_or_else(|error| panic!("{error}"));
        let cache = Cache::builder().store(store).namespace("service");
        Build {
            cache: cache.codec(codec).build().expect("the settings are valid"),
            saves: act == "save",
        }
    }

    /// Saves this object, or says what is found under its key: `User {"name":…}`, `User missing`, or
    /// what went wrong.
    ///
    /// # Panics
    ///
    /// It cannot be saved.
    pub async fn knows<M: CacheModel + Serialize>(&self, object: M) {
        if self.saves {
            let saved = object.save(&self.cache).await;
            return saved.unwrap_or_else(|error| panic!("{error}"));
        }
        let found = match M::get(&self.cache, object.keys()).await {
            Ok(got) => serde_json::to_string(&*got).expect("it has a form in JSON"),
            Err(error) if error.is_missing() => "missing".to_owned(),
            Err(error) => format!("failed: {error}"),
        };
        println!("{} {found}", M::NAME);
    }
}
