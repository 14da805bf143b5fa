use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use larder_servers::{Postgres, until};

use crate::victim;

#[test]
fn a_server_answers_on_its_port_and_has_the_settings_that_were_asked_for() {
    let server = Postgres::builder()
        .config(&[("synchronous_commit", "off"), ("application_name", "it's")])
        .start();
    assert!(TcpStream::connect(server.address()).is_ok());
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port());
    assert_eq!(server.url("postgres"), url);
    let setting = |name: &str| server.run_sql("postgres", &format!("SHOW {name}"));
    assert_eq!(setting("synchronous_commit"), "off");
    assert_eq!(setting("fsync"), "off");
    assert_eq!(setting("wal_level"), "logical");
    assert_ne!(setting("max_prepared_transactions"), "0");
    assert_eq!(setting("server_encoding"), "UTF8");
}

#[test]
fn every_test_has_a_database_of_its_own() {
    let server = Postgres::shared();
    let url = server.database("own_one");
    assert_eq!(url, server.url("own_one"));
    server.database("own_two");
    server.run_sql(
        "own_one",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)",
    );
    assert!(server.try_run_sql("own_two", "SELECT * FROM t").is_err());
    server.database_like("own_copy", "own_one");
    server.run_sql("own_copy", "DELETE FROM t WHERE a = 1");
    assert_eq!(
        server.run_sql("own_one", "SELECT a, a FROM t ORDER BY a"),
        "1|1\n2|2"
    );
    assert_eq!(server.run_sql("own_copy", "SELECT a FROM t"), "2");
    server.database("own_one");
    assert!(server.try_run_sql("own_one", "SELECT * FROM t").is_err());
}

#[test]
fn text_compares_byte_by_byte_unless_a_database_has_a_language() {
    let server = Postgres::shared();
    server.database("collation_c");
    server.icu_database("collation_icu", "en-US");
    let before = "SELECT 'a' < 'B'";
    assert_eq!(server.run_sql("collation_c", before), "f");
    assert_eq!(server.run_sql("collation_icu", before), "t");
    let equal = format!(
        "SELECT 'a' = 'A', 'a' = 'A' COLLATE {}",
        Postgres::CASE_INSENSITIVE
    );
    assert_eq!(server.run_sql("collation_icu", &equal), "f|t");
}

#[test]
fn what_is_refused_is_told_and_ends_the_text() {
    let server = Postgres::shared();
    server.database("refused");
    let text = "CREATE TABLE t (a int); INSERT INTO t VALUES ('x'); INSERT INTO t VALUES (1)";
    let error = server
        .try_run_sql("refused", text)
        .expect_err("x is no number");
    assert!(error.contains("invalid input syntax"), "{error}");
    assert_eq!(server.run_sql("refused", "SELECT count(*) FROM t"), "0");
}

#[test]
fn a_killed_server_keeps_what_it_has_acknowledged_and_its_sessions_end() {
    let server = Postgres::start();
    server.database("kept");
    server.run_sql("kept", "CREATE TABLE t (a int)");
    thread::scope(|scope| {
        // A session that does not look up from its work would outlive the server by 20 seconds, and
        // hold its memory.
        let busy = "DO $$ BEGIN
            LOOP EXIT WHEN clock_timestamp() > now() + interval '20 s'; END LOOP;
        END $$";
        let session = scope.spawn(|| server.try_run_sql("kept", busy));
        until("the session is at work", || {
            let active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'";
            server.run_sql("kept", active) == "1"
        });
        server.run_sql(
            "kept",
            "BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'p'",
        );
        server.run_sql("kept", "INSERT INTO t VALUES (1)");
        server.kill();
        assert!(session.join().expect("psql can be run").is_err());
    });
    assert!(TcpStream::connect(server.address()).is_err());
    server.restart();
    assert_eq!(server.run_sql("kept", "SELECT a FROM t"), "1");
    server.run_sql("kept", "COMMIT PREPARED 'p'");
    server.restart();
    assert_eq!(server.run_sql("kept", "SELECT a FROM t ORDER BY a"), "1\n2");
}

#[test]
fn the_sessions_of_a_paused_server_stand_still_until_it_is_resumed() {
    let server = Postgres::start();
    let mut session = Session::begin(&server);
    server.pause();
    session.ask("SELECT 1");
    assert!(!session.is_answered_within(Duration::from_millis(200)));
    server.resume();
    assert!(session.is_answered_within(Duration::from_secs(30)));
    server.pause();
    server.resume();
    assert_eq!(server.run_sql("postgres", "SELECT 1"), "1");
    // A server that stands can be dropped.
    server.pause();
}

