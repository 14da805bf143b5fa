//! What is read again and again: each read by way of the cache, and beside it.

use larder_sea_orm::{Cached, CachedConnection, CachedExt, CachedTransaction, Stored};
use sea_orm::{DatabaseConnection, DbErr, Statement};

use crate::shop::BACKEND;

/// By key, by value, by range, over joins, in sums. The order of the rows is told.
const TEXTS: [&str; 14] = [
    "SELECT * FROM track WHERE id = 1",
    "SELECT name, unit_price FROM track WHERE id = 2",
    "SELECT id FROM track WHERE id IN (3, 4, 5) ORDER BY id",
    "SELECT * FROM track WHERE genre_id = 1 ORDER BY id",
    "SELECT id, unit_price FROM track WHERE genre_id = 2 ORDER BY id",
    "SELECT id FROM track WHERE genre_id = 3 ORDER BY id",
    "SELECT id FROM track WHERE unit_price > 100 ORDER BY id",
    "SELECT count(*) FROM track WHERE album_id = 1",
    "SELECT id FROM track WHERE album_id IS NULL ORDER BY id",
    "SELECT t.id, g.name FROM track t JOIN genre g ON g.id = t.genre_id WHERE t.genre_id = 1 ORDER BY t.id",
    "SELECT g.id, count(t.id) FROM genre g LEFT JOIN track t ON t.genre_id = g.id GROUP BY g.id ORDER BY g.id",
    "SELECT name FROM genre WHERE id = 2",
    "SELECT * FROM album ORDER BY id",
    "SELECT a.title FROM album a WHERE EXISTS (SELECT 1 FROM track t WHERE t.album_id = a.id) ORDER BY a.id",
];

type Rows = Vec<Vec<Stored>>;

/// The reads, and a connection that knows what is true.
pub(super) struct Reads {
    beside: DatabaseConnection,
}

impl Reads {
    pub(super) const COUNT: usize = TEXTS.len();

    pub(super) fn new(beside: DatabaseConnection) -> Reads {
        Reads { beside }
    }

    fn statement(place: usize) -> Statement {
        Statement::from_string(BACKEND, TEXTS[place])
    }

    fn cached(place: usize) -> Cached<Statement> {
        Reads::statement(place).cached()
    }

    /// What the cache answers now, whatever that is.
    pub(super) async fn kept(db: &CachedConnection, place: usize) -> Result<Rows, DbErr> {
        Ok(Reads::cached(place).rows(db).await?.rows.clone())
    }

    /// Nothing is being committed: the cache answers what the database answers.
    pub(super) async fn check(&self, db: &CachedConnection, place: usize) -> Result<(), String> {
        let told = |error: DbErr| error.to_string();
        let kept = Reads::kept(db, place).await.map_err(told)?;
        let fresh = larder_sea_orm::raw_rows(&self.beside, Reads::statement(place));
        let fresh = fresh.await.map_err(told)?.rows;
        differ(place, "outside", &kept, &fresh)
    }

    /// A cached read in a transaction answers what the transaction sees.
    pub(super) async fn check_within(
        transaction: &CachedTransaction,
        place: usize,
    ) -> Result<(), String> {
        // A transaction that an error has spoilt answers nothing.
        let Ok(kept) = Reads::cached(place).rows(transaction).await else {
            return Ok(());
        };
        let fresh = larder_sea_orm::raw_rows(transaction, Reads::statement(place));
        let fresh = fresh.await.map_err(|error| error.to_string())?;
        differ(place, "in a transaction", &kept.rows, &fresh.rows)
    }
}

fn differ(place: usize, how: &str, kept: &Rows, fresh: &Rows) -> Result<(), String> {
    match kept == fresh {
        true => Ok(()),
        false => Err(format!(
            "{} {how}\ncached {kept:?}\nfresh {fresh:?}",
            TEXTS[place]
        )),
    }
}
