//! The visitor's basket: a cache model, built from the database when it is not kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use larder::{CacheModel, FromMiss, Miss, ModelError};
use sea_orm::{DatabaseConnection, DbErr, EntityTrait, QueryOrder, QueryTrait, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    database::Db,
    entities::basket_line::{Column, Entity},
    trace::{self, Notes},
};

/// What a visitor is about to buy.
///
/// Every page shows how many tracks are in it. A visitor who has chosen nothing has an empty one,
/// which is kept as well. One that could not be dropped, as the store was away, ends soon by itself.
#[derive(Clone, Debug, PartialEq, Eq, CacheModel, Serialize, Deserialize)]
#[cache(ttl = "10m", from_miss)]
pub struct Basket {
    /// The database's name, where shops with files of their own share a store.
    #[key]
    pub database: String,
    /// The visitor's cookie.
    #[key]
    pub visitor: String,
    /// The tracks, each once.
    pub lines: Vec<Line>,
}

/// One track in a basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The track.
    pub track_id: i32,
    /// How many of it.
    pub quantity: i32,
}

impl Basket {
    /// The basket of a visitor.
    ///
    /// # Errors
    ///
    /// When it is not kept and the database fails.
    pub async fn of(db: &Db, visitor: &str) -> Result<Arc<Basket>, ModelError> {
        trace::kept("the basket", "Basket::get", |notes| async move {
            let shelf = db.cache().resource::<Shelf>();
            let _waiting = shelf.map(|shelf| shelf.wait(visitor, notes));
            Basket::get(db.cache(), (db.database(), visitor)).await
        })
        .await
    }

    /// How many tracks are in it, each copy counted.
    pub fn count(&self) -> i64 {
        self.lines.iter().map(|line| i64::from(line.quantity)).sum()
    }
}

impl FromMiss for Basket {
    type Error = DbErr;

    async fn from_miss(miss: Miss<Basket>) -> Result<Option<Basket>, DbErr> {
        let (database, visitor) = (miss.keys().database.clone(), miss.keys().visitor.clone());
        let shelf: &Shelf = miss.resource();
        let select = Entity::find()
            .filter(Column::Basket.eq(&visitor))
            .order_by_asc(Column::TrackId);
        let connection = shelf.connection()?;
        let sql = select.build(connection.get_database_backend()).sql;
        let notes = shelf.notes_of(&visitor);
        let lines = notes.statement(sql, select.all(connection)).await?;
        let lines = lines.iter().map(|line| Line {
            track_id: line.track_id,
            quantity: line.quantity,
        });
        let lines = lines.collect();
        Ok(Some(Basket {
            database,
            visitor,
            lines,
        }))
    }
}

/// What baskets are built from: the cache's resource.
#[derive(Default)]
pub struct Shelf {
    /// SeaORM's own connection: the one with a cache before it holds the cache, which holds this.
    connection: OnceLock<DatabaseConnection>,
    /// The notes of pages that wait for a basket, by visitor. Never held across an await.
    waiting: Mutex<HashMap<String, Notes>>,
}

impl Shelf {
    /// From now on baskets are read through this connection.
    pub fn open(&self, connection: DatabaseConnection) {
        // A cache stands before one database, which is opened once.
        let _ = self.connection.set(connection);
    }

    fn connection(&self) -> Result<&DatabaseConnection, DbErr> {
        let closed = || DbErr::Custom("the shop's database is not open yet".to_owned());
        self.connection.get().ok_or_else(closed)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Notes>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page waits for a basket, and lists what it took to build it.
    fn wait<'a>(&'a self, visitor: &'a str, notes: Notes) -> Waiting<'a> {
        self.waiting().insert(visitor.to_owned(), notes);
        Waiting(self, visitor)
    }

    fn notes_of(&self, visitor: &str) -> Notes {
        self.waiting().get(visitor).cloned().unwrap_or_default()
    }
}

/// A page that waits for a basket.
struct Waiting<'a>(&'a Shelf, &'a str);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting().remove(self.1);
    }
}
