//! AC-4, AC-5, CB-2: what is said of an entity's rows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use larder::{Cache, Event, ManualClock, Memory, Observer};
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedEntity, CachedExt, CachedModel, Rows};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::entity::{album, genre, playlist, track};
use crate::fleet::{Fleet, Server};
use crate::shop::{BACKEND, read};
use crate::{hit, miss};

const HOUR: Duration = Duration::from_secs(3_600);

/// Checks that a read goes to the database, for this reason, however often it is made.
macro_rules! uncached {
    ($why:expr, $read:expr) => {{
        for _ in 0..2 {
            let (_, outcome) = read($read).await;
            assert_eq!(outcome, Outcome::Uncached($why.to_owned()));
        }
    }};
}

#[tokio::test]
async fn cb2_rows_are_cached_and_selects_are_not_unless_said() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        miss!(track::Entity::cached(&db).get(1));
        let rock = || {
            track::Entity::cached(&db)
                .find()
                .filter(track::Column::GenreId.eq(1))
        };
        uncached!("cache_all is off for its entity", rock().all());
        uncached!("cache_all is off for its entity", rock().one());
        uncached!("cache_all is off for its entity", rock().count());
        // What says `.cached()` is.
        miss!(
            track::Entity::find()
                .filter(track::Column::GenreId.eq(1))
                .cached()
                .all(&db)
        );
    }
}

#[tokio::test]
async fn cb2_both_can_be_said_of_one_entity_and_of_all() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet
            .built(|builder| {
                let all = Rows::new().cache_get(false).cache_all(true);
                let tracks = Rows::new().cache_get(true).cache_all(false);
                builder.rows(all).entity::<track::Entity>(tracks)
            })
            .await;
        miss!(track::Entity::cached(&db).get(1));
        uncached!(
            "cache_all is off for its entity",
            track::Entity::cached(&db).find().all()
        );
        uncached!(
            "cache_get is off for its entity",
            genre::Entity::cached(&db).get(1)
        );
        uncached!(
            "cache_get is off for its entity",
            genre::Entity::cached(&db).get_many([1, 2])
        );
        miss!(genre::Entity::cached(&db).find().all());
        // A relation is the business of the entity that it leads to.
        let fast = track::Entity::cached(&db).require(1).await.unwrap();
        uncached!(
            "cache_get is off for its entity",
            fast.cached(&db).related(album::Entity).one()
        );
        let restless = album::Entity::find_by_id(1)
            .one(&db)
            .await
            .unwrap()
            .unwrap();
        miss!(restless.cached(&db).related(track::Entity).all());

        db.execute_unprepared("UPDATE genre SET name = 'Roll' WHERE id = 1")
            .await
            .unwrap();
        let genres = miss!(genre::Entity::cached(&db).find().all());
        assert!(genres.iter().any(|genre| genre.name == "Roll"));
    }
}

/// Also what says `.cached()`, and joins.
#[tokio::test]
async fn cb2_tables_can_be_excluded() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        for sql in [
            "CREATE TABLE seaql_migrations (version VARCHAR(40) PRIMARY KEY, applied_at INTEGER)",
            "CREATE TABLE sessions (id INTEGER PRIMARY KEY, name TEXT)",
        ] {
            db.execute_unprepared(sql).await.unwrap();
        }
        let text = |sql: &str| sea_orm::Statement::from_string(BACKEND, sql).cached();
        let migrations = "SELECT count(*) FROM seaql_migrations";
        let sessions = "SELECT track.id FROM track JOIN sessions ON sessions.id = track.id";
        uncached!(
            "reads of the table seaql_migrations are not kept",
            text(migrations).rows(&db)
        );
        uncached!(
            "reads of the table sessions are not kept",
            text(sessions).rows(&db)
        );

        let db = fleet
            .built(|builder| builder.uncached_tables(["GENRE"]))
            .await;
        miss!(text("SELECT count(*) FROM sessions").rows(&db));
        uncached!(
            "reads of the table genre are not kept",
            genre::Entity::cached(&db).get(1)
        );
        uncached!(
            "reads of the table genre are not kept",
            genre::Entity::cached(&db).get_many([1])
        );
        uncached!(
            "reads of the table genre are not kept",
            genre::Entity::find().cached().all(&db)
        );
        miss!(track::Entity::cached(&db).get(1));
    }
}

#[derive(Default)]
struct Why(Mutex<Vec<String>>);

impl Observer for Why {
    fn event(&self, event: &Event<'_>) {
        if let Event::Uncached { why, .. } = event {
            self.0.lock().unwrap().push((*why).to_owned());
        }
    }
}

#[tokio::test]
async fn cb2_what_is_not_kept_says_why() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let why = Arc::new(Why::default());
        let cache = fleet.server.watched(Some(why.clone())).await;
        let db = fleet.with(cache, |builder| builder).await;
        genre::Entity::cached(&db).find().all().await.unwrap();
        assert_eq!(*why.0.lock().unwrap(), ["cache_all is off for its entity"]);
    }
}

