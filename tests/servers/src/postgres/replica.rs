//! Streaming replicas.

use super::builder::start_on;
use super::{FIRST, Postgres, USER};
use crate::wait::until;

impl Postgres {
    /// A server that follows this one and can only be read. Returns when it is in step. It has this
    /// one's settings.
    pub fn replica(&self) -> Postgres {
        let replica = start_on(self.settings.clone(), |replica| {
            let mut command = replica.daemon.command(&self.programs.join("pg_basebackup"));
            command
                .arg("--pgdata")
                .arg(replica.data())
                .args(["--host", "127.0.0.1", "--port", &self.port().to_string()])
                .args(["--username", USER, "--wal-method", "stream"])
                .args(["--checkpoint", "fast", "--no-sync", "--write-recovery-conf"]);
            replica.daemon.run(&mut command);
        });
        replica.catch_up(self);
        replica
    }

    /// Has a replica stand still: it still receives what its primary does, and shows none of it.
    pub fn pause_replay(&self) {
        self.run_sql(FIRST, "SELECT pg_wal_replay_pause()");
        until("a replica's replay is paused", || {
            self.run_sql(FIRST, "SELECT pg_get_wal_replay_pause_state()") == "paused"
        });
    }

    /// Lets it go on after [`pause_replay`](Self::pause_replay).
    pub fn resume_replay(&self) {
        self.run_sql(FIRST, "SELECT pg_wal_replay_resume()");
    }

    /// Waits until a replica shows all that `primary` has acknowledged.
    pub fn catch_up(&self, primary: &Postgres) {
        let written = primary.run_sql(FIRST, "SELECT pg_current_wal_lsn()");
        let shown = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
        until("a replica has caught up", || {
            self.run_sql(FIRST, &shown) == "t"
        });
    }

    /// Makes a replica a primary of its own.
    pub fn promote(&self) {
        assert_eq!(
            self.run_sql(FIRST, "SELECT pg_promote()"),
            "t",
            "a replica was not promoted"
        );
    }
}
