//! Which conditions a row must meet to matter, for every source of a `FROM`.
//!
//! A source is *preserved* if no outer join may replace its rows by nulls: `WHERE` and the `ON` of
//! inner joins hold for it. The other side of an outer join is *supplied*: only its own `ON` counts,
//! with those conditions that speak of preserved sources alone, because a row of it that meets no
//! such row of theirs changes nothing. (`WHERE b.x IS NULL` must not pin `b`: a row of `b` with any
//! `x` can end the absence that the query looks for.)

use sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, ObjectName, TableFactor, TableWithJoins,
};

use super::{
    Analyser,
    scope::{Owns, SourceIndex, add_all, add_column},
};
use crate::{Dialect, Name, name::fold_ident};

/// Sources joined so far.
#[derive(Default)]
pub(super) struct Group<'e> {
    pub(super) preserved: Vec<SourceIndex>,
    /// Conditions that hold of every combination of preserved rows.
    pub(super) inner: Vec<&'e Expr>,
    pub(super) supplied: Vec<(SourceIndex, Vec<&'e Expr>)>,
}

impl<'e> Group<'e> {
    fn of(source: SourceIndex) -> Self {
        Group {
            preserved: vec![source],
            ..Group::default()
        }
    }

    /// Inner join.
    fn join(&mut self, other: Group<'e>, on: Option<&'e Expr>) {
        self.preserved.extend(other.preserved);
        self.inner.extend(other.inner);
        self.inner.extend(on);
        self.supplied.extend(other.supplied);
    }

    /// Left join: what `other` preserved is supplied from now on.
    fn left_join(&mut self, other: Group<'e>, on: Option<&'e Expr>) {
        let mut conditions = other.inner;
        conditions.extend(on);
        self.supplied.extend(
            other
                .preserved
                .into_iter()
                .map(|source| (source, conditions.clone())),
        );
        self.supplied.extend(other.supplied);
    }
}

impl Analyser<'_> {
    /// The sources of a whole `FROM`, in the order in which they were registered.
    pub(super) fn group<'e>(&self, from: &'e [TableWithJoins]) -> Group<'e> {
        let mut next = 0;
        let mut group = Group::default();
        for item in from {
            group.join(joined(item, &mut next), None);
        }
        // SQLite joins from left to right, commas included: a right join after a comma supplies
        // what stands before the comma too. Nothing is held to any condition then.
        let reaches_back = from
            .iter()
            .skip(1)
            .flat_map(|item| &item.joins)
            .any(|join| {
                matches!(
                    join.join_operator,
                    JoinOperator::Right(_)
                        | JoinOperator::RightOuter(_)
                        | JoinOperator::FullOuter(_)
                )
            });
        if self.dialect == Dialect::Sqlite && reaches_back {
            let supplied = (0..next).map(|source| (source, Vec::new())).collect();
            return Group {
                supplied,
                ..Group::default()
            };
        }
        group
    }

    /// Counts the columns that `USING` and `NATURAL` compare.
    pub(super) fn register_merged_columns(&mut self, from: &TableWithJoins) {
        for join in &from.joins {
            match constraint(&join.join_operator) {
                Some(JoinConstraint::Using(columns)) => {
                    for column in columns {
                        self.merge_column(column);
                    }
                }
                Some(JoinConstraint::Natural) => self.merge_all(),
                Some(JoinConstraint::On(_) | JoinConstraint::None) | None => {}
            }
        }
    }

    fn merge_column(&mut self, column: &ObjectName) {
        let Some(ident) = column.0.last().and_then(|part| part.as_ident()) else {
            return self.merge_all();
        };
        let column = fold_ident(self.dialect, ident);
        let mut found: Vec<(usize, Name)> = Vec::new();
        for source in self
            .scopes
            .last()
            .into_iter()
            .flat_map(|scope| &scope.sources)
        {
            if let (Some(read), Owns::Yes(name) | Owns::Perhaps(name)) =
                (source.read(), source.owns(self.dialect, &column))
            {
                found.push((read, name));
            }
        }
        for (read, name) in found {
            add_column(&mut self.reads[read], name);
        }
    }

    fn merge_all(&mut self) {
        let reads: Vec<usize> = self
            .scopes
            .last()
            .into_iter()
            .flat_map(|scope| &scope.sources)
            .filter_map(|source| source.read())
            .collect();
        for read in reads {
            add_all(&mut self.reads[read]);
        }
    }
}

/// Must count sources exactly as [`Analyser::register`] adds them.
fn joined<'e>(item: &'e TableWithJoins, next: &mut usize) -> Group<'e> {
    let mut group = factor(&item.relation, next);
    for Join {
        relation,
        join_operator,
        ..
    } in &item.joins
    {
        let other = factor(relation, next);
        let on = match constraint(join_operator) {
            Some(JoinConstraint::On(on)) => Some(on),
            _ => None,
        };
        match join_operator {
            JoinOperator::Join(_)
            | JoinOperator::Inner(_)
            | JoinOperator::CrossJoin(_)
            | JoinOperator::StraightJoin(_)
            | JoinOperator::CrossApply => group.join(other, on),
            JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => group.left_join(other, on),
            JoinOperator::Right(_) | JoinOperator::RightOuter(_) => {
                let mut swapped = other;
                swapped.left_join(group, on);
                group = swapped;
            }
            // Full joins and what is not of our databases: neither side is held to anything that
            // the join or what follows it says.
            _ => {
                let mut both = Group::default();
                both.left_join(group, None);
                both.left_join(other, None);
                group = both;
            }
        }
    }
    group
}

fn factor<'e>(factor: &'e TableFactor, next: &mut usize) -> Group<'e> {
    match factor {
        TableFactor::NestedJoin {
            table_with_joins, ..
        } => {
            let mut group = joined(table_with_joins, next);
            group.join(Group::of(*next), None);
            *next += 1;
            group
        }
        _ => {
            *next += 1;
            Group::of(*next - 1)
        }
    }
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint)
        | JoinOperator::StraightJoin(constraint)
        | JoinOperator::AsOf { constraint, .. } => Some(constraint),
        JoinOperator::CrossApply
        | JoinOperator::OuterApply
        | JoinOperator::ArrayJoin
        | JoinOperator::LeftArrayJoin
        | JoinOperator::InnerArrayJoin => None,
    }
}
