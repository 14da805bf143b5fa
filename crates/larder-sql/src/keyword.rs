//! What the first words of a statement say.

use sqlparser::tokenizer::Token;

use crate::{
    BeginMode, Catalogue, ColumnSet, Ddl, DdlKind, Dialect, Footprint, Name, ReadSet, Reason,
    RowsNamed, TableWrite, TransactionKind, WriteEvent, WriteKind, WriteSet, name::Qualified,
    split, token::Lexeme,
};

/// What a statement's first word says that it is. A guess: for events and fallbacks only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstKeyword {
    /// `SELECT`, `VALUES`, `TABLE`, `SHOW`, `EXPLAIN`, `PRAGMA`, …
    Read,
    /// `INSERT`, `UPDATE`, `DELETE`, `REPLACE`, …
    Write,
    /// `WITH`: either.
    With,
    /// `BEGIN`, `COMMIT`, …
    Transaction,
    /// `CREATE`, `ALTER`, `DROP`, …
    Ddl,
    /// Anything else, or nothing.
    Other,
}

impl FirstKeyword {
    /// Whether the statement looks as if it only read.
    pub fn looks_like_read(self) -> bool {
        self == FirstKeyword::Read
    }
}

/// Looks at the first word, comments and opening parentheses passed over.
///
/// ```
/// use larder_sql::{Dialect, FirstKeyword, first_keyword};
/// assert_eq!(first_keyword("/* all */ (select 1)", Dialect::Sqlite), FirstKeyword::Read);
/// ```
pub fn first_keyword(sql: &str, dialect: Dialect) -> FirstKeyword {
    let start = split(sql, dialect).first().map_or(0, |range| range.start);
    let rest = sql.get(start..).unwrap_or_default();
    let rest = rest.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    match rest[..end].to_ascii_uppercase().as_str() {
        "SELECT" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" | "DESCRIBE" | "DESC" | "PRAGMA" => {
            FirstKeyword::Read
        }
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "MERGE" | "TRUNCATE" | "COPY" | "LOAD" => {
            FirstKeyword::Write
        }
        "WITH" => FirstKeyword::With,
        "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE" => {
            FirstKeyword::Transaction
        }
        "CREATE" | "ALTER" | "DROP" | "RENAME" | "ATTACH" | "DETACH" | "VACUUM" | "ANALYZE"
        | "REINDEX" => FirstKeyword::Ddl,
        _ => FirstKeyword::Other,
    }
}

/// The footprint of a statement that its words alone tell. `None` if it must be parsed.
pub(crate) fn by_words(catalogue: &Catalogue, lexemes: &[Lexeme]) -> Option<Footprint> {
    let words = Words {
        catalogue,
        dialect: catalogue.dialect(),
        lexemes,
    };
    let footprint = match words.first()?.as_str() {
        "begin" | "start" => words.begin(),
        "commit" | "end" => words.transaction(&["WORK", "TRANSACTION"], TransactionKind::Commit),
        "rollback" | "abort" => words.rollback(),
        "savepoint" => words.named(1, TransactionKind::Savepoint),
        "release" => {
            let skip = 1 + usize::from(words.is(1, "SAVEPOINT"));
            words.named(skip, TransactionKind::Release)
        }
        "create" | "alter" | "drop" | "rename" | "comment" | "grant" | "revoke" | "refresh"
        | "cluster" => words.schema(catalogue),
        "attach" | "detach" => schema(Vec::new(), true),
        "vacuum" => words.vacuum(catalogue),
        "analyze" | "analyse" | "optimize" | "check" | "checkpoint" | "reindex" => {
            maintenance(Vec::new(), false)
        }
        "pragma" => words.pragma(),
        "show" | "describe" | "desc" => uncached("it describes the database"),
        "explain" => words.explain(),
        "copy" => words.copy(),
        "load" => words.load_data(),
        "select" | "with" | "values" | "insert" | "update" | "delete" | "replace" | "merge"
        | "truncate" | "table" => return None,
        other => Footprint::Unknown(Reason::of(format!(
            "{} is not understood",
            other.to_ascii_uppercase()
        ))),
    };
    Some(footprint)
}

fn schema(tables: Vec<Name>, everything: bool) -> Footprint {
    Footprint::Ddl(Ddl {
        kind: DdlKind::Schema,
        tables,
        everything,
    })
}

fn maintenance(tables: Vec<Name>, everything: bool) -> Footprint {
    Footprint::Ddl(Ddl {
        kind: DdlKind::Maintenance,
        tables,
        everything,
    })
}

fn uncached(reason: &'static str) -> Footprint {
    Footprint::Read(ReadSet {
        tables: Vec::new(),
        uncacheable: Some(Reason::new(reason)),
        widened: Vec::new(),
        may_write: false,
    })
}

