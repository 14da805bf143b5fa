//! MariaDB: values of any type compare with any, text that is equal in many spellings, writes that
//! adjust what does not fit, definitions that commit.

use fastrand::Rng;
use larder_sea_orm::sabotage::Bug;
use larder_sea_orm::sea_orm::{DbBackend, DbErr, Value};

use super::{Boxed, Dialect, Ground, Of, Words};
use crate::column::{Collate, Column, Kind, pick};
use crate::literal::{Literal, hexadecimal, quoted};
use crate::schema::{Draft, Schema, TABLE_NAMES, Trigger};
use crate::text::Gen;
use crate::{read, write};

mod ground;
mod key;
mod reads;
mod trigger;
mod words;
mod writes;

#[derive(Debug)]
pub(super) struct MariaDb;

/// Words of the name pools that cannot stand alone.
const NEED_QUOTES: [&str; 3] = ["order", "group", "select"];

impl Dialect for MariaDb {
    fn backend(&self) -> DbBackend {
        DbBackend::MySql
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

    /// Those that are seen in a run of ordinary length. Columns that call different values equal are
    /// never pinned here, and a statement that fails leaves nothing.
    fn bugs(&self) -> &'static [Bug] {
        &[
            Bug::OldImage,
            Bug::NewImage,
            Bug::OtherRows,
            Bug::Cascade,
            Bug::Trigger,
            Bug::JoinedTables,
            Bug::ColumnsRead,
            Bug::Unheard,
        ]
    }

    fn kind(&self, rng: &mut Rng) -> Kind {
        match rng.u8(0..16) {
            0..=4 => Kind::Integer,
            5..=7 => Kind::Text(Collate::Binary),
            8..=9 => Kind::Text(Collate::NoCase),
            10 => Kind::Text(Collate::RTrim),
            11 => Kind::Real,
            12 => Kind::Blob,
            13 => Kind::Numeric,
            14 => pick(rng, &[Kind::Flag, Kind::Choice]),
            // Not `uuid`, which some types cannot even be compared with.
            _ => Kind::Day,
        }
    }

