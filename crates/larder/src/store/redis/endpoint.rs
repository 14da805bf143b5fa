//! Where a server listens.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// The port of a Redis server that is named without one.
pub(super) const PORT_DEFAULT: u16 = 6379;

/// The port of a sentinel that is named without one.
pub(super) const SENTINEL_PORT_DEFAULT: u16 = 26379;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A name or an address without brackets, and a port.
    Tcp { host: String, port: u16 },
    /// A unix socket.
    Unix(PathBuf),
}

impl Endpoint {
    /// Reads `host`, `host:port`, `[address]`, `[address]:port`, or the path of a socket, which
    /// begins with a slash.
    ///
    /// # Errors
    ///
    /// What is wrong, without the text: in an address with a password it may be a part of that.
    pub(super) fn parse(text: &str, port_default: u16) -> Result<Endpoint, &'static str> {
        if text.starts_with('/') {
            return Ok(Endpoint::Unix(text.into()));
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or("the bracket is not closed")?;
                match port {
                    "" => (host, None),
                    port => match port.strip_prefix(':') {
                        Some(port) => (host, Some(port)),
                        None => return Err("only a port may follow the bracket"),
                    },
                }
            }
            None => match text.split_once(':') {
                Some((_, port)) if port.contains(':') => {
                    return Err("an IPv6 address stands in brackets");
                }
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if host.is_empty() {
            return Err("the host is missing");
        }
        if !host.bytes().all(|byte| byte.is_ascii_graphic()) || host.contains(['/', '@', '?']) {
            return Err("the host has characters that no host has");
        }
        let port = match port {
            None => port_default,
            Some(port) => match port.parse() {
                Ok(port) if port != 0 => port,
                _ => return Err("the port is no number from 1 to 65535"),
            },
        };
        Ok(Endpoint::Tcp {
            host: host.into(),
            port,
        })
    }

    /// Whether what is sent there never leaves this machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Endpoint::Unix(_) => true,
            Endpoint::Tcp { host, .. } => match host.parse::<IpAddr>() {
                Ok(address) => address.is_loopback(),
                Err(_) => host.eq_ignore_ascii_case("localhost"),
            },
        }
    }

    /// Refuses to send passwords and values readable over a network, unless that is asked for.
    pub(super) fn check_secrecy(&self, encrypted: bool, plaintext: bool) -> Result<()> {
        if encrypted || plaintext || self.is_local() {
            return Ok(());
        }
        Err(Error::config(format!(
            "{self} is another machine and the connection would not be encrypted: use rediss://, \
             or say `plaintext` if the network between can be trusted"
        )))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Endpoint::Tcp { host, port } => write!(f, "{host}:{port}"),
            Endpoint::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let endpoint = Endpoint::parse(text, PORT_DEFAULT);
        let shown = endpoint.map_or_else(String::from, |found| found.to_string());
        assert!(shown.contains(expected), "{text}: {shown}");
    }

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        check("cache", "cache:6379");
        check("cache:7000", "cache:7000");
        check("127.0.0.1:1", "127.0.0.1:1");
        check("[::1]", "[::1]:6379");
        check("[::1]:7000", "[::1]:7000");
        check("/run/redis.sock", "/run/redis.sock");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        check("", "the host is missing");
        check(":7000", "the host is missing");
        check("cache:0", "no number from 1 to 65535");
        check("cache:70000", "no number from 1 to 65535");
        check("cache:", "no number from 1 to 65535");
        check("::1", "stands in brackets");
        check("[::1", "not closed");
        check("[::1]7000", "only a port");
        check("a b", "characters");
        check("user@cache", "characters");
    }

    #[test]
    fn only_this_machine_may_be_spoken_to_in_plain_text() {
        let refused = |text: &str, encrypted, plaintext| {
            let endpoint = Endpoint::parse(text, PORT_DEFAULT).expect("an address");
            let checked = endpoint.check_secrecy(encrypted, plaintext);
            checked.is_err_and(|error| error.is_config())
        };
        for local in [
            "127.0.0.1",
            "127.1.2.3:7",
            "localhost",
            "[::1]",
            "/run/redis.sock",
        ] {
            assert!(!refused(local, false, false), "{local}");
        }
        for far in ["cache", "10.0.0.1", "localhost.example", "[fe80::1]"] {
            assert!(refused(far, false, false), "{far}");
            assert!(!refused(far, true, false), "{far}");
            assert!(!refused(far, false, true), "{far}");
        }
    }
}
