//! What is known of a database.

mod closure;
mod column;
mod ddl;
mod table;

pub use closure::{Closure, WriteEvent};
pub use column::{Affinity, Collation, Column, Equality};
pub(crate) use table::is_rowid;
pub use table::{Action, ForeignKey, Table, TableKind, Trigger, TriggerEvent, TriggerTiming};

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use parking_lot::RwLock;

use crate::{Dialect, Error, Name};

/// The tables, views and triggers of one database.
///
/// An empty catalogue means that nothing is known; a table missing from one that is not empty is
/// read as a whole.
///
/// ```
/// use larder_sql::{Catalogue, Dialect};
/// let catalogue = Catalogue::from_ddl(
///     Dialect::Sqlite,
///     "CREATE TABLE Genre (GenreId INTEGER PRIMARY KEY, Name NVARCHAR(120))",
/// )?;
/// let genre = catalogue.table("genre").expect("it was created");
/// assert_eq!(genre.rowid_alias.as_deref(), Some("GenreId"));
/// # Ok::<(), larder_sql::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Catalogue {
    dialect: Dialect,
    /// The schema that names without one belong to, where the database's kind does not tell.
    default_schema: Option<Name>,
    /// By exact name.
    tables: BTreeMap<Name, Table>,
    /// Exact names by folded name.
    folded: BTreeMap<Name, Name>,
    /// Something in the schema could not be read: any write may change any table.
    unreadable: bool,
    /// Closures already worked out. Emptied when a table is added.
    closures: RwLock<HashMap<(Name, WriteEvent), Arc<Closure>>>,
}

impl Clone for Catalogue {
    fn clone(&self) -> Self {
        Catalogue {
            dialect: self.dialect,
            default_schema: self.default_schema.clone(),
            tables: self.tables.clone(),
            folded: self.folded.clone(),
            unreadable: self.unreadable,
            closures: RwLock::default(),
        }
    }
}

impl Catalogue {
    /// An empty catalogue of an SQLite database.
    pub fn new() -> Self {
        Catalogue::default()
    }

    /// An empty catalogue of a database of this kind.
    pub fn of(dialect: Dialect) -> Self {
        Catalogue {
            dialect,
            ..Catalogue::default()
        }
    }

    /// Reads a script of `CREATE TABLE`, `VIEW`, `INDEX`, `TRIGGER` and `ALTER TABLE` statements.
    ///
    /// Best effort, never wrong: what cannot be understood leaves its table out, or makes the
    /// closure of every write unknown. Statements of other kinds are passed over.
    ///
    /// # Errors
    ///
    /// If the text has tables and none of it can be read.
    pub fn from_ddl(dialect: Dialect, text: &str) -> Result<Catalogue, Error> {
        ddl::read(dialect, text)
    }

    /// The kind of database.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Says which schema names without one belong to: in MySQL the database that the connection
    /// uses. Its tables are called by their bare names, whether a statement names it or not, and
    /// tables of all others are none of this catalogue's.
    ///
    /// ```
    /// use larder_sql::{Catalogue, Dialect, Footprint, Planner, Table};
    /// # use std::sync::Arc;
    /// let mut catalogue = Catalogue::of(Dialect::MySql);
    /// catalogue.set_default_schema("shop");
    /// catalogue.insert(Table::new("track"));
    /// let planner = Planner::new(Dialect::MySql, Arc::new(catalogue));
    /// let planned = planner.plan("DELETE FROM shop.track");
    /// let Footprint::Write(write) = &planned.plan.footprint else { panic!("it is a write") };
    /// assert_eq!(&*write.targets[0].table, "track");
    /// ```
    pub fn set_default_schema(&mut self, schema: &str) {
        self.closures.get_mut().clear();
        self.default_schema = Some(Name::from(schema.to_ascii_lowercase()));
    }

    /// The schema that names without one belong to, folded.
    pub fn default_schema(&self) -> &str {
        match &self.default_schema {
            Some(schema) => schema,
            None => self.dialect.default_schema(),
        }
    }

    /// Whether a schema that is not the default one is surely another database.
    pub(crate) fn knows_other_schemas(&self) -> bool {
        self.dialect == Dialect::Sqlite || self.default_schema.is_some()
    }

    /// Whether tables that it does not know may have triggers and foreign keys that reach its own.
    pub(crate) fn has_neighbours(&self) -> bool {
        self.dialect == Dialect::MySql && self.default_schema.is_some()
    }

    /// Adds a table, or replaces the one with its name.
    pub fn insert(&mut self, table: Table) {
        self.closures.get_mut().clear();
        let folded = Name::from(table.name.to_lowercase());
        self.folded.insert(folded, table.name.clone());
        self.tables.insert(table.name.clone(), table);
    }

    /// Declares that a part of the schema could not be read, so that every write may change
    /// any table.
    pub fn set_unreadable(&mut self) {
        self.closures.get_mut().clear();
        self.unreadable = true;
    }

    /// Whether a part of the schema could not be read.
    pub fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// The table with this name: exactly, or else but for upper and lower case.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name).or_else(|| {
            let folded = self.folded.get(name.to_lowercase().as_str())?;
            self.tables.get(folded)
        })
    }

    /// The table that this folded name means in a statement.
    pub(crate) fn find(&self, name: &str) -> Option<&Table> {
        match self.dialect {
            Dialect::Postgres => self.tables.get(name),
            Dialect::Sqlite | Dialect::MySql => self.table(name),
        }
    }

    pub(crate) fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.closures.get_mut().clear();
        let name = self.table(name)?.name.clone();
        self.tables.get_mut(&name)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(name) = self.table(name).map(|table| table.name.clone()) {
            self.tables.remove(&name);
            self.folded.retain(|_, exact| *exact != name);
        }
    }

    /// All tables, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The tables that change when this happens to `table`: those its triggers write and its
    /// foreign keys reach, and theirs. The table itself is in it only if it is changed again.
    pub fn closure(&self, table: &str, event: &WriteEvent) -> Arc<Closure> {
        let name = self
            .find(table)
            .map_or_else(|| Name::from(table), |table| table.name.clone());
        let key = (name, event.clone());
        if let Some(closure) = self.closures.read().get(&key) {
            return closure.clone();
        }
        let closure = Arc::new(closure::close(self, &key.0, event));
        let mut closures = self.closures.write();
        if closures.len() >= CLOSURES_MAX {
            closures.clear();
        }
        closures.insert(key, closure.clone());
        closure
    }
}

/// Closures remembered. One more empties the memory; they are worked out again.
const CLOSURES_MAX: usize = 1_024;
