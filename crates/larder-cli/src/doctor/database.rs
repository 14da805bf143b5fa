//! What a database says about itself.

use larder::Cache;
use larder_report::shown::short;
use larder_sea_orm::CachedConnection;
use larder_sea_orm::sea_orm::{self, ConnectionTrait as _, FromQueryResult, Statement};
use larder_sql::Dialect;

use super::finding::Finding;
use crate::database::Target;
use crate::failure::Failure;

#[derive(FromQueryResult)]
struct Told {
    told: String,
}

/// Opens it as a service does: what larder refuses is unsafe. Of what cannot be reached nothing is known.
pub(super) async fn findings(url: &str, cache: Cache) -> Result<Vec<Finding>, Failure> {
    let target = Target::parse(url)?;
    let dialect = target.dialect();
    let db = match target.ask(cache.clone()).await? {
        Ok(db) => db,
        Err(failure) => {
            return Ok(vec![Finding::unsafe_(
                "database",
                failure.to_string(),
                "larder does not open it, because it could not promise that reads are right there.",
            )]);
        }
    };
    let mut all = vec![
        version(&db, dialect).await,
        Finding::good(
            "database schema",
            "nothing of larder's",
            "larder puts no tables, columns or triggers into a database, so that nothing there can be missing or out of date.",
        ),
        strict(&target, cache).await,
    ];
    all.extend(extra(&db, dialect).await);
    Ok(all)
}

/// The first column of the first row, which the question calls `told`.
async fn ask(db: &CachedConnection, sql: &str) -> Option<String> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = Told::find_by_statement(statement).one(db).await;
    row.ok().flatten().map(|row| row.told)
}

async fn version(db: &CachedConnection, dialect: Dialect) -> Finding {
    let question = match dialect {
        Dialect::Sqlite => "SELECT 'SQLite ' || sqlite_version() AS told",
        Dialect::Postgres => "SELECT 'PostgreSQL ' || current_setting('server_version') AS told",
        Dialect::MySql => "SELECT CAST(version() AS CHAR) AS told",
    };
    let told = ask(db, question).await;
    let told = told.map_or("not told".to_owned(), |told| short(&told, 60));
    // MySQL names itself with a number only.
    match dialect == Dialect::MySql && !told.to_lowercase().contains("mariadb") {
        true => Finding::advice(
            "database version",
            told,
            "It is spoken to as MariaDB is, with which larder is tested; no test has met a MySQL.",
        ),
        false => Finding::good(
            "database version",
            told,
            "larder opens it, and knows what it does.",
        ),
    }
}

/// Whether strict reads could be had.
async fn strict(target: &Target, cache: Cache) -> Finding {
    match target.connect_strictly(cache).await {
        Ok(_) => Finding::good(
            "strict reads",
            "possible",
            "A connection may be opened with .strict(): the database tells when its writers have ended.",
        ),
        Err(failure) => Finding::advice(
            "strict reads",
            "not possible here",
            format!(
                "Reads are right after a write has returned, as without .strict(); more is refused: {failure}."
            ),
        ),
    }
}

/// What belongs to one kind of database.
async fn extra(db: &CachedConnection, dialect: Dialect) -> Vec<Finding> {
    match dialect {
        Dialect::Sqlite => {
            let mode = ask(db, "SELECT journal_mode AS told FROM pragma_journal_mode").await;
            vec![match mode.as_deref() {
                Some("wal") => Finding::good(
                    "database journal",
                    "wal",
                    "Readers and a writer do not wait for each other.",
                ),
                mode => Finding::advice(
                    "database journal",
                    short(mode.unwrap_or("not told"), 20),
                    "A reader and a writer wait for each other: PRAGMA journal_mode = wal is kinder to a service.",
                ),
            }]
        }
        Dialect::Postgres => {
            let prepared = ask(db, "SELECT count(*)::text AS told FROM pg_prepared_xacts").await;
            match prepared.as_deref() {
                None | Some("0") => Vec::new(),
                Some(count) => vec![Finding::advice(
                    "database prepared transactions",
                    count,
                    "Each of them is a writer that has not ended: strict reads of new tables are not kept until it has.",
                )],
            }
        }
        Dialect::MySql => Vec::new(),
    }
}
