//! Where the parts of a write stand in its text.

use std::ops::Range;

use sqlparser::tokenizer::Token;

use crate::{
    ColumnSet, Dialect, Reason, RowsNamed, WriteKind, WriteSet, analyse::Ranges, normalise::Binds,
    token::Lexeme,
};

/// Finds them. What is not as expected leaves a reason in `unnamed`.
pub(super) fn find(dialect: Dialect, text: &str, lexemes: &[Lexeme]) -> Ranges {
    let mut ranges = Ranges {
        end: lexemes.last().map_or(text.len(), |last| last.end),
        ..Ranges::default()
    };
    let top = |words: &'static [&'static str]| {
        move |lexeme: &Lexeme| lexeme.depth == 0 && lexeme.is_any(words)
    };
    let Some(verb) = lexemes
        .iter()
        .position(top(&["INSERT", "REPLACE", "UPDATE", "DELETE"]))
    else {
        ranges.unnamed = Some(Reason::new("it is part of a larger statement"));
        return ranges;
    };
    let after = &lexemes[verb..];
    let returning = after
        .iter()
        .position(top(&["RETURNING"]))
        .map(|at| verb + at);
    let stop = returning.unwrap_or(lexemes.len());
    ranges.returning = returning.map(|at| lexemes[at].start..ranges.end);
    if verb > 0 {
        ranges.with = Some(lexemes[0].start..lexemes[verb - 1].end);
    }
    let clauses: &'static [&'static str] = &["SET", "WHERE", "FROM", "USING", "ORDER", "LIMIT"];
    let first = match lexemes[verb].is("UPDATE") {
        true => verb + 1 + 2 * usize::from(word(lexemes, verb + 1, "OR")),
        false => verb + 1 + usize::from(word(lexemes, verb + 1, "FROM")),
    };
    let target_end = (first + 1..stop)
        .find(|at| top(clauses)(&lexemes[*at]))
        .unwrap_or(stop);
    if first >= target_end || target_end > lexemes.len() {
        ranges.unnamed = Some(Reason::new("its parts cannot be told apart"));
        return ranges;
    }
    ranges.target = lexemes[first].start..lexemes[target_end - 1].end;
    ranges.first = lexemes[first].name(dialect);
    let mut wheres = (target_end..stop).filter(|at| top(&["WHERE"])(&lexemes[*at]));
    let condition = wheres.next();
    if wheres.next().is_some() {
        ranges.unnamed = Some(Reason::new("its parts cannot be told apart"));
    }
    ranges.condition = condition.map(|at| lexemes[at].start..lexemes[stop - 1].end);
    count_binds(
        dialect,
        lexemes,
        verb,
        condition.map(|at| at..stop),
        &mut ranges,
    );
    ranges
}

fn word(lexemes: &[Lexeme], at: usize, text: &str) -> bool {
    lexemes.get(at).is_some_and(|lexeme| lexeme.is(text))
}

fn count_binds(
    dialect: Dialect,
    lexemes: &[Lexeme],
    verb: usize,
    condition: Option<Range<usize>>,
    ranges: &mut Ranges,
) {
    let mut binds = Binds::default();
    let mut first = None;
    let mut positional_with = false;
    let mut mixed = false;
    for (at, lexeme) in lexemes.iter().enumerate() {
        let Token::Placeholder(text) = &lexeme.token else {
            continue;
        };
        let index = binds.index(dialect, text);
        let inside = condition.as_ref().is_some_and(|range| range.contains(&at));
        let positional = text == "?";
        if at < verb {
            positional_with |= positional;
            ranges.numbered |= !positional;
        } else if inside && positional {
            if first.is_none() {
                first = index;
            }
            ranges.binds += 1;
        } else if inside {
            ranges.numbered = true;
        } else {
            mixed |= !positional;
        }
    }
    ranges.first_bind = first.unwrap_or(0);
    // A `?` among numbered parameters takes another number when it stands alone.
    if positional_with || (ranges.binds > 0 && (ranges.numbered || mixed)) {
        ranges.unnamed = Some(Reason::new("its parameters cannot be passed on"));
    }
}

/// A write without its tail, which the parser does not know.
pub(super) struct Shorter {
    pub(super) lexemes: Vec<Lexeme>,
    upsert: bool,
    chosen: bool,
}

impl Shorter {
    /// Says of the write what the tail meant.
    pub(super) fn amend(&self, write: &mut WriteSet) {
        for target in &mut write.targets {
            if self.chosen {
                target.rows = RowsNamed::Unknown(Reason::new("ORDER BY and LIMIT choose the rows"));
            }
            if self.upsert && target.event.insert {
                if target.kind == WriteKind::Insert {
                    target.kind = WriteKind::Upsert;
                }
                target.event.update = Some(ColumnSet::All);
            }
        }
    }
}

/// Leaves out what `ON CONFLICT` says, or `ORDER BY` and `LIMIT` of an `UPDATE`.
///
/// What is left out can only call functions or read tables; a subquery in it keeps the statement
/// unknown.
pub(super) fn without_tail(dialect: Dialect, lexemes: &[Lexeme]) -> Option<Shorter> {
    let top = |lexeme: &Lexeme, words: &[&str]| lexeme.depth == 0 && lexeme.is_any(words);
    let verb = lexemes
        .iter()
        .position(|lexeme| top(lexeme, &["INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT"]))?;
    let stop = (verb..lexemes.len())
        .find(|at| top(&lexemes[*at], &["RETURNING"]))
        .unwrap_or(lexemes.len());
    let inserts = lexemes[verb].is_any(&["INSERT", "REPLACE"]);
    let start = if inserts {
        (verb..stop).find(|at| top(&lexemes[*at], &["ON"]) && word(lexemes, at + 1, "CONFLICT"))?
    } else if lexemes[verb].is_any(&["UPDATE", "DELETE"]) && dialect != Dialect::Postgres {
        (verb..stop).find(|at| top(&lexemes[*at], &["ORDER", "LIMIT"]))?
    } else {
        return None;
    };
    let tail = &lexemes[start..stop];
    let calls = tail.windows(2).any(|pair| {
        pair[0].is_any(&["SELECT", "WITH"])
            || (dialect == Dialect::Postgres
                && pair[1].token == Token::LParen
                && matches!(pair[0].token, Token::Word(_))
                && !pair[0].is_keyword())
    });
    if calls {
        return None;
    }
    let mut kept = lexemes[..start].to_vec();
    kept.extend_from_slice(&lexemes[stop..]);
    // A parameter of the tail would shift those after it.
    let shifts = tail.iter().any(Lexeme::is_placeholder)
        && lexemes[stop..].iter().any(Lexeme::is_placeholder);
    (!shifts).then_some(Shorter {
        lexemes: kept,
        upsert: inserts,
        chosen: !inserts,
    })
}
