//! Who is at the other end: what `INFO` says.

use crate::error::{Error, Result};
use crate::store::remote::link::Incarnation;

/// The oldest version that has every command larder needs (`GETEX` came last).
pub(super) const VERSION_MIN: (u32, u32) = (6, 2);

/// The version from which on `SET` may say what was there although it did not write.
const ADD_TELLS: (u32, u32) = (7, 0);

/// What a server says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    version: (u32, u32),
    run_id: String,
    replication_id: String,
    /// Whether it takes writes.
    pub(super) master: bool,
    /// Whether it is one of a cluster.
    pub(super) member: bool,
    sentinel: bool,
}

impl Server {
    /// Reads the sections `server` and `replication` of `INFO`.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config): it is too old, a sentinel, or something else.
    pub(super) fn read(address: &str, info: &str) -> Result<Server> {
        let told = |name: &str| {
            field(info, name).map(str::to_owned).ok_or_else(|| {
                Error::config(format!(
                    "{address} does not tell its {name}, by which a restart or a failover is \
                     noticed: larder needs Redis or Valkey itself"
                ))
            })
        };
        let version = told("redis_version")?;
        let mut numbers = version.split('.').map_while(|number| number.parse().ok());
        let server = Server {
            version: (
                numbers.next().unwrap_or_default(),
                numbers.next().unwrap_or_default(),
            ),
            sentinel: field(info, "redis_mode") == Some("sentinel"),
            member: field(info, "redis_mode") == Some("cluster"),
            run_id: told("run_id")?,
            master: field(info, "role") == Some("master"),
            replication_id: field(info, "master_replid").unwrap_or_default().into(),
        };
        if server.sentinel {
            return Err(Error::config(format!(
                "{address} is a sentinel: name it with .sentinel(master, addresses) or \
                 redis+sentinel://"
            )));
        }
        if server.version < VERSION_MIN {
            let (major, minor) = VERSION_MIN;
            return Err(Error::config(format!(
                "{address} is Redis {version}, which lacks commands: larder needs {major}.{minor} \
                 or later, or Valkey"
            )));
        }
        told("master_replid")?;
        Ok(server)
    }

    /// Its life. A process that was a replica for a while has lost writes that it knew before, and
    /// begins another.
    pub(super) fn incarnation(&self) -> Incarnation {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.run_id.as_bytes());
        hasher.update(b"\n");
        hasher.update(self.replication_id.as_bytes());
        let hash = hasher.finalize();
        let (head, _) = hash.as_bytes().split_first_chunk().expect("32 bytes");
        Incarnation(*head)
    }

    /// Whether `INFO replication` still tells of the same life, and of a master.
    pub(super) fn is_still(&self, info: &str) -> bool {
        field(info, "role") == Some("master")
            && field(info, "master_replid") == Some(&self.replication_id)
    }

    /// Whether `SET … NX GET` is there.
    pub(super) fn add_tells(&self) -> bool {
        self.version >= ADD_TELLS
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix(':')?.trim_end();
        (!value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, mode: &str, role: &str) -> String {
        format!(
            "# Server\r\nredis_version:{version}\r\nredis_mode:{mode}\r\nrun_id:abc\r\n\r\n\
             # Replication\r\nrole:{role}\r\nmaster_replid:def\r\nmaster_replid2:000\r\n"
        )
    }

    #[track_caller]
    fn check(info: &str, expected: &str) {
        let error = Server::read("cache:1", info).expect_err("refused");
        assert!(error.is_config());
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_server_that_cannot_do_is_refused_with_the_reason() {
        check(&info("6.0.16", "standalone", "master"), "Redis 6.0.16");
        check(&info("5.0", "standalone", "master"), "needs 6.2");
        check(&info("7.0.15", "sentinel", "master"), ".sentinel(");
        check(
            "# Server\r\nredis_version:7.0.0\r\n",
            "does not tell its run_id",
        );
        check("", "does not tell its redis_version");
    }

    #[test]
    fn a_server_tells_what_it_is() {
        let read = |version, mode, role| {
            Server::read("cache:1", &info(version, mode, role)).expect("accepted")
        };
        let server = read("6.2.0", "standalone", "master");
        assert!(server.master && !server.member && !server.add_tells());
        let server = read("7.0.15", "cluster", "slave");
        assert!(!server.master && server.member && server.add_tells());
        assert!(read("10.1.0", "standalone", "master").add_tells());
    }

    #[test]
    fn another_process_and_another_reign_are_another_life() {
        let first = info("7.0.15", "standalone", "master");
        let read = |info: &str| Server::read("cache:1", info).expect("accepted");
        let server = read(&first);
        assert_eq!(server.incarnation(), read(&first).incarnation());
        assert!(server.is_still(&first));
        for other in [
            first.replace("run_id:abc", "run_id:abd"),
            first.replace("master_replid:def", "master_replid:deg"),
        ] {
            assert_ne!(server.incarnation(), read(&other).incarnation());
        }
        assert!(!server.is_still(&first.replace("master_replid:def", "master_replid:deg")));
        assert!(!server.is_still(&first.replace("role:master", "role:slave")));
    }
}
