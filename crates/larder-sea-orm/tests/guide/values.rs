//! The chapters of the guide on what is no query.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::{
    Cache, CacheModel, Form, FormError, FromMiss, Miss, Reference, Tag, cached, cached_form, key,
};
use larder_sea_orm::CachedConnection;
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};

use super::{Steps, TABLES, track};

/// How many tracks a genre has.
#[cached(cache = db.cache(), skip(db), ttl = "60s", tags(Tag::named("tracks")))]
async fn how_many(db: &CachedConnection, genre: i32) -> Result<u64, DbErr> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .count(db)
        .await
}

#[derive(Clone)]
struct Till {
    db: CachedConnection,
    currency: &'static str,
}

impl Till {
    #[cached(cache = self.db.cache(), on(self.currency), ttl = "60s")]
    async fn label(&self, track: i32) -> Result<Option<String>, DbErr> {
        let track = track::Entity::find_by_id(track).one(&self.db).await?;
        Ok(track.map(|track| format!("{} {}", track.unit_price_cents, self.currency)))
    }
}

#[derive(Clone, Deserialize)]
struct Search {
    text: String,
}

impl Form for Search {
    type Errors = &'static str;

    fn clean(&self) -> Result<Search, &'static str> {
        let text = self.text.trim().to_lowercase();
        if text.is_empty() {
            return Err("Say what you look for.");
        }
        Ok(Search { text })
    }
}

impl Search {
    #[cached_form(cache = db.cache(), on(self.text), skip(db), ttl = "60s")]
    async fn names(
        &self,
        db: &CachedConnection,
    ) -> Result<Vec<String>, FormError<&'static str, DbErr>> {
        let found = track::Entity::find()
            .filter(track::Column::Name.contains(&self.text))
            .order_by_asc(track::Column::Name)
            .select_only()
            .column(track::Column::Name);
        Ok(found.into_tuple().all(db).await?)
    }
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(ttl = "30d")]
struct Basket {
    #[key]
    visitor: String,
    cards: Vec<Reference<Card>>,
}

#[derive(CacheModel, Clone, Serialize, Deserialize)]
#[cache(ttl = "15m", from_miss)]
struct Card {
    #[key]
    track: i32,
    name: String,
}

impl FromMiss for Card {
    type Error = DbErr;

    async fn from_miss(miss: Miss<Card>) -> Result<Option<Card>, DbErr> {
        let db: &DatabaseConnection = miss.resource();
        let track = miss.keys().track;
        let found = track::Entity::find_by_id(track).one(db).await?;
        Ok(found.map(|found| Card {
            track,
            name: found.name,
        }))
    }
}

