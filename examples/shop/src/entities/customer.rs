//! Someone who buys.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Someone who buys.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Company.
    pub company: Option<String>,
    /// Street and number.
    pub address: String,
    /// Town.
    pub city: String,
    /// State or province.
    pub state: Option<String>,
    /// Country.
    pub country: String,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Fax.
    pub fax: Option<String>,
    /// Mail address.
    pub email: String,
    /// The employee who looks after this customer.
    pub support_rep_id: Option<i32>,
    /// Relation.
    #[sea_orm(belongs_to, from = "support_rep_id", to = "id")]
    pub support_rep: BelongsTo<Option<super::employee::Entity>>,
    /// Relation.
    #[sea_orm(has_many)]
    pub invoices: HasMany<super::invoice::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
