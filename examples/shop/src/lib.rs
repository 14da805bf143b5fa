//! A record shop that reads its database through larder.
//!
//! `cli` starts it, `database` finds and opens its data, `store` the cache, `seed` loads the data, `queries` read, `writes`
//! write, `keeper` lets people in, `kept` holds what is no query, `pages` answer requests, `frame` puts head and foot around them, `trace` knows what each
//! query cost, and `tour` walks through it all in a terminal.

pub mod cli;
pub mod database;
pub mod entities;
pub mod error;
pub mod format;
pub mod frame;
pub mod keeper;
pub mod kept;
pub mod pages;
pub mod queries;
pub mod seed;
pub mod store;
pub mod tour;
pub mod trace;
pub mod visitor;
pub mod writes;