    fn declared(&self, kind: Kind, rng: &mut Rng) -> &'static str {
        let all: &[&str] = match kind {
            Kind::Integer => &["INT", "BIGINT", "SMALLINT", "mediumint"],
            Kind::Text(Collate::Binary) | Kind::Untyped | Kind::DateText => &[
                "varchar(20) COLLATE utf8mb4_bin",
                "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                "varchar(20) COLLATE utf8mb4_nopad_bin",
            ],
            Kind::Text(Collate::NoCase) => {
                &["varchar(20)", "varchar(20) COLLATE utf8mb4_unicode_ci"]
            }
            Kind::Text(Collate::RTrim) => &["char(5) COLLATE utf8mb4_bin", "char(3)"],
            Kind::Real => &["double", "float"],
            Kind::Blob => &["varbinary(20)", "binary(3)"],
            Kind::Numeric => &["decimal(10, 2)", "NUMERIC(8, 1)"],
            Kind::Flag | Kind::Boolean => &["boolean", "tinyint(1)", "tinyint"],
            Kind::Day | Kind::Moment => &[
                "datetime",
                "date",
                "timestamp",
                "datetime ON UPDATE CURRENT_TIMESTAMP",
            ],
            Kind::Choice => &["enum('a', 'b', '1', '2')", "set('a', 'b', '1', '2')"],
            Kind::Uuid => &["uuid"],
        };
        pick(rng, all)
    }

    fn foreign(&self, kind: Kind, rng: &mut Rng) -> Literal {
        let all: &[&str] = match kind {
            Kind::Integer | Kind::Flag | Kind::Boolean => &[
                "'1'",
                "1.0",
                "1.5",
                "TRUE",
                "'1a'",
                "0x31",
                "' 1'",
                "1e0",
                "18446744073709551615",
                "b'10'",
            ],
            Kind::Text(_) | Kind::Untyped | Kind::DateText => &[
                "1",
                "1.0",
                "0x61",
                "_utf8mb4'a'",
                "'a' 'b'",
                "_binary'a'",
                "'A' COLLATE utf8mb4_bin",
                "'A' COLLATE utf8mb4_general_ci",
                "BINARY 'a'",
                "0",
                "_latin1'b'",
                "'a\\0'",
            ],
            Kind::Real | Kind::Numeric => &["'1.5'", "'1e0'", "1.00", "2", "TRUE", "1.004"],
            Kind::Blob => &["'a'", "'a\\0'", "0x61", "1", "'A' COLLATE utf8mb4_bin"],
            Kind::Choice => &["1", "2", "'A'", "'a,b'", "'b,a'", "3", "0"],
            Kind::Day | Kind::Moment => &[
                "20240101",
                "'2024-01-01 00:00:00'",
                "'2024-1-2'",
                "DATE '2024-01-01'",
                "'2024-01-02 12:00:00.5'",
                "'20240601'",
            ],
            Kind::Uuid => &[
                "'A0000000-0000-4000-8000-000000000001'",
                "'a0000000000040008000000000000002'",
                "0xA0000000000040008000000000000001",
            ],
        };
        Literal::Raw(pick(rng, all))
    }

    fn is(&self, kind: Kind, of: Of) -> bool {
        match of {
            Of::Any => true,
            Of::Number => kind.is_number() || kind == Kind::Flag,
            Of::Text => kind.is_text(),
            Of::Pattern => kind.is_text() || kind == Kind::Choice,
            Of::Ordered => kind != Kind::Uuid,
            Of::Moment => kind == Kind::Day,
            Of::Truth => kind == Kind::Flag,
        }
    }

    fn alike(&self, one: Kind, other: Kind) -> bool {
        one == other || one.is_text() && other.is_text() || one.is_number() && other.is_number()
    }

    fn spelled(&self, literal: &Literal) -> String {
        match literal {
            Literal::Null => "NULL".to_owned(),
            Literal::Bool(truth) => u8::from(*truth).to_string(),
            Literal::Int(i) => i.to_string(),
            Literal::Real(r) => format!("{r:?}"),
            Literal::Text(text) => quoted(text),
            Literal::Blob(bytes) => format!("x'{}'", hexadecimal(bytes)),
            Literal::Uuid(number) => quoted(&uuid(*number)),
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
            Literal::Uuid(number) => Value::from(uuid(*number)),
            Literal::Raw(_) => return None,
        })
    }

    fn parameter(&self, _rng: &mut Rng, _number: usize, _kind: Option<Kind>) -> String {
        "?".to_owned()
    }

    /// Names of tables are told apart by the size of their letters, those of columns are not.
    fn name(&self, rng: &mut Rng, name: &str) -> String {
        let bare = !NEED_QUOTES.contains(&name) && !name.contains(' ');
        match rng.u8(0..10) {
            0..=5 if bare => name.to_owned(),
            6 if bare && !TABLE_NAMES.contains(&name) => name.to_ascii_uppercase(),
            _ => format!("`{name}`"),
        }
    }

    fn begin_table(&self, rng: &mut Rng, schema: &mut Schema, draft: &mut Draft) {
        draft.table.rowid = false;
        key::add(self, rng, schema, draft);
    }

    fn on_conflict(&self, _rng: &mut Rng, _schema: &mut Schema, _unique: bool) -> &'static str {
        ""
    }

    fn generated(&self, rng: &mut Rng, of: &Column) -> (Kind, String, &'static str) {
        let name = format!("\"{}\"", of.name);
        let kept = pick(rng, &["VIRTUAL", "STORED"]);
        // Not of what the database or a parent's row sets.
        if of.name == "id" || of.name.starts_with("of") {
            return (Kind::Integer, "1 + 1".to_owned(), kept);
        }
        let (kind, expression) = match (rng.u8(0..4), of.kind) {
            (0, _) => (Kind::Flag, format!("{name} IS NULL")),
            (_, Kind::Integer | Kind::Flag) => (Kind::Integer, format!("{name} + 1")),
            (_, kind) if kind.is_number() => (kind, format!("{name} + 1")),
            // Whether blanks at its end are there is a setting.
            (_, Kind::Text(Collate::RTrim)) => (Kind::Flag, format!("{name} IS NULL")),
            (1, Kind::Text(_)) => (Kind::Text(Collate::Binary), format!("lower({name})")),
            (_, Kind::Text(_)) => (
                Kind::Text(Collate::Binary),
                format!("concat(coalesce({name}, 'a'), '')"),
            ),
            _ => (Kind::Flag, format!("{name} IS NOT NULL")),
        };
        (kind, expression, kept)
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
fn uuid(number: u8) -> String {
    format!("a0000000-0000-4000-8000-{number:012}")
}
