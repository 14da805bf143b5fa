//! Conditions: comparisons, lists, patterns, trees of them, subqueries; order, limit, distinct.

use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Query};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, SelectExt,
};

use super::asked::{Asked, both};
use super::entity::{cake, cake_filling, filling, fruit};

/// Cakes in the order of their numbers.
fn cakes() -> Select<cake::Entity> {
    cake::Entity::find().order_by_asc(cake::Column::Id)
}

pub(super) async fn ask(asked: &mut Asked<'_>) {
    Box::pin(compared(asked)).await;
    Box::pin(trees(asked)).await;
    Box::pin(subqueries(asked)).await;
    Box::pin(ordered(asked)).await;
}

async fn compared(asked: &mut Asked<'_>) {
    use cake::Column::{Name, Note, Price, Vegan};
    both!(asked, "find", cakes(), all);
    both!(asked, "find_by_id", cake::Entity::find_by_id(1), one);
    both!(
        asked,
        "find_by_id, absent",
        cake::Entity::find_by_id(99),
        one
    );
    both!(
        asked,
        "find_by_id of two columns",
        cake_filling::Entity::find_by_id((1, 2)),
        one
    );
    both!(asked, "eq", cakes().filter(Name.eq("Cheese")), all);
    both!(
        asked,
        "eq, in other letters",
        cakes().filter(Name.eq("CHEESE")),
        all
    );
    both!(asked, "ne", cakes().filter(Price.ne(9)), all);
    both!(asked, "gt", cakes().filter(Price.gt(9)), all);
    both!(asked, "gte", cakes().filter(Price.gte(9)), all);
    both!(asked, "lt", cakes().filter(Price.lt(9)), all);
    both!(asked, "lte", cakes().filter(Price.lte(9)), all);
    both!(asked, "a truth", cakes().filter(Vegan.eq(true)), all);
    both!(asked, "between", cakes().filter(Price.between(5, 10)), all);
    both!(
        asked,
        "not between",
        cakes().filter(Price.not_between(5, 10)),
        all
    );
    both!(asked, "is in", cakes().filter(Price.is_in([4, 9])), all);
    both!(
        asked,
        "is not in",
        cakes().filter(Price.is_not_in([4, 9])),
        all
    );
    both!(
        asked,
        "is in nothing",
        cakes().filter(Price.is_in(Vec::<i32>::new())),
        all
    );
    both!(asked, "is null", cakes().filter(Note.is_null()), all);
    both!(
        asked,
        "is not null",
        cakes().filter(Note.is_not_null()),
        all
    );
    both!(
        asked,
        "if null",
        cakes().filter(Note.if_null("baked").eq("baked")),
        all
    );
    both!(asked, "contains", cakes().filter(Name.contains("e")), all);
    both!(
        asked,
        "starts with",
        cakes().filter(Name.starts_with("C")),
        all
    );
    both!(asked, "ends with", cakes().filter(Name.ends_with("n")), all);
    both!(asked, "like", cakes().filter(Name.like("%ar%")), all);
    both!(
        asked,
        "not like",
        cakes().filter(Name.not_like("%ar%")),
        all
    );
    both!(
        asked,
        "a function",
        cakes().filter(Expr::expr(Func::lower(Expr::col(Name))).eq("carrot")),
        all
    );
    both!(
        asked,
        "a reckoning",
        cakes().filter(Expr::col(Price).add(1).eq(10)),
        all
    );
    both!(asked, "one", cakes().filter(Price.eq(9)), one);
    both!(asked, "one, absent", cakes().filter(Price.eq(1000)), one);
    both!(asked, "count", cakes().filter(Price.eq(9)), count);
    both!(asked, "exists", cakes().filter(Price.eq(9)), exists);
    both!(asked, "exists not", cakes().filter(Price.eq(1000)), exists);
}

