//! Where the statements of a script end.

use std::ops::Range;

use crate::Dialect;

/// The statements of a script, without their semicolons, as ranges of bytes.
///
/// Statements end as SQLite's shell ends them: a `CREATE TRIGGER … BEGIN … END` keeps its inner
/// semicolons. Strings, quoted names, comments and dollar quotes hide theirs. A range starts at
/// its first token: comments before it lie between two ranges. Text that is only comments is no
/// statement; a last statement without semicolon is one.
///
/// ```
/// use larder_sql::{Dialect, split};
/// let script = "SELECT ';'; -- one\nSELECT 2";
/// let texts: Vec<_> = split(script, Dialect::Sqlite).into_iter().map(|r| &script[r]).collect();
/// assert_eq!(texts, ["SELECT ';'", "SELECT 2"]);
/// ```
pub fn split(text: &str, dialect: Dialect) -> Vec<Range<usize>> {
    let mut statements = Vec::new();
    let mut statement = Statement::default();
    let mut at = 0;
    while let Some(piece) = piece(text, at, dialect) {
        match piece.kind {
            PieceKind::Blank => {}
            PieceKind::Semicolon if statement.ends_here() => {
                statements.extend(statement.range());
                statement = Statement::default();
            }
            PieceKind::Semicolon => statement.add(&piece, ";", dialect),
            PieceKind::Other => statement.add(&piece, &text[piece.range.clone()], dialect),
        }
        at = piece.range.end;
    }
    statements.extend(statement.range());
    statements
}

/// What was seen of the statement so far.
#[derive(Default)]
struct Statement {
    start: Option<usize>,
    end: usize,
    words: usize,
    creates: bool,
    temporary: bool,
    /// It has a body whose semicolons are its own, because it said `TRIGGER` or `BEGIN ATOMIC`.
    trigger: bool,
    begun: bool,
    /// Where `; END` stands: 1 after the semicolon, 2 after the `END`.
    ending: u8,
    previous_begin: bool,
}

impl Statement {
    fn add(&mut self, piece: &Piece, text: &str, dialect: Dialect) {
        self.start.get_or_insert(piece.range.start);
        self.end = piece.range.end;
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if self.words == 0 && is("explain") {
            return;
        }
        match self.words {
            0 => self.creates = is("create"),
            _ if !self.creates => {}
            // SQLite has CREATE [TEMP] TRIGGER; others say more in between.
            1 if is("trigger") => self.trigger = true,
            2 if is("trigger") && (self.temporary || dialect != Dialect::Sqlite) => {
                self.trigger = true
            }
            3..=8 if is("trigger") && dialect != Dialect::Sqlite => self.trigger = true,
            1 => self.temporary = is("temp") || is("temporary"),
            _ if self.trigger && is("begin") => self.begun = true,
            _ if self.previous_begin && is("atomic") => self.begun = true,
            _ => {}
        }
        self.previous_begin = self.creates && is("begin");
        self.ending = match self.ending {
            _ if text == ";" => 1,
            1 if is("end") => 2,
            _ => 0,
        };
        self.words += 1;
    }

    fn ends_here(&self) -> bool {
        !self.begun || self.ending == 2
    }

    fn range(&self) -> Option<Range<usize>> {
        self.start.map(|start| start..self.end)
    }
}

struct Piece {
    range: Range<usize>,
    kind: PieceKind,
}

enum PieceKind {
    /// White space or a comment.
    Blank,
    Semicolon,
    Other,
}

