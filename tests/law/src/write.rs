//! Writes of every class.

use fastrand::Rng;

use crate::database::Words;
use crate::schema::Schema;
use crate::text::{Gen, Text};

mod change;
mod definition;
mod delete;
pub(crate) mod insert;
pub(crate) mod several;
pub(crate) mod update;

/// A write, as a caller would do it.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) class: &'static str,
    pub(crate) act: Act,
    /// It is meant to be refused by the database.
    pub(crate) fails: bool,
}

/// What a caller does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// One call.
    Call(Call),
    /// Several, one after the other, each by itself.
    Calls(Vec<Call>),
    /// A transaction.
    Transaction { steps: Vec<Step>, end: End },
}

/// One call of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) how: How,
    pub(crate) text: Text,
}

/// By which method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Execute,
    QueryAll,
    QueryOne,
    Unprepared,
}

/// A part of a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Call(Call),
    Savepoint { steps: Vec<Step>, end: End },
}

/// How a transaction or savepoint ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Commit,
    Rollback,
    Drop,
}

/// Writes a statement, as marks and all.
pub(crate) type Statement = fn(&mut Gen<'_>) -> Option<String>;

/// How a class of writes comes about.
#[derive(Clone, Copy)]
pub(crate) enum Make {
    /// One statement.
    One(Statement),
    /// One statement that answers with rows.
    Rows(Statement),
    /// One statement that the database refuses.
    Refused(Statement),
    /// Anything else.
    Act(fn(&mut Rng, &Schema) -> Option<Act>),
}

/// A class of writes, and how they come about.
pub(crate) type Class = (&'static str, Make);

/// The classes of writes that every database has.
pub(crate) const SHARED: &[Class] = &[
    ("INSERT one row", Make::One(insert::one)),
    ("INSERT several rows", Make::One(insert::many)),
    ("INSERT … SELECT", Make::One(insert::select)),
    ("INSERT DEFAULT VALUES", Make::One(insert::default_values)),
    ("INSERT of what is missing", Make::One(insert::ignoring)),
    ("upsert DO NOTHING", Make::One(insert::upsert_nothing)),
    ("upsert DO UPDATE", Make::One(insert::upsert_update)),
    ("upsert DO UPDATE … WHERE", Make::One(insert::upsert_where)),
    ("UPDATE by key", Make::One(update::by_key)),
    ("UPDATE by condition", Make::One(update::by_condition)),
    ("UPDATE all rows", Make::One(update::all)),
    ("UPDATE of the key", Make::One(update::key)),
    ("UPDATE to the same value", Make::One(update::same)),
    ("UPDATE to an equal value", Make::One(update::equal)),
    ("UPDATE … FROM", Make::One(update::from)),
    ("UPDATE of row values", Make::One(update::row_values)),
    ("UPDATE with a subquery", Make::One(update::subquery)),
    ("UPDATE of a reference", Make::One(update::reference)),
    ("DELETE by key", Make::One(delete::by_key)),
    ("DELETE by condition", Make::One(delete::by_condition)),
    ("DELETE all rows", Make::One(delete::all)),
    ("DELETE with a subquery", Make::One(delete::subquery)),
    ("DELETE of a parent", Make::One(delete::parent)),
    ("UPDATE of a parent's key", Make::One(update::parent_key)),
    ("WITH … write", Make::One(change::with)),
    ("INSERT … RETURNING", Make::Rows(insert::returning)),
    ("UPDATE … RETURNING", Make::Rows(update::returning)),
    ("DELETE … RETURNING", Make::Rows(delete::returning)),
    ("write to a view", Make::One(change::to_view)),
    (
        "several statements in one text",
        Make::Act(several::one_text),
    ),
    (
        "transaction in one text",
        Make::Act(several::transaction_text),
    ),
    ("refused statement", Make::Refused(change::refused)),
    ("transaction, committed", Make::Act(several::committed)),
    ("transaction, rolled back", Make::Act(several::rolled_back)),
    ("transaction, dropped", Make::Act(several::dropped)),
    ("savepoint, kept", Make::Act(several::savepoint_kept)),
    (
        "savepoint, rolled back",
        Make::Act(several::savepoint_rolled_back),
    ),
    (
        "refused statement in a transaction",
        Make::Act(several::refused_inside),
    ),
    ("savepoint in text", Make::Act(several::savepoint_text)),
    ("ADD COLUMN", Make::Act(definition::add_column)),
    ("CREATE and DROP INDEX", Make::Act(definition::index)),
    ("DROP and CREATE VIEW", Make::Act(definition::view)),
    ("CREATE TRIGGER", Make::Act(definition::trigger)),
];

impl Write {
    /// A write of the class at `place`, or of the next class that the schema has something for.
    pub(crate) fn of_class(rng: &mut Rng, schema: &Schema, place: usize) -> Write {
        let classes = schema.dialect.writes();
        (0..)
            .find_map(|step| {
                let (class, make) = classes[(place + step) % classes.len()];
                let (act, fails) = match make {
                    Make::One(statement) => {
                        (Act::Call(Call::of(rng, schema, statement, &HOWS)?), false)
                    }
                    Make::Rows(statement) => (
                        Act::Call(Call::of(rng, schema, statement, &WITH_ROWS)?),
                        false,
                    ),
                    Make::Refused(statement) => {
                        (Act::Call(Call::of(rng, schema, statement, &HOWS)?), true)
                    }
                    Make::Act(make) => (make(rng, schema)?, false),
                };
                let act = act.in_own_quotes(schema.dialect.words());
                Some(Write { class, act, fails })
            })
            .expect("some class needs nothing of the schema")
    }
}

impl Act {
    /// The same, with names quoted as the database quotes them.
    fn in_own_quotes(mut self, words: &Words) -> Act {
        match &mut self {
            Act::Call(call) => call.in_own_quotes(words),
            Act::Calls(calls) => calls.iter_mut().for_each(|call| call.in_own_quotes(words)),
            Act::Transaction { steps, .. } => {
                steps.iter_mut().for_each(|step| step.in_own_quotes(words))
            }
        }
        self
    }
}

impl Step {
    fn in_own_quotes(&mut self, words: &Words) {
        match self {
            Step::Call(call) => call.in_own_quotes(words),
            Step::Savepoint { steps, .. } => {
                steps.iter_mut().for_each(|step| step.in_own_quotes(words))
            }
        }
    }
}

impl Act {
    /// Whether it is a transaction in which others cannot read what it has touched.
    pub(crate) fn locks_readers_out(&self) -> bool {
        let Act::Transaction { steps, .. } = self else {
            return false;
        };
        steps.iter().any(|step| match step {
            Step::Call(call) => call.is_definition() || call.text.sql.starts_with("TRUNCATE"),
            Step::Savepoint { .. } => false,
        })
    }
}

impl Write {
    /// Whether it is a transaction, which ends as it was meant to whatever is refused inside.
    pub(crate) fn is_transaction(&self) -> bool {
        match &self.act {
            Act::Call(call) => call.text.sql.starts_with("BEGIN"),
            Act::Calls(_) => false,
            Act::Transaction { .. } => true,
        }
    }

    /// The first rows once more, as far as they are missing.
    pub(crate) fn put_back(schema: &Schema) -> Write {
        let rows = schema.setup.iter().filter(|sql| sql.starts_with("INSERT"));
        let calls = rows.map(|sql| Call::unprepared(sql.as_str())).collect();
        Write {
            class: "rows put back",
            act: Act::Calls(calls),
            fails: true,
        }
    }
}

const HOWS: [How; 5] = [
    How::Execute,
    How::Execute,
    How::Execute,
    How::Unprepared,
    How::QueryAll,
];
const WITH_ROWS: [How; 4] = [How::QueryAll, How::QueryAll, How::QueryOne, How::Execute];

impl Call {
    fn in_own_quotes(&mut self, words: &Words) {
        self.text.sql = words.own_quotes(std::mem::take(&mut self.text.sql));
    }

    fn of(rng: &mut Rng, schema: &Schema, statement: Statement, hows: &[How]) -> Option<Call> {
        let mut generator = Gen::new(rng, schema);
        let sql = statement(&mut generator)?;
        let how = generator.pick(hows);
        Some(match how {
            // Text without parameters.
            How::Unprepared => Call {
                how,
                text: Text::plain(generator.finish_plain(&sql)),
            },
            how => Call {
                how,
                text: generator.finish(&sql),
            },
        })
    }

    /// Whether it changes the schema.
    pub(crate) fn is_definition(&self) -> bool {
        ["ALTER ", "CREATE ", "DROP "]
            .iter()
            .any(|word| self.text.sql.starts_with(word))
    }

    pub(crate) fn unprepared(sql: impl Into<String>) -> Call {
        Call {
            how: How::Unprepared,
            text: Text::plain(sql),
        }
    }
}

/// Whether writes of a class change the schema, and so drop every entry.
pub(crate) fn is_definition(class: &str) -> bool {
    [
        "ADD COLUMN",
        "CREATE and DROP INDEX",
        "DROP and CREATE VIEW",
        "CREATE TRIGGER",
        "ALTER TABLE, a key or trigger",
        "change of the schema, rolled back",
        "CREATE RULE",
    ]
    .contains(&class)
}
