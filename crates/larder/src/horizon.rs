//! Horizons: how it is known that the writers of a database have ended.
//!
//! Linearizable reads rely on marks: a writer marks a guard before it commits, and takes the mark
//! away after its bump. A store that is not this process's memory may lose a mark before its
//! writer's commit (evicted, restarted, promoted), and with it the guard. Then a guard that is made
//! anew shows no mark, although a commit is about to happen. So a new guard is good for nothing
//! until every writer that could have marked the old one has ended. Only the database can tell when
//! that is; the adapter brings its answer as a [`Horizon`].
//!
//! The rule, and that it is needed, is a row of the protocol's models.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::cache::Core;
use crate::error::Result;
use crate::store::Versions;
use crate::tag::TagKind;
use crate::version::Version;

/// What a database knows of its writers.
pub trait Horizon: Send + Sync + 'static {
    /// Waits until every transaction has ended that had written, or begun to commit, when this was
    /// first called with these guards; true if they have, false if that cannot be told in reasonable
    /// time.
    ///
    /// `guards` are the versions of the new guards that are in question: no two guards share one. Who
    /// asks again about the same ones may be told of the writers of the first time, so that writers
    /// who come meanwhile put nothing off.
    fn writers_ended<'a>(&'a self, guards: &'a [Version]) -> BoxFuture<'a, bool>;

    /// Whether it can tell nothing any more, because its connection is gone.
    fn is_gone(&self) -> bool {
        false
    }
}

/// The horizons of one database: one for each connection that is there.
type OfDatabase = Vec<Arc<dyn Horizon>>;

/// The horizons of a cache's databases, by their names.
#[derive(Default)]
pub(crate) struct Horizons(Mutex<HashMap<Box<str>, OfDatabase>>);

impl Horizons {
    pub(crate) fn set(&self, database: &str, horizon: Arc<dyn Horizon>) {
        let mut horizons = self.0.lock();
        let known = horizons.entry(database.into()).or_default();
        known.retain(|horizon| !horizon.is_gone());
        known.push(horizon);
    }

    fn get(&self, database: &str) -> Option<Arc<dyn Horizon>> {
        let horizons = self.0.lock();
        let mut known = horizons.get(database)?.iter().rev();
        known.find(|horizon| !horizon.is_gone()).cloned()
    }
}

/// The versions with their new guards confirmed, if they can be; else as they are.
pub(crate) async fn confirmed(core: &Core, versions: Versions) -> Result<Versions> {
    let Some(marks) = core.store.marks() else {
        return Ok(versions);
    };
    if !marks.are_ripe(&versions) {
        return Ok(versions);
    }
    for (database, guards) in guards_of(&versions) {
        match core.horizons.get(&database) {
            Some(horizon) if horizon.writers_ended(&guards).await => {}
            _ => return Ok(versions),
        }
    }
    let confirmed = marks.confirm(&core.namespace, &versions).await?;
    Ok(if confirmed {
        versions.confirmed()
    } else {
        versions
    })
}

/// The guards among these versions, by their databases.
fn guards_of(versions: &Versions) -> Vec<(Box<str>, Vec<Version>)> {
    let mut databases: Vec<(Box<str>, Vec<Version>)> = Vec::new();
    for (tag, version) in versions.stamps().unwrap_or_default() {
        if tag.kind() != TagKind::Guard {
            continue;
        }
        let guarded = tag.guarded();
        let name = guarded.as_ref().and_then(|tag| tag.database());
        let name = name.unwrap_or_default();
        match databases.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, guards)) => guards.push(*version),
            None => databases.push((name.into(), vec![*version])),
        }
    }
    databases
}

#[cfg(all(test, any(feature = "redis", feature = "memcached")))]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::adapter::{Fetch, Outcome};
    use crate::store::remote::GUARD_RIPE_AFTER;
    use crate::store::remote::sim::{Server, process};
    use crate::{Cache, Key, Tag, ValueKind, Want};

    /// A database whose writers have ended, or not.
    struct Said(AtomicBool);

    impl Horizon for Said {
        fn writers_ended<'a>(&'a self, _: &'a [Version]) -> BoxFuture<'a, bool> {
            Box::pin(async { self.0.load(Ordering::SeqCst) })
        }
    }

    fn guard() -> Tag {
        Tag::guard(&Tag::table("", "track"))
    }

    async fn read(cache: &Cache) -> Outcome {
        let key = Key::new("strict");
        let group = cache.group("strict");
        let wants = || vec![Want::Tag(guard()), Want::Tag(Tag::table("", "track"))];
        let fetch = Fetch {
            key: &key,
            wants: &wants,
            group: &group,
            policy: cache.policy(),
        };
        let load = || async { Ok::<u32, Infallible>(7) };
        let fetched = cache.fetch(fetch, load, None, ValueKind::serde()).await;
        fetched.expect("loaded").outcome
    }

    fn cache(server: &Arc<Server>) -> Cache {
        let store = process(std::slice::from_ref(server));
        Cache::builder().store(store).build().expect("valid")
    }

    /// Of a connection that was closed.
    struct Gone;

    impl Horizon for Gone {
        fn writers_ended<'a>(&'a self, _: &'a [Version]) -> BoxFuture<'a, bool> {
            Box::pin(async { false })
        }

        fn is_gone(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_connection_that_came_later_and_is_gone_silences_nobody() {
        let horizons = Horizons::default();
        let lives: Arc<dyn Horizon> = Arc::new(Said(AtomicBool::new(true)));
        horizons.set("shop", lives.clone());
        horizons.set("shop", Arc::new(Gone));
        let found = horizons.get("shop").expect("one is there");
        assert!(Arc::ptr_eq(&found, &lives));
        assert!(horizons.get("another").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_linearizable_read_is_kept_once_the_writers_of_its_new_guard_have_ended() {
        let server = Arc::<Server>::default();
        let (one, two) = (cache(&server), cache(&server));
        assert_eq!(read(&one).await, Outcome::Loaded);
        assert_eq!(
            read(&one).await,
            Outcome::Loaded,
            "nobody says that they have"
        );
        let said = Arc::new(Said(AtomicBool::new(false)));
        one.set_horizon("", said.clone());
        assert_eq!(read(&one).await, Outcome::Loaded);
        assert_eq!(read(&one).await, Outcome::Loaded, "they have not");
        said.0.store(true, Ordering::SeqCst);
        assert_eq!(read(&one).await, Outcome::Loaded);
        assert_eq!(
            read(&one).await,
            Outcome::Loaded,
            "a writer may not have heard of the guard"
        );
        tokio::time::advance(GUARD_RIPE_AFTER).await;
        assert_eq!(read(&one).await, Outcome::Loaded);
        assert_eq!(read(&one).await, Outcome::Hit);
        assert_eq!(
            read(&two).await,
            Outcome::Hit,
            "a guard is confirmed for all"
        );

        let mark = two.mark(&[guard()], &[]).await.expect("marked");
        assert_ne!(read(&one).await, Outcome::Hit);
        drop(mark);
        // Taken away by a task.
        while read(&one).await != Outcome::Hit {
            tokio::task::yield_now().await;
        }
        server.evict(|name| name.as_str().contains(":t1:"));
        said.0.store(false, Ordering::SeqCst);
        assert_ne!(read(&one).await, Outcome::Hit);
        assert_ne!(
            read(&one).await,
            Outcome::Hit,
            "the mark of a writer may be lost"
        );
    }
}
