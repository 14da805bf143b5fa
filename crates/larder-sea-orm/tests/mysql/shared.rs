//! What is promised on every database. Its writes that give rows are not here: MySQL has none.

#[path = "../shared/bakery/mod.rs"]
mod bakery;
#[path = "../shared/by_value.rs"]
mod by_value;
#[path = "../shared/forms.rs"]
mod forms;
#[path = "../shared/interleaved/mod.rs"]
mod interleaved;
#[path = "../shared/invalidation.rs"]
mod invalidation;
#[path = "../shared/isolation.rs"]
mod isolation;
#[path = "../shared/listening.rs"]
mod listening;
#[path = "../shared/snapshot.rs"]
mod snapshot;
#[path = "../shared/transactions.rs"]
mod transactions;
#[path = "../shared/upserts.rs"]
mod upserts;
