//! Private servers for tests, of caches and of databases, and a proxy that breaks their connections.
//!
//! Every server is a real process of its own, in a temporary folder, on a free port of 127.0.0.1. It
//! is killed by its own process id when its value is dropped, also when a test panics; if the test's
//! process itself is killed, a watchdog does it. What is not installed ends the test with a sentence
//! that names the Debian package.
//!
//! [`Redis`] and [`Memcached`] keep nothing. [`Postgres`] and [`MariaDb`] take a second to be made:
//! most tests want a database of their own on the one server of their process,
//! [`shared`](Postgres::shared). They refuse to be root; if the tests are, these servers are run by
//! the accounts that their packages make.
//!
//! Nothing here is asynchronous: the calls block for the milliseconds that a server needs, and the
//! [`Proxy`] runs on a thread of its own. So they work under any runtime, also one whose time stands
//! still.
//!
//! ```
//! let server = larder_servers::Redis::start();
//! server.ask(&["SET", "greeting", "hello"]);
//! assert_eq!(server.read("greeting").as_deref(), Some(&b"hello"[..]));
//! server.kill();
//! server.restart();
//! assert_eq!(server.read("greeting"), None);
//! ```

mod account;
mod cluster;
mod daemon;
mod family;
mod mariadb;
mod memcached;
mod port;
mod postgres;
mod process;
mod program;
mod proxy;
mod redis;
mod resp;
mod sentinel;
mod sql;
mod terminal;
mod tls;
mod wait;

pub use cluster::Cluster;
pub use mariadb::{MariaDb, MariaDbBuilder};
pub use memcached::{Memcached, MemcachedBuilder};
pub use port::free_port;
pub use postgres::{Postgres, PostgresBuilder};
pub use process::Process;
pub use proxy::Proxy;
pub use redis::{Monitor, Redis, RedisBuilder};
pub use resp::Reply;
pub use sentinel::Sentinel;
pub use terminal::Terminal;
pub use tls::Certificates;
pub use wait::until;
