//! Where the shop's keeper says the word.

use askama::Template;
use axum::{
    extract::{Form, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Shop,
    request::{Fields, field},
};
use crate::{
    error::Error,
    frame::{Section, View},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    problem: Option<&'static str>,
}

pub(crate) async fn show() -> Result<View, Error> {
    View::new(Section::Office, "Sign in", &SignIn { problem: None })
}

pub(crate) async fn enter(
    State(shop): State<Shop>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    if let Some(cookie) = shop.keeper.sign_in(field(&fields, "word")) {
        return Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/cache")).into_response());
    }
    let problem = Some("That is not the word.");
    let view = View::new(Section::Office, "Sign in", &SignIn { problem })?;
    Ok(view.status(StatusCode::FORBIDDEN).into_response())
}
