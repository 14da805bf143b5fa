use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use larder_servers::{MariaDb, until};

use crate::victim;

#[test]
fn a_server_answers_on_its_port_and_has_the_settings_that_were_asked_for() {
    let server = MariaDb::builder()
        .config(&[("innodb-flush-log-at-trx-commit", "2")])
        .start();
    let mut stream = TcpStream::connect(server.address()).expect("a server accepts");
    assert!(is_greeted_within(&mut stream, Duration::from_secs(30)));
    let url = format!("mysql://root@127.0.0.1:{}/mysql", server.port());
    assert_eq!(server.url("mysql"), url);
    let setting = |name: &str| server.run_sql("mysql", &format!("SELECT @@{name}"));
    assert_eq!(setting("innodb_flush_log_at_trx_commit"), "2");
    assert_eq!(setting("character_set_server"), "utf8mb4");
}

#[test]
fn its_user_needs_no_password_on_its_port() {
    let server = MariaDb::shared();
    let output = std::process::Command::new("mariadb")
        .args(["--no-defaults", "--host=127.0.0.1", "--user=root"])
        .args(["--port", &server.port().to_string()])
        .args(["--batch", "--skip-column-names", "--execute"])
        .arg("SELECT current_user()")
        .output()
        .expect("mariadb is installed");
    let user = String::from_utf8_lossy(&output.stdout);
    assert_eq!(user.trim(), "root@127.0.0.1");
}

#[test]
fn every_test_has_a_database_of_its_own() {
    let server = MariaDb::shared();
    let url = server.database("own_one");
    assert_eq!(url, server.url("own_one"));
    server.database("own_two");
    server.run_sql(
        "own_one",
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)",
    );
    assert!(server.try_run_sql("own_two", "SELECT * FROM t").is_err());
    assert_eq!(
        server.run_sql("own_one", "SELECT a, a FROM t ORDER BY a"),
        "1\t1\n2\t2"
    );
    server.database("own_one");
    assert!(server.try_run_sql("own_one", "SELECT * FROM t").is_err());
}

#[test]
fn text_takes_small_letters_for_capital_ones() {
    let server = MariaDb::shared();
    server.database("collation");
    server.run_sql(
        "collation",
        "CREATE TABLE t (a varchar(9)); INSERT INTO t VALUES ('grüße 🎵')",
    );
    let found = server.run_sql("collation", "SELECT a FROM t WHERE a = 'GRÜßE 🎵'");
    assert_eq!(found, "grüße 🎵");
    let collation = server.run_sql("collation", "SELECT @@collation_database");
    assert!(
        collation.starts_with("utf8mb4_") && collation.ends_with("_ci"),
        "{collation}"
    );
}

#[test]
fn what_is_refused_is_told_and_ends_the_text() {
    let server = MariaDb::shared();
    server.database("refused");
    let text = "CREATE TABLE t (a int); INSERT INTO t VALUES ('x'); INSERT INTO t VALUES (1)";
    let error = server
        .try_run_sql("refused", text)
        .expect_err("x is no number");
    assert!(error.contains("Incorrect integer value"), "{error}");
    assert_eq!(server.run_sql("refused", "SELECT count(*) FROM t"), "0");
}

#[test]
fn a_killed_server_keeps_what_it_has_acknowledged() {
    let server = MariaDb::start();
    server.database("kept");
    server.run_sql("kept", "CREATE TABLE t (a int)");
    server.run_sql(
        "kept",
        "XA START 'p'; INSERT INTO t VALUES (2); XA END 'p'; XA PREPARE 'p'",
    );
    server.run_sql("kept", "INSERT INTO t VALUES (1)");
    server.kill();
    assert!(TcpStream::connect(server.address()).is_err());
    server.restart();
    assert_eq!(server.run_sql("kept", "SELECT a FROM t"), "1");
    server.run_sql("kept", "XA COMMIT 'p'");
    server.restart();
    assert_eq!(server.run_sql("kept", "SELECT a FROM t ORDER BY a"), "1\n2");
}

#[test]
fn a_paused_server_says_nothing_until_it_is_resumed() {
    let server = MariaDb::start();
    server.pause();
    let mut stream = TcpStream::connect(server.address()).expect("the kernel still accepts");
    assert!(!is_greeted_within(&mut stream, Duration::from_millis(200)));
    server.resume();
    assert!(is_greeted_within(&mut stream, Duration::from_secs(30)));
    // A server that stands can be dropped.
    server.pause();
}

#[test]
fn a_dropped_server_is_gone_with_its_folder() {
    let server = MariaDb::start();
    let (id, folder) = (server.id(), server.folder().to_owned());
    drop(server);
    assert!(!folder.exists());
    assert!(!Path::new(&format!("/proc/{id}")).exists());
}

#[test]
fn a_shared_server_does_not_outlive_a_test_that_is_killed_nor_does_its_folder() {
    let name =
        "mariadb::a_shared_server_does_not_outlive_a_test_that_is_killed_nor_does_its_folder";
    let left = victim::kill(name, || {
        let server = MariaDb::shared();
        (server, server.id(), server.folder().to_owned())
    });
    until("its folder is gone", || !left.folder.exists());
}

/// Whether a server says the first word of a connection, as it does without being asked.
fn is_greeted_within(stream: &mut TcpStream, time: Duration) -> bool {
    let timeout = stream.set_read_timeout(Some(time));
    timeout.expect("a timeout can be set");
    stream.read_exact(&mut [0]).is_ok()
}
