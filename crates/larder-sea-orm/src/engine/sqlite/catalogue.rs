//! Reads SQLite's catalogue: tables, columns, keys, triggers, views.
//!
//! Tables, columns and foreign keys come from SQLite itself, which is always right. Collations and
//! triggers stand only in the text of their definitions, which larder-sql reads; what it cannot
//! read counts as unknown.

use std::collections::HashMap;

use larder_sql::{
    Action, Affinity, Catalogue, Collation, Column, Dialect, ForeignKey, Table, TableKind,
};
use sea_orm::{DbErr, QueryResult};

use crate::engine::Asked;
use crate::sabotage;
use crate::words;

pub(super) async fn catalogue(database: &dyn Asked) -> Result<Catalogue, DbErr> {
    let rows = |sql: &'static str| database.ask(sql);
    let mut tables = tables(
        rows("SELECT type, name, tbl_name, sql FROM sqlite_schema").await?,
        rows("SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'").await?,
    )?;
    for row in rows(
        "SELECT m.name AS owner, x.name, x.type, x.\"notnull\", x.pk, x.hidden \
         FROM sqlite_schema m, pragma_table_xinfo(m.name) x \
         WHERE m.type IN ('table', 'view') ORDER BY m.name, x.cid",
    )
    .await?
    {
        add_column(&mut tables, &row)?;
    }
    for row in rows(
        "SELECT m.name AS owner, f.id, f.seq, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete \
         FROM sqlite_schema m, pragma_foreign_key_list(m.name) f \
         WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq",
    )
    .await?
    {
        add_foreign_key(&mut tables, &row)?;
    }
    let mut catalogue = Catalogue::new();
    let script: Vec<&str> = tables.scripts().collect();
    match Catalogue::from_ddl(Dialect::Sqlite, &script.join(";\n")) {
        Ok(defined) => {
            if defined.is_unreadable() {
                catalogue.set_unreadable();
            }
            tables
                .drafts
                .into_values()
                .for_each(|draft| catalogue.insert(sabotage::table(draft.finish(Some(&defined)))));
        }
        Err(_) => {
            catalogue.set_unreadable();
            tables
                .drafts
                .into_values()
                .for_each(|draft| catalogue.insert(sabotage::table(draft.finish(None))));
        }
    }
    Ok(catalogue)
}

/// A table whose columns and keys are still coming in.
struct Draft {
    table: Table,
    sql: String,
    /// Primary key columns with their position in the key.
    key: Vec<(i64, larder_sql::Name)>,
}

/// All tables and views, and the definitions of their triggers.
#[derive(Default)]
struct Drafts {
    drafts: HashMap<String, Draft>,
    triggers: Vec<String>,
}

impl Drafts {
    /// Every definition, tables first.
    fn scripts(&self) -> impl Iterator<Item = &str> {
        self.drafts
            .values()
            .map(|draft| draft.sql.as_str())
            .chain(self.triggers.iter().map(String::as_str))
    }
}

fn tables(objects: Vec<QueryResult>, list: Vec<QueryResult>) -> Result<Drafts, DbErr> {
    let mut kinds = HashMap::new();
    for row in list {
        let name: String = row.try_get("", "name")?;
        let kind: String = row.try_get("", "type")?;
        let without_rowid: i64 = row.try_get("", "wr")?;
        let strict: i64 = row.try_get("", "strict")?;
        kinds.insert(name, (kind, without_rowid != 0, strict != 0));
    }
    let mut tables = Drafts::default();
    for row in objects {
        let object: String = row.try_get("", "type")?;
        let name: String = row.try_get("", "name")?;
        let sql: String = row
            .try_get::<Option<String>>("", "sql")?
            .unwrap_or_default();
        match object.as_str() {
            "table" | "view" => {
                let (kind, without_rowid, strict) =
                    kinds
                        .remove(&name)
                        .unwrap_or((object.clone(), false, false));
                let mut table = Table::new(name.as_str());
                table.kind = match kind.as_str() {
                    "view" => TableKind::View { sql: sql.clone() },
                    "virtual" | "shadow" => TableKind::Virtual,
                    _ => TableKind::Table,
                };
                table.without_rowid = without_rowid;
                table.strict = strict;
                table.replaces_on_conflict = mentions_replace(&sql);
                tables.drafts.insert(
                    name,
                    Draft {
                        table,
                        sql,
                        key: Vec::new(),
                    },
                );
            }
            "trigger" => tables.triggers.push(sql),
            _ => {}
        }
    }
    Ok(tables)
}

