//! What clients ask of a server, as MONITOR tells it.

use std::thread::{self, JoinHandle};

use super::Redis;

/// The commands that a server runs from its beginning to [`stop`](Monitor::stop).
#[must_use = "commands are collected until `stop` gives them"]
#[derive(Debug)]
pub struct Monitor<'a> {
    server: &'a Redis,
    barrier: String,
    collects: JoinHandle<Vec<String>>,
}

impl<'a> Monitor<'a> {
    pub(super) fn begin(server: &'a Redis) -> Monitor<'a> {
        let barrier = format!("end-of-monitor-{:016x}", fastrand::u64(..));
        let mut wire = server.wire().expect("a redis server answers");
        wire.ask(&["MONITOR"]).expect("a redis server answers").ok();
        let last = format!("\"{barrier}\"");
        let collects = thread::spawn(move || {
            let mut lines = Vec::new();
            loop {
                let line = wire.line().expect("MONITOR goes on until its barrier");
                if line.ends_with(&last) {
                    return lines;
                }
                lines.push(line);
            }
        });
        Monitor {
            server,
            barrier,
            collects,
        }
    }

    /// The commands so far, one a line without time and address: `"MGET" "a" "b"`. What was asked
    /// before this call is in it, what is asked later is not.
    ///
    /// # Panics
    ///
    /// If the server has died meanwhile.
    pub fn stop(self) -> Vec<String> {
        self.server.ask(&["ECHO", &self.barrier]).ok();
        let lines = self.collects.join().expect("MONITOR can be read");
        lines.iter().filter_map(|line| command(line)).collect()
    }
}

/// What follows `+1700000000.000000 [0 127.0.0.1:4711] `, unless the tests themselves log in to look
/// into the server.
fn command(line: &str) -> Option<String> {
    let (origin, command) = line.split_once("] ")?;
    let ours = origin.contains(" unix:") && command.starts_with("\"AUTH\"");
    (!ours).then(|| command.to_owned())
}
