//! What a read is called in the cache, where it is counted, and what it depends on.

use std::borrow::Cow;
use std::sync::Arc;

use larder::Key;
use larder::adapter::{Group, Want};
use larder_sql::{Name, Planned, ReadSet};
use sea_orm::{Statement, Value};

use super::Ask;
use crate::bind;
use crate::cached::Terms;
use crate::connection::CachedConnection;
use crate::sabotage;
use crate::schema::Schema;
use crate::shared::Shared;
use crate::strict::guards;
use crate::write::values;

/// What a read depends on: the guards of strict tables, and the tags that cover every row which could
/// change the answer.
pub(super) fn wants<T>(
    shared: &Shared,
    schema: &Schema,
    planned: &Planned,
    read: &ReadSet,
    statement: &Statement,
    ask: &Ask<'_, T>,
    strict: Option<&[&str]>,
) -> Vec<Want> {
    let mut wants = match strict {
        Some(tables) => guards(&shared.database, tables),
        None => Vec::new(),
    };
    let read = listening(schema, read, ask.terms());
    wants.extend(bind::wants(
        &*shared.engine,
        &shared.database,
        &schema.catalogue,
        planned,
        &read,
        values(statement),
        &ask.also,
    ));
    wants
}

/// The read with the columns by which its reader wants to hear of changes.
fn listening<'a>(schema: &Schema, read: &'a ReadSet, terms: &Terms) -> Cow<'a, ReadSet> {
    match terms.on() {
        Some(on) => Cow::Owned(sabotage::heard(read.on(&on.listened(schema)))),
        None => Cow::Borrowed(read),
    }
}

/// Where reads of a table are counted.
pub(super) fn group(shared: &Shared, schema: &Schema, terms: &Terms, table: &Name) -> Arc<Group> {
    match terms.own_cache() {
        Some(cache) => cache.group(table),
        None => schema.group(&shared.cache, table),
    }
}

/// Identity of a read: the type and form of its value, the statement's text, its values.
///
/// The schema's version is part of it: tags of an entry were made canonical by the columns as they
/// were, and a connection that knows the new schema must not meet it. So are the strict tables: what
/// was stored without their guards may not be served to a strict read.
pub(super) fn key<T>(
    connection: &CachedConnection,
    schema: &Schema,
    statement: &Statement,
    ask: &Ask<'_, T>,
    strict: Option<&[&str]>,
) -> Key {
    let CachedConnection { shared, context } = connection;
    // Built in place: a builder that moves carries its bytes along at every step.
    let mut key = Key::builder();
    key.push("query");
    if let Some(tables) = strict {
        key.push(("strict", tables.len() as u64));
        for table in tables {
            key.push(*table);
        }
    }
    if let Some(on) = ask.terms().on() {
        on.push_to(&mut key);
    }
    context.push_to(&mut key);
    key.push(&*shared.database);
    key.push(schema.version);
    key.push(ask.form);
    key.push(std::any::type_name::<T>());
    key.push(ask.reader);
    key.push(statement.sql.as_str());
    if let Some(rows) = ask.terms().rows() {
        if let Some(name) = &rows.name {
            key.push(("key", &**name));
        }
        if let Some(version) = rows.version {
            key.push(("version", version));
        }
    }
    for value in values(statement).iter().chain(&ask.extra) {
        match value {
            Value::Bool(Some(b)) => key.push(*b),
            Value::TinyInt(Some(i)) => key.push(*i),
            Value::SmallInt(Some(i)) => key.push(*i),
            Value::Int(Some(i)) => key.push(*i),
            Value::BigInt(Some(i)) => key.push(*i),
            Value::Unsigned(Some(i)) => key.push(*i),
            Value::BigUnsigned(Some(i)) => key.push(*i),
            Value::String(Some(s)) => key.push(s.as_str()),
            Value::Bytes(Some(b)) => key.push(b.as_slice()),
            // Every other type, and every NULL, in its own words.
            other => key.push((None::<bool>, format!("{other:?}"))),
        }
    }
    key.build()
}
