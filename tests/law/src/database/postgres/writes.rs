//! Writes that only PostgreSQL has.

use std::sync::LazyLock;

use fastrand::Rng;

use crate::column::pick;
use crate::schema::Schema;
use crate::text::Gen;
use crate::write::{Act, Call, Class, End, Make, SHARED, Step, insert, several, update};

/// Every class of writes.
pub(super) static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let own: &[Class] = &[
        ("DELETE … USING", Make::One(delete_using)),
        ("writable CTE", Make::Rows(writable_cte)),
        ("MERGE", Make::One(merge)),
        ("TRUNCATE", Make::One(truncate)),
        ("TRUNCATE in a transaction", Make::Act(truncate_inside)),
        ("DO", Make::Act(block)),
        (
            "upsert of several unique columns",
            Make::One(upsert_anything),
        ),
        ("ALTER TABLE, a key or trigger", Make::Act(alter)),
        (
            "change of the schema, rolled back",
            Make::Act(definition_rolled_back),
        ),
        ("CREATE RULE", Make::Act(rule)),
    ];
    [SHARED, own].concat()
});

fn delete_using(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let (from, other) = (generator.aliased(place), generator.any_aliased());
    let on = generator.join_condition(&other, &from);
    let pinned = generator.pinning(&other);
    Some(format!(
        "DELETE FROM {} USING {} WHERE {on} AND {pinned}",
        from.sql, other.sql
    ))
}

/// Writes inside of what reads or writes.
fn writable_cte(generator: &mut Gen<'_>) -> Option<String> {
    let (from, table, sql) = update::head(generator, "UPDATE");
    let condition = generator.pinning(&from);
    let place = generator.table();
    let gone = generator.aliased(place);
    let removed = generator.pinning(&gone);
    let schema = generator.schema;
    let target = &schema.tables[generator.table()];
    let name = generator.table_name(target);
    let column = target.columns[generator.pick(&target.writable())].clone();
    let like = generator.column_like(&gone, &column);
    let written = generator.name(&column.name);
    let key = format!("\"{}\"", table.columns[0].name);
    Some(match generator.rng.u8(0..4) {
        0 => format!(
            "WITH gone AS (DELETE FROM {} WHERE {removed} RETURNING {like} AS one) \
             INSERT INTO {name} ({written}) SELECT one FROM gone LIMIT 2 ON CONFLICT DO NOTHING",
            gone.sql
        ),
        1 => format!(
            "WITH done AS ({sql} WHERE {condition} RETURNING 1), \
             gone AS (DELETE FROM {} WHERE {removed}) SELECT count(*) FROM done",
            gone.sql
        ),
        2 => format!(
            "WITH done AS ({sql} WHERE {condition} RETURNING {key}) \
             SELECT {like} FROM {} WHERE EXISTS (SELECT 1 FROM done)",
            gone.sql
        ),
        _ => {
            let row = insert::rows(
                generator,
                ("INSERT", " ON CONFLICT DO NOTHING RETURNING 1"),
                1,
            );
            format!("WITH made AS ({row}) {sql} WHERE {condition}")
        }
    })
}

fn merge(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = generator.schema.tables[place].clone();
    let (target, source) = (generator.aliased(place), generator.any_aliased());
    let on = generator.join_condition(&source, &target);
    let payload = match table.payload() {
        empty if empty.is_empty() => table.writable(),
        payload => payload,
    };
    let column = table.columns[generator.pick(&payload)].clone();
    let name = generator.name(&column.name);
    let value = match generator.rng.bool() {
        true => generator.column_like(&source, &column),
        false => generator.value(&column),
    };
    let condition = generator.pinning(&target);
    let matched = match generator.rng.u8(0..4) {
        0 => "DELETE".to_owned(),
        1 => "DO NOTHING".to_owned(),
        _ => format!("UPDATE SET {name} = {value}"),
    };
    let mut sql = format!(
        "MERGE INTO {} USING {} ON {on} WHEN MATCHED AND {condition} THEN {matched}",
        target.sql, source.sql
    );
    if generator.rng.bool() {
        let columns: Vec<_> = table
            .writable()
            .into_iter()
            .map(|place| table.columns[place].clone())
            .collect();
        let names: Vec<String> = columns
            .iter()
            .map(|column| generator.name(&column.name))
            .collect();
        let values: Vec<String> = columns
            .iter()
            .map(|column| generator.native(column))
            .collect();
        let alone = generator.pinning(&source);
        sql.push_str(&format!(
            " WHEN NOT MATCHED AND {alone} THEN INSERT ({}) VALUES ({})",
            names.join(", "),
            values.join(", ")
        ));
    }
    Some(sql)
}

