//! What is known of the database: its catalogue, and the plans made with it.

use std::collections::HashMap;
use std::sync::Arc;

use larder::adapter::Witness;
use larder::{Cache, Group, Tag};
use larder_sql::{Catalogue, Planned, Planner, Table, TableKind};
use parking_lot::RwLock;
use sea_orm::DbErr;

use crate::engine::{Asked, Engine};
use crate::sabotage;

/// One state of the schema. Replaced as a whole when the schema changes.
pub(crate) struct Schema {
    /// The engine's number for the schema when the catalogue was read.
    pub(crate) version: i64,
    /// The database's root tag as it was before. Bumped by every change of the schema that goes
    /// through a cached connection, of this handle or another: time to look.
    witness: RwLock<Option<Witness>>,
    pub(crate) catalogue: Arc<Catalogue>,
    planner: Planner,
    /// Counters by table, so that a read looks them up without asking the cache.
    groups: RwLock<HashMap<larder_sql::Name, Arc<Group>>>,
}

impl Schema {
    /// Reads the catalogue through `connection`.
    pub(crate) async fn read(
        engine: &dyn Engine,
        connection: &dyn Asked,
        cache: &Cache,
        database: &str,
    ) -> Result<Schema, DbErr> {
        let witness = cache.witness(Tag::root(database)).await.ok();
        // The version first: a change in between leaves an old version with a new catalogue,
        // and the next look reads it again.
        let version = engine.version(connection).await?;
        let catalogue = Arc::new(engine.catalogue(connection).await?);
        Ok(Schema {
            version,
            witness: RwLock::new(witness),
            planner: Planner::new(engine.dialect(), catalogue.clone()),
            catalogue,
            groups: RwLock::default(),
        })
    }

    /// Whether nothing has happened since that could have changed the schema.
    pub(crate) fn is_witnessed(&self) -> bool {
        self.witness
            .read()
            .as_ref()
            .is_some_and(Witness::is_current)
    }

    /// Whether something was announced since that could have been a change of the schema. Asks the
    /// store; one that fails does not know.
    pub(crate) async fn is_announced(&self) -> bool {
        let witness = self.witness.read().clone();
        match witness {
            Some(witness) => !witness.look().await.unwrap_or(true),
            None => false,
        }
    }

    /// The schema turned out to be what it was: from now on.
    pub(crate) fn witnessed(&self, witness: Option<Witness>) {
        *self.witness.write() = witness;
    }

    pub(crate) fn plan(&self, sql: &str) -> Planned {
        sabotage::planned(self.planner.plan(sql))
    }

    /// The table of an entity that says in which schema it is, or does not.
    pub(crate) fn table(&self, in_schema: Option<&str>, name: &str) -> Option<&Table> {
        let qualified = in_schema.and_then(|schema| {
            let name = format!("{schema}.{name}");
            self.catalogue.table(&name)
        });
        qualified.or_else(|| self.catalogue.table(name))
    }

    /// Whether a table is virtual, or keeps the rows of one.
    pub(crate) fn is_virtual(&self, table: &str) -> bool {
        let table = self.catalogue.table(table);
        table.is_some_and(|table| table.kind == TableKind::Virtual)
    }

    pub(crate) fn group(&self, cache: &Cache, table: &larder_sql::Name) -> Arc<Group> {
        if let Some(group) = self.groups.read().get(table) {
            return group.clone();
        }
        let group = cache.group(table);
        self.groups.write().insert(table.clone(), group.clone());
        group
    }
}
