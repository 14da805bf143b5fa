//! What reports tell, on every kind of store.

mod fleet;
mod one;
