//! PostgreSQL: types that are meant, functions behind triggers, tables in parts and in schemas.

use fastrand::Rng;
use larder_sea_orm::sabotage::Bug;
use larder_sea_orm::sea_orm::prelude::Uuid;
use larder_sea_orm::sea_orm::{DbBackend, DbErr, Value};

use super::{Boxed, Dialect, Ground, Of, Words};
use crate::column::{Collate, Column, Kind, percent, pick};
use crate::literal::{Literal, hexadecimal, quoted};
use crate::schema::{Draft, Schema, Trigger};
use crate::text::Gen;
use crate::{read, write};

mod ground;
mod key;
mod reads;
mod trigger;
mod words;
mod writes;

#[derive(Debug)]
pub(super) struct Postgres;

/// Words of the name pools that cannot stand alone.
const NEED_QUOTES: [&str; 3] = ["order", "group", "select"];

impl Dialect for Postgres {
    fn backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn words(&self) -> &'static Words {
        &words::WORDS
    }

    fn reads(&self) -> &'static [read::Class] {
        &reads::CLASSES
    }

    fn writes(&self) -> &'static [write::Class] {
        &writes::CLASSES
    }

    /// Columns that call different values equal are never pinned here, and of a statement that fails
    /// nothing stays: bugs about that would change nothing.
    ///
    /// `Replace` is seen with some seeds and not with all in a run of ordinary length.
    fn bugs(&self) -> &'static [Bug] {
        &[
            Bug::OldImage,
            Bug::NewImage,
            Bug::OtherRows,
            Bug::Cascade,
            Bug::Trigger,
            Bug::OtherValues,
            Bug::JoinedTables,
            Bug::ColumnsRead,
            Bug::Savepoint,
            Bug::Unheard,
        ]
    }

    fn kind(&self, rng: &mut Rng) -> Kind {
        match rng.u8(0..16) {
            0..=3 => Kind::Integer,
            4..=6 => Kind::Text(Collate::Binary),
            7..=8 => Kind::Text(Collate::NoCase),
            9 => Kind::Text(Collate::RTrim),
            10 => Kind::Real,
            11 => Kind::Blob,
            12 => Kind::Numeric,
            13 => Kind::Boolean,
            14 => Kind::Moment,
            _ => Kind::Uuid,
        }
    }

    fn declared(&self, kind: Kind, rng: &mut Rng) -> &'static str {
        let all: &[&str] = match kind {
            Kind::Integer | Kind::Flag => &["integer", "bigint", "smallint", "INT"],
            Kind::Text(Collate::Binary) | Kind::Untyped | Kind::DateText | Kind::Choice => {
                &["text", "varchar(20)", "text", "character varying"]
            }
            Kind::Text(Collate::NoCase) => &["text COLLATE case_insensitive", "citext"],
            Kind::Text(Collate::RTrim) => &["char(5)", "char(3)"],
            Kind::Real => &["double precision", "real"],
            Kind::Blob => &["bytea"],
            Kind::Numeric => &["numeric", "numeric(10, 2)"],
            Kind::Boolean => &["boolean"],
            Kind::Moment | Kind::Day => &["timestamptz", "timestamp with time zone"],
            Kind::Uuid => &["uuid"],
        };
        pick(rng, all)
    }

    fn foreign(&self, kind: Kind, rng: &mut Rng) -> Literal {
        let all: &[&str] = match kind {
            Kind::Integer | Kind::Flag => &[
                "'1'",
                "1.0",
                "2.0",
                "1.5",
                "2::smallint",
                "3::bigint",
                "' 1 '",
                "1e0",
            ],
            Kind::Text(_) | Kind::Untyped | Kind::DateText | Kind::Choice => &[
                "'a'::varchar",
                "'a '::char(3)",
                "'A'::text",
                "'b'::varchar(1)",
                "('a' COLLATE case_insensitive)",
                "E'a'",
                "$$b$$",
            ],
            Kind::Real => &["1", "'1e0'", "1.0::numeric", "2::real"],
            Kind::Blob => &["'\\x61'", "'a'::bytea", "E'\\\\x31'"],
            Kind::Numeric => &["1.00", "'1.0'", "2::float8", "'01'", "1.500"],
            Kind::Boolean => &["'yes'", "'f'", "'0'", "(1 = 1)", "'on'"],
            Kind::Moment | Kind::Day => &[
                "'2024-01-01 01:00+01'",
                "'2024-01-02'::date",
                "timestamp '2024-01-01 00:00'",
                "'2024-01-02 12:00:00.0+00'",
            ],
            Kind::Uuid => &[
                "'A0000000-0000-4000-8000-000000000001'",
                "'{a0000000-0000-4000-8000-000000000002}'",
                "'a0000000000040008000000000000001'",
            ],
        };
        Literal::Raw(pick(rng, all))
    }

    fn is(&self, kind: Kind, of: Of) -> bool {
        match of {
            Of::Any => true,
            Of::Number => kind.is_number(),
            Of::Text => kind.is_text(),
            Of::Pattern => kind.is_text() && kind != Kind::Text(Collate::NoCase),
            Of::Ordered => kind.is_number() || kind.is_text() || kind == Kind::Moment,
            Of::Moment => kind == Kind::Moment,
            Of::Truth => kind == Kind::Boolean,
        }
    }

    fn alike(&self, one: Kind, other: Kind) -> bool {
        one == other || one.is_text() && other.is_text() || one.is_number() && other.is_number()
    }

    fn spelled(&self, literal: &Literal) -> String {
        match literal {
            Literal::Null => "NULL".to_owned(),
            Literal::Bool(truth) => truth.to_string(),
            Literal::Int(i) => i.to_string(),
            Literal::Real(r) => format!("{r:?}"),
            Literal::Text(text) => quoted(text),
            Literal::Blob(bytes) => format!("'\\x{}'::bytea", hexadecimal(bytes)),
            Literal::Uuid(number) => quoted(&uuid(*number).to_string()),
            Literal::Raw(sql) => (*sql).to_owned(),
        }
    }

    /// The driver names the type of each parameter, so that one that is not the column's decides
    /// what is compared.
    fn bound(&self, literal: &Literal, kind: Option<Kind>) -> Option<Value> {
        Some(match literal {
            Literal::Null => match kind? {
                Kind::Integer | Kind::Flag => Value::BigInt(None),
                Kind::Real | Kind::Numeric => Value::Double(None),
                Kind::Boolean => Value::Bool(None),
                Kind::Blob => Value::Bytes(None),
                Kind::Uuid => Value::Uuid(None),
                Kind::Text(_)
                | Kind::Moment
                | Kind::Day
                | Kind::Choice
                | Kind::Untyped
                | Kind::DateText => Value::String(None),
            },
            Literal::Bool(truth) => Value::Bool(Some(*truth)),
            Literal::Int(i) => Value::BigInt(Some(*i)),
            Literal::Real(r) => Value::Double(Some(*r)),
            Literal::Text(text) => Value::from(text.clone()),
            Literal::Blob(bytes) => Value::from(bytes.clone()),
            Literal::Uuid(number) => Value::from(uuid(*number)),
            Literal::Raw(_) => return None,
        })
    }

    fn parameter(&self, _rng: &mut Rng, number: usize, kind: Option<Kind>) -> String {
        match kind {
            Some(Kind::Moment) => format!("CAST(${number} AS timestamptz)"),
            _ => format!("${number}"),
        }
    }

    fn name(&self, rng: &mut Rng, name: &str) -> String {
        let bare = !NEED_QUOTES.contains(&name)
            && !name.contains(|letter: char| letter == ' ' || letter.is_ascii_uppercase());
        match rng.u8(0..10) {
            0..=5 if bare => name.to_owned(),
            6 if bare => name.to_ascii_uppercase(),
            _ => format!("\"{name}\""),
        }
    }

    fn begin_table(&self, rng: &mut Rng, schema: &mut Schema, draft: &mut Draft) {
        draft.table.rowid = false;
        if percent(rng, 15) {
            draft.table.space = Some("other");
            schema.feature("table in another schema");
        }
        key::add(self, rng, schema, draft);
    }

    fn on_conflict(&self, _rng: &mut Rng, _schema: &mut Schema, _unique: bool) -> &'static str {
        ""
    }

    fn generated(&self, rng: &mut Rng, of: &Column) -> (Kind, String, &'static str) {
        let name = format!("\"{}\"", of.name);
        let (kind, expression) = match (rng.u8(0..4), of.kind) {
            (0, _) => (Kind::Boolean, format!("{name} IS NULL")),
            (_, kind) if kind.is_number() => (kind, format!("{name} + 1")),
            (1, Kind::Text(_)) => (Kind::Text(Collate::Binary), format!("lower({name})")),
            (_, Kind::Text(_)) => (
                Kind::Text(Collate::Binary),
                format!("coalesce({name}, 'a') || ''"),
            ),
            (_, kind) => (kind, name),
        };
        (kind, expression, "STORED")
    }

    fn trigger(&self, rng: &mut Rng, trigger: &Trigger<'_>) -> String {
        trigger::definition(rng, trigger)
    }

    fn own_row(&self, generator: &mut Gen<'_>, trigger: &Trigger<'_>) -> Option<String> {
        trigger::own_row(generator, trigger)
    }

    fn ground(&self) -> Boxed<'static, Result<Box<dyn Ground>, DbErr>> {
        Box::pin(async { Ok(Box::new(ground::Place::new()) as Box<dyn Ground>) })
    }
}

/// One of a few UUIDs.
fn uuid(number: u8) -> Uuid {
    Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0000 + u128::from(number))
}
