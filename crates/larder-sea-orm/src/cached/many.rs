//! `find_with_related`: rows with the many that belong to each.

use std::sync::Arc;

use larder::Mode;
use sea_orm::{DbErr, EntityTrait, QueryResult, QueryTrait, SelectTwoMany};

use crate::cached::Cached;
use crate::probe::Replay;
use crate::read::{Ask, Rows, fetch};
use crate::reader::CachedRead;

/// Rows of `E`, each with its rows of `F`.
pub(crate) type WithMany<E, F> = Vec<(<E as EntityTrait>::Model, Vec<<F as EntityTrait>::Model>)>;

impl<E, F, M> Cached<SelectTwoMany<E, F>, M>
where
    E: EntityTrait,
    F: EntityTrait,
    E::Model: Send + Sync,
    F::Model: Send + Sync,
{
    /// All rows of the first table, each with its rows of the second.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn all<C: CachedRead>(self, db: &C) -> Result<Arc<WithMany<E, F>>, DbErr>
    where
        M: Mode<WithMany<E, F>>,
    {
        let Cached { query, policy, .. } = self;
        let backend = db.reader().backend();
        let statement = query.build(backend);
        let ask = Ask {
            policy: Some(&policy),
            ..Ask::plain("with many")
        };
        let rows = Rows(move |rows: Vec<QueryResult>| {
            Replay::answer(query.all(&Replay::new(backend, rows)))
        });
        fetch::<_, M, _>(db.reader(), statement, ask, rows).await
    }
}
