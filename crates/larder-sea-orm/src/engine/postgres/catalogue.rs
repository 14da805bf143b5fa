//! Reads PostgreSQL's catalogue: tables, columns, keys, triggers, rules, views, inheritance.
//!
//! What a table is called here is its own name in `public`, and `schema.name` in any other schema: as
//! statements call it.

use std::collections::{BTreeMap, HashMap};

use larder_sql::{
    Action, Catalogue, Collation, Column, Dialect, ForeignKey, Name, Table, TableKind,
};
use sea_orm::{DbErr, QueryResult};

use crate::engine::Asked;
use crate::sabotage;

mod trigger;

/// The tables of the application: not those of the database itself.
const OURS: &str = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'";

const NAME: &str = "CASE n.nspname WHEN 'public' THEN c.relname::text \
    ELSE n.nspname || '.' || c.relname END AS owner";

type Drafts = BTreeMap<String, Table>;

pub(super) async fn catalogue(database: &dyn Asked) -> Result<Catalogue, DbErr> {
    let mut tables = Drafts::new();
    let mut guarded = Vec::new();
    for row in database.ask(&relations()).await? {
        let table = relation(&row)?;
        if !row.try_get::<bool>("", "lockable")? {
            guarded.push(table.name.clone());
        }
        tables.insert(table.name.to_string(), table);
    }
    for row in database.ask(&columns()).await? {
        if let Some(table) = owner(&mut tables, &row)? {
            table.columns.push(column(&row)?);
        }
    }
    for row in database.ask(&primary_keys()).await? {
        if let Some(table) = owner(&mut tables, &row)? {
            table.primary_key.push(name(&row, "column")?);
        }
    }
    let mut last = None;
    for row in database.ask(&foreign_keys()).await? {
        let key: i64 = row.try_get("", "key")?;
        let first = last.replace(key) != Some(key);
        if let Some(table) = owner(&mut tables, &row)? {
            add_foreign_key(table, &row, first)?;
        }
    }
    for row in database.ask(&triggers()).await? {
        if let Some(table) = owner(&mut tables, &row)? {
            table.triggers.extend(trigger::read(table, &row)?);
        }
    }
    for row in database.ask(&rules()).await? {
        if let Some(table) = owner(&mut tables, &row)? {
            table
                .triggers
                .extend(trigger::unknown(&name(&row, "rule")?));
        }
    }
    // Who may not read and lock rows cannot look for those that a write meets.
    for name in guarded {
        if let Some(table) = tables.get_mut(&*name) {
            table.primary_key.clear();
        }
    }
    let kin = kin(&database.ask(&parents()).await?)?;
    let elsewhere: Vec<Name> = tables
        .values()
        .filter(|table| table.kind == TableKind::Virtual)
        .map(|table| table.name.clone())
        .collect();
    let mut catalogue = Catalogue::of(Dialect::Postgres);
    for mut table in tables.into_values() {
        if let Some(kin) = kin.get(&*table.name) {
            table.kin = kin.clone();
            if kin.iter().any(|kin| elsewhere.contains(kin)) {
                table.kind = TableKind::Virtual;
            }
        }
        catalogue.insert(sabotage::table(table));
    }
    Ok(catalogue)
}

fn relations() -> String {
    format!(
        "SELECT {NAME}, c.relkind::text AS kind, c.relrowsecurity AS secured, \
             CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END AS definition, \
             has_table_privilege(c.oid, 'SELECT') \
                 AND has_any_column_privilege(c.oid, 'UPDATE') AS lockable \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {OURS}"
    )
}

fn columns() -> String {
    format!(
        "SELECT {NAME}, a.attname::text AS column, a.attnotnull AS not_null, \
             a.attgenerated <> '' AS generated, \
             CASE WHEN tn.nspname = 'pg_catalog' THEN t.typname::text ELSE '' END AS type, \
             coalesce(l.collisdeterministic, true) AS deterministic \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_type t ON t.oid = a.atttypid \
             JOIN pg_namespace tn ON tn.oid = t.typnamespace \
             LEFT JOIN pg_collation l ON l.oid = a.attcollation \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS} \
         ORDER BY a.attrelid, a.attnum"
    )
}

fn primary_keys() -> String {
    format!(
        "SELECT {NAME}, a.attname::text AS column \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, place) \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
         WHERE i.indisprimary AND {OURS} ORDER BY i.indrelid, k.place"
    )
}

