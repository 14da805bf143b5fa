//! Runs a script, statement by statement.

use std::collections::HashMap;
use std::sync::Arc;

use larder::Cache;
use larder_sea_orm::RawRows;
use larder_sea_orm::sea_orm::{DbErr, Statement};
use larder_sea_orm::trace::{self, Outcome, QueryTrace};
use larder_sql::{Catalogue, Footprint, Planner, TransactionKind};

use crate::attempt::report::Line;
use crate::attempt::script::{Expected, Step};
use crate::attempt::session::Session;
use crate::database::{self, Target};
use crate::failure::Failure;

pub(crate) struct Runner {
    target: Target,
    cache: Cache,
    /// Tells reads from writes. What they touch is the connections' affair.
    planner: Planner,
    sessions: HashMap<String, Session>,
    /// What each read answered when it last ran.
    answers: HashMap<String, RawRows>,
    /// Where a scratch database lives; gone with the runner.
    _scratch: Option<tempfile::TempDir>,
}

/// What a statement is, for the report.
enum Kind {
    Read,
    Write,
    Transaction(TransactionKind),
    Ddl,
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Transaction(_) => "transaction",
            Kind::Ddl => "ddl",
        }
    }
}

impl Runner {
    /// On this database, or on a scratch one.
    pub(crate) async fn open(target: Option<Target>) -> Result<Runner, Failure> {
        let unmade = |error: &str| Failure::new(format!("cannot make a scratch database: {error}"));
        let (target, scratch) = match target {
            Some(target) => (target, None),
            None => {
                let folder = tempfile::tempdir().map_err(|error| unmade(&error.to_string()))?;
                let file = folder.path().join("scratch.db");
                (Target::scratch(&file), Some(folder))
            }
        };
        let dialect = target.dialect();
        let mut runner = Runner {
            cache: Cache::memory(),
            planner: Planner::new(dialect, Arc::new(Catalogue::of(dialect))),
            sessions: HashMap::new(),
            answers: HashMap::new(),
            target,
            _scratch: scratch,
        };
        let is_scratch = runner._scratch.is_some();
        // A database that is not there ends the script before its first statement.
        let session = runner.session("a").await?;
        if is_scratch {
            // Readers of one connection do not stop the writers of another.
            let setting =
                Statement::from_string(database::backend(dialect), "PRAGMA journal_mode = WAL");
            let made = session.direct(setting).await;
            made.map_err(|error| unmade(&error.to_string()))?;
        }
        Ok(runner)
    }

    async fn session(&mut self, name: &str) -> Result<&mut Session, Failure> {
        if !self.sessions.contains_key(name) {
            let db = self.target.connect(self.cache.clone()).await?;
            self.sessions.insert(name.to_owned(), Session::new(db));
        }
        Ok(self
            .sessions
            .get_mut(name)
            .expect("it has just been opened"))
    }

    pub(crate) async fn step(&mut self, step: &Step) -> Result<Line, Failure> {
        let kind = self.kind(&step.sql);
        let backend = database::backend(self.target.dialect());
        let statement = match step.params.is_empty() {
            true => Statement::from_string(backend, step.sql.clone()),
            false => Statement::from_sql_and_values(backend, step.sql.clone(), step.params.clone()),
        };
        let mut line = Line {
            n: step.n,
            line: step.line,
            conn: step.conn.clone(),
            sql: step.sql.clone(),
            kind: kind.name(),
            outcome: None,
            why: None,
            rows: 0,
            statements: 0,
            stale: false,
            bumped: Vec::new(),
            expected: step.expected.map(Expected::name),
            ok: true,
            error: None,
            unchanged: false,
        };
        let session = self.session(&step.conn).await?;
        let in_transaction = session.in_transaction();
        match kind {
            Kind::Read => {
                let (rows, queries) = trace::scope(session.read(statement.clone())).await;
                line.traced(&queries);
                match rows {
                    Ok(rows) => {
                        line.rows = rows.rows.len() as u64;
                        let fresh = match line.outcome {
                            // It came from the database: to ask again could answer otherwise.
                            Some("uncached") => Ok(RawRows::clone(&rows)),
                            _ => session.direct(statement).await,
                        };
                        match fresh {
                            Ok(fresh) => {
                                line.stale = !same(&rows, &fresh, &step.sql);
                                // What a transaction sees is not everybody's answer, and no
                                // cache may serve it.
                                if !in_transaction {
                                    let read = format!("{}\0{:?}", step.sql, step.params);
                                    line.unchanged = self.answers.get(&read) == Some(&fresh);
                                    self.answers.insert(read, fresh);
                                }
                            }
                            Err(error) => line.failed(&error),
                        }
                    }
                    Err(error) => line.failed(&error),
                }
            }
            Kind::Write | Kind::Ddl => {
                let (rows, queries) = trace::scope(session.execute(statement)).await;
                line.traced(&queries);
                match rows {
                    Ok(rows) => line.rows = if matches!(kind, Kind::Ddl) { 0 } else { rows },
                    Err(error) => line.failed(&error),
                }
            }
            Kind::Transaction(kind) => {
                let before = session.statements();
                let (done, queries) = trace::scope(session.control(&kind, &step.sql)).await;
                line.traced(&queries);
                // A BEGIN is no query of its own in a trace.
                line.statements = session.statements() - before;
                if let Err(error) = done {
                    line.failed(&error);
                }
            }
        }
        let met = match step.expected {
            None => line.error.is_none(),
            Some(Expected::Error) => line.error.is_some(),
            Some(expected) => line.error.is_none() && line.outcome == Some(expected.name()),
        };
        line.ok = met && !line.stale;
        Ok(line)
    }

    fn kind(&self, sql: &str) -> Kind {
        match &self.planner.plan(sql).plan.footprint {
            Footprint::Read(_) => Kind::Read,
            Footprint::Write(_) => Kind::Write,
            Footprint::Transaction(kind) => Kind::Transaction(kind.clone()),
            Footprint::Ddl(_) => Kind::Ddl,
            Footprint::Unknown(_)
                if larder_sql::first_keyword(sql, self.target.dialect()).looks_like_read() =>
            {
                Kind::Read
            }
            Footprint::Unknown(_) => Kind::Write,
        }
    }
}

impl Line {
    fn traced(&mut self, queries: &[QueryTrace]) {
        self.statements = queries.iter().map(|query| query.statements).sum();
        self.bumped = queries
            .iter()
            .flat_map(|query| query.bumped.iter().cloned())
            .collect();
        let Some(last) = queries.last() else { return };
        if self.kind != "read" {
            return;
        }
        match &last.outcome {
            Outcome::Hit => self.outcome = Some("hit"),
            Outcome::Miss => self.outcome = Some("miss"),
            Outcome::Uncached(why) => {
                self.outcome = Some("uncached");
                self.why = Some(why.clone());
            }
            _ => {}
        }
    }

    fn failed(&mut self, error: &DbErr) {
        self.error = Some(error.to_string());
        self.outcome = None;
    }
}

/// Whether two answers are the same; in any order, where the statement asks for none.
fn same(kept: &RawRows, fresh: &RawRows, sql: &str) -> bool {
    if kept == fresh {
        return true;
    }
    let ordered = sql
        .to_ascii_lowercase()
        .split_whitespace()
        .any(|word| word == "order");
    let sorted = |rows: &RawRows| {
        let mut rows: Vec<String> = rows.rows.iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    };
    !ordered && sorted(kept) == sorted(fresh)
}
