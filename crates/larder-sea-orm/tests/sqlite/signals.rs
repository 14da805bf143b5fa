//! Why an entry is gone, why a read was not cached, and hits that are compared with the database.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use larder::{Cache, Event, Observer, Sampled};
use larder_sea_orm::{CachedConnection, CachedEntity as _, CachedExt, SAMPLE_PAUSE};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, Database, EntityTrait, IntoActiveModel, Set,
    TransactionTrait,
};

use crate::entity::{album, track};
use crate::shop::SCHEMA;

/// What happened, in words.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .expect("no test panics while it holds this")
            .clone()
    }

    async fn wait(&self, word: &str) -> String {
        for _ in 0..500 {
            if let Some(found) = self.all().into_iter().find(|one| one.starts_with(word)) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{word} was not told, but {:?}", self.all());
    }
}

impl Observer for Told {
    fn event(&self, event: &Event<'_>) {
        let words = match event {
            Event::Miss {
                gone: Some(gone), ..
            } => format!("gone {gone}"),
            Event::Uncached { what, why, .. } => format!("uncached {what:?}: {why}"),
            Event::Sampled { verdict, .. } => format!("sampled {verdict:?}"),
            Event::Stale(stale) => format!(
                "stale {} after {:?}, {} tags, known: {:?}",
                stale.what,
                stale.wrong_for,
                stale.tags.len(),
                stale.history
            ),
            _ => return,
        };
        self.0
            .lock()
            .expect("no test panics while it holds this")
            .push(words);
    }
}

/// A shop of which every hit is compared with the database, if it is told so.
async fn shop(sample: u64) -> (CachedConnection, Arc<Told>) {
    let told = Arc::new(Told::default());
    let cache = Cache::builder().observer(told.clone()).build();
    let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    let connection = Database::connect(options).await.expect("SQLite opens");
    connection.execute_unprepared(SCHEMA).await.expect("valid");
    let db = CachedConnection::builder(cache.expect("the settings are valid"))
        .sample(sample)
        .wrap(connection)
        .await
        .expect("it opens");
    (db, told)
}

async fn rename(db: &impl ConnectionTrait, id: i32, name: &str) {
    let track = track::Entity::find_by_id(id).one(db).await;
    let mut track = track
        .expect("it reads")
        .expect("it is there")
        .into_active_model();
    track.name = Set(name.to_owned());
    track.update(db).await.expect("it writes");
}

#[tokio::test]
async fn a_miss_names_the_statement_without_its_values() {
    let (db, told) = shop(0).await;
    track::Entity::cached(&db).get(1).await.expect("it reads");
    db.execute_unprepared("UPDATE track SET name = 'secret' /* secret */ WHERE id = 1")
        .await
        .expect("it writes");
    track::Entity::cached(&db).get(1).await.expect("it reads");
    let gone = told.wait("gone").await;
    assert!(
        gone.ends_with("UPDATE track SET name = ? WHERE id = ?: 2 tags"),
        "{gone}"
    );
    let causes = db.cache().causes();
    assert_eq!(causes[0].transaction(), None);
    assert!(
        causes[0]
            .tags()
            .iter()
            .any(|tag| tag.to_string().contains("id=1"))
    );
}

