//! What requests carry: the id in a path, the fields of a query or a form.

use std::collections::HashMap;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use crate::{error::Error, kept::search::SEARCH_CHARS_MAX, queries::Page};

/// The id in a path such as `/tracks/7`.
pub(crate) struct Id(pub(crate) i32);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let nothing = || Error::NotFound("There is nothing at this address.".to_owned());
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| nothing())?;
        text.parse().map(Id).map_err(|_| nothing())
    }
}

/// The fields of a query or a form, by name.
pub(crate) type Fields = HashMap<String, String>;

/// A field without the spaces around it; empty if it is not there.
pub(crate) fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", |value| value.trim())
}

/// An id in a form.
pub(crate) fn id(fields: &Fields, name: &str) -> Option<i32> {
    field(fields, name).parse().ok()
}

/// The `page` of a query; the first if none is named.
pub(crate) fn page(fields: &Fields) -> Result<Page, Error> {
    match field(fields, "page") {
        "" => Ok(Page::FIRST),
        text => text
            .parse()
            .ok()
            .and_then(Page::new)
            .ok_or_else(|| Error::Invalid("Pages are counted 1, 2, 3 and so on.".to_owned())),
    }
}

/// The text that a search looks for.
pub(crate) fn search(fields: &Fields) -> Result<String, Error> {
    let text = field(fields, "q");
    if text.chars().count() > SEARCH_CHARS_MAX {
        return Err(Error::Invalid(format!(
            "A search takes at most {SEARCH_CHARS_MAX} letters."
        )));
    }
    if !is_text(text) {
        return Err(Error::Invalid("A search takes letters.".to_owned()));
    }
    Ok(text.to_owned())
}

/// Whether every database can hold it: to some, text ends at a NUL.
pub(crate) fn is_text(text: &str) -> bool {
    !text.contains('\0')
}
