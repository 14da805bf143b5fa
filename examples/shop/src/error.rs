//! Why a request was not answered with its page.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use larder::ModelError;
use sea_orm::DbErr;

use crate::frame::View;

/// Why a request was not answered with its page.
#[derive(Debug)]
pub enum Error {
    /// There is no such thing; what it was, for people.
    NotFound(String),
    /// The request makes no sense; why, for people.
    Invalid(String),
    /// The request did not come from the shop's own pages.
    Foreign,
    /// The database or a template failed.
    Internal(String),
}

impl Error {
    /// There is no such `thing` in the shop.
    pub fn missing(thing: &str) -> Error {
        Error::NotFound(format!("The shop has no such {thing}."))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Error::Internal(error.to_string())
    }
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        Error::Internal(error.to_string())
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Error::Internal(error.to_string())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, sentence) = match self {
            Error::NotFound(what) => (StatusCode::NOT_FOUND, what),
            Error::Invalid(why) => (StatusCode::BAD_REQUEST, why),
            Error::Foreign => (
                StatusCode::FORBIDDEN,
                "This form was sent from another site, so the shop has changed nothing.".to_owned(),
            ),
            Error::Internal(cause) => {
                // The visitor cannot mend it; the person who runs the shop can.
                eprintln!("shop: {cause}");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something broke on our side. Nothing was bought.".to_owned(),
                )
            }
        };
        View::error(status, sentence).into_response()
    }
}
