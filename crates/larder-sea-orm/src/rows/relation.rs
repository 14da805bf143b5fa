//! From a model and a relation to the select of the related rows. Pure.
//!
//! SeaORM's `find_related` joins the model's own row and pins its key. We leave the join out and pin
//! what the model holds, as SeaORM's loaders do: the read then depends on the related rows alone,
//! by value, and a null asks nothing.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, DbErr, EntityName, EntityTrait, IdenStatic, Identity, Iterable, JoinType,
    ModelTrait, QueryFilter, QuerySelect, RelationDef, Select, Value,
};

/// The rows of `R` that `to` leads to from `model`, by way of the junction that `via` leads to first.
/// `None`: the model holds a null, which is related to no row.
///
/// # Errors
/// When the relation does not lead from the one to the other.
pub(super) fn related<T, R>(
    model: &T,
    to: RelationDef,
    via: Option<RelationDef>,
) -> Result<Option<Select<R>>, DbErr>
where
    T: ModelTrait,
    R: EntityTrait,
{
    let near = via.as_ref().unwrap_or(&to);
    let (from_table, to_table) = (T::Entity::default(), R::default());
    let leads = |table: &sea_orm::sea_query::TableRef, name: &str| {
        table.sea_orm_table().to_string() == name
    };
    if !leads(&near.from_tbl, from_table.table_name()) || !leads(&to.to_tbl, to_table.table_name())
    {
        return Err(DbErr::Custom(format!(
            "a relation from {} to {} does not lead from {} to {}",
            near.from_tbl.sea_orm_table(),
            to.to_tbl.sea_orm_table(),
            from_table.table_name(),
            to_table.table_name()
        )));
    }
    let values = held(model, &near.from_col)?;
    if values.iter().any(|value| *value == value.as_null()) {
        return Ok(None);
    }
    // A condition of the relation's own may speak of the model's table.
    if near.on_condition.is_some() {
        let select = R::find().join_rev(JoinType::InnerJoin, to);
        let select = match via {
            Some(via) => select.join_rev(JoinType::InnerJoin, via),
            None => select,
        };
        return Ok(Some(select.belongs_to(model)));
    }
    let select = match via {
        None => {
            let columns = columns::<R>(&to.to_col)?.into_iter().zip(values);
            columns.fold(R::find(), |select, (column, value)| {
                select.filter(column.eq(value))
            })
        }
        Some(via) => {
            let junction = via.to_tbl.sea_orm_table();
            let columns = via.to_col.iter().zip(values);
            let select = R::find().join_rev(JoinType::InnerJoin, to);
            columns.fold(select, |select, (column, value)| {
                select.filter(Expr::col((junction.clone(), column.clone())).eq(value))
            })
        }
    };
    Ok(Some(select))
}

/// What the model holds in these columns.
fn held<T: ModelTrait>(model: &T, names: &Identity) -> Result<Vec<Value>, DbErr> {
    let columns = columns::<T::Entity>(names)?.into_iter();
    Ok(columns.map(|column| model.get(column)).collect())
}

fn columns<E: EntityTrait>(names: &Identity) -> Result<Vec<E::Column>, DbErr> {
    let column = |name: String| {
        let found = E::Column::iter().find(|column| column.as_str() == name);
        found.ok_or_else(|| {
            let table = E::default();
            let table = table.table_name();
            DbErr::Custom(format!("{table} has no column {name} for this relation"))
        })
    };
    names.iter().map(|name| column(name.to_string())).collect()
}
