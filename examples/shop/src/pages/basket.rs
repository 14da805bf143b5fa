//! The basket and the way to pay.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Form, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use sea_orm::prelude::ChronoUtc;

use super::{
    Shop,
    request::{self, Fields, field},
};
use crate::{
    entities::customer,
    error::Error,
    format::{Count, Money},
    frame::{Section, View},
    kept::{self, Change},
    queries::{self, tracks::TrackRow},
    visitor,
    writes::{self, basket::QUANTITY_MAX, checkout::CheckoutError},
};

#[derive(Template)]
#[template(path = "basket.html")]
struct Basket {
    rows: Vec<BasketRow>,
    customers: Arc<Vec<customer::Model>>,
    problem: Option<String>,
    quantity_max: i32,
}

/// A track in the basket.
struct BasketRow {
    row: TrackRow,
    quantity: i32,
}

impl BasketRow {
    /// Its price times its quantity.
    fn sum(&self) -> Money {
        Money(i64::from(self.row.unit_price_cents) * i64::from(self.quantity))
    }
}

impl Basket {
    fn count(&self) -> Count {
        Count(
            self.rows
                .iter()
                .map(|row| u64::from(row.quantity.unsigned_abs()))
                .sum(),
        )
    }

    fn total(&self) -> Money {
        Money(self.rows.iter().map(|row| row.sum().0).sum())
    }
}

/// The tracks in a visitor's basket, at today's prices, by name.
async fn rows(shop: &Shop, visitor: &str) -> Result<Vec<BasketRow>, Error> {
    let basket = kept::basket::Basket::of(&shop.db, visitor).await?;
    let ids: Vec<i32> = basket.lines.iter().map(|line| line.track_id).collect();
    let tracks = queries::tracks::of_ids(&shop.db, &ids).await?;
    let quantity = |track: &TrackRow| {
        let line = basket.lines.iter().find(|line| line.track_id == track.id);
        line.map(|line| line.quantity)
    };
    let rows = tracks.iter().filter_map(|track| {
        Some(BasketRow {
            quantity: quantity(track)?,
            row: track.clone(),
        })
    });
    Ok(rows.collect())
}

async fn view(shop: &Shop, basket: Option<&str>, problem: Option<String>) -> Result<View, Error> {
    let rows = match basket {
        Some(visitor) => rows(shop, visitor).await?,
        None => Vec::new(),
    };
    let customers = if rows.is_empty() {
        Arc::default()
    } else {
        queries::customers::all(&shop.db).await?
    };
    View::new(
        Section::Basket,
        "Basket",
        &Basket {
            rows,
            customers,
            problem,
            quantity_max: QUANTITY_MAX,
        },
    )
}

pub(crate) async fn show(State(shop): State<Shop>, headers: HeaderMap) -> Result<View, Error> {
    view(&shop, visitor::basket(&headers).as_deref(), None).await
}

pub(crate) async fn add(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let no_track = || Error::missing("track");
    let track_id = request::id(&fields, "track").ok_or_else(no_track)?;
    let (basket, is_new) = match visitor::basket(&headers) {
        Some(basket) => (basket, false),
        None => (
            visitor::new_basket().map_err(|error| Error::Internal(error.to_string()))?,
            true,
        ),
    };
    let change = Change::Basket(basket.clone());
    let visitor = basket.clone();
    let added = writes::make(&shop.db, change, |db| async move {
        writes::basket::add(&db, &visitor, track_id).await
    });
    if !added.await? {
        return Err(no_track());
    }
    let mut response = Redirect::to(&came_from(&headers)).into_response();
    if is_new && let Some(cookie) = visitor::cookie(&basket) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The page of this shop that the visitor was on, so that adding a track does not lead away.
fn came_from(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let path = text(header::REFERER)
        .and_then(|referer| referer.split_once("://"))
        .and_then(|(_, rest)| rest.split_once('/'))
        .filter(|(host, _)| text(header::HOST) == Some(host))
        .map(|(_, path)| format!("/{}", path.trim_start_matches(['/', '\\'])));
    path.unwrap_or_else(|| "/basket".to_owned())
}

pub(crate) async fn set(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let basket = visitor::basket(&headers);
    let Some(quantity) =
        request::id(&fields, "quantity").filter(|count| (0..=QUANTITY_MAX).contains(count))
    else {
        let problem = format!("A quantity is a number from 0 to {QUANTITY_MAX}.");
        let view = view(&shop, basket.as_deref(), Some(problem)).await?;
        return Ok(view
            .status(StatusCode::UNPROCESSABLE_ENTITY)
            .into_response());
    };
    if let (Some(basket), Some(track_id)) = (basket, request::id(&fields, "track")) {
        let change = Change::Basket(basket.clone());
        writes::make(&shop.db, change, |db| async move {
            writes::basket::set(&db, &basket, track_id, quantity).await
        })
        .await?;
    }
    Ok(Redirect::to("/basket").into_response())
}

pub(crate) async fn checkout(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let basket = visitor::basket(&headers);
    let bought = match (basket.clone(), field(&fields, "customer").parse()) {
        (None, _) => Err(CheckoutError::EmptyBasket),
        (_, Err(_)) => Err(CheckoutError::NoSuchCustomer),
        (Some(basket), Ok(customer)) => {
            let change = Change::Sale(basket.clone());
            writes::make(&shop.db, change, |db| async move {
                writes::checkout::checkout(&db, &basket, customer, ChronoUtc::now()).await
            })
            .await
        }
    };
    match bought {
        Ok(invoice) => Ok(Redirect::to(&format!("/invoices/{invoice}")).into_response()),
        Err(CheckoutError::Database(error)) => Err(error.into()),
        Err(problem) => {
            let view = view(&shop, basket.as_deref(), Some(problem.to_string())).await?;
            Ok(view
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
    }
}
