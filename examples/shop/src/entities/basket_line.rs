//! One track that a visitor is about to buy.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One track that a visitor is about to buy.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "basket_line")]
pub struct Model {
    /// The visitor's cookie.
    #[sea_orm(primary_key, auto_increment = false)]
    pub basket: String,
    /// The track.
    #[sea_orm(primary_key, auto_increment = false)]
    pub track_id: i32,
    /// How many.
    pub quantity: i32,
    /// Relation.
    #[sea_orm(belongs_to, from = "track_id", to = "id")]
    pub track: BelongsTo<super::track::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
