//! A loaded database of its own for each test, on every kind of database that the shop runs on.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use larder_sea_orm::larder::Cache;
use larder_servers::{MariaDb, Postgres};
use shop::database::{self, Address, locate};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The tables of the shop on MariaDB.
const MARIADB_SCHEMA: &str = include_str!("../../src/schema/mysql.sql");

/// The name of the database on a server that the others are copies of.
const TEMPLATE: &str = "template_shop";

/// Runs each of these tests, which are given an open shop, on every kind of database.
macro_rules! on_every_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let shop = $crate::client::Shop::open_on($crate::ground::Kind::Sqlite).await;
                super::$test(shop).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let shop = $crate::client::Shop::open_on($crate::ground::Kind::Postgres).await;
                super::$test(shop).await;
            })+
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let shop = $crate::client::Shop::open_on($crate::ground::Kind::MariaDb).await;
                super::$test(shop).await;
            })+
        }
    };
}
pub(crate) use on_every_database;

/// The kinds of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    MariaDb,
}

/// A loaded database. Its file is gone when it is dropped; a server's databases are gone with this
/// process.
pub(crate) struct Ground {
    url: String,
    _folder: Option<TempDir>,
}

impl Ground {
    /// A copy of a database that was loaded once.
    pub(crate) async fn new(kind: Kind) -> Ground {
        match kind {
            Kind::Sqlite => file().await,
            Kind::Postgres => {
                load_template(&POSTGRES, || Postgres::shared().database(TEMPLATE)).await;
                server(Postgres::shared().database_like(&new_name(), TEMPLATE))
            }
            Kind::MariaDb => {
                load_template(&MARIADB, || MariaDb::shared().database(TEMPLATE)).await;
                server(mariadb_copy())
            }
        }
    }

    /// A database that no shop has seen yet.
    pub(crate) fn empty(kind: Kind) -> Ground {
        match kind {
            Kind::Sqlite => in_folder(tempfile::tempdir().unwrap()),
            Kind::Postgres => server(Postgres::shared().database(&new_name())),
            Kind::MariaDb => server(MariaDb::shared().database(&new_name())),
        }
    }

    /// What `--database` takes.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn address(&self) -> Address {
        locate(&self.url).unwrap()
    }
}

static SQLITE: OnceCell<TempDir> = OnceCell::const_new();
static POSTGRES: OnceCell<()> = OnceCell::const_new();
static MARIADB: OnceCell<()> = OnceCell::const_new();

async fn file() -> Ground {
    let template = SQLITE
        .get_or_init(|| async {
            let folder = tempfile::tempdir().unwrap();
            load(&Address::File(file_in(folder.path()))).await;
            folder
        })
        .await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(file_in(template.path()), file_in(folder.path())).unwrap();
    in_folder(folder)
}

async fn load_template(once: &OnceCell<()>, make: impl FnOnce() -> String) {
    once.get_or_init(|| async { load(&locate(&make()).unwrap()).await })
        .await;
}

async fn load(address: &Address) {
    let db = database::open(address, Cache::builder()).await.unwrap();
    database::close(db).await;
}

/// MariaDB copies no databases, and `CREATE TABLE … LIKE` no foreign keys.
fn mariadb_copy() -> String {
    let name = new_name();
    let url = MariaDb::shared().database(&name);
    let tables = MariaDb::shared().run_sql(TEMPLATE, "SHOW TABLES");
    let mut text = format!("SET foreign_key_checks = 0; {MARIADB_SCHEMA}");
    for table in tables.lines() {
        text.push_str(&format!(
            "INSERT INTO {table} SELECT * FROM {TEMPLATE}.{table};\n"
        ));
    }
    MariaDb::shared().run_sql(&name, &text);
    url
}

fn new_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("shop_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn file_in(folder: &Path) -> std::path::PathBuf {
    folder.join("shop.db")
}

fn in_folder(folder: TempDir) -> Ground {
    Ground {
        url: format!("sqlite://{}", file_in(folder.path()).display()),
        _folder: Some(folder),
    }
}

fn server(url: String) -> Ground {
    Ground { url, _folder: None }
}
