//! Artists: the list and one of them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};

use super::{
    Shop,
    pager::Pager,
    request::{self, Fields, Id},
};
use crate::{
    entities::artist,
    error::Error,
    format::plural,
    frame::{Section, View},
    queries::{self, albums::AlbumWithLength, artists::ArtistWithCount},
};

#[derive(Template)]
#[template(path = "artists.html")]
struct Artists {
    q: String,
    artists: Arc<Vec<ArtistWithCount>>,
    pager: Pager,
}

pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(fields): Query<Fields>,
) -> Result<View, Error> {
    let (q, page) = (request::search(&fields)?, request::page(&fields)?);
    let total = queries::artists::count(&shop.db, &q).await?;
    let pager = Pager::new(total, page, "/artists", &[("q", &q)])?;
    let artists = queries::artists::page(&shop.db, &q, page).await?;
    View::new(Section::Artists, "Artists", &Artists { q, artists, pager })
}

#[derive(Template)]
#[template(path = "artist.html")]
struct Artist<'a> {
    artist: &'a artist::Model,
    albums: Arc<Vec<AlbumWithLength>>,
}

impl Artist<'_> {
    fn count(&self) -> String {
        plural(self.albums.len() as u64, "album")
    }
}

pub(crate) async fn show(State(shop): State<Shop>, Id(id): Id) -> Result<View, Error> {
    let artist = queries::artists::one(&shop.db, id)
        .await?
        .ok_or_else(|| Error::missing("artist"))?;
    let albums = queries::albums::of_artist(&shop.db, id).await?;
    View::new(
        Section::Artists,
        &artist.name,
        &Artist {
            artist: &artist,
            albums,
        },
    )
}
