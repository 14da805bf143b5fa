//! The guide, kept true: its code stands in this file, and the statements that it tells are the
//! ones that are counted here.
#![allow(unreachable_pub)] // entities, as SeaORM wants them

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use larder::{Cache, Event, ManualClock, Observer, Policy, Tag};
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{CachedConnection, CachedEntity, CachedExt, CachedModel, Rows};
use sea_orm::prelude::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, Database, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set, TransactionTrait,
};

#[path = "guide/values.rs"]
mod values;

const GUIDE: &str = include_str!("../../../docs/guide.md");

/// The shop's tables, as far as the guide goes.
const TABLES: &str = "
    CREATE TABLE genre (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE track (
        id               INTEGER PRIMARY KEY,
        name             TEXT NOT NULL,
        genre_id         INTEGER NOT NULL REFERENCES genre (id),
        unit_price_cents INTEGER NOT NULL
    );
    INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz'), (25, 'Opera');
    INSERT INTO track VALUES
        (7, 'Let''s Get It Up', 1, 99), (12, 'Breaking The Rules', 1, 99), (63, 'Desafinado', 2, 99);";

mod genre {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "genre")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::track::Entity")]
        Track,
    }

    impl Related<super::track::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Track.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod track {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "track")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub genre_id: i32,
        pub unit_price_cents: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::genre::Entity",
            from = "Column::GenreId",
            to = "super::genre::Column::Id"
        )]
        Genre,
    }

    impl Related<super::genre::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Genre.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The chapters on what is no query, which have a test of their own.
const VALUES: [&str; 6] = [
    "Keys and trees",
    "Functions and methods",
    "Forms",
    "Models",
    "Request scopes",
    "Threads without a runtime",
];

/// Counts the statements of each step, to be compared with what the guide tells.
struct Steps {
    /// The text of the chapters that the steps are in.
    chapters: String,
    counted: Vec<Option<u64>>,
    before: u64,
}

impl Steps {
    /// Steps of the chapters on values, or of the others.
    fn of(values: bool) -> Steps {
        let of_values = |chapter: &&str| VALUES.iter().any(|title| chapter.starts_with(title));
        let chapters = GUIDE.split("\n## ");
        Steps {
            chapters: chapters
                .filter(|chapter| of_values(chapter) == values)
                .collect(),
            counted: Vec::new(),
            before: 0,
        }
    }

    /// The end of a step that asks the database by a connection that is counted elsewhere.
    fn step_with(&mut self, counter: &AtomicU64) {
        self.counted.push(Some(counter.swap(0, Ordering::Relaxed)));
    }

    /// Another connection, which has its own count.
    fn with(&mut self, db: &CachedConnection) {
        self.before = db.statements();
    }

    /// The end of a step.
    fn step(&mut self, db: &CachedConnection) {
        let now = db.statements();
        self.counted.push(Some(now - self.before));
        self.before = now;
    }

    /// The end of a step with a write. With the hook, rows are learned by other statements than
    /// those that the guide tells.
    fn write(&mut self, db: &CachedConnection) {
        self.step(db);
        if cfg!(feature = "sqlite-hook") {
            self.counted.pop();
            self.counted.push(None);
        }
    }

    fn compare(self) {
        let told = self
            .chapters
            .lines()
            .filter_map(|line| line.strip_prefix("**Statements: "));
        let number = |text: &str| {
            text.split(['.', '*'])
                .next()
                .and_then(|number| number.parse::<u64>().ok())
        };
        let told: Vec<Option<u64>> = told.map(number).collect();
        assert!(
            told.iter().all(Option::is_some),
            "a step without a number: {told:?}"
        );
        assert_eq!(told.len(), self.counted.len(), "told and counted steps");
        for (step, (told, counted)) in told.iter().zip(&self.counted).enumerate() {
            assert!(
                counted.is_none() || told == counted,
                "step {}: {told:?}, counted {counted:?}",
                step + 1
            );
        }
    }
}

/// Counts what could not be kept.
struct Uncached(AtomicU64);

