//! Runs a write and learns what it changed.
//!
//! The rule of this file: whatever happens, the changes it reports cover what the database did.
//! Images are learned inside the write's own transaction, so that nobody writes in between;
//! where they cannot be learned, the table is widened.

use larder::adapter::{Changes, RowImage, RowsChange};
use larder::{Columns, Name, ShapeList, Tag};
use larder_sql::{
    ColumnSet, Footprint, Planned, RowsNamed, Slot, Table, TableKind, TableWrite, WriteKind,
    WriteSet,
};
use sea_orm::{ConnectionTrait, DbErr, ExecResult, QueryResult, Statement, Value};

use crate::bind;
use crate::sabotage;
use crate::schema::Schema;
use crate::shared::Shared;

pub(crate) mod images;
pub(crate) mod intent;

pub(crate) use intent::Intent;

/// How the caller wants its statement run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Execute,
    /// As text, which may be several statements.
    ExecuteText,
    QueryOne,
    QueryAll,
}

impl How {
    /// Whether the caller wants to know how much was done, and no rows.
    pub(crate) fn executes(self) -> bool {
        matches!(self, How::Execute | How::ExecuteText)
    }
}

/// What the caller gets back.
pub(crate) enum Answer {
    Executed(ExecResult),
    One(Option<QueryResult>),
    All(Vec<QueryResult>),
}

impl Answer {
    pub(crate) fn executed(self) -> ExecResult {
        match self {
            Answer::Executed(result) => result,
            _ => unreachable!("a statement that was executed gave rows"),
        }
    }

    pub(crate) fn one(self) -> Option<QueryResult> {
        match self {
            Answer::One(row) => row,
            _ => unreachable!("a query for one row gave something else"),
        }
    }

    pub(crate) fn all(self) -> Vec<QueryResult> {
        match self {
            Answer::All(rows) => rows,
            _ => unreachable!("a query for all rows gave something else"),
        }
    }

    /// Rows changed, where the answer tells.
    fn rows(&self) -> Option<u64> {
        match self {
            Answer::Executed(result) => Some(result.rows_affected()),
            Answer::One(row) => row.is_none().then_some(0),
            Answer::All(rows) => Some(rows.len() as u64),
        }
    }
}

/// Runs `statement` as it stands.
pub(crate) async fn send<C: ConnectionTrait>(
    shared: &Shared,
    connection: &C,
    statement: Statement,
    how: How,
) -> Result<Answer, DbErr> {
    shared.count(1);
    ask(connection, statement, how).await
}

/// The same, which somebody else counts.
pub(crate) async fn ask<C: ConnectionTrait>(
    connection: &C,
    statement: Statement,
    how: How,
) -> Result<Answer, DbErr> {
    Ok(match how {
        How::Execute => Answer::Executed(connection.execute_raw(statement).await?),
        How::ExecuteText => {
            let done = connection.execute_unprepared(&statement.sql).await?;
            Answer::Executed(done)
        }
        How::QueryOne => Answer::One(connection.query_one_raw(statement).await?),
        How::QueryAll => Answer::All(connection.query_all_raw(statement).await?),
    })
}

/// One write of one statement, prepared.
pub(crate) struct Write<'a> {
    shared: &'a Shared,
    schema: &'a Schema,
    set: &'a WriteSet,
    slots: &'a [Slot],
    /// The statement without its values.
    text: &'a str,
}

/// How the changed rows of the target become known.
pub(crate) enum Need<'a> {
    /// No shape in use asks for values: that rows changed is all that matters.
    Nothing { changed: Columns },
    /// The shapes in use ask for `fetch`.
    Images {
        table: &'a Table,
        target: &'a TableWrite,
        changed: Columns,
        key: Vec<Name>,
        fetch: Vec<Name>,
    },
    /// A hook reports them.
    Captured,
    /// Cannot be learned.
    Widen,
}

impl Need<'_> {
    /// Whether learning takes more than running the statement, and so a transaction.
    pub(crate) fn needs_transaction(&self) -> bool {
        matches!(self, Need::Images { .. } | Need::Captured)
    }
}

impl<'a> Write<'a> {
    /// `None` when the plan is no plain write.
    pub(crate) fn new(
        shared: &'a Shared,
        schema: &'a Schema,
        planned: &'a Planned,
    ) -> Option<Self> {
        match &planned.plan.footprint {
            Footprint::Write(set) => Some(Write {
                shared,
                schema,
                set,
                slots: &planned.slots,
                text: &planned.plan.text,
            }),
            _ => None,
        }
    }

    /// Everything that this write could change, widened. What is bumped when it fails.
    pub(crate) fn widened(&self) -> Changes {
        let mut changes = Changes::new();
        changes.cause(self.text);
        for target in &self.set.targets {
            some_rows(
                &mut changes,
                &self.shared.database,
                &target.table,
                &target.columns,
            );
        }
        self.reach(&mut changes);
        changes
    }

