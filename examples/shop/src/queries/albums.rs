//! Albums.

use std::sync::Arc;

use larder_sea_orm::{CachedEntity, CachedExt, CachedRead};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, QueryOrder, QuerySelect,
    RelationTrait, prelude::*,
};
use serde::{Deserialize, Serialize};

use super::wording;
use crate::{
    entities::{album, track},
    format::{Length, plural},
    trace,
};

/// An album with the number and the length of its tracks.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct AlbumWithLength {
    /// Its id.
    pub id: i32,
    /// Its title.
    pub title: String,
    /// How many tracks the shop has of it.
    pub tracks: i64,
    /// How long they are together.
    pub milliseconds: Option<i64>,
}

impl AlbumWithLength {
    /// How many tracks, for people.
    pub fn count(&self) -> String {
        plural(self.tracks.unsigned_abs(), "track")
    }

    /// How long, for people.
    pub fn length(&self) -> Length {
        Length(self.milliseconds.unwrap_or_default())
    }
}

/// One album.
pub async fn one(db: &impl CachedRead, id: i32) -> Result<Option<Arc<album::Model>>, DbErr> {
    trace::query("the album", async {
        album::Entity::cached(db).get(id).await
    })
    .await
}

/// The albums of an artist by title.
pub async fn of_artist(
    db: &(impl CachedRead + ConnectionTrait),
    artist_id: i32,
) -> Result<Arc<Vec<AlbumWithLength>>, DbErr> {
    trace::query("albums of the artist", async {
        album::Entity::find()
            .join(JoinType::LeftJoin, album::Relation::Track.def())
            .column_as(track::Column::Id.count(), "tracks")
            .column_as(
                wording::sum(track::Column::Milliseconds, db.get_database_backend()),
                "milliseconds",
            )
            .filter(album::Column::ArtistId.eq(artist_id))
            .group_by(album::Column::Id)
            .order_by_asc(album::Column::Title)
            .into_model::<AlbumWithLength>()
            .cached()
            .all(db)
            .await
    })
    .await
}
