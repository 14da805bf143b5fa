//! Where servers are, as people write it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// The port of a server that is named without one.
pub(super) const PORT_DEFAULT: u16 = 11211;

/// What an address of one server or several begins with.
const SCHEME: &str = "memcached://";

/// What an address of a unix socket begins with.
const SCHEME_UNIX: &str = "memcached+unix://";

/// Where one server is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Address {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Address {
    /// One server: `host`, `host:port`, `[::1]:port`, or the path of a unix socket.
    pub(super) fn parse(text: &str) -> Result<Address> {
        let wrong = |why: &str| {
            // What stands before an @ may be a password.
            let shown = text.rsplit('@').next().unwrap_or_default();
            Error::config(format!(
                "{shown:?} names no memcached server: {why}; write host:port or the path of a unix socket"
            ))
        };
        if text.starts_with('/') {
            return Ok(Address::Unix(text.into()));
        }
        if text.contains('@') {
            return Err(wrong(
                "users and passwords are not supported, so that what stands before @ is of no use",
            ));
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest
                    .split_once(']')
                    .ok_or_else(|| wrong("a ] is missing"))?;
                let host = host.parse::<std::net::Ipv6Addr>();
                let host = host.map_err(|_| wrong("no IPv6 address stands in brackets"))?;
                match rest {
                    "" => (host.to_string(), None),
                    _ => {
                        let port = rest.strip_prefix(':');
                        let port = port.ok_or_else(|| wrong("a colon is missing behind ]"))?;
                        (host.to_string(), Some(port))
                    }
                }
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host.to_ascii_lowercase(), Some(port)),
                None => (text.to_ascii_lowercase(), None),
            },
        };
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(named) {
            return Err(wrong("there is no host"));
        }
        let port = match port {
            None => PORT_DEFAULT,
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(wrong("the port is no number from 1 to 65535")),
            },
        };
        Ok(Address::Tcp { host, port })
    }

    /// Several: `memcached://first:11211,second:11211`; or a socket: `memcached+unix:///path`.
    pub(super) fn parse_all(url: &str) -> Result<Vec<Address>> {
        if let Some(path) = url.strip_prefix(SCHEME_UNIX) {
            return match path.starts_with('/') {
                true => Ok(vec![Address::Unix(path.into())]),
                false => Err(Error::config(format!(
                    "the path of memcached's unix socket must begin with /: write \
                     {SCHEME_UNIX}/run/memcached.sock"
                ))),
            };
        }
        let rest = url.strip_prefix(SCHEME).ok_or_else(|| {
            Error::config(format!(
                "an address of memcached begins with {SCHEME}, and this one does not: write \
                 {SCHEME}host:port, with a comma between several servers"
            ))
        })?;
        rest.split(',').map(Address::parse).collect()
    }

    /// Whether what is said to this server stays on this machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Address::Unix(_) => true,
            Address::Tcp { host, .. } => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Tcp { host, port } => write!(f, "{host}:{port}"),
            Address::Unix(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str, local: bool) {
        let address = Address::parse(text).expect("it is an address");
        assert_eq!(address.to_string(), shown);
        assert_eq!(address.is_local(), local);
        assert_eq!(Address::parse(shown).expect("it is an address"), address);
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        check("localhost", "localhost:11211", true);
        check("127.0.0.1:1", "127.0.0.1:1", true);
        check("Cache-1.Example.org:99", "cache-1.example.org:99", false);
        check("[::1]", "[::1]:11211", true);
        check("[2001:db8::1]:5", "[2001:db8::1]:5", false);
        check("/run/memcached.sock", "/run/memcached.sock", true);
    }

    #[test]
    fn what_is_no_address_is_said_with_what_to_write() {
        for text in [
            "", ":1", "a:", "a:0", "a:65536", "a:b", "a b", "[::1", "[::1]1", "[x]:1", "a/b",
        ] {
            let error = Address::parse(text).expect_err(text);
            assert!(error.is_config(), "{error}");
            assert!(error.to_string().contains("write host:port"), "{error}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let error = Address::parse_all("memcached://user:secret@host:1").expect_err("no users");
        assert!(error.is_config());
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn several_servers_stand_between_commas() {
        let all = Address::parse_all("memcached://a:1,b,/run/c.sock").expect("three servers");
        let all: Vec<_> = all.iter().map(Address::to_string).collect();
        assert_eq!(all, ["a:1", "b:11211", "/run/c.sock"]);
        let socket = Address::parse_all("memcached+unix:///run/c.sock").expect("a socket");
        assert_eq!(socket, [Address::Unix("/run/c.sock".into())]);
        assert!(Address::parse_all("memcached+unix://run/c.sock").is_err());
        assert!(Address::parse_all("redis://a:1").is_err());
        assert!(Address::parse_all("memcached://").is_err());
        assert!(Address::parse_all("memcached://a:1,").is_err());
    }
}