fn foreign_keys() -> String {
    let parent = NAME
        .replace("n.", "pn.")
        .replace("c.", "p.")
        .replace("owner", "parent");
    format!(
        "SELECT {NAME}, {parent}, k.oid::int8 AS key, a.attname::text AS column, \
             pa.attname::text AS parent_column, k.confdeltype::text AS on_delete, \
             k.confupdtype::text AS on_update \
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace \
             CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY u(own, theirs, place) \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.own \
             JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = u.theirs \
         WHERE k.contype = 'f' AND {OURS} ORDER BY k.conrelid, k.oid, u.place"
    )
}

fn triggers() -> String {
    format!(
        "SELECT {NAME}, t.tgname::text AS trigger, t.tgtype::int4 AS type, f.prosrc AS source, \
             l.lanname::text AS language \
         FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_proc f ON f.oid = t.tgfoid JOIN pg_language l ON l.oid = f.prolang \
         WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND {OURS} ORDER BY t.tgrelid, t.tgname"
    )
}

fn rules() -> String {
    format!(
        "SELECT {NAME}, r.rulename::text AS rule \
         FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE r.rulename <> '_RETURN' AND {OURS}"
    )
}

fn parents() -> String {
    let parent = NAME
        .replace("n.", "pn.")
        .replace("c.", "p.")
        .replace("owner", "parent");
    format!(
        "SELECT {NAME}, {parent} FROM pg_inherits i \
             JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'f') AND {OURS}"
    )
}

fn name(row: &QueryResult, column: &str) -> Result<Name, DbErr> {
    Ok(row.try_get::<String>("", column)?.as_str().into())
}

fn owner<'a>(tables: &'a mut Drafts, row: &QueryResult) -> Result<Option<&'a mut Table>, DbErr> {
    let owner: String = row.try_get("", "owner")?;
    Ok(tables.get_mut(&owner))
}

fn relation(row: &QueryResult) -> Result<Table, DbErr> {
    let mut table = Table::new(name(row, "owner")?);
    let kind: String = row.try_get("", "kind")?;
    let secured: bool = row.try_get("", "secured")?;
    table.kind = match kind.as_str() {
        "v" => TableKind::View {
            sql: row
                .try_get::<Option<String>>("", "definition")?
                .unwrap_or_default(),
        },
        // Rows that come from elsewhere, a sequence, and rows of which each role sees its own.
        "f" | "S" => TableKind::Virtual,
        _ if secured => TableKind::Virtual,
        _ => TableKind::Table,
    };
    Ok(table)
}

fn column(row: &QueryResult) -> Result<Column, DbErr> {
    let declared: String = row.try_get("", "type")?;
    let mut column = Column::new(Dialect::Postgres, name(row, "column")?, &declared);
    if !row.try_get::<bool>("", "deterministic")? {
        column.collate(Dialect::Postgres, Collation::Other(String::new()));
    }
    column.not_null = row.try_get("", "not_null")?;
    column.generated = row.try_get("", "generated")?;
    Ok(column)
}

/// Adds a column of a foreign key, and the key with its first one.
fn add_foreign_key(table: &mut Table, row: &QueryResult, first: bool) -> Result<(), DbErr> {
    if first {
        table.foreign_keys.push(ForeignKey {
            columns: Vec::new(),
            parent: name(row, "parent")?,
            parent_columns: Vec::new(),
            on_delete: action(&row.try_get::<String>("", "on_delete")?),
            on_update: action(&row.try_get::<String>("", "on_update")?),
        });
    }
    if let Some(key) = table.foreign_keys.last_mut() {
        key.columns.push(name(row, "column")?);
        key.parent_columns.push(name(row, "parent_column")?);
    }
    Ok(())
}

fn action(letter: &str) -> Action {
    match letter {
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::None,
    }
}

/// The tables that share rows, by table: a partition and its table, a child and its parent, and theirs.
fn kin(rows: &[QueryResult]) -> Result<HashMap<String, Vec<Name>>, DbErr> {
    let mut families: Vec<Vec<Name>> = Vec::new();
    for row in rows {
        let pair = [name(row, "owner")?, name(row, "parent")?];
        let (mut family, others): (Vec<_>, Vec<_>) = families
            .into_iter()
            .partition(|family: &Vec<Name>| pair.iter().any(|name| family.contains(name)));
        family.push(pair.to_vec());
        let mut family = family.concat();
        family.sort();
        family.dedup();
        families = others;
        families.push(family);
    }
    let of = |family: &[Name], own: &Name| -> Vec<Name> {
        family.iter().filter(|name| *name != own).cloned().collect()
    };
    Ok(families
        .iter()
        .flat_map(|family| family.iter().map(|own| (own.to_string(), of(family, own))))
        .collect())
}
