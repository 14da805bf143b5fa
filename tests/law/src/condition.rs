//! Conditions of every kind on the columns of one table.

use crate::column::Column;
use crate::database::Of;
use crate::text::{From, Gen};

impl Gen<'_> {
    /// A condition on `from`, of so many levels of AND, OR and NOT.
    pub(crate) fn condition(&mut self, from: &From, depth: usize) -> String {
        if depth > 0 && self.chance(55) {
            let (left, right) = (
                self.condition(from, depth - 1),
                self.condition(from, depth - 1),
            );
            return match self.rng.u8(0..8) {
                0..=3 => format!("{left} AND {right}"),
                4..=6 => format!("({left} OR {right})"),
                _ => format!("NOT ({left} AND {right})"),
            };
        }
        match self.rng.u8(0..24) {
            0..=8 => self.equal(from),
            9..=12 => self.in_list(from),
            13..=14 => self.null_test(from),
            15..=16 => self.range(from),
            17 => self.like(from),
            18 => self.collated(from),
            19 => self.cast(from),
            20 => self.wrong_type(from),
            21 => self.is_exactly(from),
            22 => self.computed(from),
            _ => self.row_values(from),
        }
    }

    /// Some condition that holds for few rows: one that a cache would like to pin.
    pub(crate) fn pinning(&mut self, from: &From) -> String {
        match self.rng.u8(0..10) {
            0..=5 => self.equal(from),
            6..=7 => self.in_list(from),
            8 => self.is_exactly(from),
            _ => self.null_test(from),
        }
    }

    pub(crate) fn equal(&mut self, from: &From) -> String {
        self.one_filled(self.words().equals, from)
    }

    /// `column = value` in one of its spellings.
    pub(crate) fn equals(&mut self, column: &str, value: &str) -> String {
        let equals = self.pick(self.words().equals);
        equals.replace("{a}", column).replace("{v}", value)
    }

    /// The key's columns equal values.
    pub(crate) fn by_key(&mut self, from: &From) -> Option<String> {
        let mut parts = Vec::new();
        for place in from.key.clone() {
            let column = self.column(from, place);
            let value = self.native(&from.columns[place].clone());
            parts.push(self.equals(&column, &value));
        }
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }

    pub(crate) fn in_list(&mut self, from: &From) -> String {
        let (column, of) = self.any_column(from);
        let length = match self.rng.u8(0..20) {
            0 if self.words().empty_lists => 0,
            0..=5 => 1,
            19 if self.schema.dialect.is(of.kind, Of::Number) => 300,
            _ => self.rng.usize(2..=5),
        };
        let list: Vec<String> = match length {
            // So long a list is full of values that nothing equals.
            300 => (0..300).map(|i| (i + 3).to_string()).collect(),
            _ => (0..length).map(|_| self.value(&of)).collect(),
        };
        let not = if self.chance(8) { "NOT " } else { "" };
        format!("{column} {not}IN ({})", list.join(", "))
    }

    pub(crate) fn null_test(&mut self, from: &From) -> String {
        self.one_filled(self.words().null_tests, from)
    }

    pub(crate) fn negated(&mut self, from: &From) -> String {
        let inner = self.pinning(from);
        match self.rng.u8(0..3) {
            0 => {
                let (column, of) = self.any_column(from);
                let value = self.value(&of);
                let unequal = self.pick(&["<>", "!="]);
                format!("{column} {unequal} {value}")
            }
            1 => format!("NOT {inner}"),
            _ => format!("NOT NOT ({inner})"),
        }
    }

    pub(crate) fn either(&mut self, from: &From) -> String {
        let mut parts = vec![self.pinning(from), self.pinning(from)];
        if self.chance(30) {
            let both = format!("{} AND {}", self.pinning(from), self.pinning(from));
            parts.push(both);
        }
        format!("({})", parts.join(" OR "))
    }

    pub(crate) fn range(&mut self, from: &From) -> String {
        let (column, of) = self.any_column(from);
        let (low, high) = (self.native(&of), self.native(&of));
        match self.rng.u8(0..8) {
            0 => format!("{column} < {high}"),
            1 => format!("{column} <= {high}"),
            2 => format!("{low} < {column}"),
            3 => format!("{column} >= {low}"),
            4 => format!("{column} BETWEEN {low} AND {high}"),
            5 => format!("{column} NOT BETWEEN {low} AND {high}"),
            6 => format!("{column} > {low} AND {column} < {high}"),
            _ => format!("{column} BETWEEN {low} AND {low}"),
        }
    }

    pub(crate) fn like(&mut self, from: &From) -> String {
        self.any_filled(self.words().likes, from)
    }

    pub(crate) fn collated(&mut self, from: &From) -> String {
        self.any_filled(self.words().collated, from)
    }

    pub(crate) fn cast(&mut self, from: &From) -> String {
        self.any_filled(self.words().casts, from)
    }

    pub(crate) fn wrong_type(&mut self, from: &From) -> String {
        let (column, of) = self.any_column(from);
        let value = self.schema.dialect.foreign(of.kind, self.rng);
        let value = self.lit_of(value, of.kind);
        match self.rng.u8(0..4) {
            0 => format!("{column} IN ({value}, {value})"),
            1 => format!("{column} {} {value}", self.words().is),
            _ => self.equals(&column, &value),
        }
    }

    pub(crate) fn is_exactly(&mut self, from: &From) -> String {
        self.one_filled(self.words().exactly, from)
    }

    pub(crate) fn computed(&mut self, from: &From) -> String {
        self.any_filled(self.words().computed, from)
    }

    pub(crate) fn row_values(&mut self, from: &From) -> String {
        self.one_filled(self.words().row_values, from)
    }

    /// How two tables are joined.
    pub(crate) fn join_condition(&mut self, left: &From, right: &From) -> String {
        let (column, of) = match left
            .columns
            .iter()
            .position(|column| column.name.starts_with("of"))
        {
            Some(place) if self.chance(50) => {
                (self.column(left, place), left.columns[place].clone())
            }
            _ => self.any_column(left),
        };
        let other = match right.key.first() {
            Some(&place) if self.meet(right.columns[place].kind, of.kind) && self.chance(50) => {
                self.column(right, place)
            }
            _ if right
                .columns
                .iter()
                .any(|other| self.meet(other.kind, of.kind)) =>
            {
                self.column_like(right, &of)
            }
            _ => return format!("{column} IS NOT NULL"),
        };
        match self.rng.u8(0..8) {
            0 => format!("{column} {} {other}", self.words().is),
            1 => format!("{other} = {column}"),
            _ => format!("{column} = {other}"),
        }
    }

    /// A condition on either of two tables.
    pub(crate) fn one_sided(&mut self, left: &From, right: &From) -> String {
        match self.rng.bool() {
            true => self.pinning(left),
            false => self.pinning(right),
        }
    }

    /// `WHERE …`, or nothing.
    pub(crate) fn maybe_where(&mut self, from: &From) -> String {
        match self.chance(65) {
            true => format!(" WHERE {}", self.pinning(from)),
            false => String::new(),
        }
    }

    /// Whether two columns of this kind mix in one answer without doubt.
    pub(crate) fn named<'b>(&self, from: &'b From, name: &str) -> Option<&'b Column> {
        from.columns.iter().find(|column| column.name == name)
    }
}
