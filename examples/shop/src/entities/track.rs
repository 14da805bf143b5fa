//! What the shop sells: one piece on an album.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What the shop sells: one piece on an album.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "track")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// Shown name.
    pub name: String,
    /// The album it stands on.
    pub album_id: i32,
    /// The kind of file.
    pub media_type_id: i32,
    /// The genre.
    pub genre_id: i32,
    /// Who wrote it, where known.
    pub composer: Option<String>,
    /// Length.
    pub milliseconds: i32,
    /// Size of the file.
    pub bytes: i64,
    /// Price in cents.
    pub unit_price_cents: i32,
    /// Relation.
    #[sea_orm(belongs_to, from = "album_id", to = "id")]
    pub album: BelongsTo<super::album::Entity>,
    /// Relation.
    #[sea_orm(belongs_to, from = "media_type_id", to = "id")]
    pub media_type: BelongsTo<super::media_type::Entity>,
    /// Relation.
    #[sea_orm(belongs_to, from = "genre_id", to = "id")]
    pub genre: BelongsTo<super::genre::Entity>,
    /// Relation.
    #[sea_orm(has_many, via = "playlist_track")]
    pub playlists: HasMany<super::playlist::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
