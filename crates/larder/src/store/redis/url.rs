//! Addresses as one text: `redis://user:password@host:port/database` and its relatives.

use super::endpoint::{Endpoint, PORT_DEFAULT, SENTINEL_PORT_DEFAULT};
use super::password::Password;
use crate::error::{Error, Result};

/// Where the servers are, and how they are organised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Servers {
    /// One server.
    Single(Endpoint),
    /// One master, which the sentinels know by this name.
    Sentinel {
        master: String,
        sentinels: Vec<Endpoint>,
    },
    /// A cluster, of which these are some members.
    Cluster(Vec<Endpoint>),
}

/// What an address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) servers: Servers,
    pub(super) tls: bool,
    pub(super) username: Option<String>,
    pub(super) password: Option<Password>,
    pub(super) database: Option<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Single,
    Unix,
    Sentinel,
    Cluster,
}

const FORMS: &str = "redis://host:port/database, rediss://… with TLS, unix:///path, \
                     redis+sentinel://host,host/master, redis+cluster://host,host";

impl Url {
    /// Reads an address. Its errors never repeat it: a password may be in it.
    pub(super) fn parse(text: &str) -> Result<Url> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| Error::config(format!("an address of a store is one of {FORMS}")))?;
        let scheme = scheme.to_ascii_lowercase();
        let plain = match scheme.strip_prefix("valkey") {
            Some(rest) => format!("redis{rest}"),
            None => scheme.clone(),
        };
        let (form, tls) = match &*plain {
            "redis" => (Form::Single, false),
            "rediss" => (Form::Single, true),
            "unix" | "redis+unix" => (Form::Unix, false),
            "redis+sentinel" => (Form::Sentinel, false),
            "rediss+sentinel" => (Form::Sentinel, true),
            "redis+cluster" => (Form::Cluster, false),
            "rediss+cluster" => (Form::Cluster, true),
            _ => {
                return Err(Error::config(format!(
                    "an address of a store does not begin with {scheme:?}://, but is one of {FORMS}"
                )));
            }
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (authority, path) = match (form, rest.find('/')) {
            (Form::Unix, _) => ("", rest),
            (_, Some(slash)) => (&rest[..slash], rest[slash..].trim_matches('/')),
            (_, None) => (rest, ""),
        };
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let mut url = Url {
            servers: servers(form, hosts, path)?,
            tls,
            username: None,
            password: None,
            database: None,
        };
        if let Some(user) = user {
            let (name, password) = match user.split_once(':') {
                Some((name, password)) => (name, Some(password)),
                None => (user, None),
            };
            url.login("user", name)?;
            if let Some(password) = password {
                url.login("password", password)?;
            }
        }
        let number = match form {
            Form::Single => path,
            Form::Sentinel => path.split_once('/').map_or("", |(_, number)| number),
            Form::Cluster | Form::Unix => "",
        };
        if !number.is_empty() {
            url.login("db", number)?;
        }
        for pair in query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            url.login(name, value)?;
        }
        Ok(url)
    }

    fn login(&mut self, what: &str, text: &str) -> Result<()> {
        let text = decode(text)?;
        match what {
            "user" | "password" if text.is_empty() => {}
            "user" => self.username = Some(text),
            "password" => self.password = Some(Password::new(text)),
            "db" => self.database = Some(database(&text)?),
            _ => {
                return Err(Error::config(
                    "after ? in the address of a store stand only db, user and password",
                ));
            }
        }
        Ok(())
    }
}

