//! Whether the answer to a read can be kept, and what is said of it.

use larder_sql::{Explanation, Footprint, Planned, ReadSet, explain};
use sea_orm::{DbErr, Statement};

use crate::cached::Terms;
use crate::schema::Schema;
use crate::shared::Shared;

/// What the statement reads, or why its answer cannot be kept.
pub(super) fn cacheable<'a>(
    shared: &Shared,
    schema: &Schema,
    planned: &'a Planned,
    terms: &Terms,
) -> Result<&'a ReadSet, String> {
    if let Some(why) = terms.uncached() {
        return Err(why.to_owned());
    }
    if shared.connections_differ() {
        return Err(
            "connections of the pool differ: temporary objects, attached databases or settings"
                .to_owned(),
        );
    }
    match &planned.plan.footprint {
        Footprint::Read(read) => match &read.uncacheable {
            None if read
                .tables
                .iter()
                .any(|read| schema.is_virtual(&read.table)) =>
            {
                Err("a table in it has rows that are not its own (a virtual or foreign table), or shows each role \
                     others (row security)"
                    .to_owned())
            }
            None => match excluded(shared, read) {
                Some(table) => Err(format!("reads of the table {table} are not kept")),
                None => Ok(read),
            },
            Some(reason) => Err(reason.to_string()),
        },
        Footprint::Unknown(reason) => Err(reason.to_string()),
        _ => Err("it is not a plain read".to_owned()),
    }
}

/// The first table of a read that the connection was told not to keep.
fn excluded<'a>(shared: &Shared, read: &'a ReadSet) -> Option<&'a str> {
    let names = read.tables.iter().map(|read| &*read.table);
    names.into_iter().find(|name| shared.excluded.has(name))
}

/// What a statement depends on, for people.
pub(crate) async fn explained(
    shared: &Shared,
    statement: &Statement,
    terms: &Terms,
) -> Result<Explanation, DbErr> {
    let schema = shared.known_schema().await?;
    let planned = schema.plan(&statement.sql);
    let heard = match terms.on() {
        Some(on) => planned.on(&on.listened(&schema)),
        None => planned.clone(),
    };
    let mut explanation = explain(&heard, &schema.catalogue);
    if let Err(why) = cacheable(shared, &schema, &planned, terms) {
        explanation.uncacheable.get_or_insert(why);
    }
    Ok(explanation)
}