/// The piece that starts at byte `at`: a word, a quoted thing, a comment, or one character.
fn piece(text: &str, at: usize, dialect: Dialect) -> Option<Piece> {
    let rest = text.get(at..)?;
    let first = rest.chars().next()?;
    let second = rest[first.len_utf8()..].chars().next();
    let (length, kind) = match (first, second) {
        (';', _) => (1, PieceKind::Semicolon),
        (c, _) if c.is_whitespace() => (c.len_utf8(), PieceKind::Blank),
        ('-', Some('-')) if dialect != Dialect::MySql || is_dashed(rest) => {
            (line(rest), PieceKind::Blank)
        }
        ('#', _) if dialect == Dialect::MySql => (line(rest), PieceKind::Blank),
        ('/', Some('*')) if dialect == Dialect::MySql && is_run(rest) => {
            (block_comment(rest, dialect), PieceKind::Other)
        }
        ('/', Some('*')) => (block_comment(rest, dialect), PieceKind::Blank),
        ('\'' | '"', _) => (quoted(rest, dialect == Dialect::MySql), PieceKind::Other),
        ('e' | 'E', Some('\'')) if dialect == Dialect::Postgres => {
            (1 + quoted(&rest[1..], true), PieceKind::Other)
        }
        ('`', _) if dialect != Dialect::Postgres => (quoted(rest, false), PieceKind::Other),
        ('[', _) if dialect == Dialect::Sqlite => (
            rest.find(']').map_or(rest.len(), |end| end + 1),
            PieceKind::Other,
        ),
        ('$', _) if dialect == Dialect::Postgres => (dollar_quoted(rest), PieceKind::Other),
        (c, _) if is_word(c) => (
            rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            PieceKind::Other,
        ),
        (c, _) => (c.len_utf8(), PieceKind::Other),
    };
    Some(Piece {
        range: at..at + length,
        kind,
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Whether the two dashes that a text begins with begin a comment. In MySQL `5--1` is six.
fn is_dashed(rest: &str) -> bool {
    let third = rest[2..].chars().next();
    third.is_none_or(|c| c.is_whitespace() || c.is_control())
}

/// Whether the comment that a text begins with is none to the database: `/*! … */` is run by MySQL,
/// `/*M! … */` by MariaDB.
fn is_run(rest: &str) -> bool {
    rest.starts_with("/*!") || rest.starts_with("/*M!")
}

/// Whether a text of MySQL has a comment that is more to the database, or to us, than a comment: one
/// that is run, or one within which another seems to begin.
pub(crate) fn has_hidden_code(text: &str) -> bool {
    if !text.contains("/*") {
        return false;
    }
    let mut at = 0;
    while let Some(piece) = piece(text, at, Dialect::MySql) {
        let text = &text[piece.range.clone()];
        let comment = text.starts_with("/*");
        if comment && (is_run(text) || text[2..].contains("/*")) {
            return true;
        }
        at = piece.range.end;
    }
    false
}

fn line(rest: &str) -> usize {
    rest.find('\n').map_or(rest.len(), |end| end + 1)
}

fn block_comment(rest: &str, dialect: Dialect) -> usize {
    let nests = dialect == Dialect::Postgres;
    let mut depth = 1;
    let mut at = 2;
    while depth > 0 {
        let Some(rest) = rest.get(at..) else {
            return at;
        };
        let close = rest.find("*/");
        let open = rest.find("/*").filter(|_| nests);
        match (open, close) {
            (_, None) => return at + rest.len(),
            (Some(open), Some(close)) if open < close => {
                depth += 1;
                at += open + 2;
            }
            (_, Some(close)) => {
                depth -= 1;
                at += close + 2;
            }
        }
    }
    at
}

/// Bytes of the quoted thing that `rest` starts with; doubled quotes stay inside.
fn quoted(rest: &str, backslashes: bool) -> usize {
    let mut chars = rest.char_indices();
    let Some((_, quote)) = chars.next() else {
        return 0;
    };
    let mut chars = chars.peekable();
    while let Some((at, c)) = chars.next() {
        if backslashes && c == '\\' {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at + c.len_utf8();
            }
        }
    }
    rest.len()
}

/// `$tag$ … $tag$`; a lone `$1` is one character.
fn dollar_quoted(rest: &str) -> usize {
    let Some(end) = rest[1..].find('$') else {
        return 1;
    };
    let tag = &rest[..end + 2];
    let name = &tag[1..tag.len() - 1];
    if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_word) {
        return 1;
    }
    match rest[tag.len()..].find(tag) {
        Some(close) => tag.len() + close + tag.len(),
        None => rest.len(),
    }
}
