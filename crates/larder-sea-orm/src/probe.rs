//! Two connections that reach no database: one that learns what a SeaORM reader would ask, one
//! that answers a reader with rows already read. Between them every reader of one statement can
//! be cached without writing it again.

use std::cell::RefCell;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

thread_local! {
    static SEEN: RefCell<Option<Statement>> = const { RefCell::new(None) };
}

/// Writes down the first statement and refuses it. Public by name only: it stands in bounds.
pub struct Probe(DbBackend);

/// One for each kind of database: readers borrow them for as long as they like.
static SQLITE: Probe = Probe(DbBackend::Sqlite);
static POSTGRES: Probe = Probe(DbBackend::Postgres);
static MYSQL: Probe = Probe(DbBackend::MySql);

impl Probe {
    /// The one that statements for this database are built with.
    pub(crate) fn of(backend: DbBackend) -> &'static Probe {
        match backend {
            DbBackend::Postgres => &POSTGRES,
            DbBackend::MySql => &MYSQL,
            _ => &SQLITE,
        }
    }
}

/// The first statement that `reader` sends to its [`Probe`]. `None`: it sent none, and this is its
/// answer.
pub(crate) fn probe<T>(
    reader: impl Future<Output = Result<T, DbErr>>,
) -> Result<Statement, Result<T, DbErr>> {
    SEEN.with(RefCell::take);
    // It never waits: its only connection answers at once.
    let answer = reader.now_or_never();
    match (SEEN.with(RefCell::take), answer) {
        (Some(statement), _) => Ok(statement),
        (None, Some(answer)) => Err(answer),
        (None, None) => Err(Err(DbErr::Custom(
            "this reader waits for something else than its connection".to_owned(),
        ))),
    }
}

impl Probe {
    fn see(&self, statement: Statement) -> DbErr {
        SEEN.with(|seen| seen.borrow_mut().get_or_insert(statement).sql.len());
        DbErr::Custom("the statement was seen, not run".to_owned())
    }
}

#[async_trait]
impl ConnectionTrait for Probe {
    fn get_database_backend(&self) -> DbBackend {
        self.0
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Err(self.see(statement))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        Err(self.see(Statement::from_string(self.0, sql)))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Err(self.see(statement))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Err(self.see(statement))
    }
}

/// Answers one query with rows already read.
pub(crate) struct Replay {
    backend: DbBackend,
    rows: Mutex<Vec<QueryResult>>,
}

impl Replay {
    pub(crate) fn new(backend: DbBackend, rows: Vec<QueryResult>) -> Replay {
        Replay {
            backend,
            rows: Mutex::new(rows),
        }
    }

    /// What `reader` makes of the rows.
    pub(crate) fn answer<T>(reader: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        reader.now_or_never().unwrap_or_else(|| {
            Err(DbErr::Custom(
                "this reader waits for something else than its connection".to_owned(),
            ))
        })
    }
}

#[async_trait]
impl ConnectionTrait for Replay {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom(
            "rows that are replayed cannot be written".to_owned(),
        ))
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom(
            "rows that are replayed cannot be written".to_owned(),
        ))
    }

    async fn query_one_raw(&self, _: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut rows = std::mem::take(&mut *self.rows.lock());
        Ok((!rows.is_empty()).then(|| rows.swap_remove(0)))
    }

    async fn query_all_raw(&self, _: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(std::mem::take(&mut *self.rows.lock()))
    }
}
