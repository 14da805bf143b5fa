//! What a private MariaDB server is started with.

use super::MariaDb;
use crate::account::Account;
use crate::daemon::Daemon;
use crate::process::Ending;
use crate::program;

const DEFAULTS: [(&str, &str); 10] = [
    ("bind-address", "127.0.0.1"),
    ("skip-name-resolve", "1"),
    ("character-set-server", "utf8mb4"),
    // The disk is that of a test, so nothing waits for it; a commit is written all the same before
    // it is acknowledged, and pages are written twice, so that SIGKILL loses neither.
    ("loose-debug-no-sync", "1"),
    ("loose-innodb-flush-method", "nosync"),
    ("innodb-flush-log-at-trx-commit", "1"),
    // Where many servers run, the kernel's own queues are too short.
    ("innodb-use-native-aio", "0"),
    ("innodb-buffer-pool-size", "16M"),
    ("innodb-log-file-size", "16M"),
    ("max-connections", "100"),
];

/// Settings of a private [`MariaDb`] server.
#[derive(Clone, Debug, Default)]
pub struct MariaDbBuilder {
    settings: Vec<(String, String)>,
}

impl MariaDbBuilder {
    /// Lines of the configuration file, stronger than those that it has anyway:
    /// `[("innodb-lock-wait-timeout", "1")]`.
    pub fn config(mut self, settings: &[(&str, &str)]) -> MariaDbBuilder {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        self.settings.extend(settings.iter().map(owned));
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it is not installed, or does not start; the message says what it logged.
    pub fn start(self) -> MariaDb {
        let program = program::need("mariadbd", "mariadb-server");
        let client = program::need("mariadb", "mariadb-client");
        let builder = MariaDbBuilder::default().config(&DEFAULTS);
        let account = Account::unless_harmless("mysql", "mariadb-server");
        let server = MariaDb {
            daemon: Daemon::new(account, Ending::Kill),
            program,
            client,
            settings: [builder.settings, self.settings].concat(),
        };
        server.install();
        server.daemon.start(|| server.launch());
        server
    }
}
