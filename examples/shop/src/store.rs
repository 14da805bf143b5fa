//! Where the shop's cache keeps what it knows: in memory, or on servers that several shops share.

use std::{path::PathBuf, str::FromStr};

use larder_sea_orm::larder::{
    Cache, CacheBuilder, Memcached, Memory, Near, Redis, Secret, Secrets,
};

use crate::database::StartError;

/// How much the near tier holds at most.
const NEAR_BYTES_MAX: u64 = 64 << 20;

/// What the command line says of the store.
#[derive(Clone, Debug)]
pub struct Place {
    /// `memory`, or an address: `redis://…`, `memcached://…`.
    pub address: String,
    /// Whether memory stands in front of it.
    pub near: Option<Tier>,
    /// The name under which this shop's answers are kept.
    pub namespace: String,
    /// Whether a server on another machine may be spoken to without encryption.
    pub plaintext: bool,
    /// A file whose content signs what is kept.
    pub secret: Option<PathBuf>,
}

/// How a near tier is kept right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Every hit asks the server whether it still holds.
    Validated,
    /// The server tells of changes.
    Pushed,
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Tier, String> {
        match text {
            "validated" => Ok(Tier::Validated),
            "pushed" => Ok(Tier::Pushed),
            _ => Err("a near tier is validated or pushed".to_owned()),
        }
    }
}

/// The kinds of store, by how their addresses begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Memory,
    Redis,
    Memcached,
}

impl Kind {
    fn of(address: &str) -> Result<Kind, StartError> {
        if address == "memory" {
            return Ok(Kind::Memory);
        }
        let (scheme, _) = address.split_once("://").unwrap_or_default();
        let begins = |word: &str| scheme.starts_with(word);
        match scheme {
            "unix" => Ok(Kind::Redis),
            _ if begins("redis") || begins("valkey") => Ok(Kind::Redis),
            _ if begins("memcached") => Ok(Kind::Memcached),
            // Only the scheme: the rest may hold a password.
            _ => Err(StartError(format!(
                "--store takes memory, redis://HOST, rediss://HOST, redis+cluster://HOST,HOST, \
                 redis+sentinel://HOST,HOST/MASTER, unix:///SOCKET or memcached://HOST,HOST{}",
                match scheme {
                    "" => String::new(),
                    scheme => format!(", not {scheme}://"),
                }
            ))),
        }
    }
}

impl Default for Place {
    fn default() -> Place {
        Place {
            address: "memory".to_owned(),
            near: None,
            namespace: "shop".to_owned(),
            plaintext: false,
            secret: None,
        }
    }
}

impl Place {
    /// A cache that keeps its answers there, to be built.
    ///
    /// # Errors
    ///
    /// When the address makes no sense, or nobody answers there, or not as a store must: the
    /// sentence is larder's own.
    pub async fn open(&self) -> Result<CacheBuilder, StartError> {
        let refused = |error| StartError(format!("cannot open the store: {error}"));
        let mut cache = Cache::builder().namespace(&self.namespace);
        match Kind::of(&self.address)? {
            Kind::Memory => {}
            Kind::Redis => {
                let store = Redis::builder()
                    .url(&self.address)
                    .plaintext(self.plaintext);
                cache = cache.store(store.connect().await.map_err(refused)?);
            }
            Kind::Memcached => {
                let (_, servers) = self.address.split_once("://").unwrap_or_default();
                let store = servers
                    .split(',')
                    .fold(Memcached::builder(), |store, server| store.server(server))
                    .plaintext(self.plaintext);
                cache = cache.store(store.connect().await.map_err(refused)?);
            }
        }
        if let Some(tier) = self.near {
            let memory = Memory::bytes_max(NEAR_BYTES_MAX);
            cache = cache.near(match tier {
                Tier::Validated => Near::validated(memory),
                Tier::Pushed => Near::pushed(memory),
            });
        }
        if let Some(secret) = self.secret()? {
            cache = cache.authenticate(secret);
        }
        Ok(cache)
    }

    fn secret(&self) -> Result<Option<Secrets>, StartError> {
        let Some(path) = &self.secret else {
            return Ok(None);
        };
        let shown = path.display();
        let text = std::fs::read(path)
            .map_err(|error| StartError(format!("cannot read the secret in {shown}: {error}")))?;
        let secret = Secret::new(1, text.trim_ascii())
            .map_err(|error| StartError(format!("cannot use the secret in {shown}: {error}")))?;
        Ok(Some(secret.into()))
    }

    /// What pages say of it. No user and no password are in it.
    ///
    /// ```
    /// use shop::store::{Place, Tier};
    ///
    /// let place = Place {
    ///     address: "redis://me:secret@localhost:6379/1?db=2".to_owned(),
    ///     near: Some(Tier::Validated),
    ///     ..Place::default()
    /// };
    /// assert_eq!(place.name(), "redis://localhost:6379/1, near tier validated");
    /// assert_eq!(Place::default().name(), "memory");
    /// ```
    pub fn name(&self) -> String {
        let address = match self.address.split_once("://") {
            None => self.address.clone(),
            Some((scheme, rest)) => {
                let (rest, _) = rest.split_once('?').unwrap_or((rest, ""));
                let (_, place) = rest.rsplit_once('@').unwrap_or(("", rest));
                format!("{scheme}://{place}")
            }
        };
        match self.near {
            None => address,
            Some(Tier::Validated) => format!("{address}, near tier validated"),
            Some(Tier::Pushed) => format!("{address}, near tier pushed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_store_is_refused_without_showing_its_password() {
        for address in ["postgres://me:secret@host/db", "secret", "", "redis"] {
            let error = Kind::of(address).unwrap_err().to_string();
            assert!(error.contains("--store takes"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn stores_are_told_apart_by_their_addresses() {
        for (address, kind) in [
            ("memory", Kind::Memory),
            ("redis://host", Kind::Redis),
            ("rediss://host:6380/1", Kind::Redis),
            ("redis+cluster://a,b", Kind::Redis),
            ("redis+sentinel://a,b/master", Kind::Redis),
            ("valkey://host", Kind::Redis),
            ("unix:///run/redis.sock", Kind::Redis),
            ("memcached://a:1,b:2", Kind::Memcached),
            ("memcached+unix:///run/memcached.sock", Kind::Memcached),
        ] {
            assert_eq!(Kind::of(address).unwrap(), kind, "{address}");
        }
    }
}
