//! Writes that only MariaDB has.

use std::sync::LazyLock;

use fastrand::Rng;

use crate::column::pick;
use crate::schema::Schema;
use crate::text::Gen;
use crate::write::{Act, Call, Class, Make, SHARED, insert, update};

/// Classes that MariaDB has no words for.
const ABSENT: [&str; 8] = [
    "INSERT DEFAULT VALUES",
    "upsert DO NOTHING",
    "upsert DO UPDATE",
    "upsert DO UPDATE … WHERE",
    "UPDATE … FROM",
    "UPDATE of row values",
    "WITH … write",
    "UPDATE … RETURNING",
];

/// Every class of writes.
pub(super) static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let own: &[Class] = &[
        ("INSERT of nothing", Make::One(nothing)),
        ("INSERT … SET", Make::One(set)),
        ("ON DUPLICATE KEY UPDATE", Make::One(on_duplicate)),
        ("REPLACE", Make::One(replace)),
        ("REPLACE … SELECT", Make::One(replace_select)),
        ("REPLACE … RETURNING", Make::Rows(replace_returning)),
        ("UPDATE of several tables", Make::One(update_several)),
        ("DELETE of several tables", Make::One(delete_several)),
        ("UPDATE IGNORE", Make::One(update_ignore)),
        ("UPDATE … ORDER BY … LIMIT", Make::One(update_limited)),
        ("DELETE … ORDER BY … LIMIT", Make::One(delete_limited)),
        ("TRUNCATE", Make::Act(truncate)),
        ("ALTER TABLE, a key or trigger", Make::Act(alter)),
    ];
    let shared = SHARED.iter().filter(|(name, _)| !ABSENT.contains(name));
    shared.chain(own).copied().collect()
});

fn nothing(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let name = generator.table_name(&generator.schema.tables[place]);
    let verb = generator.pick(&["INSERT", "INSERT IGNORE"]);
    Some(format!("{verb} INTO {name} () VALUES ()"))
}

fn set(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.schema.tables[generator.table()].clone();
    let name = generator.table_name(&table);
    let verb = generator.pick(&["INSERT", "INSERT IGNORE", "REPLACE"]);
    let sets: Vec<String> = table
        .writable()
        .into_iter()
        .map(|place| {
            let column = table.columns[place].clone();
            format!(
                "{} = {}",
                generator.name(&column.name),
                generator.value(&column)
            )
        })
        .collect();
    Some(format!("{verb} INTO {name} SET {}", sets.join(", ")))
}

fn on_duplicate(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = generator.schema.tables[place].clone();
    let count = generator.rng.usize(1..=2);
    let rows = insert::rows_of(generator, place, ("INSERT", ""), count);
    let columns = match generator.chance(10) {
        true => table.writable(),
        false => table.payload(),
    };
    let column = table.columns[generator.pick(&[*columns.first()?, *columns.last()?])].clone();
    let name = generator.name(&column.name);
    let value = match generator.rng.u8(0..4) {
        0 | 1 => format!("VALUES({name})"),
        2 => name.clone(),
        _ => generator.value(&column),
    };
    Some(format!("{rows} ON DUPLICATE KEY UPDATE {name} = {value}"))
}

fn replace(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(1..=2);
    Some(insert::rows(generator, ("REPLACE", ""), count))
}

fn replace_select(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let (name, from) = (
        generator.table_name(&generator.schema.tables[place].clone()),
        generator.aliased(place),
    );
    let table = generator.schema.tables[place].clone();
    let columns = table.writable();
    let names: Vec<String> = columns
        .iter()
        .map(|&place| generator.name(&table.columns[place].name))
        .collect();
    let mut values: Vec<String> = columns
        .iter()
        .map(|&place| generator.column(&from, place))
        .collect();
    let changed = generator.rng.usize(0..values.len());
    values[changed] = generator.value(&table.columns[columns[changed]].clone());
    let condition = generator.pinning(&from);
    Some(format!(
        "REPLACE INTO {name} ({}) SELECT {} FROM {} WHERE {condition} LIMIT 3",
        names.join(", "),
        values.join(", "),
        from.sql
    ))
}

fn replace_returning(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = generator.schema.tables[place].clone();
    let rows = insert::rows_of(generator, place, ("REPLACE", ""), 1);
    Some(rows + &insert::returned(generator, &table))
}

