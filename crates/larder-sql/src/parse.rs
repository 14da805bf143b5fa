//! From text to footprint, without a memory.

mod ranges;

use sqlparser::{
    ast::{Query, Statement},
    parser::Parser,
    tokenizer::{Token, TokenWithSpan},
};

use crate::{
    Catalogue, Dialect, Footprint, Name, Reason, Slot, Table, TableKind, WriteSet,
    analyse::Analyser,
    keyword, limit,
    normalise::{Normalised, normalise},
    split,
    token::{self, Lexeme},
};

/// What one text comes to.
pub(crate) struct Draft {
    pub(crate) footprint: Footprint,
    pub(crate) slots: Vec<Slot>,
    pub(crate) constants: Vec<Slot>,
}

impl Draft {
    fn bare(footprint: Footprint) -> Self {
        Draft {
            footprint,
            slots: Vec::new(),
            constants: Vec::new(),
        }
    }

    fn unknown(reason: &'static str) -> Self {
        Draft::bare(Footprint::Unknown(Reason::new(reason)))
    }
}

/// A text that has to be parsed, or the answer if it need not be.
pub(crate) enum Cut {
    Done(Draft),
    Parse(Vec<Lexeme>),
}

/// SQLite takes `'track'.'name'` for a column; the parser takes it for something else.
fn has_quoted_path(lexemes: &[Lexeme]) -> bool {
    let string = |lexeme: &Lexeme| matches!(lexeme.token, Token::SingleQuotedString(_));
    lexemes.windows(2).any(|pair| {
        (pair[0].token == Token::Period && string(&pair[1]))
            || (string(&pair[0]) && pair[1].token == Token::Period)
    })
}

/// The footprint of one statement, and its constants.
pub(crate) fn footprint(catalogue: &Catalogue, text: &str) -> (Footprint, Vec<Slot>) {
    let draft = match cut(catalogue, text) {
        Cut::Done(draft) => draft,
        Cut::Parse(lexemes) => {
            let normalised = normalise(catalogue.dialect(), &lexemes, true);
            draft(catalogue, text, &lexemes, normalised)
        }
    };
    (draft.footprint, draft.constants)
}

/// Cuts a text into tokens, and answers where its words are enough.
pub(crate) fn cut(catalogue: &Catalogue, text: &str) -> Cut {
    if text.len() > limit::SQL_BYTES_MAX {
        return Cut::Done(Draft::unknown("the statement is too long"));
    }
    if catalogue.dialect() == Dialect::MySql && split::has_hidden_code(text) {
        return Cut::Done(Draft::unknown("a comment in it is run by the database"));
    }
    let Some(mut lexemes) = token::lex(catalogue.dialect(), text) else {
        return Cut::Done(Draft::unknown("it is not SQL"));
    };
    while lexemes
        .last()
        .is_some_and(|last| last.token == Token::SemiColon)
    {
        lexemes.pop();
    }
    if lexemes.is_empty() {
        return Cut::Done(Draft::unknown("there is no statement"));
    }
    if catalogue.dialect() == Dialect::Sqlite && has_quoted_path(&lexemes) {
        return Cut::Done(Draft::unknown("a column is named by a string"));
    }
    if let Some(footprint) = keyword::by_words(catalogue, &lexemes) {
        let several = lexemes
            .iter()
            .any(|lexeme| lexeme.token == Token::SemiColon);
        let body = matches!(&footprint, Footprint::Ddl(ddl) if ddl.everything);
        if several && !body {
            return Cut::Done(Draft::unknown("there are several statements"));
        }
        return Cut::Done(Draft::bare(footprint));
    }
    if lexemes
        .iter()
        .any(|lexeme| lexeme.token == Token::SemiColon)
    {
        return Cut::Done(Draft::unknown("there are several statements"));
    }
    Cut::Parse(lexemes)
}

/// Parses and analyses; first as normalised, then as it stands, then without what the parser
/// does not know of a write.
pub(crate) fn draft(
    catalogue: &Catalogue,
    text: &str,
    lexemes: &[Lexeme],
    normalised: Normalised,
) -> Draft {
    let dialect = catalogue.dialect();
    if is_too_deep(&normalised.tokens) {
        return Draft::unknown("the statement has too many operators");
    }
    if let Ok(statement) = parse(dialect, normalised.tokens) {
        return analyse(catalogue, text, lexemes, &statement, normalised.slots);
    }
    let plain = normalise(dialect, lexemes, false);
    if is_too_deep(&plain.tokens) {
        return Draft::unknown("the statement has too many operators");
    }
    let error = match parse(dialect, plain.tokens) {
        Ok(statement) => return analyse(catalogue, text, lexemes, &statement, plain.slots),
        Err(error) => error,
    };
    if let Some(shorter) = ranges::without_tail(dialect, lexemes) {
        let normalised = normalise(dialect, &shorter.lexemes, true);
        if let Ok(statement) = parse(dialect, normalised.tokens) {
            let mut draft = analyse(catalogue, text, lexemes, &statement, normalised.slots);
            if let Footprint::Write(write) = &mut draft.footprint {
                shorter.amend(write);
                return draft;
            }
        }
    }
    Draft::bare(Footprint::Unknown(Reason::of(format!(
        "it cannot be parsed: {error}"
    ))))
}

