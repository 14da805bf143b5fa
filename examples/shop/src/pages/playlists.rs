//! Playlists: the list and one of them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};

use super::{
    Shop,
    pager::Pager,
    request::{self, Fields, Id},
};
use crate::{
    entities::playlist,
    error::Error,
    format::plural,
    frame::{Section, View},
    queries::{self, playlists::PlaylistWithCount, tracks::TrackRow},
};

#[derive(Template)]
#[template(path = "playlists.html")]
struct Playlists {
    playlists: Arc<Vec<PlaylistWithCount>>,
}

pub(crate) async fn list(State(shop): State<Shop>) -> Result<View, Error> {
    let playlists = queries::playlists::with_counts(&shop.db).await?;
    View::new(Section::Playlists, "Playlists", &Playlists { playlists })
}

#[derive(Template)]
#[template(path = "playlist.html")]
struct Playlist<'a> {
    playlist: &'a playlist::Model,
    total: String,
    tracks: Arc<Vec<TrackRow>>,
    pager: Pager,
}

pub(crate) async fn show(
    State(shop): State<Shop>,
    Id(id): Id,
    Query(fields): Query<Fields>,
) -> Result<View, Error> {
    let page = request::page(&fields)?;
    let playlist = queries::playlists::one(&shop.db, id)
        .await?
        .ok_or_else(|| Error::missing("playlist"))?;
    let total = queries::playlists::track_count(&shop.db, id).await?;
    let pager = Pager::new(total, page, &format!("/playlists/{id}"), &[])?;
    let tracks = queries::tracks::of_playlist(&shop.db, id, page).await?;
    View::new(
        Section::Playlists,
        &playlist.name,
        &Playlist {
            playlist: &playlist,
            total: plural(total, "track"),
            tracks,
            pager,
        },
    )
}
