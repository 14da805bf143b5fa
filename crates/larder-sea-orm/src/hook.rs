//! SQLite's pre-update hook: it reports every row that a connection changes, with its values
//! before and after, whatever changed it: statements, triggers, cascades, REPLACE.
//!
//! A hook belongs to one connection of the pool, and runs before the change is committed. So each
//! connection is given a number that a transaction can ask for, its rows are collected under that
//! number, and the transaction takes them when it ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use larder::adapter::{Changes, RowImage, RowsChange};
use larder::{Columns, Name, TagValue};
use larder_sql::{ColumnSet, Equality, Table, TableKind};
use parking_lot::Mutex;
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use sqlx::Executor as _;
use sqlx::sqlite::{PreupdateHookResult, SqliteConnection, SqliteOperation};

use crate::engine::sqlite::value::{canonical, stored_value};
use crate::sabotage;
use crate::schema::Schema;
use crate::shared::Shared;
use crate::value::Stored;
use crate::write::some_rows;

/// The most rows one transaction keeps. Beyond, the tables it changes are widened.
const CAPTURED_MAX: usize = 100_000;

/// The hooks of one pool.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    buffers: Arc<Mutex<HashMap<i64, Arc<Mutex<Buffer>>>>>,
}

/// Rows changed on one connection since a transaction last took them.
#[derive(Default)]
struct Buffer {
    rows: Vec<Row>,
    /// Tables changed after the buffer was full.
    overflown: Vec<Name>,
}

struct Row {
    table: Name,
    rowid: (Option<i64>, Option<i64>),
    old: Option<Vec<Stored>>,
    new: Option<Vec<Stored>>,
    /// A value that could not be read.
    unreadable: bool,
}

/// The rows of one transaction, as they come in.
pub(crate) struct Capture(Option<Arc<Mutex<Buffer>>>);

/// Numbers for connections, never used twice.
static NUMBER: AtomicI64 = AtomicI64::new(1);

impl Hooks {
    /// Has every connection that the pool opens report to these hooks.
    pub(crate) fn install(mut options: ConnectOptions) -> (ConnectOptions, Option<Hooks>) {
        let hooks = Hooks::default();
        let pool = hooks.clone();
        // The pool replaces connections as it sees fit: each new one gets its hook here.
        options.map_sqlx_sqlite_pool_opts(move |options| {
            let hooks = pool.clone();
            options.after_connect(move |connection, _| {
                let hooks = hooks.clone();
                Box::pin(async move { hooks.attach(connection).await })
            })
        });
        (options, Some(hooks))
    }

    async fn attach(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let named = format!("CREATE TEMP VIEW larder_connection AS SELECT {number} AS number");
        connection.execute(sqlx::AssertSqlSafe(named)).await?;
        let buffer = Arc::new(Mutex::new(Buffer::default()));
        self.remember(number, buffer.clone());
        let mut handle = connection.lock_handle().await?;
        handle.set_preupdate_hook(move |change| buffer.lock().add(&change));
        Ok(())
    }
}

impl Hooks {
    fn remember(&self, number: i64, buffer: Arc<Mutex<Buffer>>) {
        let mut buffers = self.buffers.lock();
        // Buffers of connections that are gone: their hooks are gone with them.
        buffers.retain(|_, buffer| Arc::strong_count(buffer) > 1);
        buffers.insert(number, buffer);
    }
}

impl Buffer {
    fn add(&mut self, change: &PreupdateHookResult<'_>) {
        if change.database != "main" {
            return;
        }
        let table = Name::from(change.table);
        if self.rows.len() >= CAPTURED_MAX {
            if !self.overflown.contains(&table) {
                self.overflown.push(table);
            }
            return;
        }
        let columns = 0..change.get_column_count();
        let read = |old: bool| {
            columns.clone().map(move |index| {
                let value = match old {
                    true => change.get_old_column_value(index),
                    false => change.get_new_column_value(index),
                };
                value.ok().and_then(|value| stored_value(value).ok())
            })
        };
        let (before, after) = match change.operation {
            SqliteOperation::Insert => (false, true),
            SqliteOperation::Delete => (true, false),
            _ => (true, true),
        };
        let old = before.then(|| read(true).collect::<Option<Vec<_>>>());
        let new = after.then(|| read(false).collect::<Option<Vec<_>>>());
        self.rows.push(Row {
            table,
            rowid: (change.get_old_row_id().ok(), change.get_new_row_id().ok()),
            unreadable: matches!(old, Some(None)) || matches!(new, Some(None)),
            old: old.flatten(),
            new: new.flatten(),
        });
    }
}

