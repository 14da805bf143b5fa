//! Reads the catalogue of MySQL and MariaDB from `information_schema`: tables, columns, keys,
//! triggers, views of the database that the connection uses.
//!
//! Its tables are called by their bare names. Partitions are inside a table, and need no word here.
//! Tables of other databases are none of this catalogue's, except where foreign keys lead to them.

use std::collections::BTreeMap;

use larder_sql::{
    Action, Catalogue, Collation, Column, Dialect, ForeignKey, Name, Table, TableKind,
};
use sea_orm::{DbErr, QueryResult};

use super::{refused, text};
use crate::engine::Asked;
use crate::sabotage;
use crate::words;

mod trigger;

/// The only engine whose rows are locked, and come back after a rollback.
const ENGINE: &str = "InnoDB";

const PLACE: &str = "SELECT DATABASE() AS place";

const TABLES: &str = "\
    SELECT TABLE_NAME AS owner, TABLE_TYPE AS kind, ENGINE AS engine \
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";

const VIEWS: &str = "\
    SELECT TABLE_NAME AS owner, VIEW_DEFINITION AS definition \
    FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()";

const COLUMNS: &str = "\
    SELECT TABLE_NAME AS owner, COLUMN_NAME AS `column`, COLUMN_TYPE AS type, \
        COLLATION_NAME AS collation, IS_NULLABLE AS nullable, EXTRA AS extra, \
        GENERATION_EXPRESSION AS expression \
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() \
    ORDER BY TABLE_NAME, ORDINAL_POSITION";

const PRIMARY_KEYS: &str = "\
    SELECT TABLE_NAME AS owner, COLUMN_NAME AS `column` FROM information_schema.STATISTICS \
    WHERE TABLE_SCHEMA = DATABASE() AND INDEX_NAME = 'PRIMARY' ORDER BY TABLE_NAME, SEQ_IN_INDEX";

const FOREIGN_KEYS: &str = "\
    SELECT IF(k.TABLE_SCHEMA = DATABASE(), k.TABLE_NAME, NULL) AS owner, \
        k.REFERENCED_TABLE_NAME AS parent, \
        IF(k.REFERENCED_TABLE_SCHEMA = DATABASE(), '', CONCAT(k.REFERENCED_TABLE_SCHEMA, '.')) \
            AS place, \
        CONCAT(k.CONSTRAINT_SCHEMA, '.', k.TABLE_NAME, '.', k.CONSTRAINT_NAME) AS `key`, \
        k.COLUMN_NAME AS `column`, k.REFERENCED_COLUMN_NAME AS parent_column, \
        r.DELETE_RULE AS on_delete, r.UPDATE_RULE AS on_update \
    FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r \
        ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME \
        AND r.TABLE_NAME = k.TABLE_NAME \
    WHERE k.REFERENCED_TABLE_NAME IS NOT NULL \
        AND (k.TABLE_SCHEMA = DATABASE() OR k.REFERENCED_TABLE_SCHEMA = DATABASE()) \
    ORDER BY `key`, k.ORDINAL_POSITION";

const TRIGGERS: &str = "\
    SELECT EVENT_OBJECT_TABLE AS owner, TRIGGER_NAME AS name, EVENT_MANIPULATION AS event, \
        ACTION_TIMING AS timing, ACTION_STATEMENT AS body, SQL_MODE AS mode \
    FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE() \
    ORDER BY EVENT_OBJECT_TABLE, TRIGGER_NAME";

/// Whether this account is told of all triggers: whose privilege for them ends at a table is not.
const SEES: &str = "\
    SELECT IF((SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES p \
            WHERE p.PRIVILEGE_TYPE = 'TRIGGER' AND p.GRANTEE = me.name) \
        + (SELECT COUNT(*) FROM information_schema.SCHEMA_PRIVILEGES p \
            WHERE p.PRIVILEGE_TYPE = 'TRIGGER' AND p.GRANTEE = me.name \
                AND DATABASE() LIKE p.TABLE_SCHEMA) > 0, 'yes', 'no') AS sees \
    FROM (SELECT CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AS name) me";

/// What an expression that is worked out at each reading may ask for. Such a column answers
/// otherwise by time, by connection or by chance.
const VOLATILE: [&str; 31] = [
    "now",
    "sysdate",
    "current_timestamp",
    "current_date",
    "current_time",
    "curdate",
    "curtime",
    "localtime",
    "localtimestamp",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "unix_timestamp",
    "user",
    "current_user",
    "session_user",
    "system_user",
    "current_role",
    "database",
    "schema",
    "version",
    "rand",
    "random_bytes",
    "uuid",
    "uuid_short",
    "sys_guid",
    "connection_id",
    "last_insert_id",
    "row_count",
    "found_rows",
    "sleep",
];

type Drafts = BTreeMap<String, Table>;

