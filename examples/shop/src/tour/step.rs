//! The steps of the walk: each looks at something, or changes something.

use larder_sea_orm::CachedRead;
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    ConnectionTrait, DbBackend, DbErr, Statement, TransactionSession, TransactionTrait,
    prelude::*,
};

use crate::{
    entities::track,
    format::{Count, Money, plural},
    queries::{self, Page, tracks::Search},
    writes,
};

/// The basket of whoever walks.
const BASKET: &str = "00000000000000000000000000000000";

/// One step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Looks at the list of genres.
    Genres,
    /// Searches for tracks of this name, cheap and not long.
    Search(&'static str),
    /// Looks at a track's page.
    Track(i32),
    /// Looks at how often a track was sold.
    Sales(i32),
    /// Looks at how many tracks a genre has.
    TrackCount(i32),
    /// Looks at a customer's page.
    Customer(i32),
    /// Looks at an artist's page.
    Artist(i32),
    /// Looks at the last page of the artists.
    LastArtists,
    /// Many visitors look at it at once.
    Crowd(usize),
    /// Gives a track a price.
    Price(i32, i32),
    /// Moves a track to a genre.
    Move(i32, i32),
    /// Gives all tracks of a genre a price.
    Reprice(i32, i32),
    /// Makes a genre free and takes it back.
    RolledBack(i32),
    /// Buys tracks for a customer.
    Buy(i32, &'static [i32]),
    /// Renames an artist by SQL text.
    Rename(i32, &'static str),
}

impl Step {
    /// Whether it changes anything.
    pub(super) fn writes(self) -> bool {
        use Step::{Buy, Move, Price, Rename, Reprice, RolledBack};

        matches!(
            self,
            Price(..) | Move(..) | Reprice(..) | RolledBack(_) | Buy(..) | Rename(..)
        )
    }

    /// Looks, and tells in a line what there was to see.
    pub(super) async fn look(
        self,
        db: &(impl CachedRead + ConnectionTrait),
    ) -> Result<String, DbErr> {
        Ok(match self {
            Step::Genres => {
                let genres = queries::genres::with_counts(db).await?;
                let largest = genres.iter().max_by_key(|genre| genre.tracks);
                let jazz = genres.iter().find(|genre| genre.id == super::JAZZ);
                let (largest, jazz) = largest.zip(jazz).ok_or_else(nothing)?;
                format!(
                    "{} genres; {} is the largest with {} tracks; {} costs {}",
                    genres.len(),
                    largest.name,
                    largest.count(),
                    jazz.name,
                    jazz.prices()
                )
            }
            Step::Search(name) => {
                let search = Search {
                    name: name.to_owned(),
                    price_cents_max: Some(100),
                    milliseconds_min: Some(120_000),
                    milliseconds_max: Some(240_000),
                    ..Search::default()
                };
                let count = queries::tracks::count(db, &search).await?;
                let tracks = queries::tracks::page(db, &search, Page::FIRST).await?;
                match tracks.first() {
                    Some(track) => format!("{}, first {}", plural(count, "track"), track.name),
                    None => "no track".to_owned(),
                }
            }
            Step::Track(id) => {
                let track = queries::tracks::detail(db, id).await?.ok_or_else(nothing)?;
                let sold = queries::tracks::sold(db, id).await?;
                let playlists = queries::playlists::of_track(db, id).await?;
                format!(
                    "{} by {}, {}, {}; sold {}; in {}",
                    track.row.name,
                    track.row.artist,
                    track.row.genre,
                    track.row.price(),
                    times(sold),
                    plural(playlists.len() as u64, "playlist")
                )
            }
            Step::Sales(id) => format!("sold {}", times(queries::tracks::sold(db, id).await?)),
            Step::TrackCount(id) => plural(queries::genres::track_count(db, id).await?, "track"),
            Step::Customer(id) => {
                let found = queries::customers::one(db, id).await?.ok_or_else(nothing)?;
                let invoices = queries::invoices::of_customer(db, id).await?;
                let spent = invoices
                    .iter()
                    .map(|invoice| i64::from(invoice.total_cents))
                    .sum();
                let (customer, _) = &*found;
                format!(
                    "{} {}: {}, {} in all",
                    customer.first_name,
                    customer.last_name,
                    plural(invoices.len() as u64, "invoice"),
                    Money(spent)
                )
            }
            Step::Artist(id) => {
                let artist = queries::artists::one(db, id).await?.ok_or_else(nothing)?;
                let albums = queries::albums::of_artist(db, id).await?;
                format!("{}, {}", artist.name, plural(albums.len() as u64, "album"))
            }
            Step::LastArtists | Step::Crowd(_) => {
                let page = Page::new(11).ok_or_else(nothing)?;
                let artists = queries::artists::page(db, "", page).await?;
                let (first, last) = artists.first().zip(artists.last()).ok_or_else(nothing)?;
                format!("{} to {}", first.name, last.name)
            }
            Step::Price(..)
            | Step::Move(..)
            | Step::Reprice(..)
            | Step::RolledBack(_)
            | Step::Buy(..)
            | Step::Rename(..) => return Err(nothing()),
        })
    }

    /// Changes something, and tells in a line what was done.
    pub(super) async fn write(
        self,
        db: &(impl ConnectionTrait + TransactionTrait),
    ) -> Result<String, DbErr> {
        Ok(match self {
            Step::Price(id, cents) => {
                let track = track::ActiveModel {
                    id: Unchanged(id),
                    unit_price_cents: Set(cents),
                    ..Default::default()
                };
                track.update(db).await?;
                "one row, found by its key".to_owned()
            }
            Step::Move(id, genre_id) => {
                writes::office::move_track(db, id, genre_id).await?;
                "one row, found by its key".to_owned()
            }
            Step::Reprice(genre_id, cents) => {
                let rows = writes::office::reprice_genre(db, genre_id, cents).await?;
                format!("{} rows by one UPDATE", Count(rows))
            }
            Step::RolledBack(genre_id) => {
                let transaction = db.begin().await?;
                let rows = writes::office::reprice_genre(&transaction, genre_id, 0).await?;
                transaction.rollback().await?;
                format!("{} rows by one UPDATE, and back", Count(rows))
            }
            Step::Buy(customer_id, tracks) => {
                for &track in tracks {
                    writes::basket::add(db, BASKET, track).await?;
                }
                let moment = DateTimeUtc::from_timestamp(1_767_225_600, 0).ok_or_else(nothing)?;
                let invoice = writes::checkout::checkout(db, BASKET, customer_id, moment)
                    .await
                    .map_err(|error| DbErr::Custom(error.to_string()))?;
                format!("invoice {invoice} with {} lines", tracks.len())
            }
            Step::Rename(id, name) => {
                let backend = db.get_database_backend();
                let sql = match backend {
                    DbBackend::Postgres => "UPDATE artist SET name = $1 WHERE id = $2",
                    _ => "UPDATE artist SET name = ? WHERE id = ?",
                };
                let statement =
                    Statement::from_sql_and_values(backend, sql, [name.into(), id.into()]);
                let done = db.execute_raw(statement).await?;
                plural(done.rows_affected(), "row")
            }
            _ => return Err(nothing()),
        })
    }
}

fn times(count: i64) -> String {
    plural(count.unsigned_abs(), "time")
}

fn nothing() -> DbErr {
    DbErr::Custom("there is nothing to see".to_owned())
}