#[test]
fn a_replica_lags_while_it_is_paused_and_catches_up() {
    let primary = Postgres::start();
    primary.database("copied");
    primary.run_sql("copied", "CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    let replica = primary.replica();
    let seen = |server: &Postgres| server.run_sql("copied", "SELECT max(a) FROM t");
    assert_eq!(seen(&replica), "1");
    let error = replica.try_run_sql("copied", "DELETE FROM t");
    assert!(error.expect_err("it is a replica").contains("read-only"));

    replica.pause_replay();
    primary.run_sql("copied", "INSERT INTO t VALUES (2)");
    // It has received the row, and does not show it.
    let written = primary.run_sql("copied", "SELECT pg_current_wal_lsn()");
    let received = format!("SELECT pg_last_wal_receive_lsn() >= '{written}'");
    until("the row has arrived", || {
        replica.run_sql("copied", &received) == "t"
    });
    assert_eq!(seen(&replica), "1");
    replica.resume_replay();
    replica.catch_up(&primary);
    assert_eq!(seen(&replica), "2");

    replica.kill();
    primary.run_sql("copied", "INSERT INTO t VALUES (3)");
    replica.restart();
    replica.catch_up(&primary);
    assert_eq!(seen(&replica), "3");

    replica.promote();
    replica.run_sql("copied", "INSERT INTO t VALUES (4)");
    assert_eq!(seen(&primary), "3");
}

#[test]
fn a_dropped_server_is_gone_with_its_folder_and_its_memory() {
    let server = Postgres::start();
    let (id, folder) = (server.id(), server.folder().to_owned());
    assert!(has_memory(id));
    drop(server);
    assert!(!folder.exists());
    assert!(!Path::new(&format!("/proc/{id}")).exists());
    assert!(!has_memory(id));
}

#[test]
fn a_killed_server_leaves_no_memory_behind() {
    let server = Postgres::start();
    let id = server.id();
    assert!(has_memory(id));
    server.kill();
    assert!(!has_memory(id));
}

#[test]
fn a_shared_server_does_not_outlive_a_test_that_is_killed_nor_does_its_folder() {
    let name =
        "postgres::a_shared_server_does_not_outlive_a_test_that_is_killed_nor_does_its_folder";
    let left = victim::kill(name, || {
        let server = Postgres::shared();
        (server, server.id(), server.folder().to_owned())
    });
    until("its folder is gone", || !left.folder.exists());
}

/// Whether there is System V memory that the process has made.
fn has_memory(id: u32) -> bool {
    let segments = std::fs::read_to_string("/proc/sysvipc/shm").expect("Linux lists it");
    let id = id.to_string();
    // key shmid perms size cpid …
    segments
        .lines()
        .any(|line| line.split_whitespace().nth(4) == Some(&id))
}

/// A connection with a session of its own.
struct Session(TcpStream);

impl Session {
    fn begin(server: &Postgres) -> Session {
        let stream = TcpStream::connect(server.address()).expect("a server accepts");
        let mut session = Session(stream);
        let parameters = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
        session.send(parameters);
        assert!(session.is_answered_within(Duration::from_secs(30)));
        session
    }

    fn ask(&mut self, text: &str) {
        self.0.write_all(b"Q").expect("the kernel takes bytes");
        self.send(format!("{text}\0").as_bytes());
    }

    fn send(&mut self, body: &[u8]) {
        let length = u32::try_from(body.len() + 4).expect("it is short");
        let message = [&length.to_be_bytes()[..], body].concat();
        self.0.write_all(&message).expect("the kernel takes bytes");
    }

    /// Reads up to the message by which the server says that it is ready again.
    fn is_answered_within(&mut self, time: Duration) -> bool {
        let timeout = self.0.set_read_timeout(Some(time));
        timeout.expect("a timeout can be set");
        loop {
            let mut head = [0; 5];
            if self.0.read_exact(&mut head).is_err() {
                return false;
            }
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let mut body = vec![0; length as usize - 4];
            self.0.read_exact(&mut body).expect("a message is whole");
            if head[0] == b'Z' {
                return true;
            }
        }
    }
}