pub(super) async fn catalogue(database: &dyn Asked) -> Result<Catalogue, DbErr> {
    let mut catalogue = Catalogue::of(Dialect::MySql);
    for row in database.ask(PLACE).await? {
        catalogue.set_default_schema(&word(&row, "place")?);
    }
    let mut tables = Drafts::new();
    for row in database.ask(TABLES).await? {
        let table = table(&row)?;
        tables.insert(table.name.to_string(), table);
    }
    unlike(&tables)?;
    for row in database.ask(VIEWS).await? {
        if let Some(table) = owner(&mut tables, &row)? {
            table.kind = TableKind::View {
                sql: word(&row, "definition")?,
            };
        }
    }
    for row in database.ask(COLUMNS).await? {
        if let Some(table) = owner(&mut tables, &row)? {
            add_column(table, &row)?;
        }
    }
    for row in database.ask(PRIMARY_KEYS).await? {
        if let Some(table) = owner(&mut tables, &row)? {
            table
                .primary_key
                .push(word(&row, "column")?.as_str().into());
        }
    }
    let mut last = String::new();
    for row in database.ask(FOREIGN_KEYS).await? {
        let key = word(&row, "key")?;
        let first = key != last;
        last = key;
        add_foreign_key(&mut tables, &row, first)?;
    }
    for row in database.ask(TRIGGERS).await? {
        if let Some(table) = owner(&mut tables, &row)? {
            table.triggers.extend(trigger::read(&row)?);
        }
    }
    let sees = database.ask(SEES).await?;
    let sees = sees.first().map(|row| word(row, "sees")).transpose()?;
    if sees.as_deref() != Some("yes") {
        catalogue.set_unreadable();
    }
    for table in tables.into_values() {
        catalogue.insert(sabotage::table(table));
    }
    Ok(catalogue)
}

fn word(row: &QueryResult, column: &str) -> Result<String, DbErr> {
    Ok(text(row, column)?.unwrap_or_default())
}

fn owner<'a>(tables: &'a mut Drafts, row: &QueryResult) -> Result<Option<&'a mut Table>, DbErr> {
    Ok(tables.get_mut(&word(row, "owner")?))
}

fn table(row: &QueryResult) -> Result<Table, DbErr> {
    let mut table = Table::new(word(row, "owner")?);
    let (kind, engine) = (word(row, "kind")?, word(row, "engine")?);
    table.kind = match kind.as_str() {
        "BASE TABLE" if engine.eq_ignore_ascii_case(ENGINE) => TableKind::Table,
        // Its query comes with the other views'.
        "VIEW" => TableKind::View { sql: String::new() },
        // Rows of another engine, versions of rows, sequences.
        _ => TableKind::Virtual,
    };
    Ok(table)
}

/// Refuses tables whose names differ by case only: statements are read without it.
fn unlike(tables: &Drafts) -> Result<(), DbErr> {
    let mut names = BTreeMap::new();
    for name in tables.keys() {
        if let Some(other) = names.insert(name.to_lowercase(), name) {
            return Err(refused(format!(
                "the tables {other} and {name} differ by upper and lower case only, and larder takes such names \
                 for one: rename one of them"
            )));
        }
    }
    Ok(())
}

fn add_column(table: &mut Table, row: &QueryResult) -> Result<(), DbErr> {
    let name = word(row, "column")?;
    let mut column = Column::new(Dialect::MySql, name, &word(row, "type")?);
    if let Some(collation) = text(row, "collation")? {
        column.collate(Dialect::MySql, Collation::Other(collation));
    }
    let extra = word(row, "extra")?.to_ascii_lowercase();
    let expression = word(row, "expression")?;
    column.not_null = word(row, "nullable")? == "NO";
    column.hidden = extra.contains("invisible");
    column.generated = !expression.is_empty() || extra.contains("on update");
    if extra.contains("auto_increment") {
        table.numbered = Some(column.name.clone());
    }
    if words::any(&expression, &VOLATILE) || expression.contains("@@") {
        table.kind = TableKind::Virtual;
    }
    table.columns.push(column);
    Ok(())
}

/// Adds a column of a foreign key, and the key with its first one.
fn add_foreign_key(tables: &mut Drafts, row: &QueryResult, first: bool) -> Result<(), DbErr> {
    let actions = [
        action(&word(row, "on_delete")?),
        action(&word(row, "on_update")?),
    ];
    let [on_delete, on_update] = actions;
    let parent = word(row, "parent")?;
    if text(row, "owner")?.is_none() {
        // A child in another database, whose triggers and children nobody knows here.
        if let Some(table) = tables.get_mut(&parent).filter(|_| first) {
            table.triggers.extend(trigger::beyond(on_delete, on_update));
        }
        return Ok(());
    }
    let Some(table) = owner(tables, row)? else {
        return Ok(());
    };
    if first {
        let parent: Name = format!("{}{parent}", word(row, "place")?).into();
        table.foreign_keys.push(ForeignKey {
            columns: Vec::new(),
            parent,
            parent_columns: Vec::new(),
            on_delete,
            on_update,
        });
    }
    if let Some(key) = table.foreign_keys.last_mut() {
        key.columns.push(word(row, "column")?.as_str().into());
        key.parent_columns
            .push(word(row, "parent_column")?.as_str().into());
    }
    Ok(())
}

fn action(rule: &str) -> Action {
    match rule {
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        _ => Action::None,
    }
}
