//! Writes in every form that SeaORM has. They run on the cached connection and on a plain one, and
//! give the same there.

use std::fmt::Debug;

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    ModelTrait, QueryFilter, Set, Statement, TransactionSession, TransactionTrait, TryIntoModel,
    Unchanged,
};

use super::entity::{
    cake, cake_filling, filling, fruit, link, new_cake, new_filling, new_fruit, new_vendor, vendor,
};
use crate::shop::{BACKEND, sql};

/// What the write at a place is called.
const NAMES: [&str; 30] = [
    "insert of an active model",
    "insert and exec",
    "insert_many",
    "insert_many of nothing",
    "insert without returning",
    "insert with returning",
    "save of a new model",
    "update of an active model",
    "update to what was there",
    "save of a known model",
    "update_many",
    "update_many by an expression",
    "update_many of all",
    "upsert that inserts",
    "upsert that updates",
    "upsert that does nothing",
    "upsert by a unique column",
    "delete of a model",
    "delete_by_id",
    "delete_by_id of nothing",
    "delete_many",
    "delete_many in a subquery",
    "delete with a cascade",
    "a link more and one less",
    "a text",
    "a text with values",
    "a transaction",
    "a transaction taken back",
    "a savepoint taken back",
    "a statement that fails",
];

/// Does the write at a place; its name, and what it gave. `None`: there are no more.
pub(super) async fn step<C>(db: &C, place: usize) -> Option<(&'static str, String)>
where
    C: ConnectionTrait + TransactionTrait,
{
    let name = *NAMES.get(place)?;
    let told = match place {
        0..=6 => inserted(db, place).await,
        7..=12 => updated(db, place).await,
        13..=16 => upserted(db, place).await,
        17..=23 => deleted(db, place).await,
        _ => otherwise(db, place).await,
    };
    let told = told.unwrap_or_else(|error| panic!("{name}: {error}"));
    Some((name, told))
}

fn told<T: Debug>(answer: T) -> Result<String, DbErr> {
    Ok(format!("{answer:?}"))
}

async fn inserted<C: ConnectionTrait>(db: &C, place: usize) -> Result<String, DbErr> {
    match place {
        0 => told(new_cake("Almond", 11, Some("new")).insert(db).await?),
        1 => told(
            fruit::Entity::insert(new_fruit("Plum", Some(2)))
                .exec(db)
                .await?
                .last_insert_id,
        ),
        2 => {
            let fruits = [new_fruit("Pear", Some(3)), new_fruit("Fig", None)];
            fruit::Entity::insert_many(fruits).exec(db).await?;
            told("done")
        }
        3 => {
            let nothing = Vec::<fruit::ActiveModel>::new();
            told(
                fruit::Entity::insert_many(nothing)
                    .exec_without_returning(db)
                    .await?,
            )
        }
        4 => told(
            filling::Entity::insert(new_filling("Cream", Some(1)))
                .exec_without_returning(db)
                .await?,
        ),
        5 => told(
            cake::Entity::insert(new_cake("Sponge", 5, None))
                .exec_with_returning(db)
                .await?,
        ),
        _ => told(
            new_cake("Honey", 12, None)
                .save(db)
                .await?
                .try_into_model()?,
        ),
    }
}

async fn updated<C: ConnectionTrait>(db: &C, place: usize) -> Result<String, DbErr> {
    match place {
        7 => {
            let carrot = cake::Entity::find_by_id(2).one(db).await?;
            let mut carrot = carrot.expect("a cake").into_active_model();
            carrot.price = Set(10);
            carrot.note = Set(Some("now with nuts".to_owned()));
            told(carrot.update(db).await?)
        }
        8 => {
            let cheese = cake::ActiveModel {
                id: Unchanged(1),
                name: Set("Cheese".to_owned()),
                ..Default::default()
            };
            told(cheese.update(db).await?)
        }
        9 => {
            let plain = cake::Entity::find_by_id(4).one(db).await?;
            let mut plain = plain.expect("a cake").into_active_model();
            plain.name = Set("Marble".to_owned());
            told(plain.save(db).await?.try_into_model()?)
        }
        10 => told(
            cake::Entity::update_many()
                .set(cake::ActiveModel {
                    price: Set(8),
                    ..Default::default()
                })
                .filter(cake::Column::Name.contains("o"))
                .exec(db)
                .await?
                .rows_affected,
        ),
        11 => told(
            cake::Entity::update_many()
                .col_expr(cake::Column::Price, Expr::col(cake::Column::Price).add(1))
                .filter(cake::Column::Price.is_in([8, 12]))
                .exec(db)
                .await?
                .rows_affected,
        ),
        _ => told(
            fruit::Entity::update_many()
                .col_expr(fruit::Column::CakeId, Expr::value(3))
                .exec(db)
                .await?
                .rows_affected,
        ),
    }
}

async fn upserted<C: ConnectionTrait>(db: &C, place: usize) -> Result<String, DbErr> {
    let cake = |id: i32, name: &str, price: i32| cake::ActiveModel {
        id: Set(id),
        ..new_cake(name, price, None)
    };
    let by_id = || {
        OnConflict::column(cake::Column::Id)
            .update_columns([cake::Column::Name, cake::Column::Price])
            .to_owned()
    };
    let done = match place {
        13 => {
            cake::Entity::insert(cake(40, "Nut", 7))
                .on_conflict(by_id())
                .exec_without_returning(db)
                .await?
        }
        14 => {
            cake::Entity::insert(cake(1, "Cheesecake", 13))
                .on_conflict(by_id())
                .exec_without_returning(db)
                .await?;
            1
        }
        15 => {
            let ignored = OnConflict::column(cake::Column::Id)
                .do_nothing_on([cake::Column::Id])
                .to_owned();
            let done = cake::Entity::insert(cake(1, "Nobody's", 1)).on_conflict(ignored);
            match done.exec_without_returning(db).await {
                Ok(_) | Err(DbErr::RecordNotInserted) => 0,
                Err(error) => return Err(error),
            }
        }
        _ => {
            let by_name = OnConflict::column(vendor::Column::Name)
                .update_column(vendor::Column::Name)
                .to_owned();
            let vendors = [
                new_vendor("the mill"),
                new_vendor("The mill"),
                new_vendor("Port"),
            ];
            vendor::Entity::insert_many(vendors)
                .on_conflict(by_name)
                .exec_without_returning(db)
                .await?;
            3
        }
    };
    told(done)
}

async fn deleted<C: ConnectionTrait>(db: &C, place: usize) -> Result<String, DbErr> {
    let done = match place {
        17 => {
            let lemon = fruit::Entity::find_by_id(1).one(db).await?;
            lemon.expect("a fruit").delete(db).await?
        }
        18 => fruit::Entity::delete_by_id(2).exec(db).await?,
        19 => fruit::Entity::delete_by_id(2).exec(db).await?,
        20 => {
            fruit::Entity::delete_many()
                .filter(fruit::Column::Name.starts_with("Q"))
                .exec(db)
                .await?
        }
        21 => {
            let cheap = Query::select()
                .column(cake::Column::Id)
                .from(cake::Entity)
                .and_where(cake::Column::Price.lt(8))
                .to_owned();
            cake_filling::Entity::delete_many()
                .filter(cake_filling::Column::CakeId.in_subquery(cheap))
                .exec(db)
                .await?
        }
        22 => cake::Entity::delete_by_id(3).exec(db).await?,
        _ => {
            link(2, 3).insert(db).await?;
            cake_filling::Entity::delete_by_id((1, 1)).exec(db).await?
        }
    };
    told(done.rows_affected)
}

async fn otherwise<C>(db: &C, place: usize) -> Result<String, DbErr>
where
    C: ConnectionTrait + TransactionTrait,
{
    match place {
        24 => {
            let text = "UPDATE fruit SET name = 'Cherry' WHERE name = 'Apple'";
            told(db.execute_unprepared(text).await?.rows_affected())
        }
        25 => {
            let text = sql("UPDATE cake SET note = ? WHERE price > ?");
            let values = ["dear".into(), 9.into()];
            let statement = Statement::from_sql_and_values(BACKEND, text, values);
            told(db.execute_raw(statement).await?.rows_affected())
        }
        26 => {
            let transaction = db.begin().await?;
            let cake = new_cake("Butter", 6, None).insert(&transaction).await?;
            new_fruit("Peach", Some(cake.id))
                .insert(&transaction)
                .await?;
            transaction.commit().await?;
            told(cake)
        }
        27 => {
            let transaction = db.begin().await?;
            cake::Entity::delete_by_id(1).exec(&transaction).await?;
            transaction.rollback().await?;
            told("rolled back")
        }
        28 => {
            let transaction = db.begin().await?;
            fruit::Entity::insert(new_fruit("Melon", Some(1)))
                .exec(&transaction)
                .await?;
            let savepoint = transaction.begin().await?;
            fruit::Entity::delete_many().exec(&savepoint).await?;
            savepoint.rollback().await?;
            transaction.commit().await?;
            told("committed")
        }
        _ => {
            let twice = link(2, 3).insert(db).await;
            told(twice.is_err())
        }
    }
}
