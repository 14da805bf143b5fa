//! Who recorded an album.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Who recorded an album.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "artist")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// Shown name.
    pub name: String,
    /// Relation.
    #[sea_orm(has_many)]
    pub albums: HasMany<super::album::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
