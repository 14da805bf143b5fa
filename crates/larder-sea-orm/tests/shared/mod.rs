//! What is promised on every database. Each binary brings its own `shop`.

mod bakery;
mod by_value;
mod forms;
mod interleaved;
mod invalidation;
mod isolation;
mod listening;
mod snapshot;
mod transactions;
mod upserts;
mod writes;