impl Shared {
    /// Begins to collect what `transaction` changes.
    pub(crate) async fn capture(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<Capture, DbErr> {
        let Some(hooks) = &self.hooks else {
            return Ok(Capture(None));
        };
        let ask = Statement::from_string(
            transaction.get_database_backend(),
            "SELECT number FROM temp.larder_connection",
        );
        self.count(1);
        let row = transaction.query_one_raw(ask).await?;
        let number: i64 = row.ok_or_else(unhooked)?.try_get_by_index(0)?;
        let buffer = hooks
            .buffers
            .lock()
            .get(&number)
            .cloned()
            .ok_or_else(unhooked)?;
        // What an earlier user of the connection left was announced, or rolled back, by then.
        *buffer.lock() = Buffer::default();
        Ok(Capture(Some(buffer)))
    }
}

fn unhooked() -> DbErr {
    DbErr::Custom(
        "a connection of the pool has no pre-update hook: something replaced it".to_owned(),
    )
}

impl Capture {
    /// Adds the rows collected so far.
    pub(crate) fn add_to(&mut self, shared: &Shared, schema: &Schema, changes: &mut Changes) {
        let Some(buffer) = &self.0 else { return };
        let Buffer { rows, overflown } = std::mem::take(&mut *buffer.lock());
        for table in overflown {
            changes.table(&shared.database, &table);
        }
        let mut by_table: BTreeMap<Name, Vec<Row>> = BTreeMap::new();
        for row in rows {
            by_table.entry(row.table.clone()).or_default().push(row);
        }
        for (name, rows) in by_table {
            match schema
                .catalogue
                .table(&name)
                .and_then(|table| exact(table, &rows))
            {
                Some(all) => {
                    all.into_iter().for_each(|rows| {
                        changes.rows(&shared.database, &name, sabotage::rows(rows))
                    });
                }
                None => some_rows(changes, &shared.database, &name, &ColumnSet::All),
            }
        }
    }
}

/// The rows as images, grouped by the columns that changed. `None`: they cannot be read exactly.
fn exact(table: &Table, rows: &[Row]) -> Option<Vec<RowsChange>> {
    // The hook counts the columns that are stored, the catalogue those that are declared.
    if !matches!(table.kind, TableKind::Table)
        || table.columns.iter().any(|column| column.generated)
    {
        return None;
    }
    let mut columns: Vec<Name> = table
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    if table.has_hidden_rowid() {
        columns.push("rowid".into());
    }
    let columns: Arc<[Name]> = columns.into();
    let mut groups: BTreeMap<Vec<usize>, Vec<RowImage>> = BTreeMap::new();
    let mut whole = Vec::new();
    for row in rows {
        if row.unreadable {
            return None;
        }
        let image = RowImage {
            old: row
                .old
                .as_deref()
                .map(|values| values_of(table, values, row.rowid.0))
                .transpose_some()?,
            new: row
                .new
                .as_deref()
                .map(|values| values_of(table, values, row.rowid.1))
                .transpose_some()?,
        };
        match (&row.old, &row.new) {
            (Some(old), Some(new)) if row.rowid.0 == row.rowid.1 => {
                let differ = (0..old.len()).filter(|&i| !old[i].same(&new[i])).collect();
                groups.entry(differ).or_default().push(image);
            }
            _ => whole.push(image),
        }
    }
    let mut all = vec![RowsChange {
        columns: columns.clone(),
        changed: Columns::All,
        rows: whole,
    }];
    for (differ, rows) in groups.into_iter().filter(|(differ, _)| !differ.is_empty()) {
        let changed = Columns::set(differ.into_iter().map(|i| columns[i].clone()));
        all.push(RowsChange {
            columns: columns.clone(),
            changed,
            rows,
        });
    }
    Some(all)
}

trait TransposeSome<T> {
    /// `Some(None)` is a failure, `None` is nothing.
    fn transpose_some(self) -> Option<Option<T>>;
}

impl<T> TransposeSome<T> for Option<Option<T>> {
    fn transpose_some(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(None) => None,
            Some(some) => Some(some),
        }
    }
}

fn values_of(table: &Table, values: &[Stored], rowid: Option<i64>) -> Option<Vec<TagValue>> {
    if values.len() != table.columns.len() {
        return None;
    }
    let mut image = Vec::with_capacity(values.len() + 1);
    for (column, value) in table.columns.iter().zip(values) {
        image.push(match column.equality {
            // In no pin; its place only has to hold something.
            Equality::Unknown => TagValue::Null,
            _ => canonical(column, value)?,
        });
    }
    if table.has_hidden_rowid() {
        image.push(TagValue::Int(rowid?));
    }
    Some(image)
}
