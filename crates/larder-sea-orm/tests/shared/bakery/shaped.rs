//! What rows become: other models, parts of models, tuples, JSON; sums of rows; texts; unions.

use sea_orm::sea_query::{Expr, ExprTrait as _, Query, UnionType};
use sea_orm::{
    ColumnTrait, DeriveColumn, DerivePartialModel, EntityTrait, EnumIter, FromQueryResult,
    JsonValue, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, SelectModel, SelectorRaw,
    Statement,
};
use serde::{Deserialize, Serialize};

use super::asked::{Asked, both};
use super::entity::{cake, fruit};
use crate::shop::{BACKEND, sql};

#[derive(Clone, Debug, FromQueryResult, Serialize, Deserialize)]
struct Priced {
    name: String,
    price: i32,
}

#[derive(Clone, Debug, DerivePartialModel, Serialize, Deserialize)]
#[sea_orm(entity = "cake::Entity")]
struct Named {
    id: i32,
    #[sea_orm(from_col = "name")]
    called: String,
    #[sea_orm(from_expr = "Expr::col((cake::Entity, cake::Column::Price)).add(1)")]
    dearer: i32,
}

#[derive(Clone, Debug, FromQueryResult, Serialize, Deserialize)]
struct Counted {
    price: i32,
    number: i64,
    first: Option<String>,
}

#[derive(Clone, Copy, Debug, DeriveColumn, EnumIter)]
enum Pair {
    Name,
    Price,
}

fn cakes() -> Select<cake::Entity> {
    cake::Entity::find().order_by_asc(cake::Column::Id)
}

pub(super) async fn ask(asked: &mut Asked<'_>) {
    Box::pin(models(asked)).await;
    Box::pin(sums(asked)).await;
    Box::pin(texts(asked)).await;
    Box::pin(unions(asked)).await;
}

async fn models(asked: &mut Asked<'_>) {
    use cake::Column::{Id, Name, Note, Price};
    both!(asked, "into_model", cakes().into_model::<Priced>(), all);
    both!(
        asked,
        "into_model, one",
        cakes().into_model::<Priced>(),
        one
    );
    both!(
        asked,
        "into_partial_model",
        cakes().into_partial_model::<Named>(),
        all
    );
    both!(asked, "into_json", cakes().into_json(), all);
    both!(asked, "into_json, one", cakes().into_json(), one);
    both!(
        asked,
        "into_tuple",
        cakes()
            .select_only()
            .column(Name)
            .column(Price)
            .into_tuple::<(String, i32)>(),
        all
    );
    both!(
        asked,
        "into_tuple of one",
        cakes()
            .select_only()
            .column(Note)
            .into_tuple::<Option<String>>(),
        all
    );
    both!(
        asked,
        "into_values",
        cakes()
            .select_only()
            .columns([Name, Price])
            .into_values::<(String, i32), Pair>(),
        all
    );
    both!(
        asked,
        "column_as",
        cakes()
            .select_only()
            .column_as(Name, "title")
            .column(Id)
            .into_json(),
        all
    );
    both!(
        asked,
        "expr_as",
        cakes()
            .select_only()
            .expr_as(Expr::col((cake::Entity, Price)).mul(2), "double")
            .into_tuple::<i32>(),
        all
    );
    both!(
        asked,
        "a case of several",
        cakes()
            .select_only()
            .column(Id)
            .expr_as(
                Expr::case(Expr::col((cake::Entity, Price)).gt(8), "dear").finally("cheap"),
                "how"
            )
            .into_tuple::<(i32, String)>(),
        all
    );
}

async fn sums(asked: &mut Asked<'_>) {
    use cake::Column::{Id, Name, Price};
    let cakes = cake::Entity::find;
    both!(
        asked,
        "max, min and count",
        cakes()
            .select_only()
            .column_as(Price.max(), "most")
            .column_as(Price.min(), "least")
            .column_as(Id.count(), "number")
            .into_tuple::<(Option<i32>, Option<i32>, i64)>(),
        all
    );
    both!(
        asked,
        "group by",
        cakes()
            .select_only()
            .column(Price)
            .column_as(Id.count(), "number")
            .column_as(Name.min(), "first")
            .group_by(Price)
            .order_by_asc(Price)
            .into_model::<Counted>(),
        all
    );
    both!(
        asked,
        "having",
        cakes()
            .select_only()
            .column(Price)
            .column_as(Id.count(), "number")
            .group_by(Price)
            .having(Id.count().gt(1))
            .order_by_asc(Price)
            .into_tuple::<(i32, i64)>(),
        all
    );
    both!(
        asked,
        "having a sum",
        cakes()
            .select_only()
            .column(Price)
            .filter(Price.gt(1))
            .group_by(Price)
            .having(Price.sum().gt(10))
            .order_by_asc(Price)
            .into_tuple::<i32>(),
        all
    );
    both!(
        asked,
        "count of different ones",
        cakes()
            .select_only()
            .expr_as(Expr::col((cake::Entity, Price)).count_distinct(), "number")
            .into_tuple::<i64>(),
        one
    );
}

/// A text with values.
fn text<const N: usize>(text: &str, values: [sea_orm::Value; N]) -> Statement {
    Statement::from_sql_and_values(BACKEND, sql(text), values)
}

fn priced(price: i32) -> SelectorRaw<SelectModel<Priced>> {
    Priced::find_by_statement(text(
        "SELECT name, price FROM cake WHERE price = ? ORDER BY id",
        [price.into()],
    ))
}

async fn texts(asked: &mut Asked<'_>) {
    both!(
        asked,
        "from_raw_sql",
        cake::Entity::find().from_raw_sql(text(
            "SELECT * FROM cake WHERE price < ? AND name LIKE ? ORDER BY id",
            [10.into(), "C%".into()]
        )),
        all
    );
    both!(
        asked,
        "from_raw_sql, one",
        cake::Entity::find().from_raw_sql(text("SELECT * FROM cake WHERE id = ?", [2.into()])),
        one
    );
    both!(asked, "find_by_statement", priced(9), all);
    both!(asked, "find_by_statement, one", priced(4), one);
    both!(
        asked,
        "JSON of a text",
        JsonValue::find_by_statement(text(
            "SELECT c.name, count(f.id) AS fruits FROM cake c LEFT JOIN fruit f \
             ON f.cake_id = c.id GROUP BY c.id, c.name ORDER BY c.id",
            []
        )),
        all
    );
    both!(
        asked,
        "a text with WITH",
        JsonValue::find_by_statement(text(
            "WITH cheap AS (SELECT id, name FROM cake WHERE price < ?) \
             SELECT cheap.name, fruit.name AS fruit FROM cheap \
             LEFT JOIN fruit ON fruit.cake_id = cheap.id ORDER BY cheap.id, fruit.id",
            [10.into()]
        )),
        all
    );
}

async fn unions(asked: &mut Asked<'_>) {
    let names = |kind: UnionType| {
        let mut select = cake::Entity::find()
            .select_only()
            .column(cake::Column::Name);
        let fruits = Query::select()
            .column(fruit::Column::Name)
            .from(fruit::Entity)
            .and_where(fruit::Column::CakeId.eq(1))
            .to_owned();
        QueryTrait::query(&mut select).union(kind, fruits);
        select.order_by_asc(Expr::cust("1")).into_tuple::<String>()
    };
    both!(asked, "union", names(UnionType::Distinct), all);
    both!(asked, "union all", names(UnionType::All), all);
}
