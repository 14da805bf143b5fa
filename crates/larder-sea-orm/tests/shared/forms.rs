//! CB-1: every form of select can be cached, on every store, and answers what SeaORM answers. CB-7, CB-8.

use std::sync::Arc;

use larder::Memory;
use larder_sea_orm::CachedExt;
use larder_sea_orm::trace::Outcome;
use sea_orm::{
    ColumnTrait, DerivePartialModel, EntityTrait, FromQueryResult, LoaderTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, SelectExt, Statement, TransactionTrait,
};
use serde::{Deserialize, Serialize};

use crate::entity::{album, genre, playlist, track};
use crate::fleet::{Fleet, Server};
use crate::shop::{BACKEND, VOLATILE, read, sql};
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

#[tokio::test]
async fn cb1_all_and_one() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let rock = || {
            track::Entity::find()
                .filter(track::Column::GenreId.eq(1))
                .order_by_asc(track::Column::Id)
        };
        assert_eq!(
            *miss!(rock().cached().all(&db)),
            rock().all(&db).await.unwrap()
        );
        let fast = || track::Entity::find_by_id(1);
        assert_eq!(
            *miss!(fast().cached().one(&db)).unwrap(),
            fast().one(&db).await.unwrap().unwrap()
        );
    }
}

#[tokio::test]
async fn cb1_cached_anywhere_in_the_chain() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let early = || {
            track::Entity::find()
                .cached()
                .filter(track::Column::GenreId.eq(1))
                .order_by_asc(track::Column::Id)
                .limit(1)
        };
        let late = || {
            track::Entity::find()
                .filter(track::Column::GenreId.eq(1))
                .order_by_asc(track::Column::Id)
                .limit(1)
                .cached()
        };
        assert_eq!(miss!(early().all(&db)).len(), 1);
        assert_eq!(hit!(late().all(&db)).len(), 1);
    }
}

#[tokio::test]
async fn cb1_count_and_exists() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let rock = || track::Entity::find().filter(track::Column::GenreId.eq(1));
        assert_eq!(
            miss!(rock().cached().count(&db)),
            rock().count(&db).await.unwrap()
        );
        assert!(miss!(rock().cached().exists(&db)));
        let polka = || track::Entity::find().filter(track::Column::GenreId.eq(77));
        assert!(!miss!(polka().cached().exists(&db)));
        assert_eq!(polka().exists(&db).await, Ok(false));
    }
}

#[tokio::test]
async fn cb1_models_tuples_json_and_partial_models() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let tracks = || track::Entity::find().order_by_asc(track::Column::Id);
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
        let most = || {
            track::Entity::find()
                .select_only()
                .column(track::Column::GenreId)
                .column_as(track::Column::UnitPrice.max(), "most")
                .group_by(track::Column::GenreId)
                .order_by_asc(track::Column::GenreId)
        };
        assert_eq!(
            *miss!(most().cached().into_tuple::<(i32, i32)>().all(&db)),
            most().into_tuple::<(i32, i32)>().all(&db).await.unwrap()
        );
    }
}

/// Two readers of one text with different types share nothing.
#[tokio::test]
async fn cb1_the_type_of_the_answer_is_part_of_its_identity() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let tracks = || track::Entity::find().order_by_asc(track::Column::Id);
        miss!(tracks().cached().all(&db));
        miss!(tracks().cached().into_json().all(&db));
        miss!(tracks().cached().into_model::<Priced>().all(&db));
        hit!(tracks().cached().all(&db));
    }
}

#[tokio::test]
async fn cb1_pages_and_cursors() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let tracks = || track::Entity::find().order_by_asc(track::Column::Id);
        let pages = tracks().cached().paginate(&db, 3);
        let plain = tracks().paginate(&db, 3);
        for page in 0..3 {
            assert_eq!(
                *miss!(pages.fetch_page(page)),
                plain.fetch_page(page).await.unwrap()
            );
        }
        assert_eq!(miss!(pages.num_items()), plain.num_items().await.unwrap());
        assert_eq!(hit!(pages.num_pages()), plain.num_pages().await.unwrap());

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
        let last = || {
            track::Entity::find()
                .cached()
                .cursor_by(track::Column::Id)
                .last(2)
        };
        let mut plain = track::Entity::find().cursor_by(track::Column::Id);
        assert_eq!(
            *miss!(last().all(&db)),
            plain.last(2).all(&db).await.unwrap()
        );
    }
}

#[tokio::test]
async fn cb1_related_rows() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let also = || {
            track::Entity::find()
                .order_by_asc(track::Column::Id)
                .find_also_related(album::Entity)
        };
        assert_eq!(
            *miss!(also().cached().all(&db)),
            also().all(&db).await.unwrap()
        );
        assert_eq!(
            *miss!(also().cached().one(&db)).unwrap(),
            also().one(&db).await.unwrap().unwrap()
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
    }
}

