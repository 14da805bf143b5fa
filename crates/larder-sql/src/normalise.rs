//! What makes texts alike: literals and parameters become slots, an `IN` list of any length one
//! slot, and spellings of SQLite that the parser does not know become ones that it does.
//!
//! The result is only ever parsed, never executed. Where it is not sure that a literal stands for
//! a value and nothing else (ordinals, arguments of functions, type names), it leaves it alone.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::{Dialect, Slot, Value, analyse::has_moment, token::Lexeme};

/// Marks placeholders that stand for slots. A user's own placeholder never starts so.
const SLOT_MARK: &str = "?@";

/// The tokens to parse, and what stands in their slots.
pub(crate) struct Normalised {
    pub(crate) tokens: Vec<TokenWithSpan>,
    pub(crate) slots: Vec<Slot>,
}

impl Normalised {
    /// What two texts with the same plan have in common.
    pub(crate) fn key(&self) -> String {
        use std::fmt::Write;
        let mut key = String::with_capacity(self.tokens.len() * 8);
        let mut token = String::new();
        for spanned in &self.tokens {
            token.clear();
            // Writing to a string cannot fail. The length keeps a string that looks like several
            // tokens apart from those.
            let _ = write!(token, "{}", spanned.token);
            let _ = write!(key, "{}:{token}", token.len());
        }
        key
    }
}

/// The slot that a placeholder stands for.
pub(crate) fn slot_of(placeholder: &str) -> Option<usize> {
    placeholder.strip_prefix(SLOT_MARK)?.parse().ok()
}

/// Replaces literals and parameters by slots; without `literals`, parameters only.
pub(crate) fn normalise(dialect: Dialect, lexemes: &[Lexeme], literals: bool) -> Normalised {
    let mut work = Work {
        dialect,
        lexemes,
        binds: Binds::default(),
        tokens: Vec::with_capacity(lexemes.len()),
        slots: Vec::new(),
        levels: vec![Level::default()],
        literals,
    };
    let mut at = 0;
    while at < lexemes.len() {
        at = work.step(at);
    }
    Normalised {
        tokens: work.tokens,
        slots: work.slots,
    }
}

/// Parameters of a text, numbered as its database numbers them.
#[derive(Default)]
pub(crate) struct Binds {
    /// Highest number given so far.
    highest: usize,
    /// Whether one said its number itself.
    numbered: bool,
    names: Vec<(String, usize)>,
}

impl Binds {
    /// The index, from 0, of the parameter that this placeholder is. Nothing for a `?` after one with
    /// a number: to SQLite it is the next after the highest, and sqlx binds there what it would if
    /// only the `?` were counted.
    pub(crate) fn index(&mut self, dialect: Dialect, placeholder: &str) -> Option<usize> {
        let number = if placeholder == "?" {
            if self.numbered {
                return None;
            }
            self.highest + 1
        } else if let Some(number) = placeholder
            .strip_prefix(['?', '$'])
            .and_then(|digits| digits.parse::<usize>().ok())
        {
            self.numbered = true;
            number
        } else if dialect == Dialect::Sqlite {
            match self.names.iter().find(|(name, _)| name == placeholder) {
                Some((_, number)) => *number,
                None => {
                    self.names.push((placeholder.to_string(), self.highest + 1));
                    self.highest + 1
                }
            }
        } else {
            return None;
        };
        self.highest = self.highest.max(number);
        number.checked_sub(1)
    }
}

/// What is known of one level of parentheses.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Arguments of a function, sizes of a type, an array: literals stay.
    frozen: bool,
    /// Inside `ORDER BY` or `GROUP BY`: numbers are ordinals.
    ordinals: bool,
}

struct Work<'a> {
    dialect: Dialect,
    lexemes: &'a [Lexeme],
    binds: Binds,
    tokens: Vec<TokenWithSpan>,
    slots: Vec<Slot>,
    levels: Vec<Level>,
    literals: bool,
}

