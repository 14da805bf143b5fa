//! Customers and their invoices.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};

use super::{
    Shop,
    pager::Pager,
    request::{self, Fields, Id},
};
use crate::{
    entities::{customer, employee, invoice},
    error::Error,
    format::Money,
    frame::{Section, View},
    queries::{self, customers::CustomerRow, invoices::LineRow},
};

#[derive(Template)]
#[template(path = "customers.html")]
struct Customers {
    q: String,
    customers: Arc<Vec<CustomerRow>>,
    pager: Pager,
}

pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(fields): Query<Fields>,
) -> Result<View, Error> {
    let (q, page) = (request::search(&fields)?, request::page(&fields)?);
    let total = queries::customers::count(&shop.db, &q).await?;
    let pager = Pager::new(total, page, "/customers", &[("q", &q)])?;
    let customers = queries::customers::page(&shop.db, &q, page).await?;
    View::new(
        Section::Customers,
        "Customers",
        &Customers {
            q,
            customers,
            pager,
        },
    )
}

#[derive(Template)]
#[template(path = "customer.html")]
struct Customer<'a> {
    customer: &'a customer::Model,
    support: Option<&'a employee::Model>,
    invoices: Arc<Vec<invoice::Model>>,
}

impl Customer<'_> {
    fn total(&self) -> Money {
        Money(
            self.invoices
                .iter()
                .map(|invoice| i64::from(invoice.total_cents))
                .sum(),
        )
    }
}

pub(crate) async fn show(State(shop): State<Shop>, Id(id): Id) -> Result<View, Error> {
    let found = queries::customers::one(&shop.db, id)
        .await?
        .ok_or_else(|| Error::missing("customer"))?;
    let (customer, support) = &*found;
    let invoices = queries::invoices::of_customer(&shop.db, id).await?;
    let title = format!("{} {}", customer.first_name, customer.last_name);
    View::new(
        Section::Customers,
        title,
        &Customer {
            customer,
            support: support.as_ref(),
            invoices,
        },
    )
}

#[derive(Template)]
#[template(path = "invoice.html")]
struct Invoice<'a> {
    invoice: &'a invoice::Model,
    customer: Option<&'a customer::Model>,
    lines: Arc<Vec<LineRow>>,
}

pub(crate) async fn invoice(State(shop): State<Shop>, Id(id): Id) -> Result<View, Error> {
    let found = queries::invoices::one(&shop.db, id)
        .await?
        .ok_or_else(|| Error::missing("invoice"))?;
    let (invoice, customer) = &*found;
    let lines = queries::invoices::lines(&shop.db, id).await?;
    let template = Invoice {
        invoice,
        customer: customer.as_ref(),
        lines,
    };
    View::new(Section::Customers, format!("Invoice {id}"), &template)
}
