//! Playlists.

use std::sync::Arc;

use larder_sea_orm::{CachedExt, CachedRead};
use sea_orm::{
    DbErr, EntityTrait, FromQueryResult, JoinType, QueryOrder, QuerySelect, RelationTrait,
    prelude::*,
};
use serde::{Deserialize, Serialize};

use crate::{
    entities::{playlist, playlist_track},
    format::plural,
    trace,
};

/// A playlist with the number of its tracks.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct PlaylistWithCount {
    /// Its id.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// How many tracks stand in it.
    pub tracks: i64,
}

impl PlaylistWithCount {
    /// How many tracks, for people.
    pub fn count(&self) -> String {
        plural(self.tracks.unsigned_abs(), "track")
    }
}

/// All playlists by name with their tracks counted.
pub async fn with_counts(db: &impl CachedRead) -> Result<Arc<Vec<PlaylistWithCount>>, DbErr> {
    trace::query("playlists with their tracks counted", async {
        playlist::Entity::find()
            .join_rev(JoinType::LeftJoin, playlist_track::Relation::Playlist.def())
            .column_as(playlist_track::Column::TrackId.count(), "tracks")
            .group_by(playlist::Column::Id)
            .order_by_asc(playlist::Column::Name)
            .order_by_asc(playlist::Column::Id)
            .into_model::<PlaylistWithCount>()
            .cached()
            .all(db)
            .await
    })
    .await
}

/// One playlist.
pub async fn one(db: &impl CachedRead, id: i32) -> Result<Option<Arc<playlist::Model>>, DbErr> {
    trace::query("the playlist", async {
        playlist::Entity::find_by_id(id).cached().one(db).await
    })
    .await
}

/// How many tracks stand in a playlist.
pub async fn track_count(db: &impl CachedRead, id: i32) -> Result<u64, DbErr> {
    trace::query("number of tracks in the playlist", async {
        playlist_track::Entity::find()
            .filter(playlist_track::Column::PlaylistId.eq(id))
            .cached()
            .count(db)
            .await
    })
    .await
}

/// The playlists that a track stands in.
pub async fn of_track(
    db: &impl CachedRead,
    track_id: i32,
) -> Result<Arc<Vec<playlist::Model>>, DbErr> {
    trace::query("playlists of the track", async {
        playlist::Entity::find()
            .join_rev(
                JoinType::InnerJoin,
                playlist_track::Relation::Playlist.def(),
            )
            .filter(playlist_track::Column::TrackId.eq(track_id))
            .order_by_asc(playlist::Column::Name)
            .order_by_asc(playlist::Column::Id)
            .cached()
            .all(db)
            .await
    })
    .await
}
