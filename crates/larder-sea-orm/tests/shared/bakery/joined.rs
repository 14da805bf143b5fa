//! Several tables: joins, related and linked rows, models within models.

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, IntoCondition as _};
use sea_orm::{
    ColumnTrait, DerivePartialModel, EntityTrait, FromQueryResult, JoinType, ModelTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationTrait, Select,
};
use serde::{Deserialize, Serialize};

use super::asked::{Asked, both};
use super::entity::{cake, cake_filling, filling, fruit, vendor};

fn cakes() -> Select<cake::Entity> {
    cake::Entity::find().order_by_asc(cake::Column::Id)
}

fn fruits() -> Select<fruit::Entity> {
    fruit::Entity::find().order_by_asc(fruit::Column::Id)
}

/// A fruit with the cake it is on.
#[derive(Clone, Debug, DerivePartialModel, Serialize, Deserialize)]
#[sea_orm(entity = "fruit::Entity")]
struct FruitOf {
    name: String,
    #[sea_orm(nested)]
    cake: Option<CakeOf>,
}

#[derive(Clone, Debug, DerivePartialModel, Serialize, Deserialize)]
#[sea_orm(entity = "cake::Entity")]
struct CakeOf {
    id: i32,
    name: String,
}

#[derive(Clone, Debug, FromQueryResult, Serialize, Deserialize)]
struct Both {
    cake: String,
    fruit: Option<String>,
}

pub(super) async fn ask(asked: &mut Asked<'_>) {
    Box::pin(joins(asked)).await;
    Box::pin(related(asked)).await;
    Box::pin(linked(asked)).await;
    Box::pin(nested(asked)).await;
}

async fn joins(asked: &mut Asked<'_>) {
    both!(
        asked,
        "inner join",
        cakes()
            .join(JoinType::InnerJoin, cake::Relation::Fruit.def())
            .filter(fruit::Column::Name.eq("Apple")),
        all
    );
    both!(
        asked,
        "left join",
        cakes()
            .left_join(fruit::Entity)
            .select_only()
            .column_as(cake::Column::Name, "cake")
            .column_as(fruit::Column::Name, "fruit")
            .order_by_asc(fruit::Column::Id)
            .into_model::<Both>(),
        all
    );
    both!(
        asked,
        "join the other way round",
        fruits()
            .join_rev(JoinType::InnerJoin, cake::Relation::Fruit.def())
            .filter(cake::Column::Price.gt(10)),
        all
    );
    both!(
        asked,
        "join under another name",
        cakes()
            .join_as(
                JoinType::InnerJoin,
                cake::Relation::Fruit.def(),
                Alias::new("f")
            )
            .filter(Expr::col((Alias::new("f"), fruit::Column::Name)).like("%a%"))
            .order_by_asc(Expr::col((Alias::new("f"), fruit::Column::Id))),
        all
    );
    both!(
        asked,
        "a condition in ON",
        cakes()
            .join(
                JoinType::LeftJoin,
                cake::Relation::Fruit.def().on_condition(|_left, right| {
                    Expr::col((right, fruit::Column::Name))
                        .ne("Lemon")
                        .into_condition()
                })
            )
            .select_only()
            .column_as(cake::Column::Name, "cake")
            .column_as(fruit::Column::Name, "fruit")
            .order_by_asc(fruit::Column::Id)
            .into_model::<Both>(),
        all
    );
    both!(
        asked,
        "joins over a junction",
        cakes()
            .inner_join(filling::Entity)
            .filter(filling::Column::Name.eq("Chocolate")),
        all
    );
    both!(
        asked,
        "count over a join",
        cake::Entity::find()
            .inner_join(fruit::Entity)
            .filter(fruit::Column::Name.contains("a")),
        count
    );
}

async fn related(asked: &mut Asked<'_>) {
    both!(
        asked,
        "find_also_related",
        fruits().find_also_related(cake::Entity),
        all
    );
    both!(
        asked,
        "find_also_related, one",
        fruits().find_also_related(cake::Entity),
        one
    );
    both!(
        asked,
        "find_also_related, filtered",
        fruits()
            .find_also_related(cake::Entity)
            .filter(cake::Column::Price.eq(12)),
        all
    );
    both!(
        asked,
        "find_also_related over a junction",
        cakes()
            .find_also_related(filling::Entity)
            .order_by_asc(filling::Column::Id),
        all
    );
    both!(
        asked,
        "find_both_related",
        fruits().find_both_related(cake::Entity),
        all
    );
    both!(
        asked,
        "find_with_related",
        cakes()
            .find_with_related(fruit::Entity)
            .order_by_asc(fruit::Column::Id),
        all
    );
    both!(
        asked,
        "find_with_related over a junction",
        filling::Entity::find()
            .order_by_asc(filling::Column::Id)
            .find_with_related(cake::Entity)
            .order_by_asc(cake::Column::Id),
        all
    );
    both!(
        asked,
        "find_also_related as JSON",
        fruits().find_also_related(cake::Entity).into_json(),
        all
    );
    let cheese = cake::Entity::find_by_id(1).one(asked.plain).await;
    if let Some(cheese) = cheese.expect("an answer") {
        both!(
            asked,
            "find_related of a model",
            cheese
                .find_related(fruit::Entity)
                .order_by_asc(fruit::Column::Id),
            all
        );
        both!(
            asked,
            "find_related of a model over a junction",
            cheese
                .find_related(filling::Entity)
                .order_by_asc(filling::Column::Id),
            all
        );
        both!(
            asked,
            "find_linked of a model",
            cheese
                .find_linked(cake::ToVendor)
                .order_by_asc(vendor::Column::Id),
            all
        );
    }
}

async fn linked(asked: &mut Asked<'_>) {
    // The last table of the links has the name that they give it.
    let vendors = || Expr::col((Alias::new("r2"), vendor::Column::Id));
    both!(
        asked,
        "find_also_linked",
        cakes()
            .find_also_linked(cake::ToVendor)
            .order_by_asc(vendors()),
        all
    );
    both!(
        asked,
        "find_with_linked",
        cakes()
            .find_with_linked(cake::ToVendor)
            .order_by_asc(vendors()),
        all
    );
}

async fn nested(asked: &mut Asked<'_>) {
    both!(
        asked,
        "a model within a model",
        fruits()
            .left_join(cake::Entity)
            .into_partial_model::<FruitOf>(),
        all
    );
    both!(
        asked,
        "links of a junction",
        cake_filling::Entity::find()
            .order_by_asc(cake_filling::Column::CakeId)
            .order_by_asc(cake_filling::Column::FillingId),
        all
    );
}
