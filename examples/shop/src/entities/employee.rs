//! Someone who works for the shop.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Someone who works for the shop.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "employee")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key)]
    pub id: i32,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Position.
    pub title: String,
    /// The manager, if any.
    pub reports_to_id: Option<i32>,
    /// Date of birth.
    pub birth_date: Date,
    /// First day at the shop.
    pub hire_date: Date,
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
    /// Relation.
    #[sea_orm(self_ref, relation_enum = "Manager", from = "reports_to_id", to = "id")]
    pub manager: HasOne<Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
