//! Tracks: the search and one of them.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
};
use larder::FormError;

use super::{
    Shop,
    pager::Pager,
    request::{self, Fields, Id},
};
use crate::{
    entities::{genre, playlist},
    error::Error,
    format::plural,
    frame::{Section, View},
    kept::{
        also_bought::also_bought,
        search::{Problems, SearchForm},
    },
    queries::{
        self, Page,
        tracks::{Sort, TrackDetail, TrackRow},
    },
};

/// The search form as it was sent, and what is wrong with it.
struct Shown {
    form: SearchForm,
    problems: Problems,
}

impl Shown {
    fn value(&self, name: &str) -> &str {
        let fields = self.form.fields();
        let field = fields.iter().find(|(field, _)| *field == name);
        field.map_or("", |(_, text)| text)
    }

    fn problem(&self, name: &str) -> Option<&'static str> {
        self.problems
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, problem)| *problem)
    }

    fn is_chosen(&self, name: &str, value: impl ToString) -> bool {
        self.value(name) == value.to_string()
    }
}

#[derive(Template)]
#[template(path = "tracks.html")]
struct Tracks {
    form: Shown,
    genres: Arc<Vec<genre::Model>>,
    sorts: [Sort; 5],
    tracks: Vec<TrackRow>,
    pager: Pager,
}

impl Tracks {
    fn heading(&self) -> String {
        let genre = self
            .genres
            .iter()
            .find(|genre| self.form.is_chosen("genre", genre.id));
        genre.map_or_else(
            || "Tracks".to_owned(),
            |genre| format!("{} tracks", genre.name),
        )
    }
}

pub(crate) async fn search(
    State(shop): State<Shop>,
    Query(form): Query<SearchForm>,
    Query(fields): Query<Fields>,
) -> Result<View, Error> {
    let page = request::page(&fields)?;
    let genres = queries::genres::all(&shop.db).await?;
    let (status, found, problems) = match form.find(&shop.db, page).await {
        Ok(found) => (StatusCode::OK, found, Problems::new()),
        Err(FormError::Invalid(problems)) => (StatusCode::BAD_REQUEST, Arc::default(), problems),
        Err(FormError::Failed(error)) => return Err(error.into()),
    };
    let page = if problems.is_empty() {
        page
    } else {
        Page::FIRST
    };
    let template = Tracks {
        pager: Pager::new(found.total, page, "/tracks", &form.fields())?,
        tracks: found.tracks.clone(),
        form: Shown { form, problems },
        genres,
        sorts: Sort::ALL,
    };
    let view = View::new(Section::Tracks, template.heading(), &template)?;
    Ok(view.status(status))
}

#[derive(Template)]
#[template(path = "track.html")]
struct Track<'a> {
    track: &'a TrackDetail,
    sold: i64,
    playlists: Arc<Vec<playlist::Model>>,
    /// What its buyers bought too, at today's prices.
    also_bought: Vec<TrackRow>,
}

impl Track<'_> {
    fn sold(&self) -> String {
        match self.sold {
            0 => "not sold yet".to_owned(),
            count => plural(count.unsigned_abs(), "copy").replace("copys", "copies"),
        }
    }
}

pub(crate) async fn show(State(shop): State<Shop>, Id(id): Id) -> Result<View, Error> {
    let track = queries::tracks::detail(&shop.db, id)
        .await?
        .ok_or_else(|| Error::missing("track"))?;
    let sold = queries::tracks::sold(&shop.db, id).await?;
    let playlists = queries::playlists::of_track(&shop.db, id).await?;
    let ids = also_bought(&shop.db, id).await?;
    let rows = queries::tracks::of_ids(&shop.db, &ids).await?;
    let row = |id: &i32| rows.iter().find(|row| row.id == *id).cloned();
    let also_bought = ids.iter().filter_map(row).collect();
    View::new(
        Section::Tracks,
        &track.row.name,
        &Track {
            track: &track,
            sold,
            playlists,
            also_bought,
        },
    )
}