async fn trees(asked: &mut Asked<'_>) {
    use cake::Column::{Name, Note, Price};
    let either = Condition::any().add(Name.eq("Cheese")).add(Price.eq(4));
    both!(asked, "any", cakes().filter(either.clone()), all);
    let all_of = Condition::all().add(Price.eq(9)).add(Note.is_null());
    both!(asked, "all of", cakes().filter(all_of.clone()), all);
    both!(asked, "not", cakes().filter(either.clone().not()), all);
    both!(
        asked,
        "a tree",
        cakes().filter(
            Condition::any()
                .add(all_of.clone())
                .add(either.clone().add(all_of.clone().not()))
        ),
        all
    );
    both!(
        asked,
        "filters, one after the other",
        cakes().filter(Price.eq(9)).filter(Name.contains("o")),
        all
    );
    both!(
        asked,
        "a condition that may be",
        cakes().filter(
            Condition::all()
                .add_option(Some(Price.gt(5)))
                .add_option(None::<Expr>)
        ),
        all
    );
    both!(
        asked,
        "apply_if",
        cakes().apply_if(Some(9), |select, price| select.filter(Price.eq(price))),
        all
    );
}

async fn subqueries(asked: &mut Asked<'_>) {
    let with_fruit = || {
        Query::select()
            .column(fruit::Column::CakeId)
            .from(fruit::Entity)
            .and_where(fruit::Column::CakeId.is_not_null())
            .to_owned()
    };
    both!(
        asked,
        "in a subquery",
        cakes().filter(cake::Column::Id.in_subquery(with_fruit())),
        all
    );
    both!(
        asked,
        "not in a subquery",
        cakes().filter(cake::Column::Id.not_in_subquery(with_fruit())),
        all
    );
    let filled = Query::select()
        .expr(Expr::val(1))
        .from(cake_filling::Entity)
        .and_where(
            Expr::col((cake_filling::Entity, cake_filling::Column::CakeId))
                .equals((cake::Entity, cake::Column::Id)),
        )
        .and_where(cake_filling::Column::FillingId.eq(2))
        .to_owned();
    both!(
        asked,
        "exists in a subquery",
        cakes().filter(Expr::exists(filled.clone())),
        all
    );
    both!(
        asked,
        "exists not in a subquery",
        cakes().filter(Expr::exists(filled.clone()).not()),
        all
    );
    let dearest = Query::select()
        .expr(cake::Column::Price.max())
        .from(cake::Entity)
        .to_owned();
    both!(
        asked,
        "a subquery's only value",
        cakes().filter(Expr::col((cake::Entity, cake::Column::Price)).in_subquery(dearest.clone())),
        all
    );
    both!(
        asked,
        "fillings in a subquery of a subquery",
        filling::Entity::find()
            .filter(
                filling::Column::Id.in_subquery(
                    Query::select()
                        .column(cake_filling::Column::FillingId)
                        .from(cake_filling::Entity)
                        .and_where(cake_filling::Column::CakeId.in_subquery(with_fruit()))
                        .to_owned()
                )
            )
            .order_by_asc(filling::Column::Id),
        all
    );
}

async fn ordered(asked: &mut Asked<'_>) {
    use cake::Column::{Id, Name, Price};
    both!(
        asked,
        "order by two",
        cake::Entity::find().order_by_desc(Price).order_by_asc(Id),
        all
    );
    both!(
        asked,
        "order by an expression",
        cake::Entity::find()
            .order_by(Expr::col(Price).mul(-1), Order::Asc)
            .order_by_asc(Id),
        all
    );
    both!(asked, "limit", cakes().limit(2), all);
    both!(asked, "limit and offset", cakes().limit(2).offset(1), all);
    both!(
        asked,
        "distinct",
        fruit::Entity::find()
            .select_only()
            .column(fruit::Column::CakeId)
            .distinct()
            .order_by_asc(fruit::Column::CakeId)
            .into_tuple::<Option<i32>>(),
        all
    );
    both!(
        asked,
        "by name and number",
        cake::Entity::find().order_by_asc(Name).order_by_asc(Id),
        one
    );
}
