//! Tokens with their bytes in the text.

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word},
};

use crate::{Dialect, Name, name};

/// One token that is neither blank nor comment.
#[derive(Clone, Debug)]
pub(crate) struct Lexeme {
    pub(crate) token: Token,
    /// First byte in the text.
    pub(crate) start: usize,
    /// First byte after it.
    pub(crate) end: usize,
    /// Open parentheses around it; a closing one counts as inside.
    pub(crate) depth: usize,
}

impl Lexeme {
    fn word(&self) -> Option<&Word> {
        match &self.token {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it is this word, unquoted, in any case.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.word()
            .is_some_and(|word| word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
    }

    pub(crate) fn is_any(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.is(text))
    }

    /// Whether it is one of the parser's words; a plain name is not.
    pub(crate) fn is_keyword(&self) -> bool {
        self.word()
            .is_some_and(|word| word.quote_style.is_none() && word.keyword != Keyword::NoKeyword)
    }

    /// The name it is, if it can be one. SQLite takes strings for names too.
    pub(crate) fn name(&self, dialect: Dialect) -> Option<Name> {
        match &self.token {
            Token::Word(word) => Some(name::fold(dialect, &word.value, word.quote_style.is_some())),
            Token::SingleQuotedString(text) if dialect == Dialect::Sqlite => {
                Some(name::fold(dialect, text, true))
            }
            _ => None,
        }
    }

    /// As [`Lexeme::name`], in the spelling of the text.
    pub(crate) fn spelling(&self, dialect: Dialect) -> Option<Name> {
        match &self.token {
            Token::Word(word) if dialect == Dialect::Postgres && word.quote_style.is_none() => {
                Some(name::fold(dialect, &word.value, false))
            }
            Token::Word(word) => Some(Name::from(word.value.as_str())),
            Token::SingleQuotedString(text) if dialect == Dialect::Sqlite => {
                Some(Name::from(text.as_str()))
            }
            _ => None,
        }
    }

    pub(crate) fn is_placeholder(&self) -> bool {
        matches!(self.token, Token::Placeholder(_))
    }
}

/// Cuts the text. `None` if it has no tokens that make sense, such as an unclosed string.
pub(crate) fn lex(dialect: Dialect, text: &str) -> Option<Vec<Lexeme>> {
    let spanned = Tokenizer::new(dialect.parser(), text)
        .tokenize_with_location()
        .ok()?;
    let mut offsets = Offsets::new(text);
    let mut lexemes: Vec<Lexeme> = Vec::with_capacity(spanned.len());
    let mut depth = 0usize;
    for TokenWithSpan { token, span } in spanned {
        if matches!(token, Token::Whitespace(_) | Token::EOF) {
            continue;
        }
        let start = offsets.at(span.start)?;
        let end = offsets.at(span.end)?;
        if let (Some(last), Token::Word(word)) = (lexemes.last_mut(), &token)
            && dialect != Dialect::Postgres
            && last.end == start
            && word.quote_style.is_none()
            && matches!(last.token, Token::Colon | Token::AtSign)
        {
            // `:name` and `@name` come in two parts.
            last.token = Token::Placeholder(format!("{}{}", last.token, word.value));
            last.end = end;
            continue;
        }
        let opens = matches!(token, Token::LParen);
        let closes = matches!(token, Token::RParen);
        if opens {
            depth += 1;
        }
        lexemes.push(Lexeme {
            token,
            start,
            end,
            depth,
        });
        if closes {
            depth = depth.saturating_sub(1);
        }
    }
    Some(lexemes)
}

/// Turns lines and columns into bytes, walking the text once.
struct Offsets<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
    column: u64,
}

impl<'a> Offsets<'a> {
    fn new(text: &'a str) -> Self {
        Offsets {
            text,
            byte: 0,
            line: 1,
            column: 1,
        }
    }

    fn at(&mut self, location: Location) -> Option<usize> {
        while (self.line, self.column) < (location.line, location.column) {
            let next = self.text.get(self.byte..)?.chars().next()?;
            self.byte += next.len_utf8();
            if next == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        ((self.line, self.column) == (location.line, location.column)).then_some(self.byte)
    }
}
