//! Reads of the ORM within a request scope: asked for once, and right after every write.

use std::sync::Arc;

use larder::Scope;
use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Select, Set,
    TransactionTrait,
};

use crate::entity::track;
use crate::fleet::{Fleet, Server};
use crate::{hit, miss};

fn rock() -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(1))
        .cached()
}

async fn reprice<C: ConnectionTrait>(db: &C, price: i32) {
    let track = track::ActiveModel {
        id: Set(1),
        unit_price: Set(price),
        ..Default::default()
    };
    track.update(db).await.expect("a new price");
}

async fn price(db: &CachedConnection) -> i32 {
    rock().all(db).await.expect("the read works")[0].unit_price
}

#[tokio::test]
async fn kc30_a_second_read_of_a_query_sends_nothing_to_the_store() {
    let fleet = Fleet::new(Server::redis()).await;
    let Server::Redis(redis) = &fleet.server else {
        unreachable!("it was asked for")
    };
    let db = fleet.process().await;
    miss!(rock().all(&db));
    let request = db.cache().request_scope(async {
        let first = hit!(rock().all(&db));
        let monitor = redis.monitor();
        for _ in 0..3 {
            assert_eq!(hit!(rock().all(&db)), first);
        }
        let mut asked = monitor.stop();
        // A link asks now and then whether its server is still the one that it was.
        asked.retain(|line| !line.starts_with("\"INFO\""));
        assert!(asked.is_empty(), "{asked:#?}");
    });
    request.await;
}

#[tokio::test]
async fn kc30_a_request_sees_every_write_of_its_process() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = Arc::new(fleet.process().await);
        let name = fleet.server.name();
        let request = db.cache().request_scope(async {
            assert_eq!(price(&db).await, 99, "{name}");
            // Its own, which the adapter runs on a task.
            reprice(&*db, 109).await;
            assert_eq!(price(&db).await, 109, "{name}");
            // In a transaction: its reads are its own, and others see it when it commits.
            let transaction = db.begin().await.expect("a transaction");
            reprice(&transaction, 119).await;
            let inside = rock().all(&transaction).await.expect("the read works");
            assert_eq!(inside[0].unit_price, 119, "{name}");
            assert_eq!(price(&db).await, 109, "{name}");
            transaction.commit().await.expect("a commit");
            assert_eq!(price(&db).await, 119, "{name}");
            // By text, and by somebody else's task.
            let sql = "UPDATE track SET unit_price = 129 WHERE id = 1";
            db.execute_unprepared(sql).await.expect("written");
            assert_eq!(price(&db).await, 129, "{name}");
            let writer = db.clone();
            let written = tokio::spawn(async move { reprice(&*writer, 139).await });
            written.await.expect("no panic");
            assert_eq!(price(&db).await, 139, "{name}");
            // A task of the request reads what the request does.
            let scope = Scope::current().expect("this is a request");
            let reader = db.clone();
            let read = tokio::spawn(scope.enter(async move { price(&reader).await }));
            assert_eq!(read.await.expect("no panic"), 139, "{name}");
        });
        request.await;
    }
}

#[tokio::test]
async fn kc30_a_write_of_another_process_is_seen_by_the_next_request() {
    for server in Server::far() {
        let fleet = Fleet::new(server).await;
        let (one, other) = (fleet.process().await, fleet.process().await);
        let request = one.cache().request_scope(async {
            assert_eq!(price(&one).await, 99);
            reprice(&other, 109).await;
            assert_eq!(price(&one).await, 99, "what was read is kept");
        });
        request.await;
        let request = one.cache().request_scope(price(&one));
        assert_eq!(request.await, 109);
    }
}
