//! The store that processes share, as a command is pointed at it.

use std::path::PathBuf;

use larder::{Cache, Error, Key, Memcached, Redis, Secret};
use larder_report::Fleet;

use crate::failure::Failure;

/// How the addresses of Redis and Valkey begin; Valkey's have its name for the first word.
const REDIS_SCHEMES: [&str; 8] = [
    "redis",
    "rediss",
    "redis+cluster",
    "rediss+cluster",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+unix",
    "unix",
];

/// How those of memcached begin. It has no form with TLS.
const MEMCACHED_SCHEMES: [&str; 2] = ["memcached", "memcached+unix"];

/// What else may be the matter where a command finds no entry.
pub(crate) const SIGNED_OTHERWISE: &str = "or is signed by another secret (--secret)";

/// Where a cache keeps what it knows, and under which name.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The store: `redis://HOST`, `rediss://HOST`, `redis+cluster://HOST,HOST`,
    /// `redis+sentinel://HOST,HOST/MASTER`, `unix:///SOCKET` or `memcached://HOST,HOST`. What lies in the
    /// memory of a process is seen by that process alone.
    #[arg(long, value_name = "URL", env = "LARDER_STORE", hide_env_values = true)]
    store: String,
    /// The namespace that the service gives its cache.
    #[arg(long, value_name = "NAME", env = "LARDER_NAMESPACE")]
    namespace: String,
    /// Speak to a server on another machine without encryption.
    #[arg(long)]
    plaintext: bool,
    /// A file whose bytes sign what the service keeps; white space around them does not count.
    #[arg(long, value_name = "FILE", env = "LARDER_SECRET_FILE")]
    secret: Option<PathBuf>,
    /// The number that the service gives that secret (`Secret::new`).
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "secret")]
    secret_id: u8,
}

/// The servers of a store.
pub(crate) enum Servers {
    Redis(Redis),
    Memcached(Memcached),
}

impl Place {
    /// The cache of the service, as one more process of it has it.
    pub(crate) async fn open(&self) -> Result<Cache, Failure> {
        let servers = self.servers().await?.map_err(|error| refused(&error))?;
        self.cache(&servers)
    }

    /// The servers, connected; or why they do not let us.
    pub(crate) async fn servers(&self) -> Result<Result<Servers, Error>, Failure> {
        let (scheme, _) = self.store.split_once("://").unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase().replacen("valkey", "redis", 1);
        if REDIS_SCHEMES.contains(&&*scheme) {
            let store = Redis::builder().url(&self.store).plaintext(self.plaintext);
            return Ok(store.connect().await.map(Servers::Redis));
        }
        if MEMCACHED_SCHEMES.contains(&&*scheme) {
            let store = Memcached::builder().url(&self.store);
            let store = store.plaintext(self.plaintext).connect().await;
            return Ok(store.map(Servers::Memcached));
        }
        // Nothing of it is repeated: it may hold a password.
        Err(Failure::new(
            "--store takes redis://HOST, memcached://HOST and their like: a cache in memory is seen by its \
             own process alone",
        ))
    }

    /// The cache over these servers.
    pub(crate) fn cache(&self, servers: &Servers) -> Result<Cache, Failure> {
        let cache = Cache::builder().namespace(&self.namespace);
        let mut cache = match servers {
            Servers::Redis(store) => cache.store(store.clone()),
            Servers::Memcached(store) => cache.store(store.clone()),
        };
        if let Some(path) = &self.secret {
            let bytes = Failure::read_bytes(path)?;
            let secret = Secret::new(self.secret_id, bytes.trim_ascii()).map_err(|error| {
                Failure::new(format!(
                    "cannot use the secret in {}: {error}",
                    path.display()
                ))
            })?;
            cache = cache.authenticate(secret);
        }
        cache.build().map_err(|error| refused(&error))
    }

    /// What to look at when nothing is found: nothing if the namespace is in use.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn stranger(&self, cache: &Cache) -> Result<Option<String>, Failure> {
        match cache.is_in_use().await {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(format!(
                "nothing is kept in the namespace {}: give --namespace the name that the service gives its \
                 cache (Cache::builder().namespace(…)), and --store the same servers",
                self.namespace
            ))),
            Err(error) => Err(failed(&error)),
        }
    }

    /// What all processes tell.
    pub(crate) async fn fleet(&self, cache: &Cache) -> Result<Fleet, Failure> {
        larder_report::fleet(cache)
            .await
            .map_err(|error| failed(&error))
    }

    /// Why nobody tells anything.
    pub(crate) async fn silence(&self, cache: &Cache) -> Result<String, Failure> {
        if let Some(stranger) = self.stranger(cache).await? {
            return Ok(stranger);
        }
        let signed = match self.secret {
            Some(_) => {
                ", or what they tell is signed by another secret than --secret and --secret-id say"
            }
            None => ", or what they tell is signed, and needs --secret",
        };
        Ok(format!(
            "no process reports in the namespace {}: the service has to start a larder_report::Reporter with its \
             cache (docs/dashboard.md){signed}. What processes keep in their own memory cannot be seen from here",
            self.namespace
        ))
    }
}

/// The key that somebody has typed.
pub(crate) fn key(typed: &str) -> Result<Key, Failure> {
    Key::from_typed(typed).map_err(|error| {
        Failure::new(format!(
            "KEY cannot be read: {error}. Write its parts with commas between them, as \"product, 7\", or what \
             `larder keys` prints"
        ))
    })
}

/// The store cannot be opened.
pub(crate) fn refused(error: &Error) -> Failure {
    Failure::new(format!("cannot open the store: {error}"))
}

/// The store did not do what it was asked.
pub(crate) fn failed(error: &Error) -> Failure {
    Failure::new(format!("the store does not answer: {error}"))
}
