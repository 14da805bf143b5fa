//! Artists.

use std::sync::Arc;

use larder_sea_orm::{CachedEntity, CachedExt, CachedModel, CachedRead};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, JoinType, QueryOrder,
    QuerySelect, RelationTrait, Select, prelude::*,
};
use serde::{Deserialize, Serialize};

use super::{PAGE_ROWS, Page, wording};
use crate::{
    entities::{album, artist},
    trace,
};

/// An artist with the number of albums.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct ArtistWithCount {
    /// Its id.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// How many albums the shop has.
    pub albums: i64,
}

fn named(part: &str, backend: DbBackend) -> Select<artist::Entity> {
    let select = artist::Entity::find();
    if part.is_empty() {
        select
    } else {
        select.filter(wording::contains(artist::Column::Name, part, backend))
    }
}

/// How many artists there are whose name contains `part`.
pub async fn count(db: &(impl CachedRead + ConnectionTrait), part: &str) -> Result<u64, DbErr> {
    trace::query("number of artists", async {
        named(part, db.get_database_backend())
            .cached()
            .count(db)
            .await
    })
    .await
}

/// One page of the artists whose name contains `part`.
pub async fn page(
    db: &(impl CachedRead + ConnectionTrait),
    part: &str,
    page: Page,
) -> Result<Arc<Vec<ArtistWithCount>>, DbErr> {
    trace::query("artists with their albums counted", async {
        named(part, db.get_database_backend())
            .join(JoinType::LeftJoin, artist::Relation::Album.def())
            .column_as(album::Column::Id.count(), "albums")
            .group_by(artist::Column::Id)
            .order_by_asc(artist::Column::Name)
            .order_by_asc(artist::Column::Id)
            .limit(PAGE_ROWS)
            .offset(page.offset())
            .into_model::<ArtistWithCount>()
            .cached()
            .all(db)
            .await
    })
    .await
}

/// One artist.
pub async fn one(db: &impl CachedRead, id: i32) -> Result<Option<Arc<artist::Model>>, DbErr> {
    trace::query("the artist", async {
        artist::Entity::cached(db).get(id).await
    })
    .await
}

/// The artist of an album: the row that [`one`] gives, kept once.
pub async fn of_album(
    db: &impl CachedRead,
    album: &album::Model,
) -> Result<Option<Arc<artist::Model>>, DbErr> {
    trace::query("the artist", async {
        album.cached(db).related(artist::Entity).one().await
    })
    .await
}
