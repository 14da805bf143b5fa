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
    queries::{self, tracks::BasketRow},
    visitor,
    writes::{self, basket::QUANTITY_MAX, checkout::CheckoutError},
};

#[derive(Template)]
#[template(path = "basket.html")]
struct Basket {
    rows: Arc<Vec<BasketRow>>,
    customers: Arc<Vec<customer::Model>>,
    problem: Option<String>,
    quantity_max: i32,
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

async fn view(shop: &Shop, basket: Option<&str>, problem: Option<String>) -> Result<View, Error> {
    let rows = match basket {
        Some(basket) => queries::tracks::in_basket(&shop.db, basket).await?,
        None => Arc::default(),
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
    if !writes::basket::add(&shop.db, &basket, track_id).await? {
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
        writes::basket::set(&shop.db, &basket, track_id, quantity).await?;
    }
    Ok(Redirect::to("/basket").into_response())
}

pub(crate) async fn checkout(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let basket = visitor::basket(&headers);
    let bought = match (&basket, field(&fields, "customer").parse()) {
        (None, _) => Err(CheckoutError::EmptyBasket),
        (_, Err(_)) => Err(CheckoutError::NoSuchCustomer),
        (Some(basket), Ok(customer)) => {
            writes::checkout::checkout(&shop.db, basket, customer, ChronoUtc::now()).await
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
