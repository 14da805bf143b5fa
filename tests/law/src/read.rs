//! Reads of every class.

use fastrand::Rng;

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
                Some(Read {
                    class,
                    text: generator.finish(&sql),
                    loose,
                    ordered,
                })
            })
            .expect("some class needs nothing of the schema")
    }
}