/// What may follow BEGIN or START where it begins a transaction, in any dialect.
const MODES: &[&str] = &[
    "TRANSACTION",
    "WORK",
    "DEFERRED",
    "IMMEDIATE",
    "EXCLUSIVE",
    "CONCURRENT",
    "ISOLATION",
    "LEVEL",
    "SERIALIZABLE",
    "REPEATABLE",
    "READ",
    "COMMITTED",
    "UNCOMMITTED",
    "WRITE",
    "ONLY",
    "NOT",
    "DEFERRABLE",
    "SNAPSHOT",
    "WITH",
    "CONSISTENT",
];

struct Words<'a> {
    catalogue: &'a Catalogue,
    dialect: Dialect,
    lexemes: &'a [Lexeme],
}

impl Words<'_> {
    fn first(&self) -> Option<String> {
        match &self.lexemes.first()?.token {
            Token::Word(word) if word.quote_style.is_none() => {
                Some(word.value.to_ascii_lowercase())
            }
            // A query in parentheses.
            Token::LParen => None,
            _ => Some(String::from("this")),
        }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.lexemes.get(at).is_some_and(|lexeme| lexeme.is(word))
    }

    fn has(&self, word: &str) -> bool {
        self.lexemes.iter().any(|lexeme| lexeme.is(word))
    }

    fn unknown(&self) -> Footprint {
        Footprint::Unknown(Reason::new(
            "a statement about transactions that is not understood",
        ))
    }

    /// A statement of one word and some that change nothing.
    fn transaction(&self, fillers: &[&str], kind: TransactionKind) -> Footprint {
        match self.lexemes[1..]
            .iter()
            .all(|lexeme| lexeme.is_any(fillers))
        {
            true => Footprint::Transaction(kind),
            // `COMMIT AND CHAIN` begins another; `COMMIT PREPARED` ends one of another session.
            false => self.unknown(),
        }
    }

    fn begin(&self) -> Footprint {
        let start = self.is(0, "START");
        if start && !self.is(1, "TRANSACTION") {
            return self.unknown();
        }
        // `BEGIN NOT ATOMIC UPDATE …` of MariaDB is a block, and its first statement is in this text.
        let modes = |lexeme: &Lexeme| lexeme.is_any(MODES) || lexeme.token == Token::Comma;
        if !self.lexemes[1..].iter().all(modes) {
            return self.unknown();
        }
        let mode = if self.is(1, "DEFERRED") {
            BeginMode::Deferred
        } else if self.is(1, "IMMEDIATE") {
            BeginMode::Immediate
        } else if self.is(1, "EXCLUSIVE") {
            BeginMode::Exclusive
        } else if self.has("READ") && self.has("ONLY") {
            match self.has("SERIALIZABLE") || self.has("REPEATABLE") || self.has("SNAPSHOT") {
                true => BeginMode::Other,
                false => BeginMode::ReadOnly,
            }
        } else if self.lexemes[1..]
            .iter()
            .all(|lexeme| lexeme.is_any(&["WORK", "TRANSACTION"]))
        {
            BeginMode::Plain
        } else {
            BeginMode::Other
        };
        Footprint::Transaction(TransactionKind::Begin { mode })
    }

    fn rollback(&self) -> Footprint {
        let at = 1 + usize::from(self.is(1, "WORK") || self.is(1, "TRANSACTION"));
        if self.is(at, "TO") {
            let at = at + 1 + usize::from(self.is(at + 1, "SAVEPOINT"));
            return self.named(at, TransactionKind::RollbackTo);
        }
        self.transaction(&["WORK", "TRANSACTION"], TransactionKind::Rollback)
    }

    fn named(&self, at: usize, kind: fn(Name) -> TransactionKind) -> Footprint {
        match self
            .lexemes
            .get(at)
            .and_then(|lexeme| lexeme.name(self.dialect))
        {
            Some(name) if self.lexemes.len() == at + 1 => Footprint::Transaction(kind(name)),
            _ => self.unknown(),
        }
    }

    /// The qualified name at `at`, and where it ends.
    fn name_at(&self, mut at: usize) -> Option<(Qualified, usize)> {
        let mut parts = vec![self.lexemes.get(at)?.name(self.dialect)?];
        at += 1;
        while self
            .lexemes
            .get(at)
            .is_some_and(|lexeme| lexeme.token == Token::Period)
        {
            parts.push(self.lexemes.get(at + 1)?.name(self.dialect)?);
            at += 2;
        }
        Some((Qualified::new(self.catalogue, parts)?, at))
    }

    fn schema(&self, catalogue: &Catalogue) -> Footprint {
        let mut at = 1;
        while self.lexemes.get(at).is_some_and(|lexeme| {
            lexeme.is_any(&[
                "TEMP",
                "TEMPORARY",
                "UNIQUE",
                "VIRTUAL",
                "OR",
                "REPLACE",
                "UNLOGGED",
            ])
        }) {
            at += 1;
        }
        let object = at;
        at += 1;
        while self
            .lexemes
            .get(at)
            .is_some_and(|lexeme| lexeme.is_any(&["IF", "NOT", "EXISTS", "ONLY"]))
        {
            at += 1;
        }
        let mut tables = Vec::new();
        if self.is(object, "TABLE") || self.is(object, "VIEW") {
            while let Some((name, next)) = self.name_at(at) {
                tables.push(name.name());
                if self
                    .lexemes
                    .get(next)
                    .is_none_or(|lexeme| lexeme.token != Token::Comma)
                {
                    break;
                }
                at = next + 1;
            }
        } else if self.is(object, "INDEX") || self.is(object, "TRIGGER") {
            let on = self.lexemes.iter().position(|lexeme| lexeme.is("ON"));
            tables.extend(
                on.and_then(|on| self.name_at(on + 1))
                    .map(|(name, _)| name.name()),
            );
        }
        let tables: Vec<Name> = tables
            .into_iter()
            .map(|name| {
                catalogue
                    .find(&name)
                    .map_or(name, |table| table.name.clone())
            })
            .collect();
        // Other tables see it too: through views, foreign keys, and names that mean something
        // else from now on.
        schema(tables, true)
    }

    fn vacuum(&self, catalogue: &Catalogue) -> Footprint {
        if self.dialect != Dialect::Sqlite {
            return maintenance(Vec::new(), false);
        }
        let renumbered = catalogue.tables().filter(|table| table.has_hidden_rowid());
        maintenance(
            renumbered.map(|table| table.name.clone()).collect(),
            catalogue.is_empty(),
        )
    }

    fn pragma(&self) -> Footprint {
        let Some((name, next)) = self.name_at(1) else {
            return Footprint::Unknown(Reason::new("a PRAGMA without a name"));
        };
        let sets = self
            .lexemes
            .get(next)
            .is_some_and(|lexeme| lexeme.token == Token::Eq);
        let asks = self.lexemes.get(next).is_none();
        let name = &*name.table;
        if READ_PRAGMAS.contains(&name) && !sets || ASKED_PRAGMAS.contains(&name) && asks {
            return uncached("a PRAGMA describes the database");
        }
        if HARMLESS_PRAGMAS.contains(&name) {
            return maintenance(Vec::new(), false);
        }
        Footprint::Unknown(Reason::of(format!("PRAGMA {name} may change anything")))
    }

    fn explain(&self) -> Footprint {
        let runs = self.dialect != Dialect::Sqlite && (self.has("ANALYZE") || self.has("ANALYSE"));
        match runs {
            true => Footprint::Unknown(Reason::new("EXPLAIN ANALYZE runs the statement")),
            false => uncached("it describes a statement"),
        }
    }

    fn copy(&self) -> Footprint {
        match self.name_at(1) {
            Some((name, _)) if self.has("FROM") => self.bulk(&name),
            Some(_) if self.has("TO") => uncached("COPY TO sends rows elsewhere"),
            _ => Footprint::Unknown(Reason::new("a COPY that is not understood")),
        }
    }

    fn load_data(&self) -> Footprint {
        let into = self
            .lexemes
            .windows(2)
            .position(|pair| pair[0].is("INTO") && pair[1].is("TABLE"));
        match into.and_then(|into| self.name_at(into + 2)) {
            Some((name, _)) => self.bulk(&name),
            None => Footprint::Unknown(Reason::new("a LOAD that is not understood")),
        }
    }

    fn bulk(&self, name: &Qualified) -> Footprint {
        let write = |table: Name| TableWrite {
            table,
            kind: WriteKind::Replace,
            columns: ColumnSet::All,
            alternatives: Vec::new(),
            rows: RowsNamed::Unknown(Reason::new("rows come from elsewhere")),
            event: WriteEvent::all(),
            returning: None,
            end: 0,
        };
        let mut targets = vec![write(name.name())];
        if name.schema.is_some() {
            targets.push(write(name.table.clone()));
        }
        Footprint::Write(WriteSet {
            targets,
            returning: false,
            reads: Vec::new(),
            widened: Vec::new(),
            may_write_more: false,
        })
    }
}

