//! Pages, cursors, loaders.

use larder_sea_orm::CachedExt;
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, LoaderTrait, PaginatorTrait, QueryFilter, QueryOrder, Select,
};

use super::asked::Asked;
use super::entity::{cake, filling, fruit, vendor};

fn cakes() -> Select<cake::Entity> {
    cake::Entity::find().order_by_asc(cake::Column::Id)
}

fn fruits() -> Select<fruit::Entity> {
    fruit::Entity::find().order_by_asc(fruit::Column::Id)
}

pub(super) async fn ask(asked: &mut Asked<'_>) {
    Box::pin(pages(asked)).await;
    Box::pin(cursors(asked)).await;
    Box::pin(loaders(asked)).await;
}

async fn pages(asked: &mut Asked<'_>) {
    let (db, beside) = (asked.db, asked.plain);
    let (pages, plain) = (
        cakes().cached().paginate(db, 2),
        cakes().paginate(beside, 2),
    );
    for page in 0..4 {
        let (one, other) = (plain.fetch_page(page), pages.fetch_page(page));
        asked.told("fetch_page", one, other).await;
    }
    asked
        .told("num_items", plain.num_items(), pages.num_items())
        .await;
    asked
        .told("num_pages", plain.num_pages(), pages.num_pages())
        .await;
    let (one, other) = (plain.num_items_and_pages(), pages.num_items_and_pages());
    let counts =
        |counts: sea_orm::ItemsAndPagesNumber| (counts.number_of_items, counts.number_of_pages);
    asked
        .told(
            "num_items_and_pages",
            async { one.await.map(counts) },
            async { other.await.map(counts) },
        )
        .await;
    let (mut pages, mut plain) = (
        fruits().cached().paginate(db, 3),
        fruits().paginate(beside, 3),
    );
    for _ in 0..2 {
        let (one, other) = (plain.fetch_and_next(), pages.fetch_and_next());
        asked.told("fetch_and_next", one, other).await;
    }
    let dear = || cakes().filter(cake::Column::Price.gt(5)).into_json();
    let (pages, plain) = (dear().cached().paginate(db, 2), dear().paginate(beside, 2));
    asked
        .told("pages of JSON", plain.fetch_page(0), pages.fetch_page(0))
        .await;
}

async fn cursors(asked: &mut Asked<'_>) {
    let (db, beside) = (asked.db, asked.plain);
    let cursor = || cake::Entity::find().cursor_by(cake::Column::Id);
    let cached = || cake::Entity::find().cached().cursor_by(cake::Column::Id);
    asked
        .told(
            "cursor, first",
            async { cursor().first(2).all(beside).await },
            cached().first(2).all(db),
        )
        .await;
    asked
        .told(
            "cursor, last",
            async { cursor().last(2).all(beside).await },
            cached().last(2).all(db),
        )
        .await;
    asked
        .told(
            "cursor, after",
            async { cursor().after(1).first(2).all(beside).await },
            cached().after(1).first(2).all(db),
        )
        .await;
    asked
        .told(
            "cursor, before",
            async { cursor().before(3).last(1).all(beside).await },
            cached().before(3).last(1).all(db),
        )
        .await;
    asked
        .told(
            "cursor, descending",
            async { cursor().after(4).desc().first(2).all(beside).await },
            cached().after(4).desc().first(2).all(db),
        )
        .await;
    let by_two = (cake::Column::Price, cake::Column::Id);
    asked
        .told(
            "cursor of two columns",
            async {
                let mut cursor = cake::Entity::find().cursor_by(by_two);
                cursor.after((9, 2)).first(3).all(beside).await
            },
            cake::Entity::find()
                .cached()
                .cursor_by(by_two)
                .after((9, 2))
                .first(3)
                .all(db),
        )
        .await;
}

async fn loaders(asked: &mut Asked<'_>) {
    let (db, beside) = (asked.db, asked.plain);
    asked
        .told(
            "load_one",
            async {
                fruits()
                    .all(beside)
                    .await?
                    .load_one(cake::Entity, beside)
                    .await
            },
            async {
                let fruits = fruits().cached().all(db).await?;
                fruits.cached().load_one(cake::Entity, db).await
            },
        )
        .await;
    asked
        .told(
            "load_many",
            async {
                let cakes = cakes().all(beside).await?;
                cakes.load_many(fruits(), beside).await
            },
            async {
                let cakes = cakes().cached().all(db).await?;
                cakes.cached().load_many(fruits(), db).await
            },
        )
        .await;
    let fillings = || filling::Entity::find().order_by_asc(filling::Column::Id);
    asked
        .told(
            "load_many over a junction",
            async {
                cakes()
                    .all(beside)
                    .await?
                    .load_many(fillings(), beside)
                    .await
            },
            async {
                let cakes = cakes().cached().all(db).await?;
                cakes.cached().load_many(fillings(), db).await
            },
        )
        .await;
    // One loader after the other.
    asked
        .told(
            "loaders in a row",
            async {
                let fillings = fillings().all(beside).await?;
                let vendors = fillings.load_one(vendor::Entity, beside).await?;
                let cakes = fillings.load_many(cakes(), beside).await?;
                Ok::<_, DbErr>((vendors, cakes))
            },
            async {
                let fillings = fillings().cached().all(db).await?;
                let vendors = fillings
                    .clone()
                    .cached()
                    .load_one(vendor::Entity, db)
                    .await?;
                let cakes = fillings.cached().load_many(cakes(), db).await?;
                Ok((vendors, cakes))
            },
        )
        .await;
}
