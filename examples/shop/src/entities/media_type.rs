//! What kind of file a track is sold as.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What kind of file a track is sold as.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "media_type")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// Shown name.
    pub name: String,
    /// Relation.
    #[sea_orm(has_many)]
    pub tracks: HasMany<super::track::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