fn servers(form: Form, hosts: &str, path: &str) -> Result<Servers> {
    let port_default = match form {
        Form::Sentinel => SENTINEL_PORT_DEFAULT,
        _ => PORT_DEFAULT,
    };
    let endpoint = |host| {
        Endpoint::parse(host, port_default).map_err(|why| {
            Error::config(format!(
                "the address of a store names no server: {why} (write host:port; signs like / and \
                 @ in a password are written %2F and %40)"
            ))
        })
    };
    let listed = || -> Result<Vec<Endpoint>> {
        let hosts = hosts.split(',').map(str::trim);
        hosts.map(endpoint).collect()
    };
    match form {
        Form::Unix if path.starts_with('/') => {
            Ok(Servers::Single(Endpoint::Unix(decode(path)?.into())))
        }
        Form::Unix => Err(Error::config(
            "the address of a unix socket has three slashes: unix:///run/redis.sock",
        )),
        Form::Single if hosts.contains(',') => Err(Error::config(
            "redis:// names one server; several are redis+cluster://… or redis+sentinel://…",
        )),
        Form::Single => Ok(Servers::Single(endpoint(hosts)?)),
        Form::Cluster if !path.is_empty() => Err(Error::config(
            "a cluster has no numbered databases: leave out what follows the last host",
        )),
        Form::Cluster => Ok(Servers::Cluster(listed()?)),
        Form::Sentinel => {
            let master = path.split_once('/').map_or(path, |(master, _)| master);
            if master.is_empty() {
                return Err(Error::config(
                    "the name by which the sentinels know the master is missing: \
                     redis+sentinel://host,host/name",
                ));
            }
            Ok(Servers::Sentinel {
                master: decode(master)?,
                sentinels: listed()?,
            })
        }
    }
}

fn database(text: &str) -> Result<u32> {
    text.parse().map_err(|_| {
        Error::config("the database in the address of a store is a number: redis://host:port/0")
    })
}

/// Turns `%40` into `@`.
fn decode(text: &str) -> Result<String> {
    let wrong = || Error::config("in the address of a store, % is followed by two hex digits");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => return Err(wrong()),
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> Url {
        Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn tcp(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp {
            host: host.into(),
            port,
        }
    }

    #[test]
    fn one_server() {
        let url = read("redis://127.0.0.1");
        assert_eq!(url.servers, Servers::Single(tcp("127.0.0.1", 6379)));
        assert_eq!((url.tls, url.database), (false, None));
        let url = read("rediss://ann:p%40ss:w@cache:7000/3");
        assert_eq!(url.servers, Servers::Single(tcp("cache", 7000)));
        assert_eq!((url.tls, url.database), (true, Some(3)));
        assert_eq!(url.username.as_deref(), Some("ann"));
        assert_eq!(url.password, Some(Password::new("p@ss:w".into())));
        let url = read("valkeys://:secret@[::1]:7/");
        assert_eq!(url.servers, Servers::Single(tcp("::1", 7)));
        assert_eq!((url.tls, url.username), (true, None));
    }

    #[test]
    fn a_unix_socket() {
        for text in [
            "unix:///run/redis.sock?db=2",
            "redis+unix:///run/redis.sock?db=2",
        ] {
            let url = read(text);
            let socket = Endpoint::Unix("/run/redis.sock".into());
            assert_eq!(url.servers, Servers::Single(socket));
            assert_eq!(url.database, Some(2));
        }
    }

    #[test]
    fn sentinels_and_a_cluster() {
        let url = read("redis+sentinel://:pw@a,b:7/shop/4");
        assert_eq!(
            url.servers,
            Servers::Sentinel {
                master: "shop".into(),
                sentinels: vec![tcp("a", 26379), tcp("b", 7)]
            }
        );
        assert_eq!(url.database, Some(4));
        let url = read("rediss+cluster://a,b:7,[::1]");
        let members = vec![tcp("a", 6379), tcp("b", 7), tcp("::1", 6379)];
        assert_eq!(url.servers, Servers::Cluster(members));
        assert!(url.tls);
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_repeating_a_password() {
        let wrong = [
            ("ann:xyzzy@cache", "one of"),
            ("http://ann:xyzzy@cache", "does not begin"),
            ("redis://ann:xyzzy@", "host is missing"),
            ("redis://ann:xyzzy@a,b", "names one server"),
            ("redis://ann:xyzzy@cache/x", "is a number"),
            ("redis://ann:xyz%zy@cache", "two hex digits"),
            ("redis://cache?password=xyzzy&what=1", "stand only db"),
            ("redis://ann:xy/zzy@cache", "%2F"),
            ("redis+sentinel://ann:xyzzy@cache", "name by which"),
            ("redis+cluster://ann:xyzzy@cache/1", "no numbered databases"),
            ("unix://xyzzy", "three slashes"),
        ];
        for (text, expected) in wrong {
            let error = Url::parse(text).expect_err(text);
            assert!(error.is_config());
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(expected), "{text}: {shown}");
            assert!(!shown.contains("xy"), "{text}: {shown}");
        }
    }
}
