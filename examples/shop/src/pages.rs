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
mod sign_in;
mod tracks;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::request::Parts,
    middleware,
    routing::{get, post},
};

use larder_dashboard::Dashboard;
use larder_report::Reporting;
use larder_tower::RequestScopeLayer;

use crate::{database::Db, frame::frame, keeper::Keeper};

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
    /// Who may look behind the pages.
    pub keeper: Arc<Keeper>,
}

/// All pages of a shop whose answers are kept in the store of this name, and at `/cache` the cache's own:
/// for whoever has told the keeper the word, under these names of the machine or, without any, under
/// those that it has for itself.
pub fn with_cache(
    db: Db,
    store: &str,
    keeper: Keeper,
    reporting: &Reporting,
    hosts: &[String],
) -> Router {
    let keeper = Arc::new(keeper);
    let asked = keeper.clone();
    let authorise = move |request: Parts| {
        let access = asked.access(&request.headers);
        async { access }
    };
    let dashboard = Dashboard::new(reporting, authorise)
        .sign_in_at("/office/sign-in")
        .allow_trees()
        .allow_everything()
        .auditor(|act| eprintln!("shop: {} {}: {:?}", act.who, act.what, act.outcome));
    let dashboard = hosts.iter().fold(dashboard, Dashboard::host);
    // Beside the shop's pages, not among them: it has a frame and guards of its own.
    router(db, store, keeper).nest("/cache", dashboard.router())
}

/// All pages of a shop whose answers are kept in the store of this name.
pub fn router(db: Db, store: &str, keeper: Arc<Keeper>) -> Router {
    let shop = Shop {
        db,
        store: store.into(),
        style: assets::style_path().into(),
        keeper,
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
        .route("/office/sign-in", get(sign_in::show).post(sign_in::enter))
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
