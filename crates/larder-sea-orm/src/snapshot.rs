//! Several cached reads from one instant.
//!
//! The reads are made as any other, but strictly, and then the tags of all of them are looked at once
//! more. If each is as it was before its answer was loaded, and none is marked, all answers were
//! true at the moment when that look began:
//!
//! ```text
//!   versions of A · A loaded · versions of B · B loaded · [all tags the same, none marked]
//!                                                       ^ A and B hold here
//! ```
//! A write that was committed after A was loaded and before the look has either bumped a tag by then,
//! or its mark is still there. Versions are unique, so a tag that is as it was was never bumped.
//! Without marks the second half is missing: between a commit and its bump a load gives what is new and
//! an entry what is old, and no tag tells. That is why the reads are strict, whatever their connection is.

use std::sync::Arc;

use larder::{Cache, Entry};
use parking_lot::Mutex;
use sea_orm::DbErr;

use crate::connection::CachedConnection;
use crate::transaction::CachedTransaction;

/// So many times the reads are made with the cache. Then they are made in a transaction.
const RUNS_MAX: usize = 2;

/// What the reads of one [`snapshot`](CachedConnection::snapshot) are asked of.
#[derive(Debug)]
pub struct Snapshot(pub(crate) Way);

/// How its reads come to be of one instant.
#[derive(Debug)]
pub(crate) enum Way {
    /// They are noted, and looked at again.
    Noted(Arc<Unit>),
    /// The database sees to it.
    Alone(Arc<CachedTransaction>),
}

impl CachedConnection {
    /// Several cached reads that all show the database at one instant (level L5).
    ///
    /// `reads` is given what to ask instead of the connection. If nothing that it has read was changed
    /// meanwhile, its answers stand, and have cost what the cache charges for them and one look at their
    /// tags. If something was, it runs again, and if that happens twice it runs in one
    /// transaction of the database, past the cache. So it **may run three times**: it should do nothing
    /// but read.
    ///
    /// # What it costs
    /// Its reads are [strict](crate::Builder::strict), also on a connection that is not: writers
    /// of the tables that it reads mark them from then on. On a connection that is strict about the same tables
    /// it shares what other reads have stored; on another it has entries of its own. Where
    /// there are no strict reads (over a near tier that is kept right by pushes, on MySQL and MariaDB)
    /// it is one transaction, every time.
    ///
    /// # What it does not cover
    /// It is as good as strict reads are: against every writer whose cache is on the same store. What it
    /// asks of the connection instead, or of anything else, is not part of it. Texts that write are refused.
    ///
    /// # Errors
    /// That of `reads`, if it failed with answers from one instant; those of the transaction.
    ///
    /// # Example: a sum that adds up
    /// ```
    /// # use larder_sea_orm::sea_orm;
    /// use larder::Cache;
    /// use larder_sea_orm::{CachedConnection, CachedExt};
    /// use sea_orm::{ConnectionTrait, Database, entity::prelude::*};
    /// # mod account {
    /// #     use larder_sea_orm::sea_orm;
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    /// #     #[sea_orm(table_name = "account")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub balance: i32 }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), sea_orm::DbErr> {
    /// # let connection = Database::connect("sqlite::memory:").await?;
    /// # connection.execute_unprepared("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)").await?;
    /// # connection.execute_unprepared("INSERT INTO account VALUES (1, 30), (2, 70)").await?;
    /// let db = CachedConnection::new(connection, Cache::memory()).await?;
    ///
    /// let sum = db
    ///     .snapshot(|at| async move {
    ///         let one = account::Entity::find_by_id(1).cached().one(&at).await?;
    ///         let other = account::Entity::find_by_id(2).cached().one(&at).await?;
    ///         Ok(one.map_or(0, |one| one.balance) + other.map_or(0, |other| other.balance))
    ///     })
    ///     .await?;
    /// assert_eq!(sum, 100);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn snapshot<T, F, R>(&self, reads: F) -> Result<T, DbErr>
    where
        F: Fn(Snapshot) -> R,
        R: Future<Output = Result<T, DbErr>>,
    {
        let runs = match self.shared.can_be_strict() {
            true => RUNS_MAX,
            false => 0,
        };
        for _ in 0..runs {
            let unit = Arc::new(Unit::new(self));
            let answer = reads(Snapshot(Way::Noted(unit.clone()))).await;
            match unit.end().await {
                Ended::AtOnce | Ended::Refused => return answer,
                Ended::Torn => {}
                Ended::Unknown => break,
            }
        }
        let options = self.shared.engine.to_read_at_once();
        let transaction = CachedTransaction::begin(&self.shared, options).await?;
        let transaction = Arc::new(transaction.only_reads());
        let answer = reads(Snapshot(Way::Alone(transaction.clone()))).await;
        // Whoever still holds it keeps it open; it ends with him.
        if let Some(transaction) = Arc::into_inner(transaction) {
            transaction.rollback().await?;
        }
        answer
    }
}

/// What is said to a text that may write.
pub(crate) fn refused() -> DbErr {
    DbErr::Custom("a snapshot reads, and this text may write".to_owned())
}

/// The reads of one run, with the cache.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) connection: CachedConnection,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    /// By the caches that they are kept in: the connection's, and entities' own.
    entries: Vec<(Cache, Vec<Entry>)>,
    /// A read has an answer that no entry has.
    torn: bool,
    /// A read has an answer of which no tag tells.
    unknown: bool,
    /// A text that is no read was asked for.
    refused: bool,
}

/// What a run comes to.
#[derive(Debug, PartialEq)]
enum Ended {
    /// All answers are from one instant.
    AtOnce,
    /// They may not be. Once more.
    Torn,
    /// That cannot be told by tags.
    Unknown,
    /// It was asked for what it does not do.
    Refused,
}

impl Unit {
    fn new(connection: &CachedConnection) -> Unit {
        Unit {
            connection: connection.clone(),
            noted: Mutex::default(),
        }
    }

    /// A read was answered out of this entry, or, past all entries, by the database.
    pub(crate) fn note(&self, cache: &Cache, entry: Option<Entry>) {
        let mut noted = self.noted.lock();
        let Some(entry) = entry else {
            noted.torn = true;
            return;
        };
        let known = noted.entries.iter_mut().find(|(own, _)| own.is_same(cache));
        match known {
            Some((_, entries)) => entries.push(entry),
            None => noted.entries.push((cache.clone(), vec![entry])),
        }
    }

    /// A read was answered by the database, and is never kept.
    pub(crate) fn note_uncached(&self) {
        self.noted.lock().unknown = true;
    }

    /// A text may write: nothing of the kind is run, and run again.
    pub(crate) fn refuse(&self) -> DbErr {
        self.noted.lock().refused = true;
        refused()
    }

    async fn end(&self) -> Ended {
        let noted = std::mem::take(&mut *self.noted.lock());
        if noted.refused {
            return Ended::Refused;
        }
        if noted.unknown {
            return Ended::Unknown;
        }
        if noted.torn {
            return Ended::Torn;
        }
        for (cache, entries) in noted.entries {
            match cache.all_current(&entries).await {
                Ok(true) => {}
                Ok(false) => return Ended::Torn,
                // The database can be asked all the same.
                Err(_) => return Ended::Unknown,
            }
        }
        Ended::AtOnce
    }
}
