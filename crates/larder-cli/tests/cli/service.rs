//! A service that shares a store with the commands: this process, with a cache and a reporter.

use larder::{Cache, Codec, Memcached, Redis, Tag};
use larder_report::{Reporter, Reporting};
use serde_json::Value;

use crate::larder;

/// The service, and where the commands find its store.
pub(crate) struct Service {
    pub(crate) cache: Cache,
    pub(crate) reporting: Reporting,
    pub(crate) url: String,
}

impl Service {
    pub(crate) async fn on_redis(server: &larder_servers::Redis) -> Service {
        let store = Redis::connect(&server.url()).await.expect("a server");
        Service::new(Cache::builder().store(store), server.url())
    }

    pub(crate) async fn on_memcached(server: &larder_servers::Memcached) -> Service {
        let store = Memcached::builder().server(server.address());
        let store = store.connect().await.expect("a server");
        let url = format!("memcached://{}", server.address());
        Service::new(Cache::builder().store(store), url)
    }

    fn new(cache: larder::CacheBuilder, url: String) -> Service {
        let reporter = Reporter::named("web 1");
        let cache = cache.namespace("shop").codec(Codec::Json);
        let cache = cache.observer(reporter.clone()).build().expect("a cache");
        let reporting = reporter.start(&cache);
        Service {
            cache,
            reporting,
            url,
        }
    }

    /// Loads under a key, with a tag.
    pub(crate) async fn load(&self, key: impl larder::IntoKey, tag: &str) {
        let load = async || Ok::<_, std::io::Error>(99);
        let loaded = self.cache.get_or_load(key, load).tags([Tag::named(tag)]);
        loaded.await.expect("a value");
    }

    /// The arguments of a command on this service's store.
    pub(crate) fn arguments<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let mut all = words.to_vec();
        all.extend(["--store", &self.url, "--namespace", "shop"]);
        all
    }

    /// Runs a command on this service's store.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        Run::of(&self.arguments(words))
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) status: Option<i32>,
}

impl Run {
    #[track_caller]
    pub(crate) fn of(arguments: &[&str]) -> Run {
        let output = larder(arguments);
        let run = Run {
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
            status: output.status.code(),
        };
        for text in [&run.out, &run.err] {
            let unseen = |c: char| c != '\n' && larder::is_unseen(c);
            assert!(!text.contains(unseen), "{text:?}");
        }
        run
    }

    /// What it said, if all is well.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!(self.status, Some(0), "{self:#?}");
        self.out
    }

    /// The sentence with which it was refused.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert_eq!((self.status, self.out.as_str()), (Some(2), ""), "{self:#?}");
        assert_eq!(self.err.lines().count(), 1, "{self:#?}");
        self.err
    }

    /// One JSON object, however it ended.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:#?}");
        serde_json::from_str(&self.out).expect("JSON")
    }
}