impl Work<'_> {
    /// Handles the lexeme at `at`; returns where to go on.
    fn step(&mut self, at: usize) -> usize {
        let lexeme = &self.lexemes[at];
        if let Some(next) = self.rewrite(at) {
            return next;
        }
        match &lexeme.token {
            Token::LParen | Token::LBracket => {
                self.open(at);
                self.keep(at)
            }
            Token::RParen | Token::RBracket => {
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
                self.keep(at)
            }
            Token::Word(_) => {
                self.clause(lexeme);
                match self.list(at) {
                    Some(next) => next,
                    None => self.keep(at),
                }
            }
            _ => match self.value(at) {
                Some((slot, next)) if self.is_value_place(at, next) => {
                    self.slot(slot);
                    next
                }
                _ => match &lexeme.token {
                    Token::Placeholder(text) => {
                        match self.binds.index(self.dialect, text) {
                            Some(index) => self.slot(Slot::Bind(index)),
                            None => self.push(lexeme.token.clone()),
                        }
                        at + 1
                    }
                    _ => self.keep(at),
                },
            },
        }
    }

    fn push(&mut self, token: Token) {
        self.tokens.push(TokenWithSpan::wrap(token));
    }

    fn keep(&mut self, at: usize) -> usize {
        self.push(self.lexemes[at].token.clone());
        at + 1
    }

    fn words(&mut self, words: &[&str]) {
        for word in words {
            self.push(Token::make_keyword(word));
        }
    }

    fn slot(&mut self, slot: Slot) {
        self.push(Token::Placeholder(format!(
            "{SLOT_MARK}{}",
            self.slots.len()
        )));
        self.slots.push(slot);
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn open(&mut self, at: usize) {
        let outer = *self.level();
        let query = self.next_is(at + 1, &["SELECT", "WITH", "VALUES"]);
        let bracket = self.lexemes[at].token == Token::LBracket;
        // `name (` is a call or a type; a keyword before the parenthesis is neither, mostly.
        let call = at
            .checked_sub(1)
            .map(|before| &self.lexemes[before])
            .is_some_and(|before| {
                matches!(before.token, Token::Word(_)) && !before.is_any(BEFORE_FREE)
            });
        self.levels.push(match query {
            true => Level::default(),
            false => Level {
                frozen: outer.frozen || call || bracket,
                ..outer
            },
        });
    }

    /// Follows the clauses, to know where numbers are ordinals.
    fn clause(&mut self, lexeme: &Lexeme) {
        if lexeme.is_any(&["ORDER", "GROUP", "PARTITION"]) {
            self.level().ordinals = true;
        } else if lexeme.is_any(&[
            "LIMIT",
            "OFFSET",
            "HAVING",
            "UNION",
            "EXCEPT",
            "INTERSECT",
            "WINDOW",
            "SELECT",
            "WHERE",
            "VALUES",
            "RETURNING",
        ]) {
            self.level().ordinals = false;
        }
    }

    fn next_is(&self, at: usize, words: &[&str]) -> bool {
        self.lexemes.get(at).is_some_and(|next| next.is_any(words))
    }

    /// A parameter or literal at `at`, with its sign, and where it ends.
    fn value(&mut self, at: usize) -> Option<(Slot, usize)> {
        let lexeme = self.lexemes.get(at)?;
        let value = match &lexeme.token {
            Token::Number(digits, false) => number(digits, false),
            Token::Minus => match &self.lexemes.get(at + 1)?.token {
                Token::Number(digits, false) if self.is_sign(at) => {
                    return Some((Slot::Literal(number(digits, true)), at + 2));
                }
                _ => return None,
            },
            Token::SingleQuotedString(text)
                if self.dialect == Dialect::Postgres && has_moment(text) =>
            {
                return None;
            }
            Token::SingleQuotedString(text) => Value::Text(text.clone()),
            Token::DoubleQuotedString(text) if self.dialect == Dialect::MySql => {
                Value::Text(text.clone())
            }
            _ => return None,
        };
        Some((Slot::Literal(value), at + 1))
    }

    /// Whether the minus at `at` is a sign and not a difference.
    fn is_sign(&self, at: usize) -> bool {
        self.before(at).is_some_and(|before| {
            is_value_start(before) && !matches!(before.token, Token::Minus | Token::Plus)
        })
    }

    fn before(&self, at: usize) -> Option<&Lexeme> {
        at.checked_sub(1).map(|before| &self.lexemes[before])
    }

    /// Whether what stands from `at` to `next` is a value and nothing else.
    fn is_value_place(&mut self, at: usize, next: usize) -> bool {
        let level = *self.level();
        self.literals
            && !level.frozen
            && !level.ordinals
            && self.before(at).is_some_and(is_value_start)
            && self.lexemes.get(next).is_none_or(|after| {
                !matches!(
                    after.token,
                    Token::DoubleColon
                        | Token::SingleQuotedString(_)
                        | Token::DoubleQuotedString(_)
                        | Token::LBracket
                        | Token::Period
                ) && !after.is_any(&["COLLATE", "UESCAPE"])
            })
    }

    /// `IN (1, 2, ?)` at its `IN`: the whole list is one slot.
    fn list(&mut self, at: usize) -> Option<usize> {
        if !self.lexemes[at].is("IN") || self.lexemes.get(at + 1)?.token != Token::LParen {
            return None;
        }
        let highest = self.binds.highest;
        let names = self.binds.names.len();
        let found = self.list_items(at + 2);
        match found {
            Some((items, next)) => {
                self.keep(at);
                self.push(Token::LParen);
                self.slot(Slot::List(items));
                self.push(Token::RParen);
                Some(next)
            }
            None => {
                self.binds.highest = highest;
                self.binds.names.truncate(names);
                None
            }
        }
    }

    fn list_items(&mut self, mut at: usize) -> Option<(Vec<Slot>, usize)> {
        let mut items = Vec::new();
        loop {
            let lexeme = self.lexemes.get(at)?;
            let item = if lexeme.is("NULL") {
                at += 1;
                Slot::Literal(Value::Null)
            } else if let Token::Placeholder(text) = &lexeme.token {
                at += 1;
                Slot::Bind(self.binds.index(self.dialect, text)?)
            } else if self.literals {
                let (slot, next) = self.value(at)?;
                at = next;
                slot
            } else {
                return None;
            };
            items.push(item);
            match self.lexemes.get(at)?.token {
                Token::Comma => at += 1,
                Token::RParen => return Some((items, at + 1)),
                _ => return None,
            }
        }
    }

    /// SQLite's own spellings. Returns where to go on if one stood here.
    fn rewrite(&mut self, at: usize) -> Option<usize> {
        let lexeme = &self.lexemes[at];
        if self.dialect != Dialect::Sqlite || !matches!(lexeme.token, Token::Word(_)) {
            return None;
        }
        if lexeme.is("ISNULL") {
            self.words(&["IS", "NULL"]);
            return Some(at + 1);
        }
        if lexeme.is("NOTNULL") {
            self.words(&["IS", "NOT", "NULL"]);
            return Some(at + 1);
        }
        if lexeme.is("NOT") {
            if self.next_is(at + 1, &["INDEXED"]) {
                return Some(at + 2);
            }
            if self.next_is(at + 1, &["GLOB", "MATCH", "REGEXP"]) {
                self.words(&["NOT", "LIKE"]);
                return Some(at + 2);
            }
            let is_before = self.before(at).is_some_and(|before| before.is("IS"));
            if self.next_is(at + 1, &["NULL"])
                && !is_before
                && self.before(at).is_some_and(ends_value)
            {
                self.words(&["IS", "NOT", "NULL"]);
                return Some(at + 2);
            }
            return None;
        }
        if lexeme.is("INDEXED") && self.next_is(at + 1, &["BY"]) {
            return Some(at + 3);
        }
        if lexeme.is_any(&["GLOB", "MATCH"]) && self.before(at).is_some_and(ends_value) {
            self.words(&["LIKE"]);
            return Some(at + 1);
        }
        if lexeme.is("IS") {
            let negated = self.next_is(at + 1, &["NOT"]);
            let operand = at + 1 + usize::from(negated);
            if self.next_is(operand, &["NULL", "TRUE", "FALSE", "DISTINCT"]) {
                return None;
            }
            match negated {
                true => self.words(&["IS", "DISTINCT", "FROM"]),
                false => self.words(&["IS", "NOT", "DISTINCT", "FROM"]),
            }
            return Some(operand);
        }
        // The alias of the table that an INSERT fills is seen by nothing but ON CONFLICT.
        if lexeme.is("AS") && self.fills_table(at) {
            return Some(at + 2);
        }
        if lexeme.is("AS") && self.next_is(at + 1, &["MATERIALIZED"]) {
            self.words(&["AS"]);
            return Some(at + 2);
        }
        if lexeme.is("AS")
            && self.next_is(at + 1, &["NOT"])
            && self.next_is(at + 2, &["MATERIALIZED"])
        {
            self.words(&["AS"]);
            return Some(at + 3);
        }
        if lexeme.is("IN") {
            return self.in_table(at);
        }
        None
    }

    /// Whether `INTO table` or `INTO schema.table` stands just before `at`.
    fn fills_table(&self, at: usize) -> bool {
        let is_into = |back: usize| {
            at.checked_sub(back)
                .is_some_and(|before| self.lexemes[before].is("INTO"))
        };
        let period = at
            .checked_sub(2)
            .is_some_and(|before| self.lexemes[before].token == Token::Period);
        is_into(2) || (period && is_into(4))
    }

    /// `x IN table` is `x IN (SELECT * FROM table)`.
    fn in_table(&mut self, at: usize) -> Option<usize> {
        let mut end = at + 1;
        if !matches!(self.lexemes.get(end)?.token, Token::Word(_)) {
            return None;
        }
        self.words(&["IN"]);
        self.push(Token::LParen);
        self.words(&["SELECT"]);
        self.push(Token::Mul);
        self.words(&["FROM"]);
        end = self.keep(end);
        while self
            .lexemes
            .get(end)
            .is_some_and(|next| next.token == Token::Period)
            && end + 1 < self.lexemes.len()
        {
            end = self.keep(end);
            end = self.keep(end);
        }
        self.push(Token::RParen);
        Some(end)
    }
}