/// Parses one statement. The error is for people.
fn parse(dialect: Dialect, tokens: Vec<TokenWithSpan>) -> Result<Statement, String> {
    let mut parser = Parser::new(dialect.parser())
        .with_recursion_limit(limit::RECURSION_MAX)
        .with_tokens_with_locations(tokens);
    let mut statements = parser.parse_statements().map_err(|error| {
        let text = error.to_string();
        text.strip_prefix("sql parser error: ")
            .unwrap_or(&text)
            .to_string()
    })?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err("there is not one statement".to_string()),
    }
}

/// Whether the tree could be so deep that walking or dropping it would exhaust the stack.
fn is_too_deep(tokens: &[TokenWithSpan]) -> bool {
    let operators = tokens.iter().filter(|spanned| match &spanned.token {
        Token::Word(word) => {
            word.quote_style.is_none()
                && [
                    "AND",
                    "OR",
                    "XOR",
                    "IS",
                    "NOT",
                    "COLLATE",
                    "UNION",
                    "EXCEPT",
                    "INTERSECT",
                    "AT",
                    "BETWEEN",
                    "LIKE",
                    "IN",
                    "DIV",
                    "MOD",
                    "REGEXP",
                    "RLIKE",
                    "CASE",
                    "ILIKE",
                    "OPERATOR",
                    "OVERLAPS",
                    "MEMBER",
                    "SIMILAR",
                    "MINUS",
                ]
                .iter()
                .any(|keyword| word.value.eq_ignore_ascii_case(keyword))
        }
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::HexStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::Placeholder(_)
        | Token::Comma
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::SemiColon
        | Token::EOF => false,
        _ => true,
    });
    operators.count() > limit::OPERATORS_MAX
}

fn analyse(
    catalogue: &Catalogue,
    text: &str,
    lexemes: &[Lexeme],
    statement: &Statement,
    slots: Vec<Slot>,
) -> Draft {
    let mut analyser = Analyser::new(catalogue, slots.len());
    analyser.loose = is_loose(catalogue.dialect(), lexemes);
    if !matches!(statement, Statement::Query(query) if query.with.is_none()) {
        analyser.ranges = Some(ranges::find(catalogue.dialect(), text, lexemes));
    }
    analyser.statement(statement);
    if let Some(reason) = analyser.unknown {
        return Draft::bare(Footprint::Unknown(reason));
    }
    if analyser.writes_anything() {
        let mut reads: Vec<Name> = analyser
            .reads
            .iter()
            .map(|read| read.table.clone())
            .collect();
        reads.sort();
        reads.dedup();
        let write = WriteSet {
            returning: analyser
                .writes
                .iter()
                .any(|write| write.returning.is_some()),
            targets: analyser.writes,
            reads,
            widened: analyser.widened,
            may_write_more: analyser.may_write,
        };
        return Draft {
            footprint: Footprint::Write(write),
            slots,
            constants: analyser.constants,
        };
    }
    if !matches!(statement, Statement::Query(_)) {
        return Draft::unknown("a statement that is not understood");
    }
    let (read, constants) = analyser.into_read_set();
    Draft {
        footprint: Footprint::Read(read),
        slots,
        constants,
    }
}

/// Whether the parser groups operators otherwise than the database does: MySQL's `||`, `&&`,
/// `XOR` and `:=` bind less tightly than the parser believes.
fn is_loose(dialect: Dialect, lexemes: &[Lexeme]) -> bool {
    dialect == Dialect::MySql
        && lexemes.iter().any(|lexeme| {
            lexeme.is("XOR")
                || matches!(
                    lexeme.token,
                    Token::StringConcat | Token::Overlap | Token::Assignment
                )
        })
}

/// The query of a view.
pub(crate) fn view_query(catalogue: &Catalogue, table: &Table) -> Option<Query> {
    let TableKind::View { sql } = &table.kind else {
        return None;
    };
    if sql.len() > limit::SQL_BYTES_MAX {
        return None;
    }
    let dialect = catalogue.dialect();
    let mut lexemes = token::lex(dialect, sql)?;
    while lexemes
        .last()
        .is_some_and(|last| last.token == Token::SemiColon)
    {
        lexemes.pop();
    }
    if lexemes.first()?.is("CREATE") {
        let query = lexemes
            .iter()
            .position(|lexeme| lexeme.depth == 0 && lexeme.is("AS"))?;
        lexemes.drain(..=query);
    }
    if is_loose(dialect, &lexemes) || has_quoted_path(&lexemes) {
        return None;
    }
    let normalised = normalise(dialect, &lexemes, false);
    if !normalised.slots.is_empty() || is_too_deep(&normalised.tokens) {
        return None;
    }
    match parse(dialect, normalised.tokens).ok()? {
        Statement::Query(query) => Some(*query),
        _ => None,
    }
}

/// The tables below a view.
pub(crate) fn view_tables(catalogue: &Catalogue, table: &Table) -> Option<Vec<Name>> {
    let query = view_query(catalogue, table)?;
    let mut analyser = Analyser::new(catalogue, 0);
    analyser.statement(&Statement::Query(Box::new(query)));
    if analyser.unknown.is_some() {
        return None;
    }
    Some(analyser.reads.into_iter().map(|read| read.table).collect())
}
