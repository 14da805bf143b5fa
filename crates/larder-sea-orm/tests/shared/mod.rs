//! What is promised on every database, over every store. Each binary brings its own `shop`.

mod forms;
mod invalidation;
mod kinds;
pub mod rows;
mod told;
mod transactions;
mod two;
mod writes;
