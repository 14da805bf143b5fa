//! Two processes that share a store: what one writes, the next read of the other sees, and a hit costs
//! neither of them a statement.

use larder_sea_orm::{Cached, CachedExt};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Select,
    Set, Statement, TransactionTrait,
};

use crate::entity::track;
use crate::fleet::{Fleet, Server};
use crate::shop::{BACKEND, TRIGGER};
use crate::{hit, miss};

fn rock() -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(1))
        .order_by_asc(track::Column::Id)
        .cached()
}

async fn reprice<C: ConnectionTrait>(db: &C, id: i32, price: i32) {
    let track = track::ActiveModel {
        id: Set(id),
        unit_price: Set(price),
        ..Default::default()
    };
    track.update(db).await.expect("a new price");
}

fn text(sql: &str) -> Cached<Statement> {
    Statement::from_string(BACKEND, sql).cached()
}

#[tokio::test]
async fn what_one_process_has_loaded_is_a_hit_in_the_next() {
    for server in Server::far() {
        let fleet = Fleet::new(server).await;
        let (one, other) = fleet.two().await;
        let before = other.statements();
        let loaded = miss!(rock().all(&one));
        assert_eq!(hit!(rock().all(&other)), loaded, "{}", fleet.server.name());
        assert_eq!(other.statements(), before, "{}", fleet.server.name());
    }
}

#[tokio::test]
async fn a_write_of_one_process_is_seen_by_the_next_read_of_another() {
    for server in Server::far() {
        let fleet = Fleet::new(server).await;
        let (one, other) = fleet.two().await;
        miss!(rock().all(&one));
        miss!(text("SELECT count(*) FROM album").rows(&one));
        hit!(rock().all(&other));

        reprice(&one, 1, 129).await;
        assert_eq!(miss!(rock().all(&other))[0].unit_price, 129);
        hit!(rock().all(&one));
        // Nobody has written albums.
        hit!(text("SELECT count(*) FROM album").rows(&other));

        let transaction = other.begin().await.expect("a transaction");
        reprice(&transaction, 1, 139).await;
        hit!(rock().all(&one));
        transaction.commit().await.expect("a commit");
        assert_eq!(miss!(rock().all(&one))[0].unit_price, 139);
        hit!(rock().all(&other));
    }
}

/// A trigger that one process makes is known to the writes of the other.
#[tokio::test]
async fn a_trigger_that_one_process_makes_is_known_to_the_other() {
    for server in Server::far() {
        let fleet = Fleet::new(server).await;
        let (one, other) = fleet.two().await;
        miss!(rock().all(&one));
        for sql in TRIGGER {
            one.execute_unprepared(sql).await.expect("a trigger");
        }
        assert_eq!(rock().all(&one).await.unwrap()[0].unit_price, 99);
        hit!(rock().all(&one));
        let rename = "UPDATE genre SET name = 'x' WHERE id = 3";
        other.execute_unprepared(rename).await.expect("a new name");
        assert_eq!(
            miss!(rock().all(&one))[0].unit_price,
            3,
            "{}",
            fleet.server.name()
        );
    }
}
