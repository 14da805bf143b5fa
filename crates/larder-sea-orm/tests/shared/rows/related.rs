//! AC-10 to AC-12: rows by relation, beside what SeaORM loads.

use std::sync::Arc;

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedEntity, CachedExt, CachedModel};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    ModelTrait, QueryFilter, QueryOrder, QuerySelect, Related, Set,
};

use crate::asked::counted;
use crate::entity::{album, playlist, playlist_track, track};
use crate::fleet::{Fleet, Server};
use crate::{hit, miss};

async fn a_track(db: &CachedConnection, id: i32) -> track::Model {
    let track = track::Entity::find_by_id(id).one(db).await;
    track.unwrap().expect("a track")
}

async fn an_album(db: &CachedConnection, id: i32) -> album::Model {
    let album = album::Entity::find_by_id(id).one(db).await;
    album.unwrap().expect("an album")
}

/// The tracks of something, by name, the last first.
async fn tracks<T>(db: &CachedConnection, of: &T) -> Result<Arc<Vec<track::Model>>, DbErr>
where
    T: ModelTrait + Sync,
    T::Entity: Related<track::Entity>,
{
    let tracks = of.cached(db).related(track::Entity);
    tracks.order_by_desc(track::Column::Name).all().await
}

/// The same, from SeaORM.
async fn plain<T>(db: &CachedConnection, of: &T) -> Vec<track::Model>
where
    T: ModelTrait + Sync,
    T::Entity: Related<track::Entity>,
{
    let tracks = of.find_related(track::Entity);
    tracks
        .order_by_desc(track::Column::Name)
        .all(db)
        .await
        .unwrap()
}

#[tokio::test]
async fn ac10_the_row_that_it_belongs_to_is_the_row_by_its_key() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let fast = a_track(&db, 1).await;
        let album = || fast.cached(&db).related(album::Entity);
        let plain = fast.find_related(album::Entity).one(&db).await.unwrap();
        assert_eq!(miss!(album().one()).as_deref(), plain.as_ref());
        hit!(album::Entity::cached(&db).get(1));
        assert_eq!(miss!(album().all()).len(), 1);
        assert_eq!(miss!(album().count()), 1);
        assert!(miss!(album().exists()));
    }
}

#[tokio::test]
async fn ac10_ac11_the_rows_that_belong_to_it_in_the_order_that_is_said() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        let (restless, quiet, empty) = (
            an_album(&db, 1).await,
            an_album(&db, 2).await,
            an_album(&db, 3).await,
        );
        let both = async |hits: [bool; 3]| {
            for (album, hit) in [&restless, &quiet, &empty].into_iter().zip(hits) {
                let listed = match hit {
                    true => hit!(tracks(&other, album)),
                    false => miss!(tracks(&other, album)),
                };
                assert_eq!(*listed, plain(&db, album).await, "{}", album.title);
            }
        };
        both([false; 3]).await;
        both([true; 3]).await;

        // Saved: its list only.
        let mut fast = a_track(&db, 1).await.into_active_model();
        fast.name = Set("Aaa".to_owned());
        let fast = fast.update(&db).await.unwrap();
        assert_eq!(tracks(&db, &restless).await.unwrap().last(), Some(&fast));
        both([true, true, true]).await;

        // Moved: both lists.
        let mut fast = fast.into_active_model();
        fast.album_id = Set(Some(3));
        let fast = fast.update(&db).await.unwrap();
        both([false, true, false]).await;

        // To none, and from none.
        let mut fast = fast.into_active_model();
        fast.album_id = Set(None);
        let fast = fast.update(&db).await.unwrap();
        both([true, true, false]).await;
        let mut fast = fast.into_active_model();
        fast.album_id = Set(Some(2));
        let fast = fast.update(&db).await.unwrap();
        both([true, false, true]).await;

        // Deleted, and created.
        fast.clone().delete(&db).await.unwrap();
        both([true, false, true]).await;
        fast.into_active_model()
            .reset_all()
            .insert(&db)
            .await
            .unwrap();
        both([true, false, true]).await;
    }
}

