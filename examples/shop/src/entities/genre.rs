//! A kind of music; every track is of one.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A kind of music; every track is of one.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "genre")]
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
