//! CB-1: every form of select can be cached, and answers what SeaORM answers. CB-7, CB-8.

use larder_sea_orm::CachedExt;
use larder_sea_orm::trace::Outcome;
use sea_orm::{
    ColumnTrait, DerivePartialModel, EntityTrait, FromQueryResult, LoaderTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::{Deserialize, Serialize};

use crate::entity::{album, genre, playlist, track};
use crate::shop::{Shop, bound, read, text};
use crate::{hit, miss};

#[derive(Clone, Debug, PartialEq, FromQueryResult, Serialize, Deserialize)]
struct Priced {
    name: String,
    unit_price: i32,
}

#[derive(Clone, Debug, PartialEq, DerivePartialModel, Serialize, Deserialize)]
#[sea_orm(entity = "track::Entity")]
struct Named {
    id: i32,
    name: String,
}

fn tracks() -> Select<track::Entity> {
    track::Entity::find().order_by_asc(track::Column::Id)
}

#[tokio::test]
async fn cb1_all_one_count_and_exists() {
    let Shop { db, .. } = Shop::open().await;
    let rock = || tracks().filter(track::Column::GenreId.eq(1));
    assert_eq!(
        *miss!(rock().cached().all(&db)),
        rock().all(&db).await.unwrap()
    );
    let fast = || track::Entity::find_by_id(1);
    assert_eq!(
        *miss!(fast().cached().one(&db)).unwrap(),
        fast().one(&db).await.unwrap().unwrap()
    );
    assert_eq!(
        miss!(rock().cached().count(&db)),
        rock().count(&db).await.unwrap()
    );
    assert!(miss!(rock().cached().exists(&db)));
    let polka = || track::Entity::find().filter(track::Column::GenreId.eq(77));
    assert!(!miss!(polka().cached().exists(&db)));
}

#[tokio::test]
async fn cb1_models_tuples_json_and_partial_models() {
    let Shop { db, .. } = Shop::open().await;
    assert_eq!(
        *miss!(tracks().into_model::<Priced>().cached().all(&db)),
        tracks().into_model::<Priced>().all(&db).await.unwrap()
    );
    assert_eq!(
        *miss!(tracks().cached().into_partial_model::<Named>().all(&db)),
        tracks()
            .into_partial_model::<Named>()
            .all(&db)
            .await
            .unwrap()
    );
    assert_eq!(
        *miss!(tracks().cached().into_json().all(&db)),
        tracks().into_json().all(&db).await.unwrap()
    );
    let pairs = || {
        tracks()
            .select_only()
            .column(track::Column::Name)
            .column(track::Column::UnitPrice)
    };
    assert_eq!(
        *miss!(pairs().cached().into_tuple::<(String, i32)>().all(&db)),
        pairs()
            .into_tuple::<(String, i32)>()
            .all(&db)
            .await
            .unwrap()
    );
    let numbers = || {
        track::Entity::find()
            .select_only()
            .column(track::Column::GenreId)
            .column_as(track::Column::Id.count(), "number")
            .group_by(track::Column::GenreId)
            .order_by_asc(track::Column::GenreId)
    };
    assert_eq!(
        *miss!(numbers().cached().into_tuple::<(i32, i64)>().all(&db)),
        numbers().into_tuple::<(i32, i64)>().all(&db).await.unwrap()
    );
}

#[tokio::test]
async fn cb1_pages_and_cursors() {
    let Shop { db, .. } = Shop::open().await;
    let pages = tracks().cached().paginate(&db, 3);
    let plain = tracks().paginate(&db, 3);
    for page in 0..3 {
        assert_eq!(
            *miss!(pages.fetch_page(page)),
            plain.fetch_page(page).await.unwrap()
        );
    }
    assert_eq!(miss!(pages.num_items()), plain.num_items().await.unwrap());
    let after = || {
        track::Entity::find()
            .cached()
            .cursor_by(track::Column::Id)
            .after(1)
            .first(2)
    };
    let mut plain = track::Entity::find().cursor_by(track::Column::Id);
    assert_eq!(
        *miss!(after().all(&db)),
        plain.after(1).first(2).all(&db).await.unwrap()
    );
}

#[tokio::test]
async fn cb1_related_rows_and_loaders() {
    let Shop { db, .. } = Shop::open().await;
    let also = || tracks().find_also_related(album::Entity);
    assert_eq!(
        *miss!(also().cached().all(&db)),
        also().all(&db).await.unwrap()
    );
    let with = || {
        album::Entity::find()
            .order_by_asc(album::Column::Id)
            .find_with_related(track::Entity)
            .order_by_asc(track::Column::Id)
    };
    assert_eq!(
        *miss!(with().cached().all(&db)),
        with().all(&db).await.unwrap()
    );

    let albums = album::Entity::find().order_by_asc(album::Column::Id);
    let albums = albums.cached().all(&db).await.unwrap();
    let loaded = miss!(albums.clone().cached().load_many(track::Entity, &db));
    assert_eq!(*loaded, albums.load_many(track::Entity, &db).await.unwrap());
    let all = tracks().cached().all(&db).await.unwrap();
    let owners = miss!(all.clone().cached().load_one(album::Entity, &db));
    assert_eq!(*owners, all.load_one(album::Entity, &db).await.unwrap());
    let lists = playlist::Entity::find().order_by_asc(playlist::Column::Id);
    let lists = lists.cached().all(&db).await.unwrap();
    let songs = miss!(lists.clone().cached().load_many(track::Entity, &db));
    assert_eq!(*songs, lists.load_many(track::Entity, &db).await.unwrap());
}

#[tokio::test]
async fn cb1_raw_selects() {
    let Shop { db, .. } = Shop::open().await;
    let of = |genre: i32| {
        bound(
            "SELECT * FROM track WHERE genre_id = ? ORDER BY id",
            [genre.into()],
        )
    };
    assert_eq!(miss!(of(2).rows(&db)).rows.len(), 1);
    assert_eq!(miss!(of(2).json(&db))[0]["name"], "Blue");
    assert_eq!(miss!(of(1).rows(&db)).rows.len(), 2);
}

/// CB-7: that there is nothing is an answer, and ends when a row appears.
#[tokio::test]
async fn cb7_empty_answers_are_kept_until_a_row_appears() {
    let Shop { db, .. } = Shop::open().await;
    let nine = || track::Entity::find_by_id(9);
    let polka = || genre::Entity::find().filter(genre::Column::Name.eq("Polka"));
    assert_eq!(miss!(nine().cached().one(&db)), None);
    assert!(miss!(polka().cached().all(&db)).is_empty());
    let model = track::Model {
        id: 9,
        name: "New".into(),
        album_id: None,
        genre_id: 1,
        unit_price: 1,
    };
    track::Entity::insert(track::ActiveModel::from(model.clone()))
        .exec(&db)
        .await
        .unwrap();
    assert_eq!(*miss!(nine().cached().one(&db)).unwrap(), model);
    hit!(polka().cached().all(&db));
    let row = genre::ActiveModel::from(genre::Model {
        id: 9,
        name: "polka".into(),
    });
    genre::Entity::insert(row).exec(&db).await.unwrap();
    assert_eq!(miss!(polka().cached().all(&db)).len(), 1);
}

/// CB-8: what cannot be cached goes to the database each time, and says why.
#[tokio::test]
async fn cb8_volatile_statements_are_not_kept() {
    let Shop { db, .. } = Shop::open().await;
    for sql in [
        "SELECT RAND()",
        "SELECT NOW()",
        "SELECT @@autocommit",
        "SELECT LAST_INSERT_ID()",
        "SELECT * FROM track ORDER BY RAND()",
        "SELECT * FROM track FOR UPDATE",
        "SHOW TABLES",
        "SELECT TABLE_NAME FROM information_schema.TABLES",
    ] {
        for _ in 0..2 {
            let (_, outcome) = read(text(sql).rows(&db)).await;
            assert!(
                matches!(&outcome, Outcome::Uncached(why) if !why.is_empty()),
                "{sql}: {outcome:?}"
            );
        }
    }
}
