//! A column, and the few values that its rows hold: few, so that rows meet conditions often.

use fastrand::Rng;

use crate::literal::Literal;

/// A column of a table or view.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Computed: no statement writes it.
    pub(crate) generated: bool,
    pub(crate) not_null: bool,
    /// What its first rows hold.
    pub(crate) seen: Vec<Literal>,
}

impl Column {
    pub(crate) fn new(name: &str, kind: Kind) -> Column {
        Column {
            name: name.to_owned(),
            kind,
            generated: false,
            not_null: false,
            seen: Vec::new(),
        }
    }

    /// A value for a row or a condition: rather one that a row has.
    pub(crate) fn value(&self, rng: &mut Rng) -> Literal {
        match !self.seen.is_empty() && percent(rng, SEEN_PERCENT) {
            true => self.seen[rng.usize(0..self.seen.len())].clone(),
            false => self.kind.value(rng),
        }
    }

    /// The same, but not NULL.
    pub(crate) fn native(&self, rng: &mut Rng) -> Literal {
        match self.value(rng) {
            Literal::Null => self.kind.native(rng),
            other => other,
        }
    }
}

/// How many of a hundred values are taken from the first rows.
const SEEN_PERCENT: u8 = 60;

/// What a column is declared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text(Collate),
    Real,
    Blob,
    Numeric,
    Untyped,
    Boolean,
    DateTime,
}

/// How texts of a column compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collate {
    Binary,
    NoCase,
    RTrim,
}

impl Kind {
    pub(crate) fn any(rng: &mut Rng) -> Kind {
        match rng.u8(0..16) {
            0..=4 => Kind::Integer,
            5..=6 => Kind::Text(Collate::Binary),
            7..=8 => Kind::Text(Collate::NoCase),
            9 => Kind::Text(Collate::RTrim),
            10 => Kind::Real,
            11 => Kind::Blob,
            12 => Kind::Numeric,
            13 => Kind::Untyped,
            14 => Kind::Boolean,
            _ => Kind::DateTime,
        }
    }

    /// The declaration, in one of its spellings.
    pub(crate) fn declared(self, rng: &mut Rng) -> &'static str {
        let all: &[&str] = match self {
            Kind::Integer => &["INTEGER", "INT", "BIGINT", "integer"],
            Kind::Text(Collate::Binary) => &["TEXT", "VARCHAR(20)", "TEXT COLLATE BINARY"],
            Kind::Text(Collate::NoCase) => &["TEXT COLLATE NOCASE", "varchar(20) collate nocase"],
            Kind::Text(Collate::RTrim) => &["TEXT COLLATE RTRIM"],
            Kind::Real => &["REAL", "DOUBLE PRECISION", "FLOAT"],
            Kind::Blob => &["BLOB"],
            Kind::Numeric => &["NUMERIC", "DECIMAL(10, 2)"],
            Kind::Untyped => &["", "COLLATE NOCASE"],
            Kind::Boolean => &["BOOLEAN"],
            Kind::DateTime => &["DATETIME", "DATE"],
        };
        pick(rng, all)
    }

    /// A value for a row or a condition: mostly of the column's own type.
    pub(crate) fn value(self, rng: &mut Rng) -> Literal {
        match rng.u8(0..100) {
            0..=9 => Literal::Null,
            10..=17 => self.foreign(rng),
            _ => self.native(rng),
        }
    }

    /// A value of the column's own type.
    pub(crate) fn native(self, rng: &mut Rng) -> Literal {
        match self {
            Kind::Integer => int(rng),
            Kind::Text(_) => text(rng),
            Kind::Real => real(rng),
            Kind::Blob => blob(rng),
            Kind::Numeric => match rng.u8(0..3) {
                0 => real(rng),
                _ => int(rng),
            },
            Kind::Untyped => match rng.u8(0..4) {
                0 => real(rng),
                1 => int(rng),
                _ => text(rng),
            },
            Kind::Boolean => Literal::Int(rng.i64(0..2)),
            Kind::DateTime => Literal::text(pick(
                rng,
                &["2024-01-01", "2024-01-02", "2025-01-01 10:00:00", "2024"],
            )),
        }
    }

    /// A value that is not of the column's own type, but may equal one all the same.
    pub(crate) fn foreign(self, rng: &mut Rng) -> Literal {
        match self {
            Kind::Text(_) | Kind::DateTime => match rng.u8(0..4) {
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

    /// Whether values that SQLite calls equal may look different.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Kind::Text(_))
    }
}

fn int(rng: &mut Rng) -> Literal {
    match rng.u8(0..24) {
        0 => Literal::Int(-1),
        1 => Literal::Int(10),
        _ => Literal::Int(rng.i64(0..5)),
    }
}

fn text(rng: &mut Rng) -> Literal {
    Literal::text(pick(
        rng,
        &[
            "a", "A", "a ", "b", "B", "b ", "ab", "1", "2", "1.0", "", "a",
        ],
    ))
}

fn real(rng: &mut Rng) -> Literal {
    Literal::Real(f64::from(rng.u8(0..7)) / 2.0)
}

fn blob(rng: &mut Rng) -> Literal {
    Literal::Blob(pick(rng, &[&b"a"[..], b"1", b"", b"A"]).to_vec())
}

/// One of several.
pub(crate) fn pick<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(0..all.len())]
}

/// Whether something happens that happens so often of a hundred.
pub(crate) fn percent(rng: &mut Rng, of_hundred: u8) -> bool {
    rng.u8(0..100) < of_hundred
}
