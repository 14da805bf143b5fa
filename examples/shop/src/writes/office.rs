//! What the back office changes.

use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, prelude::*};

use crate::{
    entities::{genre, track},
    trace,
};

/// What the back office may change of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackEdit {
    /// The name.
    pub name: String,
    /// Who wrote it, where known.
    pub composer: Option<String>,
    /// The price.
    pub unit_price_cents: i32,
}

/// Changes a track. False if there is no such track.
///
/// # Errors
///
/// When the database refuses.
pub async fn edit_track(
    db: &impl ConnectionTrait,
    id: i32,
    edit: TrackEdit,
) -> Result<bool, DbErr> {
    trace::query("edit the track", async {
        let Some(track) = track::Entity::find_by_id(id).one(db).await? else {
            return Ok(false);
        };
        let mut track = track.into_active_model();
        // Equal values stay unchanged, so that only what differs is written.
        track.name.set_if_not_equals(edit.name);
        track.composer.set_if_not_equals(edit.composer);
        track
            .unit_price_cents
            .set_if_not_equals(edit.unit_price_cents);
        track.update(db).await?;
        Ok(true)
    })
    .await
}

/// Moves a track to another genre. False if there is no such track or genre.
///
/// # Errors
///
/// When the database refuses.
pub async fn move_track(db: &impl ConnectionTrait, id: i32, genre_id: i32) -> Result<bool, DbErr> {
    trace::query("move the track", async {
        let genre = genre::Entity::find_by_id(genre_id).one(db).await?;
        let track = track::Entity::find_by_id(id).one(db).await?;
        let (Some(genre), Some(track)) = (genre, track) else {
            return Ok(false);
        };
        let mut track = track.into_active_model();
        track.genre_id = Set(genre.id);
        track.update(db).await?;
        Ok(true)
    })
    .await
}

/// Gives every track of a genre one price. Gives how many there are.
///
/// # Errors
///
/// When the database refuses.
pub async fn reprice_genre(
    db: &impl ConnectionTrait,
    genre_id: i32,
    unit_price_cents: i32,
) -> Result<u64, DbErr> {
    trace::query("re-price the genre", async {
        track::Entity::update_many()
            .col_expr(track::Column::UnitPriceCents, Expr::value(unit_price_cents))
            .filter(track::Column::GenreId.eq(genre_id))
            .exec(db)
            .await
    })
    .await
    .map(|result| result.rows_affected)
}
