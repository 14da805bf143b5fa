//! Tracks: the search, the lists of other pages, one track.

use std::sync::Arc;

use larder_sea_orm::{CachedExt, CachedRead};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, JoinType, Order,
    QueryOrder, QuerySelect, RelationTrait, Select, prelude::*,
};
use serde::{Deserialize, Serialize};

use super::{PAGE_ROWS, Page, wording};
use crate::{
    entities::{album, artist, genre, invoice_line, media_type, playlist_track, track},
    format::{Length, Money},
    trace,
};

/// A track as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct TrackRow {
    /// Its id.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Its album.
    pub album_id: i32,
    /// The album's title.
    pub album: String,
    /// Its artist.
    pub artist_id: i32,
    /// The artist's name.
    pub artist: String,
    /// Its genre.
    pub genre_id: i32,
    /// The genre's name.
    pub genre: String,
    /// Its length.
    pub milliseconds: i32,
    /// Its price.
    pub unit_price_cents: i32,
}

impl TrackRow {
    /// Its length, for people.
    pub fn length(&self) -> Length {
        Length(self.milliseconds.into())
    }

    /// Its price, for people.
    pub fn price(&self) -> Money {
        Money(self.unit_price_cents.into())
    }
}

/// In which order a search shows its tracks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// The cheapest first.
    Cheapest,
    /// The dearest first.
    Dearest,
    /// The shortest first.
    Shortest,
    /// The longest first.
    Longest,
}

impl Sort {
    /// All orders, as a form offers them.
    pub const ALL: [Sort; 5] = [
        Sort::Name,
        Sort::Cheapest,
        Sort::Dearest,
        Sort::Shortest,
        Sort::Longest,
    ];

    /// Its name in an address.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Name => "name",
            Sort::Cheapest => "cheapest",
            Sort::Dearest => "dearest",
            Sort::Shortest => "shortest",
            Sort::Longest => "longest",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Sort::Name => "By name",
            Sort::Cheapest => "Cheapest first",
            Sort::Dearest => "Dearest first",
            Sort::Shortest => "Shortest first",
            Sort::Longest => "Longest first",
        }
    }

    fn column(self) -> (track::Column, Order) {
        match self {
            Sort::Name => (track::Column::Name, Order::Asc),
            Sort::Cheapest => (track::Column::UnitPriceCents, Order::Asc),
            Sort::Dearest => (track::Column::UnitPriceCents, Order::Desc),
            Sort::Shortest => (track::Column::Milliseconds, Order::Asc),
            Sort::Longest => (track::Column::Milliseconds, Order::Desc),
        }
    }
}

/// What a visitor looks for; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Part of the name; empty for any.
    pub name: String,
    /// The genre.
    pub genre_id: Option<i32>,
    /// The lowest price.
    pub price_cents_min: Option<i32>,
    /// The highest price.
    pub price_cents_max: Option<i32>,
    /// The shortest length.
    pub milliseconds_min: Option<i32>,
    /// The longest length.
    pub milliseconds_max: Option<i32>,
    /// In which order.
    pub sort: Sort,
}

impl Search {
    fn condition(&self, backend: DbBackend) -> Condition {
        use track::Column::{GenreId, Milliseconds, Name, UnitPriceCents};

        let named = || wording::contains(Name, &self.name, backend);
        Condition::all()
            .add_option((!self.name.is_empty()).then(named))
            .add_option(self.genre_id.map(|id| GenreId.eq(id)))
            .add_option(self.price_cents_min.map(|cents| UnitPriceCents.gte(cents)))
            .add_option(self.price_cents_max.map(|cents| UnitPriceCents.lte(cents)))
            .add_option(self.milliseconds_min.map(|length| Milliseconds.gte(length)))
            .add_option(self.milliseconds_max.map(|length| Milliseconds.lte(length)))
    }
}

/// Tracks with the names of what they belong to.
fn rows() -> Select<track::Entity> {
    track::Entity::find()
        .select_only()
        .columns([
            track::Column::Id,
            track::Column::Name,
            track::Column::AlbumId,
            track::Column::GenreId,
            track::Column::Milliseconds,
            track::Column::UnitPriceCents,
        ])
        .column_as(album::Column::Title, "album")
        .column(album::Column::ArtistId)
        .column_as(artist::Column::Name, "artist")
        .column_as(genre::Column::Name, "genre")
        .join(JoinType::InnerJoin, track::Relation::Album.def())
        .join(JoinType::InnerJoin, album::Relation::Artist.def())
        .join(JoinType::InnerJoin, track::Relation::Genre.def())
}

/// How many tracks a search finds.
pub async fn count(
    db: &(impl CachedRead + ConnectionTrait),
    search: &Search,
) -> Result<u64, DbErr> {
    trace::query("number of tracks found", async {
        track::Entity::find()
            // One column: a count that names them all depends on all of them.
            .select_only()
            .column(track::Column::Id)
            .filter(search.condition(db.get_database_backend()))
            .cached()
            .count(db)
            .await
    })
    .await
}

