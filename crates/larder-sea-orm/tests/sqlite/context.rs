//! H31, H40: what the application knows of its answers is part of their keys.

use larder_sea_orm::{CachedEntity, CachedExt};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::entity::track;
use crate::shop::Shop;
use crate::{hit, miss};

#[tokio::test]
async fn h31_h40_two_tenants_never_share_an_entry() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let read = || track::Entity::find().cached();
    // As text it is another value than as a number, and another name is another context.
    let tenants = [
        db.clone(),
        db.context("tenant", 42),
        db.context("tenant", 43),
        db.context("tenant", "42"),
        db.context("role", 42),
        db.context("tenant", 42).context("role", 42),
    ];
    for tenant in &tenants {
        miss!(read().all(tenant));
        miss!(track::Entity::cached(tenant).get_many([1, 2]));
    }
    for tenant in &tenants {
        hit!(read().all(tenant));
    }
    hit!(read().all(&db.context("tenant", 43).context("tenant", 42)));
    hit!(read().all(&db.context("role", 42).context("tenant", 42)));

    // A write by any of them is a write for all.
    let sql = "UPDATE track SET unit_price = 5 WHERE id = 1";
    tenants[1].execute_unprepared(sql).await.unwrap();
    for tenant in &tenants {
        assert_eq!(miss!(read().all(tenant))[0].unit_price, 5);
        miss!(track::Entity::cached(tenant).get(1));
        hit!(track::Entity::cached(tenant).get(2));
    }
    // Also in a snapshot.
    for tenant in &tenants {
        let statements = db.statements();
        let first = || tenant.snapshot(|at| async move { track::Entity::cached(&at).get(1).await });
        first().await.unwrap();
        assert_eq!(db.statements() - statements, 1);
        first().await.unwrap();
        assert_eq!(db.statements() - statements, 1);
    }
}
