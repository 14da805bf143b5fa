//! Rows that are read while they are written: none is older than a write that has returned, and where
//! they are read strictly none is older than the database was.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use larder_sea_orm::{CachedConnection, CachedEntity, CachedModel};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::asks;
use crate::entity::{album, track};
use crate::fleet::{Fleet, Server};

async fn write(db: &CachedConnection, price: u32) {
    // Two rows, of which one moves between two lists.
    let album = 1 + price % 2;
    let sql = format!(
        "UPDATE track SET unit_price = {price}, album_id = CASE id WHEN 1 THEN {album} ELSE album_id END \
         WHERE id IN (1, 2)"
    );
    db.execute_unprepared(&sql).await.expect("it runs");
}

fn price(track: &track::Model) -> u32 {
    track.unit_price.try_into().expect("a price")
}

/// The price of the first track, by one of several ways of reading it.
async fn read(db: &CachedConnection, way: u32, restless: &album::Model) -> u32 {
    let row = match way % 4 {
        0 => track::Entity::cached(db).require(1).await.expect("a track"),
        1 => {
            let tracks = track::Entity::cached(db).get_many([3, 1, 99]).await;
            tracks.expect("tracks")[1].clone().expect("a track")
        }
        2 => {
            let tracks = track::Entity::cached(db).get_many([2, 1]).await;
            tracks.expect("tracks")[0].clone().expect("a track")
        }
        _ => {
            let tracks = restless.cached(db).related(track::Entity).all().await;
            let tracks = tracks.expect("tracks");
            // The second track never leaves it, and the first one is there or is not.
            let found = tracks.iter().find(|track| track.id == 2);
            let found = found.expect("a track").clone();
            for track in tracks.iter().filter(|track| track.id == 1) {
                assert_eq!((price(track), price(track) % 2), (price(&found), 0));
            }
            Arc::new(found)
        }
    };
    price(&row)
}

pub async fn check(server: Server, strict: bool, writes: u32) {
    let fleet = Fleet::new(server).await;
    let name = fleet.server.name();
    let built = || {
        fleet.built(|builder| match strict {
            true => builder.strict_tables(["track"]),
            false => builder,
        })
    };
    let (one, other) = (built().await, built().await);
    let restless = album::Entity::find_by_id(1).one(&one).await;
    let restless = restless.unwrap().unwrap();
    write(&one, 1000).await;
    let acked = Arc::new(AtomicU32::new(1000));
    let last = 1000 + writes;
    let writer = {
        let (db, acked) = (fleet.process().await, acked.clone());
        tokio::spawn(async move {
            for price in 1001..=last {
                write(&db, price).await;
                acked.store(price, Ordering::SeqCst);
            }
        })
    };
    let readers = [&one, &one, &other].map(|db| {
        let (db, acked, restless) = (db.clone(), acked.clone(), restless.clone());
        tokio::spawn(async move {
            let (mut way, mut floor) = (0, 0);
            while acked.load(Ordering::SeqCst) < last {
                floor = acked.load(Ordering::SeqCst).max(floor);
                if strict {
                    let direct = track::Entity::find_by_id(1).one(&db).await;
                    floor = price(&direct.unwrap().unwrap()).max(floor);
                }
                let seen = read(&db, way, &restless).await;
                assert!(seen >= floor, "{name}: {seen} by way {way} after {floor}");
                if strict {
                    floor = seen;
                }
                way += 1;
                // Hits in memory never wait, and the writer needs a thread.
                tokio::task::yield_now().await;
            }
        })
    });
    for reader in readers {
        reader.await.expect("no reader saw the past");
    }
    writer.await.expect("the writer is done");
    for db in [&one, &other] {
        for way in 0..4 {
            assert_eq!(read(db, way, &restless).await, last, "{name}");
        }
    }
    if !strict {
        asks!(0, track::Entity::cached(&one).get_many([1, 2, 3, 99]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_is_older_than_a_write_that_has_returned() {
    for server in Server::all() {
        check(server, false, 40).await;
    }
}
