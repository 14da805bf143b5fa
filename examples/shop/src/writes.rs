//! What visitors and the back office change, one file a subject.

pub mod basket;
pub mod checkout;
pub mod office;

use crate::{
    database::Db,
    kept::{self, Change},
    trace,
};

/// Makes a change, and tells of it what larder cannot see. Both are done when this returns, and both
/// are done if the visitor goes away meanwhile.
pub async fn make<T, W>(db: &Db, change: Change, work: impl FnOnce(Db) -> W) -> T
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let (db, work) = (db.clone(), work(db.clone()));
    trace::carried(async move {
        let made = work.await;
        // Also when it failed: whoever reports a failed commit may not know.
        kept::tell(&db, &change).await;
        made
    })
    .await
}
