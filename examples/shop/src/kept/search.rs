//! The search for tracks: a form that is cleaned, and cached by what remains of it.

use std::sync::Arc;

use larder::{Form, FormError, cached_form};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::catalogue;
use crate::{
    database::Db,
    format::{parse_length, parse_price, price_field},
    queries::{
        self, Page,
        tracks::{Search, Sort, TrackRow},
    },
    trace::{self, Notes},
};

/// The longest text that a search takes.
pub const SEARCH_CHARS_MAX: usize = 100;

/// The search form as a browser sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SearchForm {
    /// Part of the name.
    pub q: String,
    /// The genre's id.
    pub genre: String,
    /// The lowest price.
    pub from: String,
    /// The highest price.
    pub to: String,
    /// The shortest length.
    pub shortest: String,
    /// The longest length.
    pub longest: String,
    /// The word of a [`Sort`].
    pub sort: String,
}

/// What makes no sense: the name of a field, and a sentence for the visitor.
pub type Problems = Vec<(&'static str, &'static str)>;

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// How many tracks in all.
    pub total: u64,
    /// Those of one page.
    pub tracks: Vec<TrackRow>,
}

impl SearchForm {
    /// Its fields, by name, without the spaces around them.
    pub fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("q", &self.q),
            ("genre", &self.genre),
            ("from", &self.from),
            ("to", &self.to),
            ("shortest", &self.shortest),
            ("longest", &self.longest),
            ("sort", &self.sort),
        ]
        .map(|(name, text)| (name, text.trim()))
    }

    /// One page of what it finds.
    ///
    /// # Errors
    ///
    /// What makes no sense in the form; or the database refused.
    pub async fn find(
        &self,
        db: &Db,
        page: Page,
    ) -> Result<Arc<Found>, FormError<Problems, DbErr>> {
        trace::kept("the search", "SearchForm::found", |notes| async move {
            let found = self.found(db, page, &notes).await;
            if let Err(FormError::Invalid(_)) = found {
                notes.nothing("the form is not valid");
            }
            found
        })
        .await
    }

    /// Runs once for all forms that clean to the same, until the catalogue changes.
    #[cached_form(
        cache = db.cache(),
        ttl = "1h",
        on(self.fields().map(|(_, text)| text)),
        map(db = db.database(), page = page.number()),
        skip(notes),
        tags(catalogue(db))
    )]
    async fn found(
        &self,
        db: &Db,
        page: Page,
        notes: &Notes,
    ) -> Result<Arc<Found>, FormError<Problems, DbErr>> {
        let search = self.search();
        notes
            .load(async {
                // Large futures, which would otherwise make all around them larger still.
                let total = Box::pin(queries::tracks::count(db, &search)).await?;
                let tracks = Box::pin(queries::tracks::page(db, &search, page)).await?;
                let tracks = Arc::unwrap_or_clone(tracks);
                Ok(Arc::new(Found { total, tracks }))
            })
            .await
    }

    /// What a clean form asks for.
    fn search(&self) -> Search {
        let sort = Sort::ALL.into_iter().find(|sort| sort.word() == self.sort);
        Search {
            name: self.q.clone(),
            genre_id: self.genre.parse().ok(),
            price_cents_min: parse_price(&self.from).ok(),
            price_cents_max: parse_price(&self.to).ok(),
            milliseconds_min: parse_length(&self.shortest).ok(),
            milliseconds_max: parse_length(&self.longest).ok(),
            sort: sort.unwrap_or_default(),
        }
    }
}

impl Form for SearchForm {
    type Errors = Problems;

    fn clean(&self) -> Result<SearchForm, Problems> {
        let mut problems = Problems::new();
        let [q, genre, from, to, shortest, longest, sort] = self.fields();
        let (field, _) = q;
        if q.1.chars().count() > SEARCH_CHARS_MAX {
            problems.push((field, "Shorter, please: at most 100 letters."));
        }
        // To some databases text ends there.
        if q.1.contains('\0') {
            problems.push((field, "A search takes letters."));
        }
        let mut number = |(field, text): (&'static str, &str), read: Read, write: Write| match text
        {
            "" => String::new(),
            text => read(text).map(write).unwrap_or_else(|problem| {
                problems.push((field, problem));
                String::new()
            }),
        };
        let clean = SearchForm {
            // As the database compares them: upper and lower case are one in ASCII only.
            q: q.1.to_ascii_lowercase(),
            genre: number(genre, read_genre, |id| id.to_string()),
            from: number(from, parse_price, price_field),
            to: number(to, parse_price, price_field),
            shortest: number(shortest, parse_length, length_field),
            longest: number(longest, parse_length, length_field),
            sort: Sort::ALL
                .into_iter()
                .find(|known| known.word() == sort.1)
                .unwrap_or_default()
                .word()
                .to_owned(),
        };
        let search = clean.search();
        let is_below = |low: Option<i32>, high: Option<i32>| {
            low.zip(high).is_some_and(|(low, high)| low > high)
        };
        if is_below(search.price_cents_min, search.price_cents_max) {
            problems.push(("to", "This is below the lowest price."));
        }
        if is_below(search.milliseconds_min, search.milliseconds_max) {
            problems.push(("longest", "This is below the shortest length."));
        }
        if problems.is_empty() {
            Ok(clean)
        } else {
            Err(problems)
        }
    }
}

type Read = fn(&str) -> Result<i32, &'static str>;
type Write = fn(i32) -> String;

fn read_genre(text: &str) -> Result<i32, &'static str> {
    text.parse().map_err(|_| "Choose a genre from the list.")
}

/// A length as a form takes it.
fn length_field(milliseconds: i32) -> String {
    let seconds = milliseconds / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
