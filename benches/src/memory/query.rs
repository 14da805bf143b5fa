//! Cached SeaORM queries, beside the same queries on SQLite in memory.

use std::error::Error;
use std::hint::black_box;

use larder::Cache;
use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend,
    EntityTrait, QueryFilter, QueryOrder, QueryTrait, Select,
};
use stats_alloc::Region;
use tokio::runtime::Runtime;

use crate::measure::pair;
use crate::row::Report;

#[allow(unreachable_pub)] // what the derive macro makes
mod track {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "track")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub genre_id: i32,
        pub unit_price: i32,
        pub composer: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

async fn database() -> Result<DatabaseConnection, sea_orm::DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await?;
    connection
        .execute_unprepared(
            "CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT NOT NULL, genre_id INTEGER NOT NULL,
                                 unit_price INTEGER NOT NULL, composer TEXT);
             CREATE INDEX track_genre ON track (genre_id);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
             INSERT INTO track SELECT i, 'Track number ' || i, i % 10, 99, 'Somebody' FROM n;",
        )
        .await?;
    Ok(connection)
}

fn by_id() -> Select<track::Entity> {
    track::Entity::find_by_id(black_box(7))
}

/// 100 rows.
fn by_genre() -> Select<track::Entity> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(black_box(3)))
        .order_by_asc(track::Column::Id)
}

pub(crate) fn rows(report: &Report, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let plain = runtime.block_on(database())?;
    let db = runtime
        .block_on(async { CachedConnection::new(database().await?, Cache::memory()).await })?;
    assert_eq!(runtime.block_on(by_genre().cached().all(&db))?.len(), 100);

    for (name, select, faster) in [
        ("1 row", by_id as fn() -> Select<track::Entity>, 20.0),
        ("100 rows", by_genre, 100.0),
    ] {
        runtime.block_on(select().cached().all(&db))?;
        let statements = db.statements();
        let build = pair(
            || {
                black_box(runtime.block_on(select().cached().all(&db)).is_ok());
            },
            || {
                // `block_on` costs both the same.
                runtime.block_on(async { black_box(select().build(DbBackend::Sqlite)) });
            },
        );
        let floor = build.floor + 500.0;
        let row = format!("cached query, hit, {name}");
        report.row(
            &row,
            (build.value, "ns"),
            ("building its SQL + 0.5 us", floor),
            build.value / floor,
            1.0,
        );
        let sqlite = pair(
            || {
                black_box(runtime.block_on(select().cached().all(&db)).is_ok());
            },
            || {
                black_box(runtime.block_on(select().all(&plain)).is_ok());
            },
        );
        let floor = format!("SQLite in memory, 1/{faster}");
        report.row(
            &row,
            (sqlite.value, "ns"),
            (&floor, sqlite.floor / faster),
            sqlite.ratio * faster,
            1.0,
        );
        assert_eq!(db.statements(), statements, "every cached query was a hit");
    }

    let calls = 1000;
    let built = Region::new(crate::ALLOCATOR);
    for _ in 0..calls {
        black_box(by_id().build(DbBackend::Sqlite));
    }
    let built = built.change().allocations as f64 / f64::from(calls);
    let hit = Region::new(crate::ALLOCATOR);
    for _ in 0..calls {
        runtime.block_on(by_id().cached().all(&db))?;
    }
    let hit = hit.change().allocations as f64 / f64::from(calls);
    report.row(
        "allocations per cached query, hit",
        (hit, "count"),
        ("building its SQL", built),
        hit - built,
        2.0,
    );
    Ok(())
}
