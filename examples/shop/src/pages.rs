//! The shop's pages, one file a subject.

mod albums;
mod artists;
mod assets;
mod basket;
mod customers;
mod genres;
mod guard;
mod health;
mod home;
mod office;
mod pager;
mod playlists;
mod request;
mod tracks;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};

use larder_tower::RequestScopeLayer;

use crate::{database::Db, frame::frame};

/// The longest form that the shop reads.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// What every handler needs.
#[derive(Clone)]
pub struct Shop {
    /// The database.
    pub db: Db,
    /// Where the style sheet is, with its version.
    pub style: Arc<str>,
    /// Where answers are kept, as pages say it.
    pub store: Arc<str>,
}

/// All pages of a shop whose answers are kept in the store of this name.
pub fn router(db: Db, store: &str) -> Router {
    let shop = Shop {
        db,
        store: store.into(),
        style: assets::style_path().into(),
    };
    Router::new()
        .route("/", get(home::show))
        .route("/genres", get(genres::list))
        .route("/artists", get(artists::list))
        .route("/artists/{id}", get(artists::show))
        .route("/albums/{id}", get(albums::show))
        .route("/tracks", get(tracks::search))
        .route("/tracks/{id}", get(tracks::show))
        .route("/playlists", get(playlists::list))
        .route("/playlists/{id}", get(playlists::show))
        .route("/customers", get(customers::list))
        .route("/customers/{id}", get(customers::show))
        .route("/invoices/{id}", get(customers::invoice))
        .route("/basket", get(basket::show))
        .route("/basket/add", post(basket::add))
        .route("/basket/set", post(basket::set))
        .route("/basket/checkout", post(basket::checkout))
        .route("/office", get(office::show))
        .route("/office/tracks/{id}", get(office::track).post(office::edit))
        .route("/office/tracks/{id}/genre", post(office::move_track))
        .route("/office/reprice", post(office::reprice))
        .route("/health", get(health::show))
        .route("/style.css", get(assets::style))
        .route("/favicon.svg", get(assets::icon))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn(guard::same_origin))
        .layer(middleware::from_fn_with_state(shop.clone(), frame))
        // The outermost: head and foot read within the scope, too.
        .layer(RequestScopeLayer::new(shop.db.cache()))
        .with_state(shop)
}
