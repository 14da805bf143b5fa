//! Reads with queries inside.

use super::plain::list;
use crate::database::Of;
use crate::text::{From, Gen};

fn some(generator: &mut Gen<'_>) -> From {
    let from = generator.any_aliased();
    generator.loose |= from.table.is_none();
    from
}

pub(super) fn in_subquery(generator: &mut Gen<'_>) -> Option<String> {
    let (outer, inner) = (some(generator), some(generator));
    let list = list(generator, &outer);
    let (column, of) = generator.any_column(&outer);
    let other = generator.column_like(&inner, &of);
    let condition = generator.maybe_where(&inner);
    let not = if generator.chance(20) { "NOT " } else { "" };
    let more = match generator.chance(30) {
        true => format!(" AND {}", generator.pinning(&outer)),
        false => String::new(),
    };
    Some(format!(
        "SELECT {list} FROM {} WHERE {column} {not}IN (SELECT {other} FROM {}{condition}){more}",
        outer.sql, inner.sql
    ))
}

pub(super) fn exists(generator: &mut Gen<'_>) -> Option<String> {
    let (outer, inner) = (some(generator), some(generator));
    let list = list(generator, &outer);
    let on = generator.join_condition(&inner, &outer);
    let more = match generator.chance(50) {
        true => format!(" AND {}", generator.pinning(&inner)),
        false => String::new(),
    };
    let not = if generator.chance(30) { "NOT " } else { "" };
    let end = match generator.chance(30) {
        true => format!(" AND {}", generator.pinning(&outer)),
        false => String::new(),
    };
    Some(format!(
        "SELECT {list} FROM {} WHERE {not}EXISTS (SELECT 1 FROM {} WHERE {on}{more}){end}",
        outer.sql, inner.sql
    ))
}

pub(super) fn scalar(generator: &mut Gen<'_>) -> Option<String> {
    let (outer, inner) = (some(generator), some(generator));
    let (column, _) = generator.any_column(&outer);
    let (other, _) = generator.column_of(&inner, Of::Ordered);
    let inside = generator
        .pick(&["count(*)", "max(other)", "count(other)"])
        .replace("other", &other);
    let condition = generator.maybe_where(&inner);
    let end = generator.maybe_where(&outer);
    generator.loose = true;
    Some(format!(
        "SELECT {column}, (SELECT {inside} FROM {}{condition}) FROM {}{end}",
        inner.sql, outer.sql
    ))
}

pub(super) fn correlated(generator: &mut Gen<'_>) -> Option<String> {
    let (outer, inner) = (some(generator), some(generator));
    let (column, _) = generator.any_column(&outer);
    let on = generator.join_condition(&inner, &outer);
    let (other, of_other) = generator.column_of(&inner, Of::Ordered);
    let value = generator.value(&of_other);
    generator.loose = true;
    let inside = |what: &str| format!("(SELECT {what} FROM {} WHERE {on})", inner.sql);
    let least = inside(&format!("min({other})"));
    let number = inside("count(*)");
    Some(match generator.rng.u8(0..4) {
        0 => format!("SELECT {column}, {number} FROM {}", outer.sql),
        1 => format!("SELECT {column}, {least} FROM {}", outer.sql),
        2 => format!("SELECT {column} FROM {} WHERE {number} > 1", outer.sql),
        _ => format!("SELECT {column} FROM {} WHERE {least} = {value}", outer.sql),
    })
}

pub(super) fn in_from(generator: &mut Gen<'_>) -> Option<String> {
    let inner = some(generator);
    let (column, of) = generator.any_column(&inner);
    let (other, of_other) = generator.any_column(&inner);
    let condition = generator.maybe_where(&inner);
    let query = format!(
        "(SELECT {column} AS one, {other} AS two FROM {}{condition})",
        inner.sql
    );
    Some(match generator.rng.u8(0..4) {
        0 => format!("SELECT count(*), count(q.one) FROM {query} AS q"),
        1 => {
            let value = generator.value(&of);
            format!("SELECT two FROM {query} q WHERE one = {value}")
        }
        2 => {
            let outer = some(generator);
            let like = generator.column_like(&outer, &of_other);
            let end = generator.one_sided(&outer, &outer);
            format!(
                "SELECT q.one, {like} FROM {query} q JOIN {} ON q.two = {like} WHERE {end}",
                outer.sql
            )
        }
        _ => {
            let (value, more) = (generator.value(&of_other), generator.value(&of_other));
            format!("SELECT * FROM {query} q WHERE two IN ({value}, {more}) OR one IS NULL")
        }
    })
}

pub(super) fn cte(generator: &mut Gen<'_>) -> Option<String> {
    let inner = some(generator);
    let ((column, of), (other, _)) = (generator.any_column(&inner), generator.any_column(&inner));
    let condition = generator.maybe_where(&inner);
    let kind = generator.pick(generator.words().cte);
    // Now and then a name that a table has, too.
    let name = generator.pick(&["q", "q", "q", "genre"]);
    let head = format!(
        "WITH {name}(one, two) AS{kind} (SELECT {column}, {other} FROM {}{condition})",
        inner.sql
    );
    let value = generator.value(&of);
    Some(match generator.rng.u8(0..4) {
        0 => format!("{head} SELECT * FROM {name} WHERE one = {value}"),
        1 => format!("{head} SELECT a.one, b.two FROM {name} a JOIN {name} b ON a.one = b.one"),
        2 => {
            let outer = generator.table();
            let outer = generator.aliased(outer);
            let like = generator.column_like(&outer, &of);
            // The table of the same name is hidden.
            if name == "genre" {
                return Some(format!("{head} SELECT count(*) FROM {name}"));
            }
            format!(
                "{head} SELECT {like}, two FROM {} LEFT JOIN {name} ON one = {like}",
                outer.sql
            )
        }
        _ => format!(
            "{head}, r AS (SELECT two FROM {name} WHERE one {} {value}) SELECT * FROM r",
            generator.words().is_not
        ),
    })
}

pub(super) fn recursive(generator: &mut Gen<'_>) -> Option<String> {
    let base = generator.table();
    let (seed, step) = (generator.aliased(base), generator.aliased(base));
    let (start, of) = generator.any_column(&seed);
    let (next, by) = (
        generator.column_like(&step, &of),
        generator.column_like(&step, &of),
    );
    let condition = format!(" WHERE {}", generator.pinning(&seed));
    generator.loose = true;
    // UNION leaves out what was there: with values from columns alone it ends.
    Some(format!(
        "WITH RECURSIVE r(n) AS (SELECT {start} FROM {}{condition} UNION SELECT {next} FROM {} JOIN r ON {by} = r.n) \
         SELECT n FROM r",
        seed.sql, step.sql
    ))
}

pub(super) fn no_from(generator: &mut Gen<'_>) -> Option<String> {
    let (one, other) = (some(generator), some(generator));
    let (column, _) = generator.column_of(&other, Of::Ordered);
    let condition = generator.pinning(&one);
    let end = generator.maybe_where(&other);
    generator.loose = true;
    Some(match generator.rng.bool() {
        true => format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE {condition})",
            one.sql
        ),
        false => format!(
            "SELECT (SELECT count(*) FROM {} WHERE {condition}) AS n, (SELECT max({column}) FROM {}{end})",
            one.sql, other.sql
        ),
    })
}