/// Words before a parenthesis that holds values or a condition, not arguments.
const BEFORE_FREE: &[&str] = &[
    "IN",
    "VALUES",
    "AND",
    "OR",
    "NOT",
    "WHERE",
    "ON",
    "SELECT",
    "HAVING",
    "WHEN",
    "THEN",
    "ELSE",
    "SET",
    "FROM",
    "JOIN",
    "LIMIT",
    "OFFSET",
    "BETWEEN",
    "LIKE",
    "EXISTS",
    "UNION",
    "ALL",
    "EXCEPT",
    "INTERSECT",
    "AS",
    "DISTINCT",
    "VALUE",
    "CASE",
    "USING",
];

/// Whether a value, and not part of something else, may start after this.
fn is_value_start(before: &Lexeme) -> bool {
    match &before.token {
        Token::Eq
        | Token::DoubleEq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::LParen
        | Token::Comma
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat => true,
        Token::Word(_) => before.is_any(&[
            "AND", "OR", "NOT", "WHERE", "WHEN", "THEN", "ELSE", "SELECT", "BETWEEN", "LIKE",
            "LIMIT", "OFFSET", "HAVING", "GLOB",
        ]),
        _ => false,
    }
}

/// Whether an operand may have ended with this, so that an operator can follow.
fn ends_value(before: &Lexeme) -> bool {
    match &before.token {
        Token::Word(Word {
            quote_style: Some(_),
            ..
        }) => true,
        Token::Word(_) => !before.is_any(&[
            "SELECT", "WHERE", "AND", "OR", "NOT", "ON", "WHEN", "BY", "THEN", "ELSE", "CASE",
            "HAVING", "FROM", "AS",
        ]),
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::Placeholder(_)
        | Token::RParen
        | Token::RBracket
        | Token::HexStringLiteral(_) => true,
        _ => false,
    }
}

/// A number as a value.
pub(crate) fn number(digits: &str, negative: bool) -> Value {
    let text = match negative {
        true => format!("-{digits}"),
        false => digits.to_string(),
    };
    match text.parse() {
        Ok(value) => Value::Integer(value),
        Err(_) => Value::Number(text),
    }
}
