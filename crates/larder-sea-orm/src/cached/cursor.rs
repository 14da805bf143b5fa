//! Pages by key: a cached cursor.

use std::marker::PhantomData;
use std::sync::Arc;

use larder::Mode;
use parking_lot::Mutex;
use sea_orm::sea_query::IntoValueTuple;
use sea_orm::{
    Cursor, DbErr, EntityTrait, FromQueryResult, IdentityOf, IntoIdentity, QueryResult, Select,
    SelectModel, SelectTwo, SelectTwoModel, SelectorTrait,
};

use crate::cached::{Cached, Terms};
use crate::probe::{Probe, Replay, probe};
use crate::read::{Ask, Rows, fetch};
use crate::reader::CachedRead;

/// A cursor whose pages are answered from the cache. The cached form of SeaORM's [`Cursor`].
#[must_use = "a cursor does nothing until it is asked for `all`"]
pub struct CachedCursor<S: SelectorTrait, M> {
    cursor: Cursor<S>,
    /// Whether it is asked for its last rows: SeaORM turns those round after reading them, and
    /// the statement does not tell.
    turned: bool,
    policy: Terms,
    mode: PhantomData<fn() -> M>,
}

impl<E, M> Cached<Select<E>, M>
where
    E: EntityTrait,
    E::Model: Send + Sync,
{
    /// Pages by the values of `columns`. See [`Select::cursor_by`].
    pub fn cursor_by<I: IntoIdentity>(self, columns: I) -> CachedCursor<SelectModel<E::Model>, M> {
        CachedCursor {
            cursor: self.query.cursor_by(columns),
            turned: false,
            policy: self.policy,
            mode: PhantomData,
        }
    }
}

impl<E, F, M> Cached<SelectTwo<E, F>, M>
where
    E: EntityTrait,
    F: EntityTrait,
    E::Model: FromQueryResult + Send + Sync,
    F::Model: FromQueryResult + Send + Sync,
{
    /// Pages by the values of `columns` of the first table. See [`SelectTwo::cursor_by`].
    pub fn cursor_by<I: IdentityOf<E>>(
        self,
        columns: I,
    ) -> CachedCursor<SelectTwoModel<E::Model, F::Model>, M> {
        CachedCursor {
            cursor: self.query.cursor_by(columns),
            turned: false,
            policy: self.policy,
            mode: PhantomData,
        }
    }
}

impl<S, M> CachedCursor<S, M>
where
    S: SelectorTrait + 'static,
    S::Item: Send + Sync + 'static,
{
    /// Rows after these values.
    pub fn after<V: IntoValueTuple>(mut self, values: V) -> Self {
        self.cursor.after(values);
        self
    }

    /// Rows before these values.
    pub fn before<V: IntoValueTuple>(mut self, values: V) -> Self {
        self.cursor.before(values);
        self
    }

    /// Ascending, as unless said.
    pub fn asc(mut self) -> Self {
        self.cursor.asc();
        self
    }

    /// Descending.
    pub fn desc(mut self) -> Self {
        self.cursor.desc();
        self
    }

    /// The first `rows` rows.
    pub fn first(mut self, rows: u64) -> Self {
        self.cursor.first(rows);
        self.turned = false;
        self
    }

    /// The last `rows` rows.
    pub fn last(mut self, rows: u64) -> Self {
        self.cursor.last(rows);
        self.turned = true;
        self
    }

    /// The rows of the page.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn all<C: CachedRead>(self, db: &C) -> Result<Arc<Vec<S::Item>>, DbErr>
    where
        M: Mode<Vec<S::Item>>,
        Cursor<S>: Send,
    {
        let CachedCursor {
            mut cursor,
            turned,
            policy,
            ..
        } = self;
        let backend = db.reader().backend();
        let statement = match probe(cursor.all(Probe::of(backend))) {
            Ok(statement) => statement,
            Err(answer) => return answer.map(Arc::new),
        };
        let ask = Ask {
            policy: Some(&policy),
            extra: vec![turned.into()],
            reader: std::any::type_name::<S>(),
            ..Ask::plain("cursor")
        };
        // The cursor itself turns the last rows round.
        let cursor = Arc::new(Mutex::new(cursor));
        let rows = Rows(move |rows: Vec<QueryResult>| {
            Replay::answer(cursor.lock().all(&Replay::new(backend, rows)))
        });
        fetch::<_, M, _>(db.reader(), statement, ask, rows).await
    }
}
