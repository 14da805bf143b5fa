//! SQLite: types that are advice, rows with numbers, conflicts that are settled by a word.

use fastrand::Rng;
use larder_sea_orm::sabotage::Bug;
use larder_sea_orm::sea_orm::{DbBackend, DbErr, Value};

use super::{Boxed, Dialect, Ground, Of, Words};
use crate::column::{Collate, Column, Kind, blob, int, percent, pick, real, text};
use crate::literal::{Literal, hexadecimal, quoted};
use crate::schema::{Draft, Schema, Trigger};
use crate::text::Gen;
use crate::{read, write};

mod ground;
mod key;
mod reads;
mod words;
mod writes;

#[derive(Debug)]
pub(super) struct Sqlite;

/// Words of the name pools that cannot stand alone.
const NEED_QUOTES: [&str; 3] = ["order", "group", "select"];

impl Dialect for Sqlite {
    fn backend(&self) -> DbBackend {
        DbBackend::Sqlite
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

    fn bugs(&self) -> &'static [Bug] {
        &Bug::ALL
    }

    fn kind(&self, rng: &mut Rng) -> Kind {
        match rng.u8(0..16) {
            0..=4 => Kind::Integer,
            5..=6 => Kind::Text(Collate::Binary),
            7..=8 => Kind::Text(Collate::NoCase),
            9 => Kind::Text(Collate::RTrim),
            10 => Kind::Real,
            11 => Kind::Blob,
            12 => Kind::Numeric,
            13 => Kind::Untyped,
            14 => Kind::Flag,
            _ => Kind::DateText,
        }
    }

