//! Forms as axum hands them over.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use larder::{Cache, FormError};

use super::{Runs, Search};

async fn by_form(request: Request, cache: &Cache, runs: &Runs) -> Response {
    match Form::<Search>::from_request(request, &()).await {
        Ok(Form(search)) => answer(&search, cache, runs).await,
        Err(refused) => refused.into_response(),
    }
}

async fn by_json(request: Request, cache: &Cache, runs: &Runs) -> Response {
    match Json::<Search>::from_request(request, &()).await {
        Ok(Json(search)) => answer(&search, cache, runs).await,
        Err(refused) => refused.into_response(),
    }
}

/// What a handler does with a form.
async fn answer(search: &Search, cache: &Cache, runs: &Runs) -> Response {
    match search.hits(cache, runs).await {
        Ok(hits) => hits.into_response(),
        Err(FormError::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        Err(FormError::Failed(_)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn request(kind: &str, body: &str) -> Request {
    Request::post("/search")
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body.to_owned()))
        .expect("the request is well formed")
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
    String::from_utf8(body.expect("a short body").to_vec()).expect("text")
}

#[tokio::test]
async fn bc30_a_form_that_axum_hands_over_is_cached_by_its_clean_data() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    let form = |body: &str| request("application/x-www-form-urlencoded", body);
    let json = |body: &str| request("application/json", body);
    let first = by_form(form("text=+Abba&page=1"), &cache, &runs).await;
    assert_eq!(text(first).await, "abba/1/7");
    let second = by_json(json(r#"{"text": "ABBA", "page": 1}"#), &cache, &runs).await;
    assert_eq!(text(second).await, "abba/1/7");
    assert_eq!(runs.so_far(), 1);
    let refused = by_form(form("text=++"), &cache, &runs).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused = by_json(json(r#"{"text": ""}"#), &cache, &runs).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(runs.so_far(), 1);
}
