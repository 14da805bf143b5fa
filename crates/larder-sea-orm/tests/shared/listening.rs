//! CB-5: the reader chooses the columns by which it listens.

use larder_sea_orm::{CachedConnection, CachedExt, trace};
use sea_orm::sea_query::{ExprTrait as _, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, Set, Unchanged,
};

use crate::entity::{album, genre, track};
use crate::shop::Shop;
use crate::{hit, miss};

async fn reprice(db: &CachedConnection, id: i32, price: i32) {
    let track = track::ActiveModel {
        id: Unchanged(id),
        unit_price: Set(price),
        ..Default::default()
    };
    track.update(db).await.expect("the track is there");
}

async fn regenre(db: &CachedConnection, id: i32, genre: i32) {
    let track = track::ActiveModel {
        id: Unchanged(id),
        genre_id: Set(genre),
        ..Default::default()
    };
    track.update(db).await.expect("the track is there");
}

#[tokio::test]
async fn cb5_any_change_of_a_row_with_the_value_drops_the_answer() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    // Of no row of the shop.
    let free = |genre| {
        track::Entity::find()
            .filter(track::Column::GenreId.eq(genre))
            .filter(track::Column::UnitPrice.eq(0))
            .cached()
            .on([track::Column::GenreId])
    };
    let precise = || {
        track::Entity::find()
            .filter(track::Column::GenreId.eq(1))
            .filter(track::Column::UnitPrice.eq(0))
            .cached()
    };
    miss!(precise().all(&db));
    for genre in 1..=3 {
        miss!(free(genre).all(&db));
    }
    reprice(&db, 1, 149).await;
    hit!(precise().all(&db));
    miss!(free(1).all(&db));
    hit!(free(2).all(&db));

    // By the value that it had, and by the one that it has.
    regenre(&db, 1, 2).await;
    miss!(free(1).all(&db));
    miss!(free(2).all(&db));
    hit!(free(3).all(&db));

    let new = track::ActiveModel {
        name: Set("New".into()),
        album_id: Set(None),
        genre_id: Set(3),
        unit_price: Set(1),
        ..Default::default()
    };
    let new = new.insert(&db).await.unwrap();
    miss!(free(3).all(&db));
    hit!(free(1).all(&db));
    new.delete(&db).await.unwrap();
    miss!(free(3).all(&db));
    hit!(free(2).all(&db));

    // What the answer is made of is not forgotten.
    reprice(&db, 2, 0).await;
    assert_eq!(miss!(free(1).all(&db)).len(), 1);
    assert_eq!(miss!(precise().all(&db)).len(), 1);
}

/// Reads that differ in what else they ask for have one shape, and a write bumps one tag for all.
#[tokio::test]
async fn cb5_reads_that_listen_together_make_writes_cheaper() {
    async fn bumped(listening: bool) -> usize {
        let Shop {
            db,
            folder: _folder,
        } = Shop::open().await;
        let rock = || track::Entity::find().filter(track::Column::GenreId.eq(1));
        let reads = [
            rock(),
            rock().filter(track::Column::UnitPrice.eq(99)),
            rock().filter(track::Column::AlbumId.eq(1)),
            rock()
                .filter(track::Column::AlbumId.eq(1))
                .filter(track::Column::UnitPrice.eq(99)),
        ];
        for read in reads {
            let read = read.cached();
            let read = match listening {
                true => read.on(track::Column::GenreId),
                false => read,
            };
            miss!(read.clone().all(&db));
            miss!(read.clone().count(&db));
        }
        let (_, queries) = trace::scope(reprice(&db, 1, 149)).await;
        queries.iter().map(|query| query.bumped.len()).sum()
    }
    let (precise, listening) = (bumped(false).await, bumped(true).await);
    // "Any row" and the one shape.
    assert_eq!(listening, 2);
    assert!(precise > 5, "{precise}");
}

