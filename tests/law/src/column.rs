//! A column, and the few values that its rows hold: few, so that rows meet conditions often.

use fastrand::Rng;

use crate::database::Dialect;
use crate::literal::Literal;

/// A column of a table or view.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Its type, as it was declared.
    pub(crate) declared: String,
    /// Computed: no statement writes it.
    pub(crate) generated: bool,
    pub(crate) not_null: bool,
    /// What its first rows hold.
    pub(crate) seen: Vec<Literal>,
}

impl Column {
    pub(crate) fn new(name: &str, kind: Kind, declared: &str) -> Column {
        Column {
            name: name.to_owned(),
            kind,
            declared: declared.to_owned(),
            generated: false,
            not_null: false,
            seen: Vec::new(),
        }
    }

    /// A value for a row or a condition: rather one that a row has.
    pub(crate) fn value(&self, dialect: &dyn Dialect, rng: &mut Rng) -> Literal {
        match !self.seen.is_empty() && percent(rng, SEEN_PERCENT) {
            true => self.seen_by_now(rng),
            false => self.kind.value(dialect, rng),
        }
    }

    /// What a row has, or what it calls equal.
    fn seen_by_now(&self, rng: &mut Rng) -> Literal {
        match (&self.seen[rng.usize(0..self.seen.len())], self.kind) {
            (Literal::Text(text), Kind::Text(Collate::NoCase)) if percent(rng, RECASED_PERCENT) => {
                match rng.bool() {
                    true => Literal::Text(text.to_uppercase()),
                    false => Literal::Text(text.to_lowercase()),
                }
            }
            (literal, _) => literal.clone(),
        }
    }

    /// The same, but not NULL.
    pub(crate) fn native(&self, dialect: &dyn Dialect, rng: &mut Rng) -> Literal {
        match self.value(dialect, rng) {
            Literal::Null => self.kind.native(rng),
            other => other,
        }
    }
}

/// How many of a hundred texts whose letters' size does not count are taken in another size.
const RECASED_PERCENT: u8 = 40;

/// How many of a hundred values are taken from the first rows.
const SEEN_PERCENT: u8 = 60;

/// What a column holds. No database has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text(Collate),
    Real,
    Blob,
    Numeric,
    Untyped,
    /// 0 and 1.
    Flag,
    /// False and true.
    Boolean,
    /// A day or moment as text.
    DateText,
    Moment,
    Uuid,
    /// A day, or a moment of no zone.
    Day,
    /// One of a few texts that were declared.
    Choice,
}

/// How texts of a column compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collate {
    Binary,
    /// `a` equals `A`.
    NoCase,
    /// Blanks at the end do not count.
    RTrim,
}

impl Kind {
    /// A value for a row or a condition: mostly of the column's own type.
    pub(crate) fn value(self, dialect: &dyn Dialect, rng: &mut Rng) -> Literal {
        match rng.u8(0..100) {
            0..=9 => Literal::Null,
            10..=17 => dialect.foreign(self, rng),
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
            Kind::Flag => Literal::Int(rng.i64(0..2)),
            Kind::Boolean => Literal::Bool(rng.bool()),
            Kind::DateText => Literal::text(pick(
                rng,
                &["2024-01-01", "2024-01-02", "2025-01-01 10:00:00", "2024"],
            )),
            Kind::Moment => Literal::text(pick(
                rng,
                &[
                    "2024-01-01 00:00+00",
                    "2024-01-02 12:00+00",
                    "2025-06-01 10:00+00",
                ],
            )),
            Kind::Uuid => Literal::Uuid(rng.u8(0..4)),
            Kind::Day => Literal::text(pick(rng, &["2024-01-01", "2024-01-02", "2025-06-01"])),
            Kind::Choice => Literal::text(pick(rng, &["a", "b", "1"])),
        }
    }

    /// Whether it is text of any collation.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Kind::Text(_))
    }

    /// Whether one can reckon with it.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Kind::Integer | Kind::Real | Kind::Numeric)
    }
}

pub(crate) fn int(rng: &mut Rng) -> Literal {
    match rng.u8(0..24) {
        0 => Literal::Int(-1),
        1 => Literal::Int(10),
        _ => Literal::Int(rng.i64(0..5)),
    }
}

pub(crate) fn text(rng: &mut Rng) -> Literal {
    Literal::text(pick(
        rng,
        &[
            "a", "A", "a ", "b", "B", "b ", "ab", "1", "2", "1.0", "", "a",
        ],
    ))
}

pub(crate) fn real(rng: &mut Rng) -> Literal {
    Literal::Real(f64::from(rng.u8(0..7)) / 2.0)
}

pub(crate) fn blob(rng: &mut Rng) -> Literal {
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