#[tokio::test]
async fn cb1_loaders() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let albums = album::Entity::find()
            .order_by_asc(album::Column::Id)
            .cached()
            .all(&db)
            .await
            .unwrap();
        let tracks = miss!(albums.clone().cached().load_many(track::Entity, &db));
        assert_eq!(*tracks, albums.load_many(track::Entity, &db).await.unwrap());

        let tracks = track::Entity::find()
            .order_by_asc(track::Column::Id)
            .cached()
            .all(&db)
            .await
            .unwrap();
        let owners = miss!(tracks.clone().cached().load_one(album::Entity, &db));
        assert_eq!(*owners, tracks.load_one(album::Entity, &db).await.unwrap());

        let lists = playlist::Entity::find()
            .order_by_asc(playlist::Column::Id)
            .cached()
            .all(&db)
            .await
            .unwrap();
        let songs = miss!(lists.clone().cached().load_many(track::Entity, &db));
        assert_eq!(*songs, lists.load_many(track::Entity, &db).await.unwrap());

        // The same models in another order are another question.
        let turned: Arc<Vec<_>> = Arc::new(albums.iter().rev().cloned().collect());
        let tracks = miss!(turned.clone().cached().load_many(track::Entity, &db));
        assert_eq!(*tracks, turned.load_many(track::Entity, &db).await.unwrap());
    }
}

#[tokio::test]
async fn cb1_raw_selects() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let text = |genre: i32| {
            Statement::from_sql_and_values(
                BACKEND,
                sql("SELECT * FROM track WHERE genre_id = ? ORDER BY id"),
                [genre.into()],
            )
        };
        let models = || track::Entity::find().from_raw_sql(text(1));
        assert_eq!(
            *miss!(models().cached().all(&db)),
            models().all(&db).await.unwrap()
        );
        assert_eq!(
            *miss!(models().cached().one(&db)).unwrap(),
            models().one(&db).await.unwrap().unwrap()
        );
        assert_eq!(miss!(text(2).cached().rows(&db)).rows.len(), 1);
        assert_eq!(miss!(text(2).cached().json(&db))[0]["name"], "Blue");
    }
}

/// CB-7: that there is nothing is an answer, and ends when a row appears.
#[tokio::test]
async fn cb7_empty_answers_are_kept_until_a_row_appears() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
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
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(*miss!(nine().cached().one(&db)).unwrap(), model);
        hit!(polka().cached().all(&db));
        let polka_row = genre::ActiveModel::from(genre::Model {
            id: 9,
            name: "Polka".into(),
        });
        genre::Entity::insert(polka_row)
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(miss!(polka().cached().all(&db)).len(), 1);
    }
}

/// What cannot be cached goes to the database each time, and says why.
#[tokio::test]
async fn cb8_volatile_statements_are_not_kept() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        for sql in VOLATILE {
            for _ in 0..2 {
                let statement = Statement::from_string(BACKEND, *sql);
                let (_, outcome) = read(statement.cached().rows(&db)).await;
                assert!(
                    matches!(&outcome, Outcome::Uncached(why) if !why.is_empty()),
                    "{sql}: {outcome:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn models_without_serde_stay_in_this_process() {
    #[derive(Debug, PartialEq, FromQueryResult)]
    struct Bare {
        name: String,
    }
    let fleet = Fleet::new(Server::Memory(Memory::new())).await;
    let db = fleet.process().await;
    let names = || {
        genre::Entity::find()
            .order_by_asc(genre::Column::Id)
            .into_model::<Bare>()
    };
    assert_eq!(
        *miss!(names().cached().local().all(&db)),
        names().all(&db).await.unwrap()
    );
}

/// AC-7, H8: inside a transaction a cached read goes to the database.
#[tokio::test]
async fn reads_in_a_transaction_see_its_own_writes_and_fill_nothing() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let all = || genre::Entity::find().cached();
        let before = miss!(all().all(&db));
        let transaction = db.begin().await.unwrap();
        let new = genre::Model {
            id: 4,
            name: "Polka".into(),
        };
        genre::Entity::insert(genre::ActiveModel::from(new))
            .exec(&transaction)
            .await
            .unwrap();
        let (inside, outcome) = read(all().all(&transaction)).await;
        assert_eq!(
            (inside.len(), outcome),
            (4, Outcome::Uncached("inside a transaction".into()))
        );
        assert_eq!(hit!(all().all(&db)), before);
        transaction.rollback().await.unwrap();
        assert_eq!(hit!(all().all(&db)), before);
    }
}
