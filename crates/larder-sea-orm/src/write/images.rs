//! Row images without help from the database: what the rows were before the statement, and what
//! they are after it. Runs inside a write transaction, where nobody else can change them.

use std::collections::BTreeMap;
use std::sync::Arc;

use larder::adapter::{RowImage, RowsChange};
use larder::{Columns, Name, TagValue};
use larder_sql::{Equality, RowsNamed, Table, TableWrite, WriteKind};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::shared::Shared;
use crate::value::{Stored, canonical, stored};
use crate::write::{Answer, How, key_columns, send, values};

mod conflict;

/// The most rows whose images are kept for one statement. A larger write widens to its table.
pub(crate) const IMAGES_MAX: usize = 1000;

/// One statement whose changed rows are to be learned.
pub(crate) struct Learn<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) table: &'a Table,
    pub(crate) target: &'a TableWrite,
    /// The columns that images hold.
    pub(crate) fetch: Arc<[Name]>,
    /// The columns that the statement may change.
    pub(crate) changed: &'a Columns,
}

/// A row by its key, with its image.
struct Found {
    key: Vec<Stored>,
    image: Vec<Stored>,
}

/// What happened to the rows. `None`: not known, widen.
type Rows = Option<Vec<RowsChange>>;

impl Learn<'_> {
    pub(crate) async fn run<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Rows), DbErr> {
        match self.target.kind {
            WriteKind::Insert => {
                let (answer, found) = self.insert(connection, statement, how).await?;
                Ok((answer, found.and_then(|found| self.inserted(&found))))
            }
            WriteKind::Upsert => self.upsert(connection, statement, how).await,
            WriteKind::Delete => {
                let before = self.before(connection, &statement).await;
                let answer = send(self.shared, connection, statement, how).await?;
                let rows = before.and_then(|found| {
                    let images = found.iter().map(|f| {
                        Some(RowImage {
                            old: Some(self.canonical(&f.image)?),
                            new: None,
                        })
                    });
                    Some(vec![
                        self.rows(Columns::All, images.collect::<Option<_>>()?),
                    ])
                });
                Ok((answer, rows))
            }
            _ => {
                let before = self.before(connection, &statement).await;
                let answer = send(self.shared, connection, statement, how).await?;
                let rows = match before {
                    Some(before) => self.updated(connection, before).await,
                    None => None,
                };
                Ok((answer, rows))
            }
        }
    }

    /// The rows that the statement's own condition names, before it runs. `None` where they
    /// cannot be asked for, or are too many. An error here is not the caller's: the statement
    /// itself will tell what is wrong with it.
    async fn before<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: &Statement,
    ) -> Option<Vec<Found>> {
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
            "SELECT {} FROM {} {} ORDER BY {} LIMIT {}",
            self.selected(),
            text.get(target.clone())?,
            condition_text,
            self.keys().join(", "),
            IMAGES_MAX + 1
        );
        let bound = match numbered {
            true => values(statement),
            false => values(statement).get(*first_bind..first_bind + binds)?,
        };
        let query = Statement::from_sql_and_values(statement.db_backend, sql, bound.to_vec());
        self.shared.count(1);
        let rows = connection.query_all_raw(query).await.ok()?;
        if rows.len() > IMAGES_MAX {
            return None;
        }
        self.found(&rows)
    }

    /// The images of rows before and after an update, by the columns that really changed: the
    /// comparison is exact, where tags compare as the column does ('rock' set to 'Rock' in a
    /// NOCASE column is the same tag and another answer).
    async fn updated<C: ConnectionTrait>(&self, connection: &C, before: Vec<Found>) -> Rows {
        let after = self.by_key(connection, &before).await?;
        if after.len() != before.len() {
            return None;
        }
        // Both in the order of their keys. An UPDATE OR IGNORE leaves rows as they were; none
        // can vanish.
        let pairs = before.into_iter().zip(after);
        self.differing(pairs, self.changed)
    }

    /// Pairs of rows before and after, by the columns that differ. `None` where a pair is none.
    fn differing(&self, pairs: impl Iterator<Item = (Found, Found)>, set: &Columns) -> Rows {
        let mut by_columns: BTreeMap<Vec<usize>, Vec<RowImage>> = BTreeMap::new();
        for (old, new) in pairs {
            if old.key != new.key {
                return None;
            }
            let differ: Vec<usize> = (0..self.fetch.len())
                .filter(|&i| !old.image[i].same(&new.image[i]))
                .collect();
            if !differ.is_empty() {
                let image = RowImage {
                    old: Some(self.canonical(&old.image)?),
                    new: Some(self.canonical(&new.image)?),
                };
                by_columns.entry(differ).or_default().push(image);
            }
        }
        let held =
            matches!(set, Columns::Set(names) if names.iter().all(|n| self.fetch.contains(n)));
        let changes = by_columns.into_iter().map(|(differ, images)| {
            let changed = match held {
                true => Columns::set(differ.into_iter().map(|i| self.fetch[i].clone())),
                false => set.clone(),
            };
            self.rows(changed, images)
        });
        Some(changes.collect())
    }

    fn rows(&self, changed: Columns, rows: Vec<RowImage>) -> RowsChange {
        RowsChange {
            columns: self.fetch.clone(),
            changed,
            rows,
        }
    }

    fn inserted(&self, found: &[Found]) -> Rows {
        let images = found.iter().map(|f| {
            Some(RowImage {
                old: None,
                new: Some(self.canonical(&f.image)?),
            })
        });
        Some(vec![
            self.rows(Columns::All, images.collect::<Option<_>>()?),
        ])
    }

    async fn insert<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Option<Vec<Found>>), DbErr> {
        let backend = statement.db_backend;
        if self.target.returning.is_none() && how == How::Execute {
            let mut sql = statement.sql;
            sql.insert_str(self.target.end, &format!(" RETURNING {}", self.selected()));
            let returning = Statement { sql, ..statement };
            self.shared.count(1);
            let rows = connection
                .query_all_raw(returning)
                .await
                .map_err(executed)?;
            // The result that the caller was promised: SQLite keeps the number of changes and
            // the last row id of the insert until the next write, and a statement that writes
            // nothing reports them.
            let nothing = Statement::from_string(backend, "SELECT 0 WHERE 0");
            let answer = send(self.shared, connection, nothing, How::Execute).await?;
            let few = rows.len() <= IMAGES_MAX;
            return Ok((answer, if few { self.found(&rows) } else { None }));
        }
        // The caller's own RETURNING: all rows are needed here, also when only one is wanted.
        let answer = match how {
            How::QueryOne => {
                let mut rows = send(self.shared, connection, statement, How::QueryAll)
                    .await?
                    .all();
                let images = self.returned(connection, &rows).await;
                let first = (!rows.is_empty()).then(|| rows.swap_remove(0));
                (Answer::One(first), images)
            }
            How::QueryAll => {
                let rows = send(self.shared, connection, statement, how).await?.all();
                let images = self.returned(connection, &rows).await;
                (Answer::All(rows), images)
            }
            How::Execute => (send(self.shared, connection, statement, how).await?, None),
        };
        Ok(answer)
    }

    /// The rows that the caller's RETURNING gave, if it names columns enough: those of the images,
    /// or the key by which the rows can be read.
    async fn returned<C: ConnectionTrait>(
        &self,
        connection: &C,
        rows: &[QueryResult],
    ) -> Option<Vec<Found>> {
        let info = self.target.returning.as_ref()?;
        if rows.len() > IMAGES_MAX {
            return None;
        }
        let has = |name: &Name| info.all_columns || info.columns.contains(name);
        if self.fetch.iter().all(has) && self.returned_keys(rows).is_none() {
            let found = rows.iter().map(|row| {
                let image = self.fetch.iter().map(|name| value_by_name(row, name));
                Some(Found {
                    key: Vec::new(),
                    image: image.collect::<Option<_>>()?,
                })
            });
            return found.collect();
        }
        let mut named = self.returned_keys(rows)?;
        if self.fetch.iter().all(has) {
            for (found, row) in named.iter_mut().zip(rows) {
                let image = self.fetch.iter().map(|name| value_by_name(row, name));
                found.image = image.collect::<Option<_>>()?;
            }
            return Some(named);
        }
        let found = self.by_key(connection, &named).await?;
        (found.len() == named.len()).then_some(found)
    }

    /// The keys of rows that the caller's RETURNING gave, if it names them.
    fn returned_keys(&self, rows: &[QueryResult]) -> Option<Vec<Found>> {
        let info = self.target.returning.as_ref()?;
        let keys: Vec<&Name> = key_columns(self.table).collect();
        let has = |name: &&Name| info.all_columns || info.columns.contains(name);
        if keys.is_empty() || !keys.iter().all(has) {
            return None;
        }
        let found = rows.iter().map(|row| {
            let key = keys.iter().map(|name| value_by_name(row, name));
            Some(Found {
                key: key.collect::<Option<_>>()?,
                image: Vec::new(),
            })
        });
        found.collect()
    }

    /// Reads rows by their keys.
    async fn by_key<C: ConnectionTrait>(
        &self,
        connection: &C,
        rows: &[Found],
    ) -> Option<Vec<Found>> {
        if rows.is_empty() {
            return Some(Vec::new());
        }
        let keys = self.keys();
        let one = format!("({})", vec!["?"; keys.len()].join(", "));
        let sql = format!(
            "SELECT {} FROM {} WHERE ({}) IN (VALUES {}) ORDER BY {}",
            self.selected(),
            quoted(&self.table.name),
            keys.join(", "),
            vec![one; rows.len()].join(", "),
            keys.join(", ")
        );
        let values = rows.iter().flat_map(|row| row.key.iter().map(to_bind));
        let backend = connection.get_database_backend();
        self.shared.count(1);
        let rows = connection
            .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
            .await
            .ok()?;
        self.found(&rows)
    }

    /// Key, then image, as a select list.
    fn selected(&self) -> String {
        let image = self
            .fetch
            .iter()
            .map(|name| match self.is_hidden_rowid(name) {
                true => "rowid".to_owned(),
                false => quoted(name),
            });
        self.keys()
            .into_iter()
            .chain(image)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The columns that name a row, as SQL.
    fn keys(&self) -> Vec<String> {
        match self.table.without_rowid {
            true => self
                .table
                .primary_key
                .iter()
                .map(|name| quoted(name))
                .collect(),
            false => vec!["rowid".to_owned()],
        }
    }

    fn is_hidden_rowid(&self, name: &str) -> bool {
        name == "rowid"
            && !self
                .table
                .columns
                .iter()
                .any(|column| &*column.name == name)
    }

    fn found(&self, rows: &[QueryResult]) -> Option<Vec<Found>> {
        let keys = self.keys().len();
        rows.iter()
            .map(|row| {
                let row = row.try_as_sqlite_row()?;
                let key = (0..keys)
                    .map(|i| stored(row, i).ok())
                    .collect::<Option<Vec<_>>>()?;
                let image = (keys..keys + self.fetch.len()).map(|i| stored(row, i).ok());
                Some(Found {
                    key,
                    image: image.collect::<Option<_>>()?,
                })
            })
            .collect()
    }

    /// The image as tags compare it. A column whose equality is not ours to know can be in no
    /// pin, so its place only has to hold something.
    fn canonical(&self, image: &[Stored]) -> Option<Vec<TagValue>> {
        let value = |(name, value): (&Name, &Stored)| match self
            .table
            .columns
            .iter()
            .find(|column| column.name == *name)
        {
            Some(column) if column.equality == Equality::Unknown => Some(TagValue::Null),
            Some(column) => canonical(column, value),
            None => match value {
                Stored::Int(i) => Some(TagValue::Int(*i)),
                _ => None,
            },
        };
        self.fetch.iter().zip(image).map(value).collect()
    }
}

/// The error that the caller's own way of running the statement would have given.
fn executed(error: DbErr) -> DbErr {
    match error {
        DbErr::Query(error) => DbErr::Exec(error),
        other => other,
    }
}

fn value_by_name(row: &QueryResult, name: &str) -> Option<Stored> {
    use sqlx::{Column as _, Row as _};
    let row = row.try_as_sqlite_row()?;
    let index = row
        .columns()
        .iter()
        .position(|column| column.name() == name)?;
    stored(row, index).ok()
}

fn to_bind(value: &Stored) -> Value {
    match value {
        Stored::Null => Value::BigInt(None),
        Stored::Int(i) => Value::from(*i),
        Stored::Real(r) => Value::from(*r),
        Stored::Text(s) => Value::from(s.clone()),
        Stored::Blob(b) => Value::from(b.clone()),
    }
}

/// A name as SQL text.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