    fn declared(&self, kind: Kind, rng: &mut Rng) -> &'static str {
        let all: &[&str] = match kind {
            Kind::Integer => &["INTEGER", "INT", "BIGINT", "integer"],
            Kind::Text(Collate::Binary) | Kind::Choice => {
                &["TEXT", "VARCHAR(20)", "TEXT COLLATE BINARY"]
            }
            Kind::Text(Collate::NoCase) => &["TEXT COLLATE NOCASE", "varchar(20) collate nocase"],
            Kind::Text(Collate::RTrim) => &["TEXT COLLATE RTRIM"],
            Kind::Real => &["REAL", "DOUBLE PRECISION", "FLOAT"],
            Kind::Blob => &["BLOB"],
            Kind::Numeric => &["NUMERIC", "DECIMAL(10, 2)"],
            Kind::Untyped => &["", "COLLATE NOCASE"],
            Kind::Flag | Kind::Boolean => &["BOOLEAN"],
            Kind::DateText | Kind::Moment | Kind::Day => &["DATETIME", "DATE"],
            Kind::Uuid => &["UUID"],
        };
        pick(rng, all)
    }

    fn foreign(&self, kind: Kind, rng: &mut Rng) -> Literal {
        match kind {
            Kind::Text(_) | Kind::DateText => match rng.u8(0..4) {
                0 => blob(rng),
                1 => real(rng),
                _ => int(rng),
            },
            Kind::Blob => match rng.u8(0..2) {
                0 => int(rng),
                _ => text(rng),
            },
            _ => match rng.u8(0..5) {
                0 => blob(rng),
                1 => text(rng),
                2 => Literal::text(pick(
                    rng,
                    &[
                        "0", "1", "2", "3", " 1", "1 ", "+1", "01", "1.0", "2.0", "1e0", "0x1",
                    ],
                )),
                3 => Literal::text(pick(rng, &["0", "1", "2", "3"])),
                _ => real(rng),
            },
        }
    }

    fn is(&self, _kind: Kind, _of: Of) -> bool {
        true
    }

    fn alike(&self, one: Kind, other: Kind) -> bool {
        one.is_text() == other.is_text()
    }

    fn spelled(&self, literal: &Literal) -> String {
        match literal {
            Literal::Null => "NULL".to_owned(),
            Literal::Bool(truth) => u8::from(*truth).to_string(),
            Literal::Int(i) => i.to_string(),
            Literal::Real(r) => format!("{r:?}"),
            Literal::Text(text) => quoted(text),
            Literal::Blob(bytes) => format!("x'{}'", hexadecimal(bytes)),
            Literal::Uuid(number) => quoted(&number.to_string()),
            Literal::Raw(sql) => (*sql).to_owned(),
        }
    }

    fn bound(&self, literal: &Literal, _kind: Option<Kind>) -> Option<Value> {
        Some(match literal {
            Literal::Null => Value::BigInt(None),
            Literal::Bool(truth) => Value::Bool(Some(*truth)),
            Literal::Int(i) => Value::BigInt(Some(*i)),
            Literal::Real(r) => Value::Double(Some(*r)),
            Literal::Text(text) => Value::from(text.clone()),
            Literal::Blob(bytes) => Value::from(bytes.clone()),
            Literal::Uuid(number) => Value::from(number.to_string()),
            Literal::Raw(_) => return None,
        })
    }

    fn parameter(&self, rng: &mut Rng, number: usize, _kind: Option<Kind>) -> String {
        match percent(rng, NUMBERED_PERCENT) {
            true => format!("?{number}"),
            false => "?".to_owned(),
        }
    }

    fn name(&self, rng: &mut Rng, name: &str) -> String {
        let bare = !NEED_QUOTES.contains(&name) && !name.contains(' ');
        match rng.u8(0..10) {
            0..=5 if bare => name.to_owned(),
            6 if bare => name.to_ascii_uppercase(),
            7 => format!("[{name}]"),
            8 => format!("`{name}`"),
            _ => format!("\"{name}\""),
        }
    }

    fn begin_table(&self, rng: &mut Rng, schema: &mut Schema, draft: &mut Draft) {
        key::add(self, rng, schema, draft);
    }

    fn on_conflict(&self, rng: &mut Rng, schema: &mut Schema, unique: bool) -> &'static str {
        if !unique {
            return match percent(rng, 30) {
                true => " ON CONFLICT REPLACE",
                false => "",
            };
        }
        match rng.u8(0..4) {
            0 | 1 => {
                schema.feature("ON CONFLICT REPLACE");
                " ON CONFLICT REPLACE"
            }
            2 => " ON CONFLICT IGNORE",
            _ => "",
        }
    }

    fn generated(&self, rng: &mut Rng, of: &Column) -> (Kind, String, &'static str) {
        let name = format!("\"{}\"", of.name);
        let (kind, expression) = match rng.u8(0..5) {
            0 => (Kind::Integer, format!("{name} + 1")),
            1 => (Kind::Integer, format!("{name} IS NULL")),
            2 => (Kind::Text(Collate::Binary), format!("lower({name})")),
            3 => (Kind::Untyped, name),
            _ => (
                Kind::Text(Collate::Binary),
                format!("coalesce({name}, 'a') || ''"),
            ),
        };
        (kind, expression, pick(rng, &["VIRTUAL", "STORED"]))
    }

    fn trigger(&self, _rng: &mut Rng, trigger: &Trigger<'_>) -> String {
        let condition = match &trigger.condition {
            Some(condition) => format!(" WHEN {condition}"),
            None => String::new(),
        };
        format!(
            "CREATE TRIGGER \"{}\" {} {} ON {}{condition} BEGIN {}; END",
            trigger.name,
            trigger.timing,
            trigger.event,
            trigger.table.quoted(),
            trigger.steps.join("; "),
        )
    }

    fn own_row(&self, _generator: &mut Gen<'_>, _trigger: &Trigger<'_>) -> Option<String> {
        None
    }

    fn ground(&self) -> Boxed<'static, Result<Box<dyn Ground>, DbErr>> {
        Box::pin(async { Ok(Box::new(ground::File::new()?) as Box<dyn Ground>) })
    }
}

/// So many of a hundred parameters have their numbers.
const NUMBERED_PERCENT: u8 = 20;
