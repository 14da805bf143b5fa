//! That a track stands in a playlist.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// That a track stands in a playlist.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "playlist_track")]
pub struct Model {
    /// The playlist.
    #[sea_orm(primary_key, auto_increment = false)]
    pub playlist_id: i32,
    /// The track.
    #[sea_orm(primary_key, auto_increment = false)]
    pub track_id: i32,
    /// Relation.
    #[sea_orm(belongs_to, from = "playlist_id", to = "id")]
    pub playlist: BelongsTo<super::playlist::Entity>,
    /// Relation.
    #[sea_orm(belongs_to, from = "track_id", to = "id")]
    pub track: BelongsTo<super::track::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
