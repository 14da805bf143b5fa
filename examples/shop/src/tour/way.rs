//! One way through the shop: with the cache or without it, on a database of its own.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use larder_sea_orm::larder::Cache;
use sea_orm::{DatabaseConnection, DbErr, TransactionTrait};

use super::step::Step;
use crate::database::{self, Address, Db, StartError};

/// One way through the shop.
pub(super) struct Way {
    db: Db,
    /// SeaORM's own connection, for the way without the cache.
    plain: Option<DatabaseConnection>,
    /// Statements that reached the database, as SeaORM reports them.
    statements: Arc<AtomicU64>,
}

impl Way {
    /// As the shop itself goes.
    pub(super) async fn with_cache(address: &Address) -> Result<Way, StartError> {
        let (db, _, statements) = open(address).await?;
        Ok(Way {
            db,
            plain: None,
            statements,
        })
    }

    /// Reads in a transaction, which never ask the cache; writes on SeaORM's own connection.
    pub(super) async fn without_cache(address: &Address) -> Result<Way, StartError> {
        let (db, plain, statements) = open(address).await?;
        Ok(Way {
            db,
            plain: Some(plain),
            statements,
        })
    }

    /// Goes no further.
    pub(super) async fn close(self) {
        database::close(self.db).await;
    }

    /// Makes a step. Gives what it showed and how many statements it took.
    pub(super) async fn make(&self, step: Step) -> Result<(String, u64), DbErr> {
        let before = self.statements.load(Relaxed);
        let seen = match (step, &self.plain) {
            (Step::Crowd(visitors), _) => self.crowd(visitors).await?,
            (step, None) if step.writes() => step.write(&self.db).await?,
            (step, Some(plain)) if step.writes() => step.write(plain).await?,
            (step, _) => self.look(step).await?,
        };
        Ok((seen, self.statements.load(Relaxed) - before))
    }

    async fn look(&self, step: Step) -> Result<String, DbErr> {
        if self.plain.is_none() {
            return step.look(&self.db).await;
        }
        let transaction = self.db.begin().await?;
        let seen = step.look(&transaction).await?;
        transaction.commit().await?;
        Ok(seen)
    }

    /// Many visitors at once look at the last page of the artists.
    async fn crowd(&self, visitors: usize) -> Result<String, DbErr> {
        let visits = (0..visitors).map(|_| {
            let (db, plain) = (self.db.clone(), self.plain.clone());
            let way = Way {
                db,
                plain,
                statements: self.statements.clone(),
            };
            tokio::spawn(async move { way.look(Step::LastArtists).await })
        });
        let mut seen = Vec::new();
        for visit in visits.collect::<Vec<_>>() {
            let visit = visit
                .await
                .map_err(|error| DbErr::Custom(error.to_string()))?;
            seen.push(visit?);
        }
        seen.dedup();
        Ok(format!(
            "{visitors} visitors saw: {}",
            seen.join("; and others: ")
        ))
    }
}

async fn open(address: &Address) -> Result<(Db, DatabaseConnection, Arc<AtomicU64>), StartError> {
    let statements = Arc::new(AtomicU64::new(0));
    let counted = statements.clone();
    let (db, plain) = database::open_watched(address, Cache::builder(), move |_| {
        counted.fetch_add(1, Relaxed);
    })
    .await?;
    statements.store(0, Relaxed);
    Ok((db, plain, statements))
}
