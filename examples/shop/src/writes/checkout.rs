//! Buying what is in the basket.

use std::{collections::HashMap, fmt};

use sea_orm::{
    ActiveValue::Set, DbErr, EntityTrait, QueryOrder, QuerySelect, SqliteTransactionMode,
    TransactionOptions, TransactionSession, TransactionTrait, prelude::*,
};

use crate::{
    entities::{basket_line, customer, invoice, invoice_line, track},
    trace,
};

/// Why nothing was bought.
#[derive(Debug)]
pub enum CheckoutError {
    /// There was nothing in the basket.
    EmptyBasket,
    /// The customer does not exist.
    NoSuchCustomer,
    /// The sum is more than an invoice can hold.
    TooDear,
    /// The database refused.
    Database(DbErr),
}

impl From<DbErr> for CheckoutError {
    fn from(error: DbErr) -> Self {
        CheckoutError::Database(error)
    }
}

impl fmt::Display for CheckoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckoutError::EmptyBasket => f.write_str("There is nothing in the basket."),
            CheckoutError::NoSuchCustomer => f.write_str("Choose who is buying."),
            CheckoutError::TooDear => f.write_str("This is more than one invoice can hold."),
            CheckoutError::Database(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for CheckoutError {}

/// Turns a basket into an invoice with its lines, at the prices of this moment, and empties it, in
/// one transaction. Gives the invoice's id.
///
/// # Errors
///
/// When there is nothing to buy, nobody to buy it, or the database refuses. Then nothing has
/// changed.
pub async fn checkout(
    db: &impl TransactionTrait,
    basket: &str,
    customer_id: i32,
    now: DateTimeUtc,
) -> Result<i32, CheckoutError> {
    trace::query("check out", async {
        // It will write. SQLite lets one writer in at a time: taking the lock at once means that no
        // other can come between reading the prices and billing them.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = db.begin_with_options(options).await?;
        // The other databases let writers pass one another: who comes second to this basket waits
        // here, and finds it empty. First of all, as what is read later is what is there now.
        let wanted = basket_line::Entity::find()
            .filter(basket_line::Column::Basket.eq(basket))
            .order_by_asc(basket_line::Column::TrackId)
            .lock_exclusive()
            .all(&transaction)
            .await?;
        let customer = customer::Entity::find_by_id(customer_id)
            .one(&transaction)
            .await?
            .ok_or(CheckoutError::NoSuchCustomer)?;
        let tracks = wanted.iter().map(|line| line.track_id);
        let prices: HashMap<i32, i32> = track::Entity::find()
            .filter(track::Column::Id.is_in(tracks.clone()))
            .all(&transaction)
            .await?
            .into_iter()
            .map(|track| (track.id, track.unit_price_cents))
            .collect();
        let lines: Vec<(i32, i32, i32)> = wanted
            .iter()
            .filter_map(|line| Some((line.track_id, line.quantity, *prices.get(&line.track_id)?)))
            .collect();
        if lines.is_empty() {
            return Err(CheckoutError::EmptyBasket);
        }
        let total: i64 = lines
            .iter()
            .map(|&(_, quantity, cents)| i64::from(quantity) * i64::from(cents))
            .sum();

        let invoice = invoice::ActiveModel {
            customer_id: Set(customer.id),
            invoice_date: Set(now),
            billing_address: Set(customer.address),
            billing_city: Set(customer.city),
            billing_state: Set(customer.state),
            billing_country: Set(customer.country),
            billing_postal_code: Set(customer.postal_code),
            total_cents: Set(i32::try_from(total).map_err(|_| CheckoutError::TooDear)?),
            ..Default::default()
        }
        .insert(&transaction)
        .await?;
        invoice_line::Entity::insert_many(lines.into_iter().map(|(track_id, quantity, cents)| {
            invoice_line::ActiveModel {
                invoice_id: Set(invoice.id),
                track_id: Set(track_id),
                unit_price_cents: Set(cents),
                quantity: Set(quantity),
                ..Default::default()
            }
        }))
        .exec_without_returning(&transaction)
        .await?;
        // What was billed, and nothing that has come in since.
        basket_line::Entity::delete_many()
            .filter(basket_line::Column::Basket.eq(basket))
            .filter(basket_line::Column::TrackId.is_in(tracks))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(invoice.id)
    })
    .await
}
