//! Reads of every class.

use fastrand::Rng;

use crate::column::{percent, pick};
use crate::schema::Schema;
use crate::text::{Gen, Text};

mod compound;
mod grouped;
mod joined;
mod nested;
pub(crate) mod plain;

/// A read, and how its answers compare.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) class: &'static str,
    pub(crate) text: Text,
    /// Values that SQLite calls equal may take each other's place.
    pub(crate) loose: bool,
    /// The order of the rows counts.
    pub(crate) ordered: bool,
    /// The columns by which it listens, with their tables, if it chooses them.
    pub(crate) on: Vec<(String, String)>,
}

/// So many of a hundred reads choose the columns by which they hear of changes.
const LISTENING_PERCENT: u8 = 25;

/// Some columns of some tables, read by the statement or not.
fn listened(rng: &mut Rng, schema: &Schema) -> Vec<(String, String)> {
    let mut on = Vec::new();
    for table in &schema.tables {
        if !percent(rng, 70) {
            continue;
        }
        let name = match table.space {
            Some(space) => format!("{space}.{}", table.name),
            None => table.name.clone(),
        };
        for _ in 0..rng.usize(1..=2) {
            let column = &table.columns[rng.usize(0..table.columns.len())];
            on.push((name.clone(), column.name.clone()));
        }
        if percent(rng, 30) && !table.key.is_empty() {
            let key = pick(rng, &table.key);
            on.push((name, table.columns[key].name.clone()));
        }
    }
    on
}

/// Writes a read of one class. `None`: the schema has nothing for it.
pub(crate) type Make = fn(&mut Gen<'_>) -> Option<String>;

/// A class of reads, and how they come about.
pub(crate) type Class = (&'static str, Make);

/// The classes of reads that every database has.
pub(crate) const SHARED: &[Class] = &[
    ("by key", plain::by_key),
    ("every column", plain::every_column),
    ("equality", plain::equality),
    ("several equalities", plain::several_equalities),
    ("IN list", plain::in_list),
    ("IS NULL", plain::null_test),
    ("NOT", plain::negated),
    ("OR", plain::either),
    ("AND, OR and NOT in depth", plain::deep),
    ("range", plain::range),
    ("LIKE and its kin", plain::like),
    ("COLLATE", plain::collated),
    ("CAST", plain::cast),
    ("value of another type", plain::wrong_type),
    ("IS, IS DISTINCT FROM", plain::is_exactly),
    ("computed condition", plain::computed),
    ("row values", plain::row_values),
    ("aliases and quoted names", plain::quoted),
    ("generated column", plain::generated),
    ("computed columns", plain::expressions),
    ("ORDER BY", plain::order_by),
    ("LIMIT, OFFSET", plain::limit),
    ("DISTINCT", plain::distinct),
    ("inner join", joined::inner),
    ("left join", joined::left),
    ("right or full join", joined::right),
    ("cross join", joined::cross),
    ("NATURAL, USING", joined::natural),
    ("self join", joined::own),
    ("three tables", joined::three),
    ("condition in ON", joined::on),
    ("IN subquery", nested::in_subquery),
    ("EXISTS", nested::exists),
    ("scalar subquery", nested::scalar),
    ("correlated subquery", nested::correlated),
    ("subquery in FROM", nested::in_from),
    ("CTE", nested::cte),
    ("recursive CTE", nested::recursive),
    ("no FROM", nested::no_from),
    ("UNION", compound::union),
    ("INTERSECT, EXCEPT", compound::intersect),
    ("count", grouped::count),
    ("sum, min, max", grouped::aggregates),
    ("GROUP BY", grouped::group_by),
    ("HAVING", grouped::having),
    ("window function", grouped::window),
    ("view", plain::view),
    ("view with a condition", plain::view_where),
    ("view in a join", joined::view),
];

impl Read {
    /// A read of the class at `place`, or of the next class that the schema has something for.
    pub(crate) fn of_class(rng: &mut Rng, schema: &Schema, place: usize) -> Read {
        let classes = schema.dialect.reads();
        (0..)
            .find_map(|step| {
                let (class, make) = classes[(place + step) % classes.len()];
                let mut generator = Gen::new(rng, schema);
                let sql = make(&mut generator)?;
                let (loose, ordered) = (generator.loose, generator.ordered);
                let text = generator.finish(&sql);
                let on = match percent(rng, LISTENING_PERCENT) {
                    true => listened(rng, schema),
                    false => Vec::new(),
                };
                Some(Read {
                    class,
                    text,
                    loose,
                    ordered,
                    on,
                })
            })
            .expect("some class needs nothing of the schema")
    }
}
