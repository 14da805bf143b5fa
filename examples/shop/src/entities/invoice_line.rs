//! One track on an invoice, at the price of that day.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One track on an invoice, at the price of that day.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "invoice_line")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// The invoice.
    pub invoice_id: i32,
    /// The track.
    pub track_id: i32,
    /// Price in cents.
    pub unit_price_cents: i32,
    /// How many.
    pub quantity: i32,
    /// Relation.
    #[sea_orm(belongs_to, from = "invoice_id", to = "id")]
    pub invoice: BelongsTo<super::invoice::Entity>,
    /// Relation.
    #[sea_orm(belongs_to, from = "track_id", to = "id")]
    pub track: BelongsTo<super::track::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
