//! How the rows of an entity are kept.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use larder::{Cache, Policy};
use sea_orm::EntityTrait;

use crate::cached::Said;

/// How the rows of an entity are kept: what is said at [`Builder::entity`](crate::Builder::entity) of
/// one, and at [`Builder::rows`](crate::Builder::rows) of all that say nothing of their own.
///
/// It holds for what is asked for by the entity: [`CachedEntity::cached`](crate::CachedEntity::cached),
/// and related rows of the entity.
///
/// # Example: photos live for a day, in a cache of their own
/// ```
/// # use larder_sea_orm::sea_orm;
/// use std::time::Duration;
/// use larder::Cache;
/// use larder_sea_orm::{CachedConnection, Rows};
/// # use sea_orm::Database;
/// # mod photo {
/// #     use larder_sea_orm::sea_orm;
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "photo")]
/// #     pub struct Model {
/// #         #[sea_orm(primary_key)]
/// #         pub id: i32,
/// #     }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sea_orm::DbErr> {
/// # let connection = Database::connect("sqlite::memory:").await?;
/// let photos = Cache::memory();
/// let db = CachedConnection::builder(Cache::memory())
///     .rows(Rows::new().ttl(Duration::from_secs(600)))
///     .entity::<photo::Entity>(
///         Rows::new().ttl(Duration::from_secs(86_400)).version(2).cache(&photos),
///     )
///     .wrap(connection)
///     .await?;
/// # let _ = db;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it says nothing until a builder is given it"]
pub struct Rows {
    pub(crate) said: Said,
    pub(crate) version: Option<u32>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) cache: Option<Cache>,
    cache_get: Option<bool>,
    cache_all: Option<bool>,
}

impl Rows {
    /// Nothing said: as the connection says, rows by key and related rows cached, selects not.
    pub fn new() -> Rows {
        Rows::default()
    }

    /// How long an answer is fresh at most. Unless said, as long as the connection says, which is one
    /// hour unless that says otherwise.
    pub fn ttl(mut self, ttl: Duration) -> Rows {
        self.said = self.said.ttl(ttl);
        self
    }

    /// All times and rules of the answers.
    pub fn policy(mut self, policy: Policy) -> Rows {
        self.said = Said::Own(policy);
        self
    }

    /// A number in the keys: another one abandons all entries that there are.
    pub fn version(mut self, version: u32) -> Rows {
        self.version = Some(version);
        self
    }

    /// A word in the keys, beside database, table, model and primary key. What is kept under one word
    /// is not seen under another, or under none.
    pub fn key(mut self, name: &str) -> Rows {
        self.name = Some(name.into());
        self
    }

    /// The cache in which the rows are kept. Unless said, the connection's.
    ///
    /// Every write through the connection then invalidates in both, at once: it waits for the slower
    /// one. Other processes see each other's writes if they share all stores, not some of them.
    pub fn cache(mut self, cache: &Cache) -> Rows {
        self.cache = Some(cache.clone());
        self
    }

    /// Whether rows by key, and related rows, are cached. Unless said they are.
    pub fn cache_get(mut self, yes: bool) -> Rows {
        self.cache_get = Some(yes);
        self
    }

    /// Whether selects are cached that begin with the entity's
    /// [`find`](crate::CachedRows::find). Unless said they are not.
    pub fn cache_all(mut self, yes: bool) -> Rows {
        self.cache_all = Some(yes);
        self
    }

    /// What is said here, else there.
    fn over(self, other: &Rows) -> Rows {
        Rows {
            said: match self.said {
                Said::Nothing => other.said,
                Said::Ttl(ttl) => other.said.ttl(ttl),
                own @ Said::Own(_) => own,
            },
            version: self.version.or(other.version),
            name: self.name.or_else(|| other.name.clone()),
            cache: self.cache.or_else(|| other.cache.clone()),
            cache_get: self.cache_get.or(other.cache_get),
            cache_all: self.cache_all.or(other.cache_all),
        }
    }

    /// Why rows by key are not cached, if they are not.
    pub(crate) fn get_is_off(&self) -> Option<&'static str> {
        (self.cache_get == Some(false)).then_some("cache_get is off for its entity")
    }

    /// Why selects are not cached, if they are not.
    pub(crate) fn all_is_off(&self) -> Option<&'static str> {
        (self.cache_all != Some(true)).then_some("cache_all is off for its entity")
    }
}

/// What was said of entities before the connection is opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    all: Rows,
    by_entity: HashMap<TypeId, Rows>,
}

impl Registry {
    pub(crate) fn all(&mut self, rows: Rows) {
        self.all = rows;
    }

    pub(crate) fn entity<E: EntityTrait>(&mut self, rows: Rows) {
        self.by_entity.insert(TypeId::of::<E>(), rows);
    }

    pub(crate) fn settle(self) -> Registered {
        let Registry { all, by_entity } = self;
        let by_entity = by_entity.into_iter();
        Registered {
            by_entity: by_entity
                .map(|(entity, rows)| (entity, Arc::new(rows.over(&all))))
                .collect(),
            all: Arc::new(all),
        }
    }
}

/// What holds for the entities of an open connection.
#[derive(Debug)]
pub(crate) struct Registered {
    all: Arc<Rows>,
    by_entity: HashMap<TypeId, Arc<Rows>>,
}

impl Registered {
    pub(crate) fn of<E: EntityTrait>(&self) -> Arc<Rows> {
        let own = self.by_entity.get(&TypeId::of::<E>());
        own.unwrap_or(&self.all).clone()
    }

    /// The caches that entities were given.
    pub(crate) fn caches(&self) -> impl Iterator<Item = Cache> {
        let all = std::iter::once(&self.all).chain(self.by_entity.values());
        all.filter_map(|rows| rows.cache.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_entity_says_goes_over_what_is_said_of_all() {
        let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
        let all = Rows::new().ttl(hour).cache_all(true).version(1).key("all");
        let own = Rows::new().ttl(day).cache_all(false).over(&all);
        assert_eq!(own.said.over(Policy::new()), Policy::new().ttl(day));
        assert_eq!(own.version, Some(1));
        assert_eq!(own.name.as_deref(), Some("all"));
        assert!(own.all_is_off().is_some() && own.get_is_off().is_none());
        let nothing = Rows::new().over(&all);
        assert_eq!(nothing.said.over(Policy::new()), Policy::new().ttl(hour));
        assert!(nothing.all_is_off().is_none());
    }

    #[test]
    fn a_ttl_goes_over_a_policy_and_keeps_its_rules() {
        let minute = Duration::from_secs(60);
        let policy = Policy::new().stale_while_revalidate(minute);
        let own = Rows::new().ttl(minute).over(&Rows::new().policy(policy));
        assert_eq!(own.said.over(Policy::new()), policy.ttl(minute));
    }
}
