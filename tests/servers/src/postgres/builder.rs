//! What a private PostgreSQL server is started with.

use super::{Postgres, USER, installed};
use crate::account::Account;
use crate::daemon::Daemon;
use crate::process::Ending;

const DEFAULTS: [(&str, &str); 14] = [
    ("listen_addresses", "127.0.0.1"),
    // The disk is that of a test, so nothing waits for it. The rest of what keeps commits stays on:
    // what SIGKILL interrupts is the server, not the machine, but it can fall between a commit and
    // the write of its record, and between two halves of a page.
    ("fsync", "off"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("shared_buffers", "16MB"),
    ("max_connections", "100"),
    ("max_prepared_transactions", "20"),
    ("wal_level", "logical"),
    ("max_wal_senders", "10"),
    ("max_replication_slots", "20"),
    // A replica that was dead for a while finds what it missed, and no slot is left behind by one
    // that never comes back.
    ("wal_keep_size", "256MB"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("logging_collector", "off"),
];

/// Settings of a private [`Postgres`] server.
#[derive(Clone, Debug, Default)]
pub struct PostgresBuilder {
    settings: Vec<(String, String)>,
}

impl PostgresBuilder {
    /// Lines of the configuration file, stronger than those that it has anyway:
    /// `[("synchronous_commit", "off")]`.
    pub fn config(mut self, settings: &[(&str, &str)]) -> PostgresBuilder {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        self.settings.extend(settings.iter().map(owned));
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it is not installed, or does not start; the message says what it logged.
    pub fn start(self) -> Postgres {
        let builder = PostgresBuilder::default().config(&DEFAULTS);
        let settings = [builder.settings, self.settings].concat();
        start_on(settings, |server| {
            let mut command = server.daemon.command(&server.programs.join("initdb"));
            command
                .arg("--pgdata")
                .arg(server.data())
                .args(["--username", USER, "--auth", "trust"])
                .args(["--encoding", "UTF8", "--locale", "C"])
                .args(["--no-sync", "--no-instructions"]);
            server.daemon.run(&mut command);
        })
    }
}

/// Starts a server on the files that `make_data` makes.
pub(super) fn start_on(
    settings: Vec<(String, String)>,
    make_data: impl FnOnce(&Postgres),
) -> Postgres {
    let programs = installed::folder();
    let account = Account::unless_harmless("postgres", "postgresql");
    let server = Postgres {
        // Killed, it would leave shared memory behind.
        daemon: Daemon::new(account, Ending::Quit),
        programs,
        settings,
    };
    make_data(&server);
    server.daemon.start(|| server.launch());
    server
}
