//! The store behind a network: entries and versions as bytes on one server or several.
//!
//! Everything that larder promises is decided here, once, in terms of the few operations of
//! [`link::Op`]. What is Redis or memcached about it stands in `store/redis` and
//! `store/memcached`: how a link is dialled, and how an operation is spelled.

pub(crate) mod link;
pub(crate) mod name;

pub(crate) mod cell;
pub(crate) mod node;
pub(crate) mod topology;
