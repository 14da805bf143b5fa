//! What the other tests rely on when they break a server.

mod cluster;
mod mariadb;
mod memcached;
mod postgres;
mod proxy;
mod redis;
mod sentinel;
mod victim;