/// Those that only tell, with or without an argument.
const READ_PRAGMAS: &[&str] = &[
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "foreign_key_check",
    "integrity_check",
    "quick_check",
    "database_list",
    "collation_list",
    "function_list",
    "module_list",
    "pragma_list",
    "compile_options",
    "data_version",
    "freelist_count",
    "page_count",
];

/// Those that tell when they are given nothing.
const ASKED_PRAGMAS: &[&str] = &[
    "user_version",
    "schema_version",
    "application_id",
    "encoding",
    "auto_vacuum",
    "case_sensitive_like",
    "recursive_triggers",
    "defer_foreign_keys",
    "legacy_alter_table",
    "trusted_schema",
    "query_only",
    "read_uncommitted",
];

/// Settings of a connection that change no row and no answer.
const HARMLESS_PRAGMAS: &[&str] = &[
    "journal_mode",
    "synchronous",
    "cache_size",
    "busy_timeout",
    "temp_store",
    "mmap_size",
    "foreign_keys",
    "wal_autocheckpoint",
    "wal_checkpoint",
    "optimize",
    "analysis_limit",
    "journal_size_limit",
    "locking_mode",
    "page_size",
    "cache_spill",
    "threads",
    "defer_foreign_keys",
    "recursive_triggers",
    "query_only",
];
