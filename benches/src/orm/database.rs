//! Databases of each kind with the shop in them: for a cache, and for who does without.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use clap::ValueEnum;
use larder::Cache;
use larder_sea_orm::CachedConnection;
use larder_servers::{MariaDb, Postgres};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait, IntoActiveModel,
};

use super::Result;
use super::entity::{self, PRODUCTS, maker, product};

const CONNECTIONS: u32 = 4;
const ROWS_PER_INSERT: usize = 500;

const TABLES: [&str; 4] = [
    "CREATE TABLE maker (id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL)",
    "CREATE TABLE product (id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL,
        category_id INTEGER NOT NULL, maker_id INTEGER NOT NULL REFERENCES maker (id), price INTEGER NOT NULL)",
    "CREATE INDEX product_category ON product (category_id)",
    "CREATE INDEX product_maker ON product (maker_id)",
];

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A file.
    Sqlite,
    /// A private server.
    Postgres,
    /// A private server.
    Mariadb,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Sqlite, Kind::Postgres, Kind::Mariadb];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Sqlite => "SQLite",
            Kind::Postgres => "PostgreSQL",
            Kind::Mariadb => "MariaDB",
        }
    }
}

/// One kind of database, and room for shops in it.
pub(crate) struct Place {
    kind: Kind,
    folder: tempfile::TempDir,
    shops: AtomicUsize,
}

impl Place {
    pub(crate) fn new(kind: Kind) -> std::io::Result<Place> {
        Ok(Place {
            kind,
            folder: tempfile::tempdir()?,
            shops: AtomicUsize::new(0),
        })
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// A shop without a cache.
    pub(crate) async fn plain(&self) -> Result<Plain> {
        Ok(Plain::new(self.shop().await?))
    }

    /// Its twin with this cache.
    pub(crate) async fn cached(&self, cache: Cache) -> Result<CachedConnection> {
        Ok(CachedConnection::new(self.shop().await?, cache).await?)
    }

    /// Tables and rows of their own.
    async fn shop(&self) -> Result<DatabaseConnection> {
        let name = format!("shop_{}", self.shops.fetch_add(1, Ordering::Relaxed));
        let url = match self.kind {
            Kind::Sqlite => format!(
                "sqlite://{}?mode=rwc",
                self.folder.path().join(name).display()
            ),
            Kind::Postgres => Postgres::shared().database(&name),
            Kind::Mariadb => MariaDb::shared().database(&name),
        };
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(CONNECTIONS)
            .min_connections(CONNECTIONS)
            .sqlx_logging(false);
        options.map_sqlx_sqlite_opts(|options| {
            options
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "NORMAL")
        });
        let connection = Database::connect(options).await?;
        for table in TABLES {
            connection.execute_unprepared(table).await?;
        }
        let makers = entity::makers().map(IntoActiveModel::into_active_model);
        maker::Entity::insert_many(makers)
            .exec_without_returning(&connection)
            .await?;
        let products: Vec<product::ActiveModel> = (1..=PRODUCTS)
            .map(|id| entity::product(id).into_active_model())
            .collect();
        for some in products.chunks(ROWS_PER_INSERT) {
            product::Entity::insert_many(some.to_vec())
                .exec_without_returning(&connection)
                .await?;
        }
        Ok(connection)
    }
}

/// SeaORM's own connection, whose statements are counted.
pub(crate) struct Plain {
    pub(crate) db: DatabaseConnection,
    statements: Arc<AtomicU64>,
}

impl Plain {
    fn new(mut db: DatabaseConnection) -> Plain {
        let statements = Arc::new(AtomicU64::new(0));
        let counted = statements.clone();
        db.set_metric_callback(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        Plain { db, statements }
    }

    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}
