//! What is promised on every database, over every store. Each binary brings its own `shop`.

mod bakery;
mod by_value;
mod forms;
mod interleaved;
mod invalidation;
mod isolation;
mod kinds;
mod listening;
pub mod rows;
mod snapshot;
mod told;
mod transactions;
mod two;
mod upserts;
mod writes;
