//! One album.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::{Shop, request::Id};
use crate::{
    entities::{album, artist},
    error::Error,
    format::{Length, Money, plural},
    frame::{Section, View},
    queries::{self, tracks::TrackRow},
};

#[derive(Template)]
#[template(path = "album.html")]
struct Album<'a> {
    album: &'a album::Model,
    artist: Option<&'a artist::Model>,
    tracks: Arc<Vec<TrackRow>>,
}

impl Album<'_> {
    fn count(&self) -> String {
        plural(self.tracks.len() as u64, "track")
    }

    fn length(&self) -> Length {
        Length(
            self.tracks
                .iter()
                .map(|track| i64::from(track.milliseconds))
                .sum(),
        )
    }

    fn price(&self) -> Money {
        Money(
            self.tracks
                .iter()
                .map(|track| i64::from(track.unit_price_cents))
                .sum(),
        )
    }
}

pub(crate) async fn show(State(shop): State<Shop>, Id(id): Id) -> Result<View, Error> {
    let album = queries::albums::one(&shop.db, id)
        .await?
        .ok_or_else(|| Error::missing("album"))?;
    let artist = queries::artists::of_album(&shop.db, &album).await?;
    let tracks = queries::tracks::of_album(&shop.db, id).await?;
    View::new(
        Section::Artists,
        &album.title,
        &Album {
            album: &album,
            artist: artist.as_deref(),
            tracks,
        },
    )
}