fn update_several(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = generator.schema.tables[place].clone();
    let (from, other) = (generator.aliased(place), generator.any_aliased());
    let on = generator.join_condition(&other, &from);
    let pinned = generator.one_sided(&from, &other);
    let payload = table.payload();
    let set = *payload.first()?;
    let column = table.columns[set].clone();
    let name = generator.column(&from, set);
    let value = match generator.rng.bool() {
        true => generator.column_like(&other, &column),
        false => generator.value(&column),
    };
    let mut sets = format!("{name} = {value}");
    if let (Some(other_place), true) = (other.table, generator.chance(30)) {
        let other_table = generator.schema.tables[other_place].clone();
        let set = *other_table.payload().last()?;
        let column = other_table.columns[set].clone();
        sets = format!(
            "{sets}, {} = {}",
            generator.column(&other, set),
            generator.value(&column)
        );
    }
    Some(match generator.rng.bool() {
        true => format!(
            "UPDATE {} JOIN {} ON {on} SET {sets} WHERE {pinned}",
            from.sql, other.sql
        ),
        false => format!(
            "UPDATE {}, {} SET {sets} WHERE {on} AND {pinned}",
            from.sql, other.sql
        ),
    })
}

fn delete_several(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let (from, other) = (generator.aliased(place), generator.any_aliased());
    let on = generator.join_condition(&other, &from);
    let pinned = generator.one_sided(&from, &other);
    let one = from.qualifier.clone()?;
    let two = other.qualifier.clone()?;
    Some(match generator.rng.u8(0..3) {
        0 => format!(
            "DELETE {one} FROM {} JOIN {} ON {on} WHERE {pinned}",
            from.sql, other.sql
        ),
        1 => format!(
            "DELETE FROM {one} USING {} JOIN {} ON {on} WHERE {pinned}",
            from.sql, other.sql
        ),
        _ => format!(
            "DELETE {one}, {two} FROM {} JOIN {} ON {on} WHERE {pinned}",
            from.sql, other.sql
        ),
    })
}

fn update_ignore(generator: &mut Gen<'_>) -> Option<String> {
    let (from, _, sql) = update::head(generator, "UPDATE IGNORE");
    let condition = generator.maybe_where(&from);
    Some(sql + &condition)
}

fn update_limited(generator: &mut Gen<'_>) -> Option<String> {
    let (from, _, sql) = update::head(generator, "UPDATE");
    let condition = generator.maybe_where(&from);
    let (by, _) = generator.any_column(&from);
    Some(format!("{sql}{condition} ORDER BY {by} LIMIT 2"))
}

fn delete_limited(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let name = generator.table_name(&generator.schema.tables[place].clone());
    let mut from = generator.alone(place);
    from.qualifier = None;
    let condition = generator.maybe_where(&from);
    let (by, _) = generator.any_column(&from);
    Some(format!(
        "DELETE FROM {name}{condition} ORDER BY {by} LIMIT 1"
    ))
}

/// Commits at once, and so is not tried beforehand.
fn truncate(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let name = schema.tables[rng.usize(0..schema.tables.len())].quoted();
    let word = pick(rng, &["TRUNCATE", "TRUNCATE TABLE"]);
    Some(Act::Calls(vec![Call::unprepared(format!("{word} {name}"))]))
}

/// What decides about what else a write changes.
fn alter(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let child = &schema.tables[rng.usize(0..schema.tables.len())];
    let name = child.quoted();
    let column = &child.columns[*child.payload().first()?];
    let sql = match rng.u8(0..4) {
        0 => format!(
            "ALTER TABLE {name} ALTER COLUMN \"{}\" DROP DEFAULT",
            column.name
        ),
        1 => format!(
            "ALTER TABLE {name} MODIFY COLUMN \"{}\" {}",
            column.name, column.declared
        ),
        2 => format!("ALTER TABLE {name} FORCE"),
        _ => {
            let parent = &schema.tables[rng.usize(0..schema.tables.len())];
            let [place] = parent.key[..] else {
                return None;
            };
            let action = pick(rng, &["CASCADE", "SET NULL"]);
            format!(
                "ALTER TABLE {name} ADD FOREIGN KEY (\"{}\") REFERENCES {} (\"{}\") \
                 ON DELETE {action} ON UPDATE CASCADE",
                column.name,
                parent.quoted(),
                parent.columns[place].name
            )
        }
    };
    Some(Act::Call(Call::unprepared(sql)))
}
