//! The list of genres.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::Shop;
use crate::{
    error::Error,
    frame::{Section, View},
    queries::{self, genres::GenreWithCount},
};

#[derive(Template)]
#[template(path = "genres.html")]
struct Genres {
    genres: Arc<Vec<GenreWithCount>>,
}

pub(crate) async fn list(State(shop): State<Shop>) -> Result<View, Error> {
    let genres = queries::genres::with_counts(&shop.db).await?;
    View::new(Section::Genres, "Genres", &Genres { genres })
}
