//! Tracks: the search and one of them.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
};

use super::{
    Shop,
    pager::Pager,
    request::{self, Fields, Id, field},
};
use crate::{
    entities::{genre, playlist},
    error::Error,
    format::{parse_length, parse_price, plural},
    frame::{Section, View},
    queries::{
        self, Page,
        tracks::{Search, Sort, TrackDetail, TrackRow},
    },
};

/// The search form as it was sent, and what is wrong with it.
struct SearchForm<'a> {
    fields: &'a Fields,
    problems: Vec<(&'static str, &'static str)>,
}

impl<'a> SearchForm<'a> {
    /// Reads the form; what makes no sense becomes a sentence beside its field.
    fn read(fields: &'a Fields) -> (SearchForm<'a>, Search) {
        let mut form = SearchForm {
            fields,
            problems: Vec::new(),
        };
        let name = field(fields, "q");
        if name.chars().count() > request::SEARCH_CHARS_MAX {
            form.problems
                .push(("q", "Shorter, please: at most 100 letters."));
        }
        let search = Search {
            name: name.to_owned(),
            genre_id: form.number("genre", |text| {
                text.parse().map_err(|_| "Choose a genre from the list.")
            }),
            price_cents_min: form.number("from", parse_price),
            price_cents_max: form.number("to", parse_price),
            milliseconds_min: form.number("shortest", parse_length),
            milliseconds_max: form.number("longest", parse_length),
            sort: Sort::ALL
                .into_iter()
                .find(|sort| sort.word() == field(fields, "sort"))
                .unwrap_or_default(),
        };
        if matches!((search.price_cents_min, search.price_cents_max), (Some(low), Some(high)) if low > high)
        {
            form.problems
                .push(("to", "This is below the lowest price."));
        }
        if matches!((search.milliseconds_min, search.milliseconds_max), (Some(low), Some(high)) if low > high)
        {
            form.problems
                .push(("longest", "This is below the shortest length."));
        }
        (form, search)
    }

    fn number(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<i32, &'static str>,
    ) -> Option<i32> {
        match field(self.fields, name) {
            "" => None,
            text => parse(text)
                .map_err(|problem| self.problems.push((name, problem)))
                .ok(),
        }
    }

    fn value(&self, name: &str) -> &str {
        field(self.fields, name)
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
struct Tracks<'a> {
    form: SearchForm<'a>,
    genres: Arc<Vec<genre::Model>>,
    sorts: [Sort; 5],
    tracks: Arc<Vec<TrackRow>>,
    pager: Pager,
}

impl Tracks<'_> {
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
    Query(fields): Query<Fields>,
) -> Result<View, Error> {
    let (form, search) = SearchForm::read(&fields);
    let page = request::page(&fields)?;
    let genres = queries::genres::all(&shop.db).await?;
    if !form.problems.is_empty() {
        let pager = Pager::new(0, Page::FIRST, "/tracks", &[])?;
        let tracks = Tracks {
            form,
            genres,
            sorts: Sort::ALL,
            tracks: Arc::default(),
            pager,
        };
        return Ok(View::new(Section::Tracks, "Tracks", &tracks)?.status(StatusCode::BAD_REQUEST));
    }
    let names = ["q", "genre", "from", "to", "shortest", "longest", "sort"];
    let kept = names.map(|name| (name, field(&fields, name)));
    let total = queries::tracks::count(&shop.db, &search).await?;
    let pager = Pager::new(total, page, "/tracks", &kept)?;
    let tracks = queries::tracks::page(&shop.db, &search, page).await?;
    let template = Tracks {
        form,
        genres,
        sorts: Sort::ALL,
        tracks,
        pager,
    };
    View::new(Section::Tracks, template.heading(), &template)
}

#[derive(Template)]
#[template(path = "track.html")]
struct Track<'a> {
    track: &'a TrackDetail,
    sold: i64,
    playlists: Arc<Vec<playlist::Model>>,
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
    View::new(
        Section::Tracks,
        &track.row.name,
        &Track {
            track: &track,
            sold,
            playlists,
        },
    )
}
