//! One purchase, billed to where the customer lived then.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One purchase, billed to where the customer lived then.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "invoice")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// Who bought.
    pub customer_id: i32,
    /// When.
    pub invoice_date: DateTimeUtc,
    /// Street and number billed.
    pub billing_address: String,
    /// Town billed.
    pub billing_city: String,
    /// State or province billed.
    pub billing_state: Option<String>,
    /// Country billed.
    pub billing_country: String,
    /// Postal code billed.
    pub billing_postal_code: Option<String>,
    /// Sum of the lines, in cents.
    pub total_cents: i32,
    /// Relation.
    #[sea_orm(belongs_to, from = "customer_id", to = "id")]
    pub customer: BelongsTo<super::customer::Entity>,
    /// Relation.
    #[sea_orm(has_many)]
    pub lines: HasMany<super::invoice_line::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