    /// Adds what triggers and cascades change. Whether the target itself is among it.
    fn reach(&self, changes: &mut Changes) -> bool {
        let database = &self.shared.database;
        let mut itself = false;
        if self.set.may_write_more || self.shared.connections_differ() {
            changes.root(database);
        }
        for target in &self.set.targets {
            let closure = self.schema.catalogue.closure(&target.table, &target.event);
            if closure.unknown {
                changes.root(database);
            }
            for (table, event) in &closure.tables {
                some_rows(changes, database, table, &event.columns());
                itself |= *table == target.table;
            }
        }
        itself
    }

    /// Whether it may change more than its catalogue tells.
    fn drops_everything(&self) -> bool {
        self.set.may_write_more
            || self.shared.connections_differ()
            || self.set.targets.iter().any(|target| {
                let catalogue = &self.schema.catalogue;
                catalogue.closure(&target.table, &target.event).unknown
            })
    }

    /// Adds the virtual tables among those that it changes.
    fn reach_virtual(&self, changes: &mut Changes) {
        let mut add = |table: &str, columns: &ColumnSet| {
            let kind = self.schema.catalogue.table(table).map(|table| &table.kind);
            if !matches!(kind, Some(TableKind::Table | TableKind::View { .. })) {
                some_rows(changes, &self.shared.database, table, columns);
            }
        };
        for target in &self.set.targets {
            add(&target.table, &target.columns);
            let closure = self.schema.catalogue.closure(&target.table, &target.event);
            closure
                .tables
                .iter()
                .for_each(|(table, event)| add(table, &event.columns()));
        }
    }

    /// How the changed rows can be learned, by the shapes in use now. Shapes that come later ask
    /// for more than the images hold, and widen.
    pub(crate) async fn need(&self) -> Need<'a> {
        if self.shared.hooks.is_some() {
            return Need::Captured;
        }
        let [target] = self.set.targets.as_slice() else {
            return Need::Widen;
        };
        let Some(table) = self.schema.catalogue.table(&target.table) else {
            return Need::Widen;
        };
        if !matches!(table.kind, TableKind::Table) || self.reach(&mut Changes::new()) {
            return Need::Widen;
        }
        // Everything is dropped then, whatever its rows were; and a rule may have put another
        // statement in the place of this one.
        if self.drops_everything() || is_within(target) {
            return Need::Widen;
        }
        let Some(key) = self.shared.engine.key(table) else {
            return Need::Widen;
        };
        let replaces = table.replaces_on_conflict && target.kind != WriteKind::Delete;
        if replaces || matches!(target.rows, RowsNamed::Unknown(_)) {
            return Need::Widen;
        }
        match (target.kind, &target.rows) {
            (WriteKind::Insert | WriteKind::Update | WriteKind::Delete, _) => {}
            (WriteKind::Upsert, _) | (WriteKind::Replace, RowsNamed::Keys { .. }) => {}
            _ => return Need::Widen,
        }
        let changed = match target.kind {
            WriteKind::Update => bind::columns(&target.columns),
            _ => Columns::All,
        };
        let tag = Tag::table(&self.shared.database, &target.table);
        match self.shared.cache.shapes(&[tag]).await {
            Ok(lists) => {
                let settable = self.shared.engine.settable_key(table);
                needed((table, target), (key, &settable), changed, &lists)
            }
            // A store that cannot be asked: nobody knows what its shapes need.
            Err(_) => Need::Widen,
        }
    }

    /// Runs the write on `connection`, which must be inside a transaction if `need`
    /// [says so](Need::needs_transaction), and adds what it changed to `changes`: also when it
    /// fails.
    pub(crate) async fn run<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
        need: Need<'_>,
        changes: &mut Changes,
    ) -> Result<Answer, DbErr> {
        changes.cause(self.text);
        let captured = matches!(need, Need::Captured);
        let answer =
            match need {
                Need::Images {
                    table,
                    target,
                    changed,
                    key,
                    fetch,
                } => {
                    let learn = images::Learn {
                        shared: self.shared,
                        table,
                        target,
                        slots: self.slots,
                        alone: self.set.reads.is_empty(),
                        key,
                        fetch: fetch.into(),
                        changed: &changed,
                    };
                    learn.run(connection, statement, how).await
                }
                Need::Nothing { changed } => send(self.shared, connection, statement, how)
                    .await
                    .map(|answer| {
                        let image = RowImage {
                            old: Some(Vec::new()),
                            new: Some(Vec::new()),
                        };
                        (
                            answer,
                            Some(vec![RowsChange {
                                columns: [].into(),
                                changed,
                                rows: vec![image],
                            }]),
                        )
                    }),
                Need::Captured | Need::Widen => send(self.shared, connection, statement, how)
                    .await
                    .map(|answer| (answer, None)),
            };
        let (answer, rows) = match answer {
            Ok(done) => done,
            Err(error) => {
                changes.merge(sabotage::failed(self.widened()));
                return Err(error);
            }
        };
        // A statement without RETURNING gives no rows, however many it changed; and of one with it
        // MySQL counts none where the rows are not asked for.
        let told = how.executes() != self.set.returning;
        if told && answer.rows() == Some(0) && !self.acts_without_rows() {
            return Ok(answer);
        }
        match (rows, self.set.targets.as_slice()) {
            (Some(rows), [target]) => {
                for rows in rows {
                    changes.rows(&self.shared.database, &target.table, sabotage::rows(rows));
                }
                self.reach(changes);
            }
            // The hook reports rows, and virtual tables have none that it sees.
            _ if captured => self.reach_virtual(changes),
            _ => changes.merge(self.widened()),
        }
        Ok(answer)
    }

    /// Whether it can change something although it changed no row of its target.
    fn acts_without_rows(&self) -> bool {
        self.set.may_write_more
            || self.set.targets.len() != 1
            || self.set.targets.iter().any(is_within)
            || self.set.targets.iter().any(|target| {
                match self.schema.catalogue.table(&target.table) {
                    Some(table) => {
                        !table.triggers.is_empty()
                            || !matches!(table.kind, TableKind::Table)
                            || !matches!(
                                target.kind,
                                WriteKind::Insert | WriteKind::Update | WriteKind::Delete
                            )
                    }
                    None => true,
                }
            })
    }

    /// Whether it commits what came before it, where changes of the schema do.
    pub(crate) fn commits(&self) -> bool {
        let mut targets = self.set.targets.iter();
        targets.any(|target| target.kind == WriteKind::Truncate)
    }

    /// The only target, where it is a plain table.
    pub(crate) fn plain_target(&self) -> Option<&str> {
        let [target] = self.set.targets.as_slice() else {
            return None;
        };
        let table = self.schema.catalogue.table(&target.table)?;
        matches!(table.kind, TableKind::Table).then_some(&*table.name)
    }
}

