//! Invoices and their lines.

use std::sync::Arc;

use larder_sea_orm::{CachedExt, CachedRead};
use sea_orm::{
    DbErr, EntityTrait, FromQueryResult, JoinType, QueryOrder, QuerySelect, RelationTrait,
    prelude::*,
};
use serde::{Deserialize, Serialize};

use crate::{
    entities::{album, artist, customer, invoice, invoice_line, track},
    format::Money,
    trace,
};

/// The invoices of a customer, the newest first.
pub async fn of_customer(
    db: &impl CachedRead,
    customer_id: i32,
) -> Result<Arc<Vec<invoice::Model>>, DbErr> {
    trace::query("invoices of the customer", async {
        invoice::Entity::find()
            .filter(invoice::Column::CustomerId.eq(customer_id))
            .order_by_desc(invoice::Column::InvoiceDate)
            .order_by_desc(invoice::Column::Id)
            .cached()
            .all(db)
            .await
    })
    .await
}

/// An invoice and, beside it, who bought.
pub type InvoiceAndCustomer = (invoice::Model, Option<customer::Model>);

/// One invoice with its customer.
pub async fn one(db: &impl CachedRead, id: i32) -> Result<Option<Arc<InvoiceAndCustomer>>, DbErr> {
    trace::query("the invoice and its customer", async {
        invoice::Entity::find_by_id(id)
            .find_also_related(customer::Entity)
            .cached()
            .one(db)
            .await
    })
    .await
}

/// A line of an invoice with the names of what was bought.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct LineRow {
    /// The track.
    pub track_id: i32,
    /// Its name.
    pub track: String,
    /// Its artist's name.
    pub artist: String,
    /// Its price on that day.
    pub unit_price_cents: i32,
    /// How many.
    pub quantity: i32,
}

impl LineRow {
    /// The price, for people.
    pub fn price(&self) -> Money {
        Money(self.unit_price_cents.into())
    }

    /// Price times quantity.
    pub fn sum(&self) -> Money {
        Money(i64::from(self.unit_price_cents) * i64::from(self.quantity))
    }
}

/// The lines of an invoice.
pub async fn lines(db: &impl CachedRead, invoice_id: i32) -> Result<Arc<Vec<LineRow>>, DbErr> {
    trace::query("lines of the invoice", async {
        invoice_line::Entity::find()
            .select_only()
            .columns([
                invoice_line::Column::TrackId,
                invoice_line::Column::UnitPriceCents,
                invoice_line::Column::Quantity,
            ])
            .column_as(track::Column::Name, "track")
            .column_as(artist::Column::Name, "artist")
            .join(JoinType::InnerJoin, invoice_line::Relation::Track.def())
            .join(JoinType::InnerJoin, track::Relation::Album.def())
            .join(JoinType::InnerJoin, album::Relation::Artist.def())
            .filter(invoice_line::Column::InvoiceId.eq(invoice_id))
            .order_by_asc(invoice_line::Column::Id)
            .into_model::<LineRow>()
            .cached()
            .all(db)
            .await
    })
    .await
}
