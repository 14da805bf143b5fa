//! What the application knows of a connection's answers, and larder cannot see.

use std::collections::BTreeMap;
use std::sync::Arc;

use larder::{IntoKey, Key, KeyBuilder};

use crate::connection::CachedConnection;

/// Parts of the keys of all reads of a connection, by their names. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context(Option<Arc<BTreeMap<Arc<str>, Key>>>);

impl Context {
    fn and(&self, name: &str, value: Key) -> Context {
        let mut parts = self.0.as_deref().cloned().unwrap_or_default();
        parts.insert(name.into(), value);
        Context(Some(Arc::new(parts)))
    }

    /// Part of the identity of a read, where anything was said.
    pub(crate) fn push_to(&self, key: &mut KeyBuilder) {
        let Some(parts) = &self.0 else { return };
        key.push(("context", parts.len() as u64));
        for (name, value) in &**parts {
            key.push(&**name);
            key.push(value);
        }
    }
}

impl CachedConnection {
    /// The same connection, with a part that is added to the keys of all its reads: what it keeps is not
    /// served to a handle with another value, with another name, or without one, nor the other way round.
    /// It is for what answers depend on and no statement says: the role of a pool, the tenant for
    /// whom a request is served. The same name again replaces its value.
    ///
    /// # What it does not do
    /// It sets nothing in the database, and is believed. Tables whose rows are shown to one role and not to
    /// another (row security) are read uncached in every context, and so is everything once a setting
    /// was changed through the connection. Writes are the same in every context: they invalidate what they
    /// change in all of them.
    ///
    /// # Example: what one tenant has read is never served to another
    /// ```
    /// # use larder_sea_orm::sea_orm;
    /// use larder::Cache;
    /// use larder_sea_orm::{CachedConnection, CachedExt};
    /// use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), sea_orm::DbErr> {
    /// # let connection = Database::connect("sqlite::memory:").await?;
    /// # connection.execute_unprepared("CREATE TABLE track (id INTEGER PRIMARY KEY)").await?;
    /// let db = CachedConnection::new(connection, Cache::memory()).await?;
    /// let tracks = || Statement::from_string(DbBackend::Sqlite, "SELECT id FROM track").cached();
    ///
    /// let (one, other) = (db.context("tenant", 42), db.context("tenant", 43));
    /// tracks().rows(&one).await?;
    /// let statements = db.statements();
    /// tracks().rows(&one).await?;
    /// assert_eq!(db.statements() - statements, 0);
    /// tracks().rows(&other).await?;
    /// assert_eq!(db.statements() - statements, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn context(&self, name: &str, value: impl IntoKey) -> CachedConnection {
        CachedConnection {
            shared: self.shared.clone(),
            context: self.context.and(name, value.into_key().into_owned()),
        }
    }
}