#[tokio::test]
async fn cb5_it_listens_across_relations() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let of_album = || {
        track::Entity::find()
            .inner_join(album::Entity)
            .filter(album::Column::Id.eq(1))
            .filter(track::Column::UnitPrice.eq(99))
            .cached()
    };
    // The join gives the track's column the album's value.
    let by_track = || of_album().on(track::Column::AlbumId);
    let by_both = || of_album().on((track::Column::AlbumId, [album::Column::Id]));
    let by_album = || of_album().on(album::Column::Id);
    let by_title = || of_album().on(album::Column::Title);
    miss!(by_track().all(&db));
    miss!(by_both().all(&db));
    miss!(by_album().all(&db));
    miss!(by_title().all(&db));

    // Of another album.
    reprice(&db, 3, 99).await;
    hit!(by_track().all(&db));
    hit!(by_both().all(&db));
    hit!(by_album().all(&db));
    // A track that leaves it.
    let single = track::ActiveModel {
        id: Unchanged(2),
        album_id: Set(None),
        ..Default::default()
    };
    single.update(&db).await.unwrap();
    assert_eq!(miss!(by_track().all(&db)).len(), 1);
    assert_eq!(miss!(by_both().all(&db)).len(), 1);
    assert_eq!(miss!(by_album().all(&db)).len(), 1);

    // No title is given, so any album counts.
    miss!(by_title().all(&db));
    let quiet = album::ActiveModel {
        id: Unchanged(2),
        title: Set("Quieter".into()),
    };
    quiet.update(&db).await.unwrap();
    hit!(by_track().all(&db));
    hit!(by_both().all(&db));
    hit!(by_album().all(&db));
    miss!(by_title().all(&db));
}

#[tokio::test]
async fn cb5_an_alternative_without_a_value_listens_to_any_row() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let either = || {
        let rock = track::Column::GenreId.eq(1);
        track::Entity::find()
            .filter(rock.or(track::Column::AlbumId.eq(2)))
            .cached()
    };
    let by_genre = || either().on(track::Column::GenreId);
    let by_each = || {
        either()
            .on(track::Column::GenreId)
            .on(track::Column::AlbumId)
    };
    miss!(by_genre().all(&db));
    miss!(by_each().all(&db));
    // Neither.
    reprice(&db, 4, 1).await;
    miss!(by_genre().all(&db));
    hit!(by_each().all(&db));
    // The second.
    reprice(&db, 3, 1).await;
    miss!(by_genre().all(&db));
    miss!(by_each().all(&db));
    let told = by_genre().explain(&db).await.unwrap();
    assert_eq!(told.tags, ["track(; *)"]);
    let told = told.widened.join("; ");
    assert!(told.contains("listened to by (genre_id)"), "{told}");
}

#[tokio::test]
async fn cb5_subqueries_and_negations_miss_nothing() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let albums = || {
        let cheap = Query::select()
            .column(track::Column::AlbumId)
            .from(track::Entity)
            .and_where(track::Column::GenreId.eq(1))
            .and_where(track::Column::UnitPrice.eq(99))
            .to_owned();
        album::Entity::find()
            .filter(album::Column::Id.in_subquery(cheap))
            .order_by_asc(album::Column::Id)
            .cached()
            .on(track::Column::GenreId)
    };
    assert_eq!(miss!(albums().all(&db)).len(), 1);
    reprice(&db, 4, 1).await;
    hit!(albums().all(&db));
    for track in [1, 2] {
        reprice(&db, track, 1).await;
        miss!(albums().all(&db));
    }
    assert!(albums().all(&db).await.unwrap().is_empty());
    regenre(&db, 3, 1).await;
    reprice(&db, 3, 99).await;
    assert_eq!(miss!(albums().all(&db))[0].id, 2);

    let others = || {
        track::Entity::find()
            .filter(track::Column::GenreId.ne(1))
            .cached()
            .on(track::Column::GenreId)
    };
    miss!(others().all(&db));
    reprice(&db, 1, 5).await;
    miss!(others().all(&db));
}

/// A table of which no column is named is as precise as ever, and one that is not read is passed over.
#[tokio::test]
async fn cb5_other_tables_stay_precise() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let one = || {
        genre::Entity::find_by_id(1)
            .cached()
            .on(track::Column::GenreId)
    };
    miss!(one().one(&db));
    reprice(&db, 1, 5).await;
    let jazz = genre::ActiveModel {
        id: Unchanged(2),
        name: Set("Blues".into()),
    };
    jazz.update(&db).await.unwrap();
    hit!(one().one(&db));
    let told = one().explain(&db).await.unwrap().widened;
    assert_eq!(
        told,
        ["track is listened to, and is no part of what is read"]
    );
}
