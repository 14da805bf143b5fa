//! The visitor's basket.

use larder_sea_orm::{CachedExt, CachedRead};
use sea_orm::{DbErr, EntityTrait, FromQueryResult, QuerySelect, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{entities::basket_line, trace};

#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
struct Quantity {
    quantity: Option<i64>,
}

/// How many tracks are in a basket: what every page's head shows.
pub async fn count(db: &impl CachedRead, basket: &str) -> Result<i64, DbErr> {
    let sum = trace::query("number of tracks in the basket", async {
        basket_line::Entity::find()
            .select_only()
            .column_as(basket_line::Column::Quantity.sum(), "quantity")
            .filter(basket_line::Column::Basket.eq(basket))
            .into_model::<Quantity>()
            .cached()
            .one(db)
            .await
    })
    .await?;
    Ok(sum
        .as_ref()
        .as_ref()
        .and_then(|sum| sum.quantity)
        .unwrap_or_default())
}
