//! What a private Redis server is started with.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use super::{KEEPER, Redis};
use crate::port::free_port;
use crate::program;
use crate::tls::Certificates;

/// The environment variable that names another program than `redis-server`, such as
/// `valkey-server`.
const PROGRAM_VARIABLE: &str = "LARDER_REDIS_PROGRAM";

/// How many ports are tried if others take them first.
const PORTS_TRIED_MAX: usize = 10;

/// Settings of a private [`Redis`] server.
#[derive(Clone, Debug, Default)]
pub struct RedisBuilder {
    program: Option<PathBuf>,
    lines: Vec<String>,
    tls: bool,
    cluster: bool,
    sentinel: bool,
}

impl RedisBuilder {
    /// Valkey instead of Redis; nothing if it is not installed.
    pub fn valkey(mut self) -> Option<RedisBuilder> {
        self.program = Some(program::find("valkey-server")?);
        Some(self)
    }

    /// Lines of the configuration file: `[("maxmemory", "16mb")]`.
    pub fn config(mut self, settings: &[(&str, &str)]) -> RedisBuilder {
        for (setting, value) in settings {
            self.lines.push(format!("{setting} {value}"));
        }
        self
    }

    /// A user with a password and rules, such as `~shop:* +@all`. Once there is one, whoever gives
    /// no name may do nothing.
    pub fn acl(mut self, user: &str, password: &str, rules: &str) -> RedisBuilder {
        self.lines
            .push(format!("user {user} on >{password} {rules}"));
        self.lines.push("user default off".to_owned());
        self
    }

    /// A password for those who give no name.
    pub fn password(self, password: &str) -> RedisBuilder {
        self.config(&[("requirepass", password)])
    }

    /// TLS on its port, with [certificates](Redis::certificates) of the test's own.
    pub fn tls(mut self) -> RedisBuilder {
        self.tls = true;
        self
    }

    /// A node of a cluster, without slots yet.
    pub fn cluster(mut self) -> RedisBuilder {
        self.cluster = true;
        self
    }

    /// A sentinel.
    pub(crate) fn sentinel(mut self) -> RedisBuilder {
        self.sentinel = true;
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it is not installed, or does not start; the message says what it logged.
    pub fn start(self) -> Redis {
        let program = self.program.clone().unwrap_or_else(|| {
            let program = env::var(PROGRAM_VARIABLE).unwrap_or("redis-server".to_owned());
            // The package has the program's name.
            program::need(&program, &program)
        });
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut redis = Redis {
            program,
            arguments: self
                .sentinel
                .then(|| "--sentinel".to_owned())
                .into_iter()
                .collect(),
            process: Mutex::new(None),
            certificates: self.tls.then(|| Certificates::make(folder.path())),
            folder,
            port: 0,
        };
        for _ in 0..PORTS_TRIED_MAX {
            redis.port = free_port();
            let lines = self.lines(&redis).join("\n");
            fs::write(redis.folder.path().join("redis.conf"), lines)
                .expect("the configuration can be written");
            if redis.launch() {
                return redis;
            }
        }
        panic!("no redis server got a port");
    }

    fn lines(&self, redis: &Redis) -> Vec<String> {
        let folder = redis.folder.path().display();
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            format!("dir {folder}"),
            format!("unixsocket {folder}/socket"),
            "daemonize no".to_owned(),
            format!("user {KEEPER} on >{KEEPER} ~* &* +@all"),
        ];
        if self.sentinel {
            lines.push(format!("port {}", redis.port));
            lines.extend(self.lines.iter().cloned());
            return lines;
        }
        lines.extend([
            "save \"\"".to_owned(),
            "appendonly no".to_owned(),
            "repl-diskless-sync-delay 0".to_owned(),
            "enable-debug-command yes".to_owned(),
        ]);
        match &redis.certificates {
            Some(made) => lines.extend([
                "port 0".to_owned(),
                format!("tls-port {}", redis.port),
                "tls-auth-clients no".to_owned(),
                format!("tls-cert-file {}", made.certificate.display()),
                format!("tls-key-file {}", made.key.display()),
                format!("tls-ca-cert-file {}", made.authority.display()),
            ]),
            None => lines.push(format!("port {}", redis.port)),
        }
        if self.cluster {
            lines.extend([
                "cluster-enabled yes".to_owned(),
                "cluster-config-file nodes.conf".to_owned(),
                "cluster-node-timeout 2000".to_owned(),
                format!("cluster-port {}", free_port()),
            ]);
        }
        lines.extend(self.lines.iter().cloned());
        lines
    }
}