impl Observer for Uncached {
    fn event(&self, event: &Event<'_>) {
        if let Event::Uncached { group, why, .. } = event {
            eprintln!("{group} was not cached: {why}");
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn every_step_of_the_guide_costs_what_it_tells() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("shop.db").display()
    );
    let plain = Database::connect(&url).await?;
    plain.execute_unprepared(TABLES).await?;
    plain.close().await?;
    let mut steps = Steps::of(false);

    // Open.
    let cache = Cache::memory();
    let db = CachedConnection::builder(cache.clone())
        .connect(&url)
        .await?;
    steps.with(&db);

    // Read.
    let of_genre = |genre: i32| {
        track::Entity::find()
            .filter(track::Column::GenreId.eq(genre))
            .cached()
    };
    let rock = of_genre(1).all(&db).await?;
    steps.step(&db);
    let again = of_genre(1).all(&db).await?;
    assert!(Arc::ptr_eq(&rock, &again));
    steps.step(&db);

    // More reads.
    let jazz = of_genre(2).all(&db).await?;
    let count = of_genre(1).count(&db).await?;
    let names = || {
        of_genre(1)
            .select_only()
            .column(track::Column::Name)
            .into_tuple::<String>()
    };
    let titles = names().all(&db).await?;
    let with_genre = || {
        of_genre(1)
            .find_also_related(genre::Entity)
            .order_by_asc(track::Column::Id)
    };
    let pairs = with_genre().all(&db).await?;
    let song = || track::Entity::find_by_id(999).cached();
    let nothing = song().one(&db).await?;
    assert_eq!((jazz.len(), count, titles.len(), pairs.len()), (1, 2, 2, 2));
    assert_eq!(nothing, None);
    steps.step(&db);
    of_genre(2).all(&db).await?;
    of_genre(1).count(&db).await?;
    names().all(&db).await?;
    with_genre().all(&db).await?;
    song().one(&db).await?;
    steps.step(&db);

    // Write.
    let tune = track::Entity::find_by_id(7)
        .one(&db)
        .await?
        .ok_or("it is there")?;
    steps.step(&db);
    let mut tune = tune.into_active_model();
    tune.unit_price_cents = Set(129);
    tune.update(&db).await?;
    steps.write(&db);
    assert_eq!(of_genre(1).all(&db).await?[0].unit_price_cents, 129);
    assert_eq!(with_genre().all(&db).await?[0].0.unit_price_cents, 129);
    steps.step(&db);
    of_genre(2).all(&db).await?;
    of_genre(1).count(&db).await?;
    names().all(&db).await?;
    song().one(&db).await?;
    steps.step(&db);

    // Move.
    track::Entity::update_many()
        .col_expr(track::Column::GenreId, Expr::value(2))
        .filter(track::Column::Id.eq(7))
        .exec(&db)
        .await?;
    steps.write(&db);
    assert_eq!(of_genre(1).all(&db).await?.len(), 1);
    assert_eq!(of_genre(2).all(&db).await?.len(), 2);
    song().one(&db).await?;
    steps.step(&db);

    // By hand.
    with_genre().all(&db).await?;
    steps.step(&db);
    db.execute_unprepared("UPDATE genre SET name = 'Grand Opera' WHERE id = 25")
        .await?;
    with_genre().all(&db).await?;
    steps.write(&db);
    db.execute_unprepared("INSERT INTO track VALUES (999, 'New', 25, 99)")
        .await?;
    assert_eq!(song().one(&db).await?.ok_or("it is there now")?.name, "New");
    steps.write(&db);

    // Transactions.
    let transaction = db.begin().await?;
    track::Entity::delete_many()
        .filter(track::Column::GenreId.eq(2))
        .exec(&transaction)
        .await?;
    assert_eq!(of_genre(2).all(&transaction).await?.len(), 0);
    assert_eq!(of_genre(2).all(&db).await?.len(), 2);
    transaction.rollback().await?;
    steps.write(&db);
    assert_eq!(of_genre(2).all(&db).await?.len(), 2);
    steps.step(&db);
    db.transaction::<_, (), DbErr>(|transaction| {
        Box::pin(async move {
            track::Entity::delete_by_id(7).exec(transaction).await?;
            Ok(())
        })
    })
    .await?;
    steps.write(&db);
    assert_eq!(of_genre(2).all(&db).await?.len(), 1);
    of_genre(1).all(&db).await?;
    steps.step(&db);

    // Rows.
    let row = |id: i32| track::Entity::cached(&db).get(id);
    let tune = row(63).await?.ok_or("it is there")?;
    assert!(row(7).await?.is_none());
    steps.step(&db);
    row(63).await?;
    row(7).await?;
    row(999).await?;
    steps.step(&db);
    let rows = track::Entity::cached(&db)
        .get_many([999, 12, 7, 63])
        .await?;
    assert_eq!(rows[0].as_ref().ok_or("it is there")?.name, "New");
    assert_eq!(rows[2], None);
    steps.step(&db);

    // Related rows.
    let jazz = tune.cached(&db).related(genre::Entity).one().await?;
    let jazz = jazz.ok_or("it is there")?;
    assert_eq!(genre::Entity::cached(&db).require(2).await?, jazz);
    steps.step(&db);
    let tracks = || {
        let tracks = jazz.cached(&db).related(track::Entity);
        tracks.order_by_asc(track::Column::Name).all()
    };
    assert_eq!(tracks().await?.len(), 1);
    tracks().await?;
    steps.step(&db);
    let new = track::Entity::cached(&db).require(999).await?;
    let mut new = (*new).clone().into_active_model();
    new.genre_id = Set(2);
    new.update(&db).await?;
    steps.write(&db);
    assert_eq!(tracks().await?.len(), 2);
    track::Entity::cached(&db).get_many([999, 12, 63]).await?;
    genre::Entity::cached(&db).get(2).await?;
    steps.step(&db);

    // By hand.
    db.invalidate_entity::<genre::Entity>().await?;
    genre::Entity::cached(&db).get(2).await?;
    row(63).await?;
    steps.step(&db);

    // How rows are kept.
    let kept = CachedConnection::builder(Cache::memory())
        .rows(Rows::new().ttl(Duration::from_secs(600)))
        .entity::<genre::Entity>(Rows::new().version(2).cache_all(true))
        .connect(&url)
        .await?;
    steps.with(&kept);
    for _ in 0..2 {
        let genres = genre::Entity::cached(&kept).find();
        genres.order_by_asc(genre::Column::Name).all().await?;
        track::Entity::cached(&kept).find().all().await?;
    }
    steps.step(&kept);
    steps.with(&db);

    // What is no query.
    let report = || {
        let db = db.clone();
        cache
            .get_or_load(("report", "genres"), async move || {
                let genres = genre::Entity::find().count(&db).await?;
                Ok::<_, DbErr>(format!("{genres} genres"))
            })
            .tags([Tag::named("reports")])
            .ttl(Duration::from_secs(60))
    };
    assert_eq!(*report().await?, "3 genres");
    steps.step(&db);
    assert_eq!(*report().await?, "3 genres");
    steps.step(&db);
    cache.invalidate([Tag::named("reports")]).await?;
    report().await?;
    steps.step(&db);

    // Watching.
    let (tracks, queries) = trace::scope(of_genre(1).all(&db)).await;
    assert_eq!(tracks?.len(), 1);
    assert_eq!(queries[0].outcome, Outcome::Hit);
    assert_eq!(queries[0].statements, 0);
    steps.step(&db);
    let tracks = cache.group("track").stats();
    assert!(tracks.hits > tracks.misses);
    steps.step(&db);

    // An observer.
    let uncached = Arc::new(Uncached(AtomicU64::new(0)));
    let cache = Cache::builder().observer(uncached.clone()).build()?;
    let db = CachedConnection::builder(cache).connect(&url).await?;
    steps.with(&db);
    for _ in 0..2 {
        let by_chance = track::Entity::find()
            .order_by_asc(Expr::cust("random()"))
            .cached();
        by_chance.all(&db).await?;
    }
    assert_eq!(uncached.0.load(Ordering::Relaxed), 2);
    steps.step(&db);

    // Strict.
    let db = CachedConnection::builder(Cache::memory())
        .strict()
        .connect(&url)
        .await?;
    steps.with(&db);
    of_genre(1).all(&db).await?;
    of_genre(1).all(&db).await?;
    steps.step(&db);
    track::Entity::delete_by_id(12).exec(&db).await?;
    steps.write(&db);
    assert_eq!(of_genre(1).all(&db).await?.len(), 0);
    steps.step(&db);

    // Policies.
    let policy = Policy::new()
        .ttl(Duration::from_secs(60))
        .negative_ttl(Duration::from_secs(5))
        .stale_if_error(Duration::from_secs(600));
    let clock = Arc::new(ManualClock::default());
    let cache = Cache::builder().clock(clock.clone()).build()?;
    let db = CachedConnection::builder(cache)
        .policy(policy)
        .connect(&url)
        .await?;
    steps.with(&db);
    let brief = || of_genre(2).policy(Policy::new().ttl(Duration::from_secs(10)));
    brief().all(&db).await?;
    let missing = || track::Entity::find_by_id(1000).cached();
    missing().one(&db).await?;
    steps.step(&db);
    clock.advance(Duration::from_secs(9));
    brief().all(&db).await?;
    missing().one(&db).await?;
    steps.step(&db);
    clock.advance(Duration::from_secs(1));
    brief().all(&db).await?;
    steps.step(&db);

    // Tests of one's own.
    let (_, queries) = trace::scope(async {
        of_genre(25).all(&db).await?;
        of_genre(25).all(&db).await
    })
    .await;
    let outcomes: Vec<_> = queries.iter().map(|query| &query.outcome).collect();
    assert_eq!(outcomes, [&Outcome::Miss, &Outcome::Hit]);
    steps.step(&db);

    steps.compare();
    Ok(())
}

/// Every block of Rust in the guide stands in this file, but for the layout.
#[test]
fn every_block_of_the_guide_is_run() {
    let dense = |text: &str| {
        let text: String = text.split_whitespace().collect();
        text.replace(",)", ")").replace(",}", "}")
    };
    let run = dense(concat!(
        include_str!("guide.rs"),
        include_str!("guide/values.rs")
    ));
    let mut blocks = 0;
    for block in GUIDE.split("```rust\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        assert!(!block.trim().is_empty(), "an empty block");
        assert!(run.contains(&dense(block)), "not in this test:\n{block}");
        blocks += 1;
    }
    assert!(blocks > 10, "only {blocks} blocks were found");
}

/// Every link of the documents leads to a file, and those that name a test to a file that has it.
#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let documents = [
        "README.md",
        "ARCHITECTURE.md",
        "DESIGN.md",
        "CAVEATS.md",
        "docs/guide.md",
        "docs/fleet.md",
        "docs/consistency.md",
        "docs/benchmarks.md",
        "docs/format.md",
    ];
    let mut tests = 0;
    for document in documents {
        let path = root.join(document);
        let text = std::fs::read_to_string(&path).expect(document);
        for link in text.split("](").skip(1).zip(text.split("](")) {
            let (after, before) = link;
            let target = after.split(')').next().unwrap_or_default();
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.starts_with("http") {
                continue;
            }
            let file = path.parent().expect("a folder").join(target);
            assert!(file.exists(), "{document}: there is no {target}");
            let name = before.rsplit('[').next().unwrap_or_default();
            let name = name.trim_matches('`');
            let is_test = name.contains('_') && !name.contains(['.', '/', ' ', ':']);
            if is_test && target.ends_with(".rs") {
                let code = std::fs::read_to_string(&file).expect(target);
                let has =
                    code.contains(&format!("fn {name}(")) || code.contains(&format!("{name}: \""));
                assert!(has, "{document}: there is no test {name} in {target}");
                tests += 1;
            }
        }
    }
    assert!(tests > 50, "only {tests} tests are named");
}
