//! What is promised on every database. Each binary brings its own `shop`.

mod bakery;
mod forms;
mod interleaved;
mod invalidation;
mod isolation;
mod transactions;
mod upserts;
mod writes;
