//! The front page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::Shop;
use crate::{
    error::Error,
    format::Count,
    frame::{Section, View},
    queries::{
        self,
        genres::GenreWithCount,
        playlists::PlaylistWithCount,
        tracks::{BestSeller, Search},
    },
};

/// How many tracks the list of best sellers shows.
const BEST_SELLERS: u64 = 8;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    tracks: Count,
    artists: Count,
    genres: Arc<Vec<GenreWithCount>>,
    best_sellers: Arc<Vec<BestSeller>>,
    playlists: Arc<Vec<PlaylistWithCount>>,
}

pub(crate) async fn show(State(shop): State<Shop>) -> Result<View, Error> {
    let home = Home {
        tracks: Count(queries::tracks::count(&shop.db, &Search::default()).await?),
        artists: Count(queries::artists::count(&shop.db, "").await?),
        genres: queries::genres::with_counts(&shop.db).await?,
        best_sellers: queries::tracks::best_sellers(&shop.db, BEST_SELLERS).await?,
        playlists: queries::playlists::with_counts(&shop.db).await?,
    };
    View::new(Section::Home, "Welcome", &home)
}
