//! Cached functions and methods.

mod arguments;
mod blocking;
mod free;
mod methods;
