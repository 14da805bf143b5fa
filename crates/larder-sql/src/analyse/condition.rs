//! Conditions in disjunctive normal form, and the pins that follow from them.

use std::{collections::BTreeMap, ops::ControlFlow};

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, Query, TableWithJoins, UnaryOperator, Value as Literal,
};

use super::{
    Analyser,
    scope::{Owns, SourceIndex, add_column},
    walk::{self, Walk},
};
use crate::{
    Conjunction, Dialect, Name, Pin, PinValue, Reason, Slot, Value,
    catalogue::is_rowid,
    limit,
    name::fold_ident,
    normalise::{number, slot_of},
};

/// A column of a source in the innermost scope.
type Place = (SourceIndex, Name);

/// One thing that a combination of rows must meet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Atom {
    Pin(Place, PinValue),
    /// Two columns that are equal, and compare alike.
    Same(Place, Place),
}

/// Alternatives of atoms that hold together. Holds always if one alternative is empty.
type Dnf = Vec<Vec<Atom>>;

fn always() -> Dnf {
    vec![Vec::new()]
}

impl Analyser<'_> {
    /// Works out the alternatives of every source of the innermost scope.
    pub(super) fn pin(&mut self, from: &[TableWithJoins], selection: Option<&Expr>) {
        if self.loose {
            return;
        }
        let group = self.group(from);
        let mut conjuncts = Vec::new();
        for condition in group.inner.iter().copied().chain(selection) {
            split_and(condition, &mut conjuncts);
        }
        let preserved = self.all_of(&conjuncts);
        for source in &group.preserved {
            self.pin_source(*source, &preserved);
        }
        if group.supplied.is_empty() {
            return;
        }
        let pure: Vec<&Expr> = conjuncts
            .iter()
            .copied()
            .filter(|conjunct| self.speaks_only_of(conjunct, &group.preserved))
            .collect();
        for (source, own) in &group.supplied {
            let mut conjuncts = pure.clone();
            for condition in own {
                split_and(condition, &mut conjuncts);
            }
            let supplied = self.all_of(&conjuncts);
            self.pin_source(*source, &supplied);
        }
    }

    /// As [`Analyser::pin`], for a scope of one source.
    pub(super) fn pin_only_source(&mut self, selection: Option<&Expr>) {
        if self.loose {
            return;
        }
        let mut conjuncts = Vec::new();
        if let Some(selection) = selection {
            split_and(selection, &mut conjuncts);
        }
        let all = self.all_of(&conjuncts);
        self.pin_source(0, &all);
    }

    fn pin_source(&mut self, source: SourceIndex, dnf: &Dnf) {
        let Some(read) = self
            .scopes
            .last()
            .and_then(|scope| scope.sources.get(source)?.read())
        else {
            return;
        };
        let mut alternatives: Vec<Conjunction> = Vec::new();
        for atoms in dnf {
            let pins = pins_of(source, atoms);
            alternatives.push(Conjunction { pins });
        }
        alternatives.sort();
        alternatives.dedup();
        let covered = |conjunction: &Conjunction| {
            alternatives.iter().any(|wider| {
                wider != conjunction && wider.pins.iter().all(|pin| conjunction.pins.contains(pin))
            })
        };
        let alternatives: Vec<Conjunction> = alternatives
            .iter()
            .filter(|conjunction| !covered(conjunction))
            .cloned()
            .collect();
        let table = &mut self.reads[read];
        for pin in alternatives
            .iter()
            .flat_map(|conjunction| &conjunction.pins)
        {
            add_column(table, pin.column.clone());
        }
        table.alternatives = alternatives;
    }

    /// All of these conditions, in disjunctive normal form.
    fn all_of(&mut self, conjuncts: &[&Expr]) -> Dnf {
        let mut parts: Vec<Dnf> = conjuncts
            .iter()
            .map(|conjunct| self.dnf(conjunct))
            .collect();
        // Those without alternatives first: they never have to be dropped.
        parts.sort_by_key(Vec::len);
        let mut all = always();
        for part in parts {
            all = self.and(all, part);
        }
        all
    }

    fn and(&mut self, left: Dnf, right: Dnf) -> Dnf {
        if left.len() * right.len() > limit::ALTERNATIVES_MAX {
            self.widen(Reason::new("the condition has too many alternatives"));
            return left;
        }
        let mut product = Vec::with_capacity(left.len() * right.len());
        for one in &left {
            for other in &right {
                let mut atoms = one.clone();
                for atom in other {
                    if !atoms.contains(atom) {
                        atoms.push(atom.clone());
                    }
                }
                product.push(atoms);
            }
        }
        product
    }

    fn dnf(&mut self, condition: &Expr) -> Dnf {
        match condition {
            Expr::Nested(inner) => self.dnf(inner),
            Expr::BinaryOp {
                op: BinaryOperator::And,
                ..
            } => {
                let mut conjuncts = Vec::new();
                split_and(condition, &mut conjuncts);
                self.all_of(&conjuncts)
            }
            Expr::BinaryOp {
                op: BinaryOperator::Or,
                ..
            } => {
                let mut any = Vec::new();
                for part in split_or(condition) {
                    any.extend(self.dnf(part));
                    if any.len() > limit::ALTERNATIVES_MAX {
                        self.widen(Reason::new("the condition has too many alternatives"));
                        return always();
                    }
                }
                any
            }
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Eq,
                right,
            } => self.equality(left, right),
            Expr::InList {
                expr,
                list,
                negated: false,
            } => self.list(expr, list),
            Expr::IsNull(inner) => match self.place(inner) {
                Some(place) => vec![vec![Atom::Pin(place, PinValue::Null)]],
                None => always(),
            },
            _ => always(),
        }
    }

    fn equality(&mut self, left: &Expr, right: &Expr) -> Dnf {
        let (left, right) = (unnest(left), unnest(right));
        let atom = match (self.place(left), self.place(right)) {
            (Some(one), Some(other)) => self.same(one, other),
            (Some(place), None) => self
                .slot(right)
                .map(|slot| Atom::Pin(place, PinValue::Slot(slot))),
            (None, Some(place)) => self
                .slot(left)
                .map(|slot| Atom::Pin(place, PinValue::Slot(slot))),
            (None, None) => None,
        };
        vec![atom.into_iter().collect()]
    }

    fn list(&mut self, expr: &Expr, list: &[Expr]) -> Dnf {
        let Some(place) = self.place(unnest(expr)) else {
            return always();
        };
        let slot = match list {
            [one] => self.slot(unnest(one)),
            many => self.constant_list(many),
        };
        match slot {
            Some(slot) => {
                self.lists.insert(slot);
                vec![vec![Atom::Pin(place, PinValue::Slot(slot))]]
            }
            None => always(),
        }
    }

    fn same(&self, one: Place, other: Place) -> Option<Atom> {
        let scope = self.scopes.last()?;
        let column = |place: &Place| {
            scope
                .sources
                .get(place.0)?
                .pinnable(self.catalogue, &place.1)?
        };
        let alike = column(&one)?.is_like(&column(&other)?);
        (alike && one.0 != other.0).then_some(Atom::Same(one, other))
    }

    /// The slot that an expression is, if it is exactly one.
    pub(super) fn slot(&mut self, expr: &Expr) -> Option<usize> {
        if let Expr::Value(value) = expr
            && let Literal::Placeholder(placeholder) = &value.value
        {
            return slot_of(placeholder);
        }
        let value = self.literal(expr)?;
        Some(self.constant(value))
    }

    fn literal(&self, expr: &Expr) -> Option<Value> {
        match expr {
            Expr::Value(value) => match &value.value {
                Literal::Number(digits, false) => Some(number(digits, false)),
                Literal::SingleQuotedString(text) => Some(Value::Text(text.clone())),
                Literal::Boolean(value) => Some(match self.dialect {
                    Dialect::Postgres => Value::Bool(*value),
                    Dialect::Sqlite | Dialect::MySql => Value::Integer(i64::from(*value)),
                }),
                _ => None,
            },
            Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => match &**expr {
                Expr::Value(value) => match &value.value {
                    Literal::Number(digits, false) => Some(number(digits, true)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    fn constant_list(&mut self, list: &[Expr]) -> Option<usize> {
        let items: Option<Vec<Slot>> = list
            .iter()
            .map(|item| self.literal(unnest(item)).map(Slot::Literal))
            .collect();
        self.constants.push(Slot::List(items?));
        Some(self.slots + self.constants.len() - 1)
    }

    /// The column that an expression is, if it is exactly one, surely of the innermost scope, and
    /// can be pinned.
    fn place(&self, expr: &Expr) -> Option<Place> {
        let (source, column) = self.column_place(unnest(expr))?;
        let found = self.scopes.last()?.sources.get(source)?;
        found.pinnable(self.catalogue, &column)?;
        if self.catalogue.is_empty() && is_rowid(&column) {
            return None;
        }
        Some((source, column))
    }

    fn column_place(&self, expr: &Expr) -> Option<Place> {
        match expr {
            Expr::Identifier(ident) => self.bare_place(ident),
            Expr::CompoundIdentifier(idents) => match idents.as_slice() {
                [qualifier, column] => self.qualified_place(qualifier, column),
                // As MySQL writes down its views. The default schema has one table of a name.
                [schema, qualifier, column]
                    if self.dialect == Dialect::MySql
                        && *fold_ident(self.dialect, schema)
                            == *self.catalogue.default_schema() =>
                {
                    self.qualified_place(qualifier, column)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn qualified_place(&self, qualifier: &Ident, column: &Ident) -> Option<Place> {
        let alias = fold_ident(self.dialect, qualifier);
        let column = fold_ident(self.dialect, column);
        let scope = self.scopes.last()?;
        let mut matching = scope
            .sources
            .iter()
            .enumerate()
            .filter(|(_, source)| source.alias == alias);
        let (index, source) = matching.next()?;
        if matching.next().is_some() {
            return None;
        }
        match source.owns(self.dialect, &column) {
            Owns::Yes(name) | Owns::Perhaps(name) => Some((index, name)),
            Owns::No => None,
        }
    }

    fn bare_place(&self, ident: &Ident) -> Option<Place> {
        let column = fold_ident(self.dialect, ident);
        let scope = self.scopes.last()?;
        let mut sure = None;
        for (index, source) in scope.sources.iter().enumerate() {
            match source.owns(self.dialect, &column) {
                Owns::Yes(name) if sure.is_none() => sure = Some((index, name)),
                Owns::Yes(_) => return None,
                Owns::Perhaps(_) if scope.sources.len() > 1 => return None,
                Owns::Perhaps(name) => {
                    // SQLite takes a double-quoted name that is no column for a string; and a
                    // name may be that of a result, or of a column of a query around.
                    let string = self.dialect == Dialect::Sqlite && ident.quote_style == Some('"');
                    let hidden = scope.results.contains(&column) || self.scopes.len() > 1;
                    if string || hidden {
                        return None;
                    }
                    sure = Some((index, name));
                }
                Owns::No => {}
            }
        }
        sure
    }

    /// Whether a condition surely mentions nothing but columns of these sources.
    fn speaks_only_of(&self, condition: &Expr, sources: &[SourceIndex]) -> bool {
        struct Speaks<'s, 'a> {
            analyser: &'s Analyser<'a>,
            sources: &'s [SourceIndex],
        }
        impl Walk for Speaks<'_, '_> {
            fn enter_query(&mut self, _: &Query) -> ControlFlow<()> {
                ControlFlow::Break(())
            }

            fn enter_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
                let column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
                let known = self
                    .analyser
                    .column_place(expr)
                    .is_some_and(|(source, _)| self.sources.contains(&source));
                match column && !known {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            }
        }
        let mut speaks = Speaks {
            analyser: self,
            sources,
        };
        walk::over(condition, &mut speaks).is_continue()
    }
}

/// The pins of one source that follow from atoms that hold together.
fn pins_of(source: SourceIndex, atoms: &[Atom]) -> Vec<Pin> {
    let mut pins: BTreeMap<&Place, PinValue> = BTreeMap::new();
    for atom in atoms {
        if let Atom::Pin(place, value) = atom {
            pins.entry(place).or_insert(*value);
        }
    }
    // Equal columns hand their pins on, until nothing changes.
    loop {
        let before = pins.len();
        for atom in atoms {
            if let Atom::Same(one, other) = atom {
                for (from, to) in [(one, other), (other, one)] {
                    if let Some(value @ PinValue::Slot(_)) = pins.get(from).copied() {
                        pins.entry(to).or_insert(value);
                    }
                }
            }
        }
        if pins.len() == before {
            break;
        }
    }
    pins.into_iter()
        .filter(|(place, _)| place.0 == source)
        .map(|(place, value)| Pin {
            column: place.1.clone(),
            value,
        })
        .take(limit::PINS_MAX)
        .collect()
}

/// The parts of a chain of `AND`, in order. A long chain is deep on its left side.
fn split_and<'e>(condition: &'e Expr, parts: &mut Vec<&'e Expr>) {
    split_chain(condition, &BinaryOperator::And, parts);
}

fn split_or(condition: &Expr) -> Vec<&Expr> {
    let mut parts = Vec::new();
    split_chain(condition, &BinaryOperator::Or, &mut parts);
    parts
}

fn split_chain<'e>(condition: &'e Expr, chain: &BinaryOperator, parts: &mut Vec<&'e Expr>) {
    let mut work = vec![condition];
    while let Some(expr) = work.pop() {
        match expr {
            Expr::Nested(inner) => work.push(inner),
            Expr::BinaryOp { left, op, right } if op == chain => {
                work.push(right);
                work.push(left);
            }
            other => parts.push(other),
        }
    }
}

fn unnest(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}