#[tokio::test]
async fn ac10_ac11_links_from_either_side() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        let lists = playlist::Entity::find().all(&db).await.unwrap();
        let [morning, night] = &lists[..] else {
            panic!("two playlists")
        };
        let blue = a_track(&db, 3).await;
        let of_track = async |db: &CachedConnection| {
            let lists = blue.cached(db).related(playlist::Entity);
            lists.order_by_asc(playlist::Column::Id).all().await
        };
        let agree = async || {
            for list in &lists {
                assert_eq!(*tracks(&other, list).await.unwrap(), plain(&db, list).await);
                hit!(tracks(&db, list));
            }
            let lists = blue.find_related(playlist::Entity);
            let lists = lists.order_by_asc(playlist::Column::Id);
            assert_eq!(
                *of_track(&other).await.unwrap(),
                lists.all(&db).await.unwrap()
            );
            hit!(of_track(&db));
        };
        agree().await;

        let link = |playlist_id, track_id| playlist_track::ActiveModel {
            playlist_id: Set(playlist_id),
            track_id: Set(track_id),
        };
        // Another track's link concerns this list, and not the other track's lists.
        link(2, 1).insert(&db).await.unwrap();
        hit!(of_track(&other));
        hit!(tracks(&other, morning));
        assert_eq!(miss!(tracks(&other, night)).len(), 2);
        agree().await;
        link(1, 3).delete(&db).await.unwrap();
        agree().await;
        link(1, 3).insert(&db).await.unwrap();
        agree().await;
        // A linked row that changes, from either side.
        let mut renamed = blue.clone().into_active_model();
        renamed.name = Set("Bluer".to_owned());
        renamed.update(&db).await.unwrap();
        agree().await;
        let mut renamed = night.clone().into_active_model();
        renamed.name = Set("Late".to_owned());
        renamed.update(&db).await.unwrap();
        agree().await;
        // Cleared.
        let links = playlist_track::Entity::delete_many();
        let links = links.filter(playlist_track::Column::PlaylistId.eq(1));
        links.exec(&db).await.unwrap();
        agree().await;
        assert!(tracks(&db, morning).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn ac12_a_null_asks_nothing_and_keeps_nothing() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let loud = a_track(&db, 4).await;
        assert_eq!(loud.album_id, None);
        let inserts = || -> u64 { db.cache().stats().iter().map(|group| group.inserts).sum() };
        let before = (db.statements(), inserts());
        let album = || loud.cached(&db).related(album::Entity);
        let (one, outcomes, _) = counted(album().one()).await;
        assert_eq!((one, outcomes), (None, Vec::<Outcome>::new()));
        assert!(album().all().await.unwrap().is_empty());
        assert_eq!(album().count().await, Ok(0));
        assert_eq!(album().exists().await, Ok(false));
        assert_eq!((db.statements(), inserts()), before);
        let plain = loud.find_related(album::Entity).one(&db).await.unwrap();
        assert_eq!(plain, None);
    }
}

/// A related select goes on as any other.
#[tokio::test]
async fn ac10_a_related_select_is_a_select() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let restless = an_album(&db, 1).await;
        let tracks = || restless.cached(&db).related(track::Entity);
        let cheap = || tracks().filter(track::Column::UnitPrice.lt(100));
        let names = || {
            let names = cheap()
                .order_by_asc(track::Column::Name)
                .limit(1)
                .select_only();
            names.column(track::Column::Name).into_tuple::<String>()
        };
        assert_eq!(*miss!(names().all()), ["Fast"]);
        assert_eq!(miss!(cheap().count()), 2);
        // It is the query that it looks like.
        miss!(tracks().all());
        hit!(
            track::Entity::find()
                .filter(track::Column::AlbumId.eq(1))
                .cached()
                .all(&db)
        );
    }
}

/// A relation with a condition of its own, which may speak of either table.
#[tokio::test]
async fn ac10_ac11_relations_with_conditions() {
    use sea_orm::RelationTrait as _;
    use sea_orm::sea_query::{Expr, ExprTrait as _, IntoCondition as _};
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let restless = an_album(&db, 1).await;
        let cheap = || {
            album::Relation::Track.def().on_condition(|_, tracks| {
                let price = Expr::col((tracks, track::Column::UnitPrice));
                price.lt(100).into_condition()
            })
        };
        let tracks = || {
            let tracks = restless.cached(&db).related_by::<track::Entity>(cheap());
            tracks.order_by_asc(track::Column::Id).all()
        };
        assert_eq!(miss!(tracks()).len(), 2);
        let dearer = "UPDATE track SET unit_price = 100 WHERE id = 2";
        db.execute_unprepared(dearer).await.unwrap();
        let left = miss!(tracks());
        assert_eq!(left.iter().map(|track| track.id).collect::<Vec<_>>(), [1]);
    }
}

/// A key of two columns, and a null in one of them.
#[tokio::test]
async fn ac10_ac12_keys_of_several_columns() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let link = || -> sea_orm::RelationDef {
            track::Entity::belongs_to(playlist_track::Entity)
                .from((track::Column::GenreId, track::Column::AlbumId))
                .to((
                    playlist_track::Column::PlaylistId,
                    playlist_track::Column::TrackId,
                ))
                .into()
        };
        let fast = a_track(&db, 1).await;
        let linked = || {
            let linked = fast
                .cached(&db)
                .related_by::<playlist_track::Entity>(link());
            linked.one()
        };
        assert!(miss!(linked()).is_some());
        hit!(playlist_track::Entity::cached(&db).get((1, 1)));
        let loud = a_track(&db, 4).await;
        let before = db.statements();
        let none = loud
            .cached(&db)
            .related_by::<playlist_track::Entity>(link());
        assert!(none.all().await.unwrap().is_empty());
        assert_eq!(db.statements(), before);
    }
}

#[tokio::test]
async fn a_relation_that_leads_elsewhere_is_an_error() {
    use sea_orm::RelationTrait as _;
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let restless = an_album(&db, 1).await;
        let elsewhere = restless
            .cached(&db)
            .related_by::<album::Entity>(album::Relation::Track.def());
        let error = elsewhere.all().await.unwrap_err().to_string();
        assert!(
            error.contains("does not lead from album to album"),
            "{error}"
        );
        db.execute_unprepared("SELECT 1").await.unwrap();
    }
}
