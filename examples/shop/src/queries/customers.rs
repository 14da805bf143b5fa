//! Customers.

use std::sync::Arc;

use larder_sea_orm::{CachedExt, CachedRead};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, JoinType,
    QueryOrder, QuerySelect, RelationTrait, Select, prelude::*,
};
use serde::{Deserialize, Serialize};

use super::{PAGE_ROWS, Page, wording};
use crate::{
    entities::{customer, employee, invoice},
    format::Money,
    trace,
};

/// A customer with what they spent.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct CustomerRow {
    /// Their id.
    pub id: i32,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Town.
    pub city: String,
    /// Country.
    pub country: String,
    /// How many invoices they have.
    pub invoices: i64,
    /// The sum of these.
    pub spent_cents: Option<i64>,
}

impl CustomerRow {
    /// What they spent, for people.
    pub fn spent(&self) -> Money {
        Money(self.spent_cents.unwrap_or_default())
    }
}

fn matching(part: &str, backend: DbBackend) -> Select<customer::Entity> {
    use customer::Column::{City, Company, Country, Email, FirstName, LastName};

    let select = customer::Entity::find();
    if part.is_empty() {
        return select;
    }
    let anywhere = [FirstName, LastName, Company, City, Country, Email]
        .into_iter()
        .fold(Condition::any(), |any, column| {
            any.add(wording::contains(column, part, backend))
        });
    select.filter(anywhere)
}

/// How many customers have `part` in their name, company, town, country or mail address.
pub async fn count(db: &(impl CachedRead + ConnectionTrait), part: &str) -> Result<u64, DbErr> {
    trace::query("number of customers", async {
        matching(part, db.get_database_backend())
            .cached()
            .count(db)
            .await
    })
    .await
}

/// One page of the customers that [`count`] counts.
pub async fn page(
    db: &(impl CachedRead + ConnectionTrait),
    part: &str,
    page: Page,
) -> Result<Arc<Vec<CustomerRow>>, DbErr> {
    let backend = db.get_database_backend();
    trace::query("customers with what they spent", async {
        matching(part, backend)
            .join(JoinType::LeftJoin, customer::Relation::Invoice.def())
            .column_as(invoice::Column::Id.count(), "invoices")
            .column_as(
                wording::sum(invoice::Column::TotalCents, backend),
                "spent_cents",
            )
            .group_by(customer::Column::Id)
            .order_by_asc(customer::Column::LastName)
            .order_by_asc(customer::Column::FirstName)
            .order_by_asc(customer::Column::Id)
            .limit(PAGE_ROWS)
            .offset(page.offset())
            .into_model::<CustomerRow>()
            .cached()
            .all(db)
            .await
    })
    .await
}

/// A customer and, beside them, who looks after them.
pub type CustomerAndSupport = (customer::Model, Option<employee::Model>);

/// One customer and who looks after them.
pub async fn one(db: &impl CachedRead, id: i32) -> Result<Option<Arc<CustomerAndSupport>>, DbErr> {
    trace::query("the customer and their support", async {
        customer::Entity::find_by_id(id)
            .find_also_related(employee::Entity)
            .cached()
            .one(db)
            .await
    })
    .await
}

/// All customers by name: what the checkout offers.
pub async fn all(db: &impl CachedRead) -> Result<Arc<Vec<customer::Model>>, DbErr> {
    trace::query("all customers", async {
        customer::Entity::find()
            .order_by_asc(customer::Column::LastName)
            .order_by_asc(customer::Column::FirstName)
            .cached()
            .all(db)
            .await
    })
    .await
}