#[tokio::test]
async fn a_transaction_tells_which_statement_touched_which_table() {
    let (db, told) = shop(0).await;
    let read = || async {
        let albums = album::Entity::find().cached().all(&db).await;
        track::Entity::find()
            .cached()
            .all(&db)
            .await
            .expect("it reads");
        albums.expect("it reads");
    };
    read().await;
    let transaction = db.begin().await.expect("it begins");
    let mut album = album::Entity::find_by_id(1)
        .one(&transaction)
        .await
        .expect("it reads")
        .expect("it is there")
        .into_active_model();
    album.title = Set("New".to_owned());
    album.update(&transaction).await.expect("it writes");
    rename(&transaction, 1, "secret").await;
    rename(&transaction, 2, "secret").await;
    transaction.commit().await.expect("it commits");
    read().await;
    let causes = db.cache().causes();
    assert_eq!(causes.len(), 1, "one commit");
    assert_eq!(causes[0].transaction(), Some(1));
    assert_eq!(causes[0].statements().len(), 2, "{:?}", causes[0]);
    assert!(!format!("{:?}", causes[0].statements()).contains("secret"));
    let album = causes[0]
        .tags()
        .iter()
        .find(|tag| tag.table_name() == Some("album"));
    let by = causes[0].statements_of(album.expect("it was bumped"));
    assert!(
        by.len() == 1 && by[0].starts_with("UPDATE \"album\""),
        "{by:?}"
    );
    let gone: Vec<String> = told.all();
    assert!(
        gone.iter().any(|one| one.contains("(transaction 1)")),
        "{gone:?}"
    );
}

#[tokio::test]
async fn a_read_that_is_not_cached_says_which_and_why() {
    let (db, told) = shop(0).await;
    let statement = "SELECT name, random() FROM track WHERE name <> 'secret'";
    let statement = sea_orm::Statement::from_string(crate::shop::BACKEND, statement);
    statement.cached().rows(&db).await.expect("it reads");
    let said = told.wait("uncached").await;
    assert!(
        said.starts_with("uncached Some(\"SELECT name, random() FROM track WHERE name <> ?\"): "),
        "{said}"
    );
}

#[tokio::test]
async fn a_hit_that_is_right_is_found_fresh() {
    let (db, told) = shop(1).await;
    let read = || async {
        let tracks = track::Entity::find().cached().all(&db).await;
        tracks.expect("it reads");
    };
    read().await;
    read().await;
    assert_eq!(
        told.wait("sampled").await,
        format!("sampled {:?}", Sampled::Fresh)
    );
    // Beside writes a comparison may be overtaken, and nothing is stale.
    for _ in 0..20 {
        rename(&db, 1, "Faster").await;
        read().await;
        read().await;
    }
    assert!(!told.all().iter().any(|one| one.starts_with("stale")));
}

#[tokio::test]
async fn a_hit_that_is_wrong_and_stays_wrong_is_told_with_what_is_known() {
    let (db, told) = shop(1).await;
    rename(&db, 1, "Faster").await;
    let read = || async { track::Entity::cached(&db).get(1).await.expect("it reads") };
    let before = read().await;
    rename(&db, 1, "Fastest").await;
    assert_ne!(read().await, before);
    // Past larder: a write that nobody announces.
    let past = "UPDATE track SET name = 'past' WHERE id = 1";
    db.inner()
        .execute_unprepared(past)
        .await
        .expect("it writes");
    read().await;
    let stale = told.wait("stale").await;
    assert!(stale.contains("known: [Cause"), "{stale}");
    assert!(stale.contains("UPDATE \\\"track\\\" SET"), "{stale}");
    assert!(!stale.contains("SET name = 'past'"), "{stale}");
    assert_eq!(told.wait("sampled").await, "sampled Stale");
    assert!(SAMPLE_PAUSE >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_hit_that_a_write_overtakes_is_not_stale() {
    let (db, told) = shop(1).await;
    let read = || async { track::Entity::cached(&db).get(1).await.expect("it reads") };
    read().await;
    let past = "UPDATE track SET name = 'past' WHERE id = 1";
    db.inner()
        .execute_unprepared(past)
        .await
        .expect("it writes");
    read().await;
    // Announced before the pause has ended, as one whose bump was on its way.
    tokio::time::sleep(SAMPLE_PAUSE / 4).await;
    rename(&db, 1, "Faster").await;
    assert_eq!(told.wait("sampled").await, "sampled Overtaken");
    assert!(!told.all().iter().any(|one| one.starts_with("stale")));
}
