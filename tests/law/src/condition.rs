//! Conditions of every kind on the columns of one table.

use crate::column::Column;
use crate::literal::Literal;
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
        let (column, of) = self.any_column(from);
        let value = self.value(&of);
        self.equals(&column, &value)
    }

    /// `column = value` in one of its spellings.
    pub(crate) fn equals(&mut self, column: &str, value: &str) -> String {
        match self.rng.u8(0..10) {
            0 => format!("{value} = {column}"),
            1 => format!("{column} == {value}"),
            2 => format!("({column}) = ({value})"),
            _ => format!("{column} = {value}"),
        }
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
            0 => 0,
            1..=5 => 1,
            6..=18 => self.rng.usize(2..=5),
            _ => 300,
        };
        let list: Vec<String> = match length {
            // So long a list is full of values that nothing equals.
            300 => (0..300).map(|i| Literal::Int(i + 3).to_string()).collect(),
            _ => (0..length).map(|_| self.value(&of)).collect(),
        };
        let not = if self.chance(8) { "NOT " } else { "" };
        format!("{column} {not}IN ({})", list.join(", "))
    }

    pub(crate) fn null_test(&mut self, from: &From) -> String {
        let (column, _) = self.any_column(from);
        match self.rng.u8(0..8) {
            0 => format!("{column} ISNULL"),
            1 => format!("{column} IS NOT NULL"),
            2 => format!("{column} NOTNULL"),
            _ => format!("{column} IS NULL"),
        }
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
        let (column, _) = self.any_column(from);
        let pattern = self.pick(&["a%", "%", "A", "_", "b_", "1%", "a*", "a", "[ab]", "2024%"]);
        let pattern = self.lit(Literal::text(pattern));
        match self.rng.u8(0..5) {
            0 => format!("{column} GLOB {pattern}"),
            1 => format!("{column} NOT LIKE {pattern}"),
            2 => format!("{column} LIKE {pattern} ESCAPE '!'"),
            _ => format!("{column} LIKE {pattern}"),
        }
    }

    pub(crate) fn collated(&mut self, from: &From) -> String {
        let (column, of) = self.any_column(from);
        let value = self.value(&of);
        let collation = self.pick(&["NOCASE", "BINARY", "RTRIM", "nocase"]);
        match self.rng.u8(0..6) {
            0 => format!("{column} = {value} COLLATE {collation}"),
            1 => format!("{column} COLLATE {collation} IN ({value}, {value})"),
            2 => format!("{column} COLLATE {collation} IS {value}"),
            3 => format!("{value} COLLATE {collation} = {column}"),
            _ => format!("{column} COLLATE {collation} = {value}"),
        }
    }

    pub(crate) fn cast(&mut self, from: &From) -> String {
        let (column, of) = self.any_column(from);
        let value = self.value(&of);
        let to = self.pick(&["INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB"]);
        match self.rng.bool() {
            true => format!("CAST({column} AS {to}) = {value}"),
            false => format!("{column} = CAST({value} AS {to})"),
        }
    }

    pub(crate) fn wrong_type(&mut self, from: &From) -> String {
        let (column, of) = self.any_column(from);
        let value = of.kind.foreign(self.rng);
        let value = self.lit(value);
        match self.rng.u8(0..4) {
            0 => format!("{column} IN ({value}, {value})"),
            1 => format!("{column} IS {value}"),
            _ => self.equals(&column, &value),
        }
    }

    pub(crate) fn is_exactly(&mut self, from: &From) -> String {
        let (column, of) = self.any_column(from);
        let value = self.value(&of);
        match self.rng.u8(0..6) {
            0 => format!("{column} IS NOT {value}"),
            1 => format!("{column} IS NOT DISTINCT FROM {value}"),
            2 => format!("{column} IS DISTINCT FROM {value}"),
            3 => format!("{value} IS {column}"),
            _ => format!("{column} IS {value}"),
        }
    }

    pub(crate) fn computed(&mut self, from: &From) -> String {
        let (column, of) = self.any_column(from);
        let (other, _) = self.any_column(from);
        let (value, more) = (self.value(&of), self.value(&of));
        match self.rng.u8(0..10) {
            0 => format!("{column} + 0 = {value}"),
            1 => format!("+{column} = {value}"),
            2 => format!("coalesce({column}, {more}) = {value}"),
            3 => format!("CASE WHEN {column} = {value} THEN 1 ELSE {other} = {more} END"),
            4 => format!("lower({column}) = {value}"),
            5 => format!("{column} = {other}"),
            6 => format!("length({column}) = 1 AND {other} = {more}"),
            7 => column.clone(),
            8 => format!("({column} = {value}) = ({other} = {more})"),
            _ => format!("iif({column} IS NULL, {other}, {column}) = {value}"),
        }
    }

    pub(crate) fn row_values(&mut self, from: &From) -> String {
        let ((left, of_left), (right, of_right)) = (self.any_column(from), self.any_column(from));
        let (a, b) = (self.value(&of_left), self.value(&of_right));
        let (c, d) = (self.value(&of_left), self.value(&of_right));
        match self.rng.u8(0..4) {
            0 => format!("({left}, {right}) = ({a}, {b})"),
            1 => format!("({left}, {right}) IN (VALUES ({a}, {b}), ({c}, {d}))"),
            2 => format!("({left}, {right}) IS ({a}, {b})"),
            _ => format!("({left}, {right}) < ({a}, {b})"),
        }
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
            Some(&place) if self.chance(50) => self.column(right, place),
            _ => self.column_like(right, &of),
        };
        match self.rng.u8(0..8) {
            0 => format!("{column} IS {other}"),
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