/// One page of what a search finds.
pub async fn page(
    db: &(impl CachedRead + ConnectionTrait),
    search: &Search,
    page: Page,
) -> Result<Arc<Vec<TrackRow>>, DbErr> {
    let (column, order) = search.sort.column();
    trace::query("tracks found", async {
        rows()
            .filter(search.condition(db.get_database_backend()))
            .order_by(column, order)
            .order_by_asc(track::Column::Id)
            .limit(PAGE_ROWS)
            .offset(page.offset())
            .into_model::<TrackRow>()
            .cached()
            .all(db)
            .await
    })
    .await
}

/// The tracks of an album, in its order.
pub async fn of_album(db: &impl CachedRead, album_id: i32) -> Result<Arc<Vec<TrackRow>>, DbErr> {
    trace::query("tracks of the album", async {
        rows()
            .filter(track::Column::AlbumId.eq(album_id))
            .order_by_asc(track::Column::Id)
            .into_model::<TrackRow>()
            .cached()
            .all(db)
            .await
    })
    .await
}

/// One page of a playlist.
pub async fn of_playlist(
    db: &impl CachedRead,
    playlist_id: i32,
    page: Page,
) -> Result<Arc<Vec<TrackRow>>, DbErr> {
    trace::query("tracks of the playlist", async {
        rows()
            .join_rev(JoinType::InnerJoin, playlist_track::Relation::Track.def())
            .filter(playlist_track::Column::PlaylistId.eq(playlist_id))
            .order_by_asc(track::Column::Name)
            .order_by_asc(track::Column::Id)
            .limit(PAGE_ROWS)
            .offset(page.offset())
            .into_model::<TrackRow>()
            .cached()
            .all(db)
            .await
    })
    .await
}

/// A track with everything that its own page tells.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct TrackDetail {
    /// What lists show too.
    #[sea_orm(nested)]
    pub row: TrackRow,
    /// Who wrote it, where known.
    pub composer: Option<String>,
    /// What kind of file it is.
    pub media_type: String,
    /// How large the file is.
    pub bytes: i64,
}

impl TrackDetail {
    /// The size of the file, for people.
    pub fn size(&self) -> String {
        format!("{:.1} MB", self.bytes as f64 / 1_000_000.0)
    }
}

/// One track with everything that its own page tells.
pub async fn detail(db: &impl CachedRead, id: i32) -> Result<Option<Arc<TrackDetail>>, DbErr> {
    trace::query("the track", async {
        rows()
            .column(track::Column::Composer)
            .column(track::Column::Bytes)
            .column_as(media_type::Column::Name, "media_type")
            .join(JoinType::InnerJoin, track::Relation::MediaType.def())
            .filter(track::Column::Id.eq(id))
            .into_model::<TrackDetail>()
            .cached()
            .one(db)
            .await
    })
    .await
}

/// One track as its table has it: what the back office edits.
pub async fn one(db: &impl CachedRead, id: i32) -> Result<Option<Arc<track::Model>>, DbErr> {
    trace::query("the track's own row", async {
        track::Entity::find_by_id(id).cached().one(db).await
    })
    .await
}

#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
struct Sold {
    quantity: Option<i64>,
}

/// How often a track was sold.
pub async fn sold(db: &(impl CachedRead + ConnectionTrait), id: i32) -> Result<i64, DbErr> {
    let quantity = wording::sum(invoice_line::Column::Quantity, db.get_database_backend());
    let sold = trace::query("how often the track was sold", async {
        invoice_line::Entity::find()
            .select_only()
            .column_as(quantity, "quantity")
            .filter(invoice_line::Column::TrackId.eq(id))
            .into_model::<Sold>()
            .cached()
            .one(db)
            .await
    })
    .await?;
    Ok(sold
        .as_ref()
        .as_ref()
        .and_then(|sold| sold.quantity)
        .unwrap_or_default())
}

/// A track with how often it was sold.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct BestSeller {
    /// The track.
    #[sea_orm(nested)]
    pub row: TrackRow,
    /// How often it was sold.
    pub sold: i64,
}

/// The tracks that sold most.
pub async fn best_sellers(
    db: &(impl CachedRead + ConnectionTrait),
    how_many: u64,
) -> Result<Arc<Vec<BestSeller>>, DbErr> {
    let sold = wording::sum(invoice_line::Column::Quantity, db.get_database_backend());
    trace::query("tracks that sold most", async {
        rows()
            .join_rev(JoinType::InnerJoin, invoice_line::Relation::Track.def())
            .column_as(sold, "sold")
            .group_by(track::Column::Id)
            .group_by(album::Column::Id)
            .group_by(artist::Column::Id)
            .group_by(genre::Column::Id)
            .order_by_desc(invoice_line::Column::Quantity.sum())
            .order_by_asc(track::Column::Name)
            .order_by_asc(track::Column::Id)
            .limit(how_many)
            .into_model::<BestSeller>()
            .cached()
            .all(db)
            .await
    })
    .await
}

/// Tracks by their ids, by name.
pub async fn of_ids(db: &impl CachedRead, ids: &[i32]) -> Result<Arc<Vec<TrackRow>>, DbErr> {
    if ids.is_empty() {
        return Ok(Arc::default());
    }
    trace::query("tracks by their ids", async {
        rows()
            .filter(track::Column::Id.is_in(ids.iter().copied()))
            .order_by_asc(track::Column::Name)
            .order_by_asc(track::Column::Id)
            .into_model::<TrackRow>()
            .cached()
            .all(db)
            .await
    })
    .await
}