/// Whether this is not the write of the statement itself, but of a part of it: the rows that the
/// statement gives are then not those that it wrote.
fn is_within(target: &TableWrite) -> bool {
    target.end == 0
}

/// Which columns the shapes in use need to see of the rows.
fn needed<'a>(
    (table, target): (&'a Table, &'a TableWrite),
    (key, settable): (Vec<Name>, &[Name]),
    changed: Columns,
    lists: &[ShapeList],
) -> Need<'a> {
    let met = || {
        lists
            .iter()
            .flat_map(|list| list.shapes.iter())
            .filter(|shape| shape.meets(&changed))
    };
    // The columns that rows which stay may change.
    let set = match target.kind {
        WriteKind::Update | WriteKind::Upsert => target.event.update.as_ref().map(bind::columns),
        _ => None,
    };
    let mut fetch: Vec<Name> = met()
        .flat_map(|shape| shape.pins().iter().cloned())
        .collect();
    if met().next().is_some() {
        match &set {
            // What is set to the value it had changes nothing.
            Some(Columns::Set(columns)) => fetch.extend(columns.iter().cloned()),
            // Nobody knows what is set: whether a row has changed is not told by what would be fetched.
            Some(_) => return Need::Widen,
            None => {}
        }
    }
    if target.kind == WriteKind::Replace && !fetch.is_empty() {
        // Whether a row has changed is told by all that it holds.
        fetch.extend(table.columns.iter().map(|column| column.name.clone()));
    }
    fetch.sort();
    fetch.dedup();
    if fetch.is_empty() {
        return Need::Nothing { changed };
    }
    if settable
        .iter()
        .any(|key| set.as_ref().is_some_and(|set| set.contains(key)))
    {
        // The row changes its name: it cannot be found again by the old one.
        return Need::Widen;
    }
    Need::Images {
        table,
        target,
        changed,
        key,
        fetch,
    }
}

/// Some rows of a table changed in these columns, nobody knows which: shapes that pin nothing are
/// bumped, and the table if a shape asks for values.
pub(crate) fn some_rows(changes: &mut Changes, database: &str, table: &str, columns: &ColumnSet) {
    let image = RowImage {
        old: Some(Vec::new()),
        new: Some(Vec::new()),
    };
    let rows = RowsChange {
        columns: [].into(),
        changed: bind::columns(columns),
        rows: vec![image],
    };
    changes.rows(database, table, rows);
}

/// The values a statement binds.
pub(crate) fn values(statement: &Statement) -> &[Value] {
    statement
        .values
        .as_ref()
        .map_or(&[], |values| values.0.as_slice())
}