fn truncate(generator: &mut Gen<'_>) -> Option<String> {
    let schema = generator.schema;
    let (one, other) = (
        &schema.tables[generator.table()],
        &schema.tables[generator.table()],
    );
    let (one, other) = (generator.table_name(one), generator.table_name(other));
    let word = generator.pick(&["TRUNCATE", "TRUNCATE TABLE", "TRUNCATE ONLY"]);
    let end = generator.pick(&["", " CASCADE", " CASCADE", " RESTART IDENTITY CASCADE"]);
    Some(match generator.chance(25) {
        true => format!("{word} {one}, {other}{end}"),
        false => format!("{word} {one}{end}"),
    })
}

fn truncate_inside(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let truncate = several::text_of(rng, schema, truncate)?;
    let write = several::text(rng, schema);
    let end = pick(rng, &[End::Commit, End::Commit, End::Rollback]);
    let mut steps = vec![
        Step::Call(Call::unprepared(truncate)),
        Step::Call(Call::unprepared(write)),
    ];
    rng.shuffle(&mut steps);
    Some(Act::Transaction { steps, end })
}

/// A block of PL/pgSQL.
fn block(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let (one, other) = (several::text(rng, schema), several::text(rng, schema));
    let body = match rng.bool() {
        true => format!("{one};"),
        false => format!("BEGIN {one}; EXCEPTION WHEN OTHERS THEN NULL; END; {other};"),
    };
    Some(Act::Call(Call::unprepared(format!(
        "DO $block$ BEGIN {body} END $block$"
    ))))
}

/// A row that may be in the way of several.
fn upsert_anything(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    Some(insert::rows_of(
        generator,
        place,
        ("INSERT", " ON CONFLICT DO NOTHING"),
        3,
    ))
}

/// What decides about what else a write changes.
fn alteration(rng: &mut Rng, schema: &Schema) -> Option<String> {
    let child = &schema.tables[rng.usize(0..schema.tables.len())];
    let name = child.quoted();
    let column = &child.columns[pick(rng, &child.payload().first().copied().map(|p| [p])?)];
    Some(match rng.u8(0..6) {
        0 => format!("ALTER TABLE {name} DISABLE TRIGGER USER"),
        1 => format!("ALTER TABLE {name} ENABLE TRIGGER USER"),
        2 => format!(
            "ALTER TABLE {name} ALTER COLUMN \"{}\" DROP DEFAULT",
            column.name
        ),
        3 => format!(
            "ALTER TABLE {name} ALTER COLUMN \"{}\" DROP NOT NULL",
            column.name
        ),
        _ => {
            let parent = &schema.tables[rng.usize(0..schema.tables.len())];
            let [place] = parent.key[..] else {
                return None;
            };
            let action = pick(rng, &["CASCADE", "SET NULL"]);
            format!(
                "ALTER TABLE {name} ADD FOREIGN KEY (\"{}\") REFERENCES {} (\"{}\") \
                 ON DELETE {action} ON UPDATE CASCADE NOT VALID",
                column.name,
                parent.quoted(),
                parent.columns[place].name
            )
        }
    })
}

fn alter(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    Some(Act::Call(Call::unprepared(alteration(rng, schema)?)))
}

/// Statements that the schema of a moment decided about, and no schema afterwards.
fn definition_rolled_back(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let alteration = alteration(rng, schema)?;
    let write = several::text(rng, schema);
    Some(Act::Transaction {
        steps: vec![
            Step::Call(Call::unprepared(alteration)),
            Step::Call(Call::unprepared(write)),
        ],
        end: pick(rng, &[End::Rollback, End::Commit]),
    })
}

/// A rule writes another statement beside the one that was meant.
fn rule(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let table = &schema.tables[rng.usize(0..schema.tables.len())];
    let name = format!("rule {}", rng.u32(..));
    let event = pick(rng, &["INSERT", "UPDATE", "DELETE"]);
    let also = several::text_of(rng, schema, |generator| {
        let place = generator.table();
        let from = generator.aliased(place);
        let condition = generator.pinning(&from);
        Some(format!("DELETE FROM {} WHERE {condition}", from.sql))
    })?;
    Some(Act::Call(Call::unprepared(format!(
        "CREATE RULE \"{name}\" AS ON {event} TO {} DO ALSO {also}",
        table.quoted()
    ))))
}
