//! Ports that nobody uses.

use std::net::TcpListener;

/// Where ports are taken from: below those that the system gives to outgoing connections. A client
/// that dials a dead server on one of these could otherwise be connected to itself.
const PORTS: std::ops::Range<u16> = 11_000..32_000;
const TRIES_MAX: usize = 1_000;

/// A port of 127.0.0.1 that nobody listens on just now. Somebody may take it before it is used:
/// whoever starts a server on it tries again with another if the server ends at once.
///
/// # Panics
///
/// If a thousand ports in a row are taken.
pub fn free_port() -> u16 {
    (0..TRIES_MAX)
        .map(|_| fastrand::u16(PORTS))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port among a thousand")
}
