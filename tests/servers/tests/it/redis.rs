use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use larder_servers::{Redis, Reply, until};

use crate::victim;

#[test]
fn a_server_answers_on_its_port_and_its_socket() {
    let server = Redis::start();
    assert_eq!(server.ask(&["PING"]).text(), "PONG");
    assert!(TcpStream::connect(server.address()).is_ok());
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port()));
    assert_eq!(server.cli(&["ECHO", "hello"]).trim(), "hello");
}

#[test]
fn a_killed_server_refuses_and_a_restarted_one_is_empty() {
    let server = Redis::start();
    server.ask(&["SET", "a", "1"]).ok();
    let life = server.info("run_id");
    server.kill();
    assert!(TcpStream::connect(server.address()).is_err());
    server.restart();
    assert_eq!(server.names(), Vec::<String>::new());
    assert_ne!(server.info("run_id"), life);
}

#[test]
fn a_restarted_server_finds_what_was_saved_and_no_more() {
    let server = Redis::start();
    server.ask(&["SET", "a", "1"]).ok();
    server.save();
    server.ask(&["SET", "a", "2"]).ok();
    server.restart();
    assert_eq!(server.read("a").as_deref(), Some(&b"1"[..]));
    server.restart_empty();
    assert_eq!(server.read("a"), None);
}

#[test]
fn a_paused_server_says_nothing_until_it_is_resumed() {
    let server = Redis::start();
    server.pause();
    let mut stream = TcpStream::connect(server.address()).expect("the kernel still accepts");
    std::io::Write::write_all(&mut stream, b"PING\r\n").expect("the kernel takes bytes");
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .expect("a timeout can be set");
    let mut answer = [0; 7];
    assert!(std::io::Read::read_exact(&mut stream, &mut answer).is_err());
    server.resume();
    stream.set_read_timeout(None).expect("a timeout can be set");
    std::io::Read::read_exact(&mut stream, &mut answer).expect("it answers again");
    assert_eq!(&answer, b"+PONG\r\n");
    server.pause();
    server.resume();
    assert_eq!(server.ask(&["PING"]).text(), "PONG");
}

#[test]
fn settings_and_users_are_in_force() {
    let server = Redis::builder()
        .config(&[("maxmemory", "16mb"), ("maxmemory-policy", "noeviction")])
        .acl("shop", "secret", "~shop:* +get")
        .start();
    assert_eq!(server.info("maxmemory"), (16 << 20).to_string());
    let whoami = |user: &str, words: &[&str]| {
        let port = server.port().to_string();
        let output = std::process::Command::new("redis-cli")
            .args(["-p", &port, "--user", user, "--pass", "secret"])
            .args(["--no-auth-warning"])
            .args(words)
            .output()
            .expect("redis-cli is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(whoami("shop", &["GET", "shop:1"]).trim(), "");
    assert!(whoami("shop", &["SET", "shop:1", "x"]).contains("NOPERM"));
    assert!(whoami("default", &["GET", "shop:1"]).contains("NOAUTH"));
    assert_eq!(
        server.url_of("shop", "secret"),
        format!("redis://shop:secret@127.0.0.1:{}", server.port())
    );
}

#[test]
fn a_server_with_tls_shows_a_certificate_of_its_authority() {
    let server = Redis::builder().tls().start();
    let made = server.certificates().expect("it speaks TLS");
    let ask = |authority: &Path| {
        let port = server.port().to_string();
        let output = std::process::Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &port, "--tls", "--cacert"])
            .arg(authority)
            .args(["PING"])
            .output()
            .expect("redis-cli is installed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(ask(&made.authority), "PONG");
    let other = Redis::builder().tls().start();
    let stranger = other.certificates().expect("it speaks TLS");
    assert_ne!(ask(&stranger.authority), "PONG");
    assert!(server.url().starts_with("rediss://"));
}

#[test]
fn a_monitor_tells_what_was_asked_between_its_begin_and_its_end() {
    let server = Redis::start();
    server.ask(&["SET", "before", "1"]).ok();
    let monitor = server.monitor();
    server.ask(&["SET", "a", "b c"]).ok();
    server.ask(&["MGET", "a", "b"]).ok();
    let lines = monitor.stop();
    server.ask(&["SET", "after", "1"]).ok();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(lines, [r#""SET" "a" "b c""#, r#""MGET" "a" "b""#]);
}

#[test]
fn a_replica_follows_and_can_be_promoted() {
    let (master, replica) = (Redis::start(), Redis::start());
    master.ask(&["SET", "a", "1"]).ok();
    replica.replicate(&master.address());
    assert_eq!(replica.read("a").as_deref(), Some(&b"1"[..]));
    assert!(matches!(replica.ask(&["SET", "a", "2"]), Reply::Error(_)));
    replica.promote();
    replica.ask(&["SET", "a", "2"]).ok();
    assert_eq!(master.read("a").as_deref(), Some(&b"1"[..]));
}

#[test]
fn stored_bytes_can_be_read_and_written_by_a_foreign_hand() {
    let server = Redis::start();
    server.ask(&["SET", "a", "1", "EX", "100"]).ok();
    server.write("a", b"\0\r\n\xff");
    assert_eq!(server.read("a").as_deref(), Some(&b"\0\r\n\xff"[..]));
    assert!(server.ask(&["TTL", "a"]).integer() > 0);
    server.flush();
    assert_eq!(server.read("a"), None);
}

#[test]
fn a_dropped_server_is_gone_with_its_folder() {
    let server = Redis::start();
    let (id, folder) = (server.id(), server.folder().to_owned());
    drop(server);
    until("the folder is gone", || !folder.exists());
    assert!(!Path::new(&format!("/proc/{id}")).exists());
}

#[test]
fn a_server_does_not_outlive_a_test_that_is_killed() {
    let name = "redis::a_server_does_not_outlive_a_test_that_is_killed";
    victim::kill(name, || {
        let server = Redis::start();
        let (id, folder) = (server.id(), server.folder().to_owned());
        (server, id, folder)
    });
}

#[test]
fn valkey_is_started_where_it_is_installed() {
    // Where it is not, ./test says so by name.
    if let Some(server) = Redis::start_valkey() {
        assert_eq!(server.ask(&["PING"]).text(), "PONG");
        assert!(!server.info("valkey_version").is_empty());
    }
}
