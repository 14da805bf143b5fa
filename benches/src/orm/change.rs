//! The writes of a shop, through any connection.

use sea_orm::prelude::Expr;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, Set,
};

use super::entity::{self, product};

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A new product.
    Insert { id: i32 },
    /// Another price: no query of the shop pins it.
    Reprice { id: i32, price: i32 },
    /// Another category: an indexed column, which queries pin.
    Move { id: i32, category: i32 },
    /// A product less.
    Delete { id: i32 },
    /// Another price for all hundred products of a category.
    Sale { category: i32 },
}

impl Change {
    /// Does it, and tells whether there was a row to change.
    pub(crate) async fn run<C: ConnectionTrait>(self, db: &C) -> Result<bool, DbErr> {
        match self {
            Change::Insert { id } => {
                let inserted = entity::product(id).into_active_model().insert(db).await?;
                Ok(inserted.id == id)
            }
            Change::Reprice { id, price } => {
                updated(
                    product::ActiveModel {
                        price: Set(price),
                        ..of(id)
                    },
                    db,
                )
                .await
            }
            Change::Move { id, category } => {
                updated(
                    product::ActiveModel {
                        category_id: Set(category),
                        ..of(id)
                    },
                    db,
                )
                .await
            }
            Change::Delete { id } => {
                let deleted = product::Entity::delete_by_id(id).exec(db).await?;
                Ok(deleted.rows_affected == 1)
            }
            Change::Sale { category } => {
                let price = Expr::col(product::Column::Price);
                let sale = product::Entity::update_many()
                    .col_expr(product::Column::Price, price.add(1))
                    .filter(product::Column::CategoryId.eq(category));
                Ok(sale.exec(db).await?.rows_affected > 0)
            }
        }
    }
}

fn of(id: i32) -> product::ActiveModel {
    product::ActiveModel {
        id: Set(id),
        ..Default::default()
    }
}

/// A product that somebody has deleted is no failure.
async fn updated<C: ConnectionTrait>(product: product::ActiveModel, db: &C) -> Result<bool, DbErr> {
    match product.update(db).await {
        Ok(_) => Ok(true),
        Err(DbErr::RecordNotUpdated) => Ok(false),
        Err(error) => Err(error),
    }
}