#[tokio::test]
async fn ac5_a_row_lives_for_an_hour_unless_its_entity_or_the_call_says_otherwise() {
    let clock = Arc::new(ManualClock::default());
    let fleet = Fleet::new(Server::Memory(Memory::new())).await;
    let cache = Cache::builder().clock(clock.clone()).build().unwrap();
    let db = fleet
        .with(cache, |builder| {
            builder.entity::<genre::Entity>(Rows::new().ttl(4 * HOUR))
        })
        .await;
    let track = || track::Entity::cached(&db).get(1);
    let many = || track::Entity::cached(&db).get_many([1, 2]);
    let longer = || track::Entity::cached(&db).ttl(3 * HOUR).get(3);
    let genre = || genre::Entity::cached(&db).get(1);
    let restless = album::Entity::find_by_id(1)
        .one(&db)
        .await
        .unwrap()
        .unwrap();
    let related = || {
        restless
            .cached(&db)
            .ttl(3 * HOUR)
            .related(track::Entity)
            .all()
    };
    let before = db.statements();
    for read in 0..2 {
        track().await.unwrap();
        many().await.unwrap();
        longer().await.unwrap();
        genre().await.unwrap();
        related().await.unwrap();
        assert_eq!(db.statements() - before, 5, "read {read}");
    }
    clock.advance(HOUR + Duration::from_secs(1));
    miss!(track());
    hit!(longer());
    hit!(genre());
    hit!(related());
    let (_, outcome) = read(many()).await;
    assert_eq!(outcome, Outcome::Miss, "its second row");
    clock.advance(2 * HOUR);
    miss!(longer());
    miss!(related());
    hit!(genre());
    clock.advance(HOUR);
    miss!(genre());
}

#[tokio::test]
async fn ac4_another_version_abandons_all_entries_of_the_entity() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let of = |version| {
            fleet.built(move |builder| {
                builder.entity::<track::Entity>(Rows::new().version(version).cache_all(true))
            })
        };
        let (old, same, new) = (of(1).await, of(1).await, of(2).await);
        let album = album::Entity::find_by_id(1)
            .one(&old)
            .await
            .unwrap()
            .unwrap();
        macro_rules! all {
            ($check:ident, $db:expr) => {
                $check!(track::Entity::cached($db).get(1));
                $check!(track::Entity::cached($db).find().all());
                $check!(album.cached($db).related(track::Entity).all());
            };
        }
        all!(miss, &old);
        miss!(genre::Entity::cached(&old).get(1));
        all!(hit, &same);
        all!(miss, &new);
        hit!(genre::Entity::cached(&new).get(1));
        // The old ones are there for who still has the old version, and right.
        all!(hit, &old);
        new.execute_unprepared("UPDATE track SET name = 'Faster' WHERE id = 1")
            .await
            .unwrap();
        for db in [&old, &new] {
            assert_eq!(
                miss!(track::Entity::cached(db).get(1)).unwrap().name,
                "Faster"
            );
        }
    }
}

#[tokio::test]
async fn ac4_a_key_of_ones_own_keeps_rows_apart() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let of = |key: &'static str| {
            fleet.built(move |builder| {
                builder
                    .entity::<genre::Entity>(Rows::new().key(key))
                    .entity::<playlist::Entity>(Rows::new().key(key))
            })
        };
        let (one, same, other) = (of("a").await, of("a").await, of("b").await);
        let plain = fleet.process().await;
        miss!(genre::Entity::cached(&one).get(1));
        hit!(genre::Entity::cached(&same).get(1));
        miss!(genre::Entity::cached(&other).get(1));
        miss!(genre::Entity::cached(&plain).get(1));
        // One word for two tables does not make them one.
        let morning = miss!(playlist::Entity::cached(&one).get(1)).unwrap();
        assert_eq!(morning.name, "Morning");
        let sql = "UPDATE genre SET name = 'Roll' WHERE id = 1";
        plain.execute_unprepared(sql).await.unwrap();
        for db in [&one, &other, &plain] {
            assert_eq!(
                miss!(genre::Entity::cached(db).get(1)).unwrap().name,
                "Roll"
            );
        }
    }
}

#[tokio::test]
async fn ac5_rows_of_an_entity_can_have_a_store_of_their_own() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let photos = Memory::new();
        let own = Cache::builder()
            .store(photos)
            .namespace("tracks")
            .build()
            .unwrap();
        let db = fleet
            .built(|builder| builder.entity::<track::Entity>(Rows::new().cache(&own)))
            .await;
        let inserts =
            |cache: &Cache| -> u64 { cache.stats().iter().map(|group| group.inserts).sum() };
        miss!(track::Entity::cached(&db).get(1));
        let restless = album::Entity::find_by_id(1)
            .one(&db)
            .await
            .unwrap()
            .unwrap();
        miss!(restless.cached(&db).related(track::Entity).all());
        assert_eq!((inserts(db.cache()), inserts(&own)), (0, 2));
        miss!(album::Entity::cached(&db).get(1));
        assert_eq!((inserts(db.cache()), inserts(&own)), (1, 2));
    }
}
