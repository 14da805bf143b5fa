//! Genres.

use std::sync::Arc;

use larder_sea_orm::{CachedExt, CachedRead};
use sea_orm::{
    DbErr, EntityTrait, FromQueryResult, JoinType, QueryOrder, QuerySelect, RelationTrait,
    prelude::*,
};
use serde::{Deserialize, Serialize};

use crate::{
    entities::{genre, track},
    format::{Count, Money},
    trace,
};

/// A genre with what the shop has of it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct GenreWithCount {
    /// Its id.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// How many tracks are of it.
    pub tracks: i64,
    /// The lowest price among them.
    pub cheapest_cents: Option<i32>,
    /// The highest price among them.
    pub dearest_cents: Option<i32>,
}

impl GenreWithCount {
    /// How many tracks, for people.
    pub fn count(&self) -> Count {
        Count(self.tracks.unsigned_abs())
    }

    /// Its prices, for people: one, or from one to another.
    pub fn prices(&self) -> String {
        match (self.cheapest_cents, self.dearest_cents) {
            (Some(low), Some(high)) if low == high => Money(low.into()).to_string(),
            (Some(low), Some(high)) => format!("{} to {}", Money(low.into()), Money(high.into())),
            _ => "no tracks".to_owned(),
        }
    }
}

/// All genres by name, without counts: what a form offers.
pub async fn all(db: &impl CachedRead) -> Result<Arc<Vec<genre::Model>>, DbErr> {
    trace::query("names of all genres", async {
        genre::Entity::find()
            .order_by_asc(genre::Column::Name)
            .cached()
            .all(db)
            .await
    })
    .await
}

/// All genres by name with the number and the prices of their tracks.
pub async fn with_counts(db: &impl CachedRead) -> Result<Arc<Vec<GenreWithCount>>, DbErr> {
    trace::query("genres with their tracks counted", async {
        genre::Entity::find()
            .join(JoinType::LeftJoin, genre::Relation::Track.def())
            .column_as(track::Column::Id.count(), "tracks")
            .column_as(track::Column::UnitPriceCents.min(), "cheapest_cents")
            .column_as(track::Column::UnitPriceCents.max(), "dearest_cents")
            .group_by(genre::Column::Id)
            .order_by_asc(genre::Column::Name)
            .into_model::<GenreWithCount>()
            .cached()
            .all(db)
            .await
    })
    .await
}

/// One genre.
pub async fn one(db: &impl CachedRead, id: i32) -> Result<Option<Arc<genre::Model>>, DbErr> {
    trace::query("the genre", async {
        genre::Entity::find_by_id(id).cached().one(db).await
    })
    .await
}

/// How many tracks are of a genre: a count that a change of price leaves alone.
pub async fn track_count(db: &impl CachedRead, id: i32) -> Result<u64, DbErr> {
    trace::query("number of tracks of the genre", async {
        track::Entity::find()
            // One column: a count that names them all depends on all of them.
            .select_only()
            .column(track::Column::Id)
            .filter(track::Column::GenreId.eq(id))
            .cached()
            .count(db)
            .await
    })
    .await
}