#[tokio::test]
async fn every_step_of_the_chapters_on_values_costs_what_it_tells()
-> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("shop.db").display()
    );
    let plain = Database::connect(&url).await?;
    plain.execute_unprepared(TABLES).await?;
    let cache = Cache::memory();
    let db = CachedConnection::builder(cache.clone())
        .connect(&url)
        .await?;
    let mut steps = Steps::of(true);
    steps.with(&db);

    // Keys and trees.
    let name = || {
        let db = db.clone();
        cache.get_or_load(("track", 7, "name"), async move || {
            let track = track::Entity::find_by_id(7).one(&db).await?;
            Ok::<_, DbErr>(track.map(|track| track.name))
        })
    };
    let label = |currency: &'static str| {
        let db = db.clone();
        let key = key!("track", 7, "label", currency = currency, gift = false);
        cache.get_or_load(key, async move || {
            let track = track::Entity::find_by_id(7).one(&db).await?;
            Ok::<_, DbErr>(track.map(|track| format!("{} {currency}", track.unit_price_cents)))
        })
    };
    name().await?;
    label("USD").await?;
    label("EUR").await?;
    steps.step(&db);
    let same = key!("track", 7, "label", gift = false, currency = "EUR");
    let kept = cache.get::<Option<String>>(same).await?;
    assert_eq!(kept.as_deref(), Some(&Some("99 EUR".to_owned())));
    steps.step(&db);
    cache.remove_tree(("track", 7, "label")).await?;
    name().await?;
    label("USD").await?;
    steps.step(&db);
    cache.remove_tree(("track", 7)).await?;
    name().await?;
    label("USD").await?;
    steps.step(&db);
    let below = cache.keys(("track", 7)).limit(10).await?;
    assert_eq!(below.keys.len(), 2);
    assert!(below.complete);
    steps.step(&db);
    let fresh = cache.bypass(async { name().await }).await?;
    assert_eq!(fresh.as_deref(), Some("Let's Get It Up"));
    steps.step(&db);

    // Functions and methods.
    assert_eq!(how_many(&db, 1).await?, 2);
    assert_eq!(how_many(&db, 2).await?, 1);
    steps.step(&db);
    assert_eq!(how_many(&db, 1).await?, 2);
    steps.step(&db);
    how_many::invalidate(&cache, 1).await?;
    assert_eq!(how_many::get(&cache, 1).await?, None);
    assert_eq!(how_many::get(&cache, 2).await?, Some(1));
    steps.step(&db);
    let jazz = "INSERT INTO track VALUES (64, 'Garota De Ipanema', 2, 99)";
    db.execute_unprepared(jazz).await?;
    steps.with(&db);
    assert_eq!(how_many(&db, 2).await?, 1);
    cache.invalidate([Tag::named("tracks")]).await?;
    assert_eq!(how_many(&db, 2).await?, 2);
    steps.step(&db);
    let till = |currency| Till {
        db: db.clone(),
        currency,
    };
    assert_eq!(till("EUR").label(7).await?.as_deref(), Some("99 EUR"));
    assert_eq!(till("EUR").label(7).await?.as_deref(), Some("99 EUR"));
    assert_eq!(till("USD").label(7).await?.as_deref(), Some("99 USD"));
    steps.step(&db);

    // Forms.
    let search = |text: &str| Search { text: text.into() };
    assert_eq!(search(" Rules").names(&db).await?, ["Breaking The Rules"]);
    assert_eq!(search("rules ").names(&db).await?, ["Breaking The Rules"]);
    steps.step(&db);
    let refused = search(" ").names(&db).await;
    assert_eq!(
        refused.as_ref().err().and_then(FormError::invalid),
        Some(&"Say what you look for.")
    );
    steps.step(&db);

    // Models.
    let counted = Arc::new(AtomicU64::new(0));
    let counter = counted.clone();
    let mut connection = plain.clone();
    connection.set_metric_callback(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let functions = cache;
    let cache = Cache::builder().resource(connection).build()?;
    let basket = Basket {
        visitor: "bob".to_owned(),
        cards: vec![Reference::to_key(7), Reference::to_key(12)],
    };
    basket.save(&cache).await?;
    steps.step_with(&counted);
    let basket = Basket::get(&cache, "bob").await?;
    let names = || basket.cards.iter().filter_map(Reference::get);
    assert_eq!(names().count(), 2);
    steps.step_with(&counted);
    Basket::get(&cache, "bob").await?;
    steps.step_with(&counted);
    let card = Card {
        track: 7,
        name: "Let's Get It Up (live)".to_owned(),
    };
    card.save(&cache).await?;
    Card::delete(&cache, 12).await?;
    let basket = Basket::get(&cache, "bob").await?;
    let first = basket.cards[0].get().ok_or("it is loaded")?;
    assert_eq!(first.name, "Let's Get It Up (live)");
    steps.step_with(&counted);
    let nobody = Basket::get(&cache, "eve").await;
    assert!(nobody.is_err_and(|error| error.is_missing()));
    steps.step_with(&counted);
    let cache = functions;

    // Request scopes.
    let request = async {
        let before = how_many(&db, 1).await?;
        let again = how_many(&db, 1).await?;
        how_many::prime(&cache, 1, 77).await?;
        let after = how_many(&db, 1).await?;
        Ok::<_, Box<dyn std::error::Error>>((before, again, after))
    };
    assert_eq!(cache.request_scope(request).await?, (2, 2, 77));
    steps.step(&db);

    // Threads.
    let (blocking, connection) = (cache.blocking(), db.clone());
    let thread = std::thread::spawn(move || {
        let jazz = blocking.wait(how_many(&connection, 2));
        let answer = blocking
            .get_or_load(("answer", 42), || "42".parse::<i32>())
            .wait();
        (jazz, answer)
    });
    let (jazz, answer) = thread.join().map_err(|_| "it panicked")?;
    assert_eq!((jazz?, *answer?), (2, 42));
    steps.step(&db);

    steps.compare();
    Ok(())
}
