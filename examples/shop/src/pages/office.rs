//! The back office: editing a track, moving it, re-pricing a genre.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Form, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Shop,
    request::{self, Fields, Id, field},
};
use crate::{
    entities::{genre, track},
    error::Error,
    format::{Money, parse_price, plural, price_field},
    frame::{Section, View},
    kept::Change,
    queries::{self, genres::GenreWithCount},
    writes::{self, office::TrackEdit},
};

/// The longest name or composer that a track may have.
const NAME_CHARS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "office.html")]
struct Office {
    genres: Arc<Vec<GenreWithCount>>,
    notice: Option<String>,
    problem: Option<&'static str>,
    /// The form as it was sent.
    genre: String,
    price: String,
}

async fn view(
    shop: &Shop,
    fields: &Fields,
    notice: Option<String>,
    problem: Option<&'static str>,
) -> Result<View, Error> {
    let office = Office {
        genres: queries::genres::with_counts(&shop.db).await?,
        notice,
        problem,
        genre: field(fields, "genre").to_owned(),
        price: field(fields, "price").to_owned(),
    };
    View::new(Section::Office, "Back office", &office)
}

pub(crate) async fn show(
    State(shop): State<Shop>,
    Query(fields): Query<Fields>,
) -> Result<View, Error> {
    // After a change the browser is sent back here with what was done.
    let notice = match (
        request::id(&fields, "repriced"),
        request::id(&fields, "genre"),
        request::id(&fields, "cents"),
    ) {
        (Some(count), Some(genre), Some(cents)) if count >= 0 => {
            let genre = queries::genres::one(&shop.db, genre).await?;
            let name = genre.as_ref().map_or("that genre", |genre| &genre.name);
            Some(format!(
                "{} of {name} now cost {} each.",
                plural(count.unsigned_abs().into(), "track"),
                Money(cents.into())
            ))
        }
        _ => None,
    };
    view(&shop, &Fields::new(), notice, None).await
}

pub(crate) async fn reprice(
    State(shop): State<Shop>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let genre = match request::id(&fields, "genre") {
        Some(id) => queries::genres::one(&shop.db, id).await?,
        None => None,
    };
    let problem = match (genre, parse_price(field(&fields, "price"))) {
        (Some(genre), Ok(cents)) => {
            let genre_id = genre.id;
            let count = writes::make(&shop.db, Change::Catalogue, |db| async move {
                writes::office::reprice_genre(&db, genre_id, cents).await
            })
            .await?;
            let back = format!("/office?repriced={count}&genre={genre_id}&cents={cents}");
            return Ok(Redirect::to(&back).into_response());
        }
        (None, _) => "Choose a genre from the list.",
        (_, Err(problem)) => problem,
    };
    let view = view(&shop, &fields, None, Some(problem)).await?;
    Ok(view
        .status(StatusCode::UNPROCESSABLE_ENTITY)
        .into_response())
}

#[derive(Template)]
#[template(path = "office_track.html")]
struct OfficeTrack<'a> {
    track: &'a track::Model,
    genres: Arc<Vec<genre::Model>>,
    name: String,
    composer: String,
    price: String,
    saved: bool,
    problems: Vec<(&'static str, &'static str)>,
}

impl OfficeTrack<'_> {
    fn problem(&self, name: &str) -> Option<&'static str> {
        self.problems
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, problem)| *problem)
    }
}

fn no_track() -> Error {
    Error::missing("track")
}

pub(crate) async fn track(
    State(shop): State<Shop>,
    Id(id): Id,
    Query(fields): Query<Fields>,
) -> Result<View, Error> {
    let track = queries::tracks::one(&shop.db, id)
        .await?
        .ok_or_else(no_track)?;
    let template = OfficeTrack {
        track: &track,
        genres: queries::genres::all(&shop.db).await?,
        name: track.name.clone(),
        composer: track.composer.clone().unwrap_or_default(),
        price: price_field(track.unit_price_cents),
        saved: fields.contains_key("saved"),
        problems: Vec::new(),
    };
    View::new(Section::Office, format!("Edit {}", track.name), &template)
}

pub(crate) async fn edit(
    State(shop): State<Shop>,
    Id(id): Id,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let [name, composer, price] = ["name", "composer", "price"].map(|name| field(&fields, name));
    let mut problems = Vec::new();
    if name.is_empty() {
        problems.push(("name", "A track needs a name."));
    }
    for (field, text) in [("name", name), ("composer", composer)] {
        if text.chars().count() > NAME_CHARS_MAX {
            problems.push((field, "Shorter, please: at most 200 letters."));
        }
        if !request::is_text(text) {
            problems.push((field, "Letters, please."));
        }
    }
    let cents = parse_price(price)
        .map_err(|problem| problems.push(("price", problem)))
        .ok();
    if let (Some(unit_price_cents), []) = (cents, &problems[..]) {
        let composer = (!composer.is_empty()).then(|| composer.to_owned());
        let edit = TrackEdit {
            name: name.to_owned(),
            composer,
            unit_price_cents,
        };
        let found = writes::make(&shop.db, Change::Catalogue, |db| async move {
            writes::office::edit_track(&db, id, edit).await
        });
        return match found.await? {
            true => Ok(saved(id)),
            false => Err(no_track()),
        };
    }
    let track = queries::tracks::one(&shop.db, id)
        .await?
        .ok_or_else(no_track)?;
    let template = OfficeTrack {
        track: &track,
        genres: queries::genres::all(&shop.db).await?,
        name: name.to_owned(),
        composer: composer.to_owned(),
        price: price.to_owned(),
        saved: false,
        problems,
    };
    let view = View::new(Section::Office, format!("Edit {}", track.name), &template)?;
    Ok(view
        .status(StatusCode::UNPROCESSABLE_ENTITY)
        .into_response())
}

pub(crate) async fn move_track(
    State(shop): State<Shop>,
    Id(id): Id,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let no_genre = || Error::Invalid("Choose a genre from the list.".to_owned());
    let genre_id = request::id(&fields, "genre").ok_or_else(no_genre)?;
    let moved = writes::make(&shop.db, Change::Catalogue, |db| async move {
        writes::office::move_track(&db, id, genre_id).await
    });
    match moved.await? {
        true => Ok(saved(id)),
        false => Err(no_genre()),
    }
}

fn saved(id: i32) -> Response {
    Redirect::to(&format!("/office/tracks/{id}?saved=1")).into_response()
}
