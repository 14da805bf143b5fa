//! What the other tests rely on when they break a server.

mod cluster;
mod memcached;
mod proxy;
mod redis;
mod sentinel;
