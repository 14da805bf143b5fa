//! The first start: the Chinook data.

use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};
use serde::de::DeserializeOwned;

use crate::entities::*;

/// Rows in one INSERT: well below SQLite's limit of 32,766 parameters for every table here, which is
/// the lowest of the databases'.
const ROWS_PER_INSERT: usize = 500;

const ARTISTS: &str = include_str!("../data/artist.csv");
const ALBUMS: &str = include_str!("../data/album.csv");
const GENRES: &str = include_str!("../data/genre.csv");
const MEDIA_TYPES: &str = include_str!("../data/media_type.csv");
const TRACKS: &str = include_str!("../data/track.csv");
const PLAYLISTS: &str = include_str!("../data/playlist.csv");
const PLAYLIST_TRACKS: &str = include_str!("../data/playlist_track.csv");
const EMPLOYEES: &str = include_str!("../data/employee.csv");
const CUSTOMERS: &str = include_str!("../data/customer.csv");
const INVOICES: &str = include_str!("../data/invoice.csv");
const INVOICE_LINES: &str = include_str!("../data/invoice_line.csv");

/// Fills the tables, which are empty.
///
/// # Errors
///
/// When the database refuses a statement.
pub async fn fill(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    let all = [
        ARTISTS,
        ALBUMS,
        GENRES,
        MEDIA_TYPES,
        TRACKS,
        PLAYLISTS,
        PLAYLIST_TRACKS,
        EMPLOYEES,
        CUSTOMERS,
        INVOICES,
        INVOICE_LINES,
    ];
    // Lines less the header of each file: near enough for a bar.
    let rows: usize = all.iter().map(|csv| csv.lines().count() - 1).sum();
    // Hidden by itself when nobody watches.
    let bar = ProgressBar::new(rows as u64).with_style(
        ProgressStyle::with_template("Stocking the shelves {bar:32} {pos}/{len} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );

    table::<artist::Entity>(transaction, &bar, "artists", ARTISTS).await?;
    table::<album::Entity>(transaction, &bar, "albums", ALBUMS).await?;
    table::<genre::Entity>(transaction, &bar, "genres", GENRES).await?;
    table::<media_type::Entity>(transaction, &bar, "media types", MEDIA_TYPES).await?;
    table::<track::Entity>(transaction, &bar, "tracks", TRACKS).await?;
    table::<playlist::Entity>(transaction, &bar, "playlists", PLAYLISTS).await?;
    table::<playlist_track::Entity>(transaction, &bar, "playlists", PLAYLIST_TRACKS).await?;
    table::<employee::Entity>(transaction, &bar, "employees", EMPLOYEES).await?;
    table::<customer::Entity>(transaction, &bar, "customers", CUSTOMERS).await?;
    table::<invoice::Entity>(transaction, &bar, "invoices", INVOICES).await?;
    table::<invoice_line::Entity>(transaction, &bar, "invoices", INVOICE_LINES).await?;
    bar.finish_and_clear();
    Ok(())
}

async fn table<E>(
    transaction: &DatabaseTransaction,
    bar: &ProgressBar,
    name: &'static str,
    csv: &str,
) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: DeserializeOwned + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    bar.set_message(name);
    let rows: Vec<E::Model> = csv::Reader::from_reader(csv.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| DbErr::Custom(format!("the built-in {name} are damaged: {error}")))?;
    let mut rows = rows
        .into_iter()
        .map(|row| row.into_active_model().reset_all())
        .peekable();
    while rows.peek().is_some() {
        let batch: Vec<_> = rows.by_ref().take(ROWS_PER_INSERT).collect();
        let count = batch.len() as u64;
        E::insert_many(batch)
            .exec_without_returning(transaction)
            .await?;
        bar.inc(count);
    }
    Ok(())
}
