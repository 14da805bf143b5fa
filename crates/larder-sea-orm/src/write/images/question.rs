//! What the database is asked about rows: before a statement by its own condition, after it by their
//! keys.

use larder::Name;
use larder_sql::{Column, RowsNamed, WriteKind};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use super::{Found, IMAGES_MAX, Learn, executed};
use crate::value::Stored;
use crate::write::values;

impl Learn<'_> {
    /// The rows that the statement's own condition names, before it runs. `None` where they
    /// cannot be asked for, or are too many.
    ///
    /// # Errors
    /// That of asking, where it spoils the transaction. Else the statement itself will tell what is
    /// wrong with it.
    pub(super) async fn before<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: &Statement,
    ) -> Result<Option<Vec<Found>>, DbErr> {
        let Some(query) = self.question(statement) else {
            return Ok(None);
        };
        self.shared.count(1);
        match connection.query_all_raw(query).await {
            Ok(rows) if rows.len() > IMAGES_MAX => Ok(None),
            Ok(rows) => Ok(self.found(&rows)),
            Err(error) if self.engine().spoils(&error) => Err(executed(error)),
            Err(_) => Ok(None),
        }
    }

    /// What is asked before the statement runs.
    fn question(&self, statement: &Statement) -> Option<Statement> {
        let RowsNamed::Where {
            target,
            condition,
            with,
            first_bind,
            binds,
            numbered,
        } = &self.target.rows
        else {
            return None;
        };
        if with.is_some() {
            return None;
        }
        let text = &statement.sql;
        let condition_text = match condition {
            Some(range) => text.get(range.clone())?,
            None => "",
        };
        let sql = format!(
            "SELECT {} FROM {} {} ORDER BY {} LIMIT {}{}{}",
            self.selected(),
            text.get(target.clone())?,
            condition_text,
            self.keys().join(", "),
            IMAGES_MAX + 1,
            match self.target.kind {
                WriteKind::Delete => self.engine().spelling().lock_to_delete,
                _ => self.engine().spelling().lock_to_update,
            },
            self.remark()
        );
        let bound = match numbered {
            true => values(statement),
            false => values(statement).get(*first_bind..first_bind + binds)?,
        };
        let bound = bound.to_vec();
        Some(Statement::from_sql_and_values(
            statement.db_backend,
            sql,
            bound,
        ))
    }

    /// Reads rows by their keys.
    ///
    /// # Errors
    /// Those of [`by_values`](Self::by_values).
    pub(super) async fn by_key<C: ConnectionTrait>(
        &self,
        connection: &C,
        rows: &[Found],
    ) -> Result<Option<Vec<Found>>, DbErr> {
        let keys: Vec<&[Stored]> = rows.iter().map(|row| row.key.as_slice()).collect();
        self.by_values(connection, &self.key, &keys, "").await
    }

    /// Reads the rows that have these values in these columns, locked as `lock` says.
    ///
    /// # Errors
    /// Where it spoils the transaction: a commit would then be none, and nobody would say so.
    pub(super) async fn by_values<C: ConnectionTrait>(
        &self,
        connection: &C,
        columns: &[Name],
        rows: &[&[Stored]],
        lock: &str,
    ) -> Result<Option<Vec<Found>>, DbErr> {
        if rows.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let spelling = self.engine().spelling();
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {}{lock}{}",
            self.selected(),
            spelling.table(&self.table.name),
            spelling.among(&self.all_spelled(columns), rows.len()),
            self.keys().join(", "),
            self.remark()
        );
        let bind = |(name, value): (&Name, &Stored)| self.engine().bind(self.column(name), value);
        let values = rows
            .iter()
            .flat_map(|row| columns.iter().zip(row.iter()).map(bind));
        let Some(values) = values.collect::<Option<Vec<Value>>>() else {
            return Ok(None);
        };
        let backend = connection.get_database_backend();
        self.shared.count(1);
        let query = Statement::from_sql_and_values(backend, sql, values);
        match connection.query_all_raw(query).await {
            Ok(rows) => Ok(self.found(&rows)),
            Err(error) if self.engine().spoils(&error) => Err(executed(error)),
            Err(_) => Ok(None),
        }
    }

    /// What stands behind our own questions: with another schema they are other statements, so that no
    /// connection answers one that it has prepared by the columns as they were.
    pub(super) fn remark(&self) -> String {
        format!(" /* {} */", self.shared.schema().version)
    }

    /// Key, then image, as a select list; then whether the row was inserted, if that is of use.
    pub(super) fn selected(&self) -> String {
        let mut selected = self.keys();
        selected.extend(self.all_spelled(&self.fetch));
        if self.tells_inserted() {
            let inserted = self.engine().spelling().inserted;
            selected.extend(inserted.map(str::to_owned));
        }
        selected.join(", ")
    }

    /// Whether what the statement inserted must be told from what it met, and the database does so.
    pub(super) fn tells_inserted(&self) -> bool {
        self.target.kind == WriteKind::Upsert && self.engine().spelling().inserted.is_some()
    }

    /// The columns that name a row, as SQL.
    fn keys(&self) -> Vec<String> {
        self.all_spelled(&self.key)
    }

    fn all_spelled(&self, names: &[Name]) -> Vec<String> {
        names.iter().map(|name| self.spelled(name)).collect()
    }

    /// A column as SQL. SQLite's hidden number of a row is none, and quoted it might be a text.
    fn spelled(&self, name: &Name) -> String {
        match self.column(name) {
            Some(_) => self.engine().spelling().quoted(name),
            None => name.to_string(),
        }
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        let columns = &self.table.columns;
        columns.iter().find(|column| &*column.name == name)
    }

    pub(super) fn found(&self, rows: &[QueryResult]) -> Option<Vec<Found>> {
        let keys = self.key.len();
        let values = |row, from, to| -> Option<Vec<Stored>> {
            (from..to).map(|i| self.engine().stored(row, i)).collect()
        };
        let end = keys + self.fetch.len();
        let inserted =
            |row: &QueryResult| self.tells_inserted() && row.try_get_by_index(end).unwrap_or(false);
        rows.iter()
            .map(|row| {
                Some(Found {
                    key: values(row, 0, keys)?,
                    image: values(row, keys, end)?,
                    inserted: inserted(row),
                })
            })
            .collect()
    }
}
