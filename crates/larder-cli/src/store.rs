//! The store that processes share, as a command is pointed at it.

use std::path::PathBuf;

use larder::{Cache, Memcached, Redis, Secret};

use crate::failure::Failure;

/// Where a cache keeps what it knows, and under which name.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The store: `redis://HOST`, `rediss://HOST`, `redis+cluster://HOST,HOST`,
    /// `redis+sentinel://HOST,HOST/MASTER`, `unix:///SOCKET` or `memcached://HOST,HOST`.
    #[arg(long, value_name = "URL")]
    store: String,
    /// The namespace that the service gives its cache.
    #[arg(long, value_name = "NAME")]
    namespace: String,
    /// Speak to a server on another machine without encryption.
    #[arg(long)]
    plaintext: bool,
    /// A file whose content signs what the service keeps.
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
}

impl Place {
    /// The cache of the service, as one more process of it has it.
    pub(crate) async fn open(&self) -> Result<Cache, Failure> {
        let refused =
            |error: larder::Error| Failure::new(format!("cannot open the store: {error}"));
        let (scheme, rest) = self.store.split_once("://").unwrap_or_default();
        let cache = Cache::builder().namespace(&self.namespace);
        let mut cache = match scheme {
            "unix" => cache.store(self.redis().await.map_err(refused)?),
            _ if ["redis", "valkey"]
                .iter()
                .any(|word| scheme.starts_with(word)) =>
            {
                cache.store(self.redis().await.map_err(refused)?)
            }
            _ if scheme.starts_with("memcached") => {
                let servers = rest.split(',');
                let store =
                    servers.fold(Memcached::builder(), |store, server| store.server(server));
                let store = store.plaintext(self.plaintext).connect().await;
                cache.store(store.map_err(refused)?)
            }
            // Nothing of it is repeated: it may hold a password.
            _ => {
                return Err(Failure::new(
                    "--store takes redis://HOST, memcached://HOST and their like: a cache in memory is seen by its \
                     own process alone",
                ));
            }
        };
        if let Some(path) = &self.secret {
            let text = Failure::read(path)?;
            let secret = Secret::new(1, text.trim().as_bytes()).map_err(|error| {
                Failure::new(format!(
                    "cannot use the secret in {}: {error}",
                    path.display()
                ))
            })?;
            cache = cache.authenticate(secret);
        }
        cache.build().map_err(refused)
    }

    async fn redis(&self) -> larder::Result<Redis> {
        let store = Redis::builder().url(&self.store).plaintext(self.plaintext);
        store.connect().await
    }
}
