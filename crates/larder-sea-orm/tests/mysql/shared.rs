//! What is promised on every database. Its writes that give rows are not here: MySQL has none.

#[path = "../shared/bakery/mod.rs"]
mod bakery;
#[path = "../shared/forms.rs"]
mod forms;
#[path = "../shared/interleaved/mod.rs"]
mod interleaved;
#[path = "../shared/invalidation.rs"]
mod invalidation;
#[path = "../shared/isolation.rs"]
mod isolation;
#[path = "../shared/transactions.rs"]
mod transactions;
#[path = "../shared/upserts.rs"]
mod upserts;
