//! Putting tracks into a basket and taking them out.

use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, DbErr, EntityTrait,
    prelude::*,
    sea_query::{ExprTrait, OnConflict, SimpleExpr},
};

use crate::{
    entities::basket_line::{Column, Entity},
    entities::{basket_line, track},
    trace,
};

/// The most copies of one track that a basket takes.
pub const QUANTITY_MAX: i32 = 99;

/// Puts one more copy of a track into a basket, up to [`QUANTITY_MAX`]. False if there is no such
/// track.
///
/// # Errors
///
/// When the database refuses.
pub async fn add(db: &impl ConnectionTrait, basket: &str, track_id: i32) -> Result<bool, DbErr> {
    let found = trace::query("is there such a track", async {
        track::Entity::find_by_id(track_id).one(db).await
    });
    if found.await?.is_none() {
        return Ok(false);
    }
    let quantity = Expr::col((Entity, Column::Quantity));
    let is_full = quantity.clone().gte(QUANTITY_MAX);
    let one_more: SimpleExpr = Expr::case(is_full, QUANTITY_MAX)
        .finally(quantity.add(1))
        .into();
    trace::query("put into the basket", async {
        Entity::insert(basket_line::ActiveModel {
            basket: Set(basket.to_owned()),
            track_id: Set(track_id),
            quantity: Set(1),
        })
        .on_conflict(
            OnConflict::columns([Column::Basket, Column::TrackId])
                .value(Column::Quantity, one_more)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await
    })
    .await?;
    Ok(true)
}

/// Sets how many copies of a track a basket holds; none takes it out.
///
/// # Errors
///
/// When the database refuses.
pub async fn set(
    db: &impl ConnectionTrait,
    basket: &str,
    track_id: i32,
    quantity: i32,
) -> Result<(), DbErr> {
    let line = Condition::all()
        .add(Column::Basket.eq(basket))
        .add(Column::TrackId.eq(track_id));
    if quantity <= 0 {
        trace::query("take out of the basket", async {
            Entity::delete_many().filter(line).exec(db).await
        })
        .await?;
    } else {
        let quantity = Ord::min(quantity, QUANTITY_MAX);
        trace::query("change the quantity", async {
            Entity::update_many()
                .col_expr(Column::Quantity, Expr::value(quantity))
                .filter(line)
                .exec(db)
                .await
        })
        .await?;
    }
    Ok(())
}
