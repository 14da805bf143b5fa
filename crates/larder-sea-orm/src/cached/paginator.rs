//! Pages of a cached select.

use std::marker::PhantomData;
use std::sync::Arc;

use larder::Mode;
use sea_orm::{DbErr, ItemsAndPagesNumber, Paginator, QueryResult, SelectorTrait};

use crate::cached::{Terms, first_number};
use crate::probe::{Probe, probe};
use crate::read::{Ask, Rows, fetch};
use crate::reader::CachedRead;

/// Pages of a select, each answered from the cache. The cached form of SeaORM's [`Paginator`].
pub struct CachedPaginator<'db, C, S, M>
where
    S: SelectorTrait + 'static,
{
    pages: Paginator<'static, Probe, S>,
    db: &'db C,
    size: u64,
    policy: Terms,
    mode: PhantomData<fn() -> M>,
}

impl<'db, C, S, M> CachedPaginator<'db, C, S, M>
where
    C: CachedRead,
    S: SelectorTrait + 'static,
    S::Item: Send + Sync + 'static,
{
    pub(super) fn new(
        pages: Paginator<'static, Probe, S>,
        db: &'db C,
        size: u64,
        policy: Terms,
    ) -> Self {
        CachedPaginator {
            pages,
            db,
            size,
            policy,
            mode: PhantomData,
        }
    }

    /// One page; the first is 0.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn fetch_page(&self, page: u64) -> Result<Arc<Vec<S::Item>>, DbErr>
    where
        M: Mode<Vec<S::Item>>,
    {
        let statement = match probe(self.pages.fetch_page(page)) {
            Ok(statement) => statement,
            Err(answer) => return answer.map(Arc::new),
        };
        let ask = Ask {
            policy: Some(&self.policy),
            reader: std::any::type_name::<S>(),
            ..Ask::plain("all")
        };
        let rows =
            Rows(|rows: Vec<QueryResult>| rows.into_iter().map(S::from_raw_query_result).collect());
        fetch::<_, M, _>(self.db.reader(), statement, ask, rows).await
    }

    /// The page the paginator stands at.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn fetch(&self) -> Result<Arc<Vec<S::Item>>, DbErr>
    where
        M: Mode<Vec<S::Item>>,
    {
        self.fetch_page(self.pages.cur_page()).await
    }

    /// The page the paginator stands at; moves on. `None` at the end.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn fetch_and_next(&mut self) -> Result<Option<Arc<Vec<S::Item>>>, DbErr>
    where
        M: Mode<Vec<S::Item>>,
    {
        let page = self.fetch().await?;
        self.pages.next();
        Ok((!page.is_empty()).then_some(page))
    }

    /// Moves to the next page.
    pub fn next(&mut self) {
        self.pages.next();
    }

    /// The page it stands at.
    pub fn cur_page(&self) -> u64 {
        self.pages.cur_page()
    }

    /// How many rows there are in all.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn num_items(&self) -> Result<u64, DbErr>
    where
        M: Mode<u64>,
    {
        let statement = match probe(self.pages.num_items()) {
            Ok(statement) => statement,
            Err(answer) => return answer,
        };
        let ask = Ask {
            policy: Some(&self.policy),
            ..Ask::plain("count")
        };
        Ok(*fetch::<_, M, _>(self.db.reader(), statement, ask, Rows(first_number)).await?)
    }

    /// How many pages there are.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn num_pages(&self) -> Result<u64, DbErr>
    where
        M: Mode<u64>,
    {
        Ok(self.num_items_and_pages().await?.number_of_pages)
    }

    /// How many rows and pages there are.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn num_items_and_pages(&self) -> Result<ItemsAndPagesNumber, DbErr>
    where
        M: Mode<u64>,
    {
        let number_of_items = self.num_items().await?;
        Ok(ItemsAndPagesNumber {
            number_of_items,
            number_of_pages: number_of_items.div_ceil(self.size),
        })
    }
}
