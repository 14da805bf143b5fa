//! Rows of entities, from the cache: AC-1 to AC-13, CB-2, CB-9. Statements are counted.

mod by_hand;
mod get;
mod get_many;
mod policy;
pub mod races;
mod related;
mod staff;
mod stores;
mod transactions;
mod writes;
