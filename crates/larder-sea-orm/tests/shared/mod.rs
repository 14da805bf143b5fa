//! What is promised on every database. Each binary brings its own `shop`.

mod by_value;
mod forms;
mod invalidation;
mod listening;
mod snapshot;
mod transactions;
mod writes;