fn add_column(drafts: &mut Drafts, row: &QueryResult) -> Result<(), DbErr> {
    let owner: String = row.try_get("", "owner")?;
    let Some(draft) = drafts.drafts.get_mut(&owner) else {
        return Ok(());
    };
    let name: larder_sql::Name = row.try_get::<String>("", "name")?.as_str().into();
    let declared = row
        .try_get::<Option<String>>("", "type")?
        .unwrap_or_default();
    let position: i64 = row.try_get("", "pk")?;
    let hidden: i64 = row.try_get("", "hidden")?;
    if position > 0 {
        draft.key.push((position, name.clone()));
    }
    let mut column = Column::new(Dialect::Sqlite, name, &declared);
    if draft.table.strict && declared.eq_ignore_ascii_case("any") {
        column.affinity = Affinity::Blob;
    }
    column.not_null = row.try_get::<i64>("", "notnull")? != 0;
    column.generated = hidden >= 2;
    column.hidden = hidden == 1;
    draft.table.columns.push(column);
    Ok(())
}

fn add_foreign_key(drafts: &mut Drafts, row: &QueryResult) -> Result<(), DbErr> {
    let owner: String = row.try_get("", "owner")?;
    let Some(draft) = drafts.drafts.get_mut(&owner) else {
        return Ok(());
    };
    let from: larder_sql::Name = row.try_get::<String>("", "from")?.as_str().into();
    // NULL: the parent's primary key.
    let to = row.try_get::<Option<String>>("", "to")?;
    let first = row.try_get::<i64>("", "seq")? == 0;
    if first {
        draft.table.foreign_keys.push(ForeignKey {
            columns: Vec::new(),
            parent: row.try_get::<String>("", "table")?.as_str().into(),
            parent_columns: Vec::new(),
            on_delete: action(&row.try_get::<String>("", "on_delete")?),
            on_update: action(&row.try_get::<String>("", "on_update")?),
        });
    }
    if let Some(key) = draft.table.foreign_keys.last_mut() {
        key.columns.push(from);
        key.parent_columns
            .extend(to.map(|to| larder_sql::Name::from(to.as_str())));
    }
    Ok(())
}

impl Draft {
    fn finish(mut self, defined: Option<&Catalogue>) -> Table {
        self.key.sort();
        self.table.primary_key = self.key.into_iter().map(|(_, name)| name).collect();
        self.table.rowid_alias = rowid_alias(&self.table, &self.sql);
        let defined = defined.and_then(|catalogue| catalogue.table(&self.table.name));
        if let Some(defined) = defined {
            self.table.triggers = defined.triggers.clone();
            self.table.reads_through = defined.reads_through.clone();
        }
        if words::follow(&self.sql, &["collate"]) {
            for column in &mut self.table.columns {
                let told = defined.and_then(|table| table.column(&column.name));
                let collation = told.map_or(Collation::Other(String::new()), |told| {
                    told.collation.clone()
                });
                column.collate(Dialect::Sqlite, collation);
            }
        }
        self.table
    }
}

/// The column that is another name for the rowid, if there is one.
fn rowid_alias(table: &Table, sql: &str) -> Option<larder_sql::Name> {
    let [key] = table.primary_key.as_slice() else {
        return None;
    };
    let column = table.columns.iter().find(|column| column.name == *key)?;
    // `INTEGER PRIMARY KEY DESC` is no alias, by an old mistake that SQLite keeps.
    let alias = column.declared.eq_ignore_ascii_case("integer")
        && !table.without_rowid
        && !words::follow(sql, &["primary", "key", "desc"]);
    alias.then(|| key.clone())
}

fn action(text: &str) -> Action {
    match text {
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        _ => Action::None,
    }
}

/// Whether a constraint may resolve conflicts by deleting the other row.
fn mentions_replace(sql: &str) -> bool {
    words::follow(sql, &["conflict", "replace"])
}
