//! AC-13: writes that send no signal: in bulk, as text, by the database's own hand.

use larder_sea_orm::{CachedConnection, CachedEntity, CachedModel};
use sea_orm::prelude::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, Set,
};

use crate::entity::{album, playlist, playlist_track, track};
use crate::fleet::{Fleet, Server};
use crate::shop::WRITES;

/// Every row and every related list, from the cache, beside what SeaORM loads.
async fn agree(db: &CachedConnection, after: &str) {
    for _ in 0..2 {
        let ids: Vec<i32> = (1..=8).collect();
        let rows = track::Entity::cached(db)
            .get_many(ids.clone())
            .await
            .unwrap();
        for (id, row) in ids.iter().zip(rows) {
            let plain = track::Entity::find_by_id(*id).one(db).await.unwrap();
            assert_eq!(row.as_deref(), plain.as_ref(), "track {id} after {after}");
            let Some(track) = plain else { continue };
            let one = track.cached(db).related(album::Entity).one().await.unwrap();
            let plain = track.find_related(album::Entity).one(db).await.unwrap();
            assert_eq!(
                one.as_deref(),
                plain.as_ref(),
                "album of {id} after {after}"
            );
            let lists = track.cached(db).related(playlist::Entity);
            let lists = lists
                .order_by_asc(playlist::Column::Id)
                .all()
                .await
                .unwrap();
            let plain = track.find_related(playlist::Entity);
            let plain = plain
                .order_by_asc(playlist::Column::Id)
                .all(db)
                .await
                .unwrap();
            assert_eq!(*lists, plain, "playlists of {id} after {after}");
        }
        for album in album::Entity::find().all(db).await.unwrap() {
            let tracks = album.cached(db).related(track::Entity);
            let tracks = tracks.order_by_asc(track::Column::Id).all().await.unwrap();
            let plain = album.find_related(track::Entity);
            let plain = plain.order_by_asc(track::Column::Id).all(db).await.unwrap();
            assert_eq!(*tracks, plain, "tracks of album {} after {after}", album.id);
        }
        for list in playlist::Entity::find().all(db).await.unwrap() {
            let tracks = list.cached(db).related(track::Entity);
            let tracks = tracks.order_by_asc(track::Column::Id).all().await.unwrap();
            let plain = list.find_related(track::Entity);
            let plain = plain.order_by_asc(track::Column::Id).all(db).await.unwrap();
            assert_eq!(
                *tracks, plain,
                "tracks of playlist {} after {after}",
                list.id
            );
        }
    }
}

#[tokio::test]
async fn ac11_ac13_rows_and_related_rows_are_right_after_every_kind_of_write() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (writer, reader) = fleet.two().await;
        agree(&reader, "nothing").await;

        let moved = track::Entity::update_many()
            .col_expr(track::Column::AlbumId, Expr::value(3))
            .filter(track::Column::AlbumId.eq(1));
        assert_eq!(moved.exec(&writer).await.unwrap().rows_affected, 2);
        agree(&reader, "update_many").await;

        let new = |id: i32| track::ActiveModel {
            id: Set(id),
            name: Set(format!("New {id}")),
            album_id: Set(Some(2)),
            genre_id: Set(1),
            unit_price: Set(99),
        };
        let inserted = track::Entity::insert_many([new(5), new(6)]);
        inserted.exec(&writer).await.unwrap();
        agree(&reader, "insert_many").await;

        let link = |track: i32| playlist_track::ActiveModel {
            playlist_id: Set(2),
            track_id: Set(track),
        };
        let linked = playlist_track::Entity::insert_many([link(5), link(6)]);
        linked.exec(&writer).await.unwrap();
        agree(&reader, "insert_many of links").await;

        for sql in [
            "UPDATE playlist_track SET playlist_id = 1 WHERE track_id = 5",
            "UPDATE track SET name = upper(name), album_id = NULL WHERE id IN (3, 6)",
            "INSERT INTO track VALUES (7, 'Text', 1, 1, 1); DELETE FROM track WHERE id = 4",
            "UPDATE album SET title = 'Loud' WHERE id = 3",
            "UPDATE playlist SET name = 'Noon' WHERE id = 1",
        ]
        .iter()
        .chain(WRITES)
        {
            writer.execute_unprepared(sql).await.expect(sql);
            agree(&reader, sql).await;
        }

        let gone =
            playlist_track::Entity::delete_many().filter(playlist_track::Column::TrackId.eq(3));
        gone.exec(&writer).await.unwrap();
        agree(&reader, "delete_many of links").await;

        // ON DELETE SET NULL, and ON DELETE CASCADE.
        album::Entity::delete_by_id(3).exec(&writer).await.unwrap();
        agree(&reader, "a cascade that sets null").await;
        track::Entity::delete_by_id(5).exec(&writer).await.unwrap();
        agree(&reader, "a cascade over links").await;
        playlist::Entity::delete_by_id(1)
            .exec(&writer)
            .await
            .unwrap();
        agree(&reader, "a cascade from the other side").await;
    }
}
