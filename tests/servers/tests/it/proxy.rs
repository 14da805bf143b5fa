use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use larder_servers::{Proxy, Redis, until};

/// How long a test waits for nothing to come.
const SILENCE: Duration = Duration::from_millis(100);

struct Bench {
    server: Redis,
    proxy: Proxy,
}

impl Bench {
    fn new() -> Bench {
        let server = Redis::start();
        let proxy = Proxy::start(&server.address());
        Bench { server, proxy }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).expect("the proxy accepts")
    }
}

fn say(stream: &mut TcpStream, line: &str) -> io::Result<String> {
    stream.write_all(line.as_bytes())?;
    stream.write_all(b"\r\n")?;
    hear(stream)
}

fn hear(stream: &mut TcpStream) -> io::Result<String> {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n") {
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    answer.truncate(answer.len() - 2);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn is_silent(stream: &mut TcpStream) -> bool {
    stream
        .set_read_timeout(Some(SILENCE))
        .expect("a timeout can be set");
    let silent = matches!(hear(stream), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
    stream.set_read_timeout(None).expect("a timeout can be set");
    silent
}

#[test]
fn what_passes_is_counted() {
    let bench = Bench::new();
    let mut stream = bench.connect();
    assert_eq!(say(&mut stream, "PING").expect("it passes"), "+PONG");
    assert_eq!(bench.proxy.connections(), 1);
    assert_eq!(bench.proxy.connections_open(), 1);
    assert_eq!(bench.proxy.bytes_to_server(), 6);
    assert_eq!(bench.proxy.bytes_to_client(), 7);
    drop(stream);
    until("the connection is gone", || {
        bench.proxy.connections_open() == 0
    });
}

#[test]
fn a_cut_resets_and_the_next_connection_is_fine() {
    let bench = Bench::new();
    let mut stream = bench.connect();
    say(&mut stream, "PING").expect("it passes");
    bench.proxy.cut();
    let error = hear(&mut stream).expect_err("it was reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(
        say(&mut bench.connect(), "PING").expect("it passes"),
        "+PONG"
    );
}

#[test]
fn who_is_refused_is_accepted_again_after_restoring() {
    let bench = Bench::new();
    let mut stream = bench.connect();
    say(&mut stream, "PING").expect("it passes");
    bench.proxy.refuse();
    assert!(hear(&mut stream).is_err());
    let error = TcpStream::connect(bench.proxy.address()).expect_err("nobody listens");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    bench.proxy.restore();
    assert_eq!(
        say(&mut bench.connect(), "PING").expect("it passes"),
        "+PONG"
    );
}

#[test]
fn a_blackhole_swallows_both_ways_and_its_connections_end_with_it() {
    let bench = Bench::new();
    bench.proxy.blackhole();
    let mut stream = bench.connect();
    stream.write_all(b"SET a 1\r\n").expect("it is accepted");
    assert!(is_silent(&mut stream));
    assert_eq!(bench.server.read("a"), None);
    bench.proxy.restore();
    assert!(hear(&mut stream).is_err());
    assert_eq!(bench.server.read("a"), None);
}

#[test]
fn half_open_means_done_and_not_answered() {
    let bench = Bench::new();
    bench.proxy.half_open();
    let mut stream = bench.connect();
    stream.write_all(b"SET a 1\r\n").expect("it is accepted");
    assert!(is_silent(&mut stream));
    assert_eq!(bench.server.read("a").as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_stalled_connection_loses_nothing() {
    let bench = Bench::new();
    let mut stream = bench.connect();
    bench.proxy.stall();
    stream.write_all(b"PING\r\n").expect("it is accepted");
    assert!(is_silent(&mut stream));
    bench.proxy.restore();
    assert_eq!(hear(&mut stream).expect("it arrives"), "+PONG");
}

#[test]
fn delayed_answers_come_late() {
    let bench = Bench::new();
    let mut stream = bench.connect();
    bench.proxy.delay(Duration::from_millis(40));
    let begin = Instant::now();
    assert_eq!(say(&mut stream, "PING").expect("it passes"), "+PONG");
    assert!(begin.elapsed() >= Duration::from_millis(80));
}

#[test]
fn dripping_answers_are_whole_in_the_end() {
    let bench = Bench::new();
    let mut stream = bench.connect();
    bench.proxy.drip(1, Duration::from_millis(5));
    let begin = Instant::now();
    assert_eq!(say(&mut stream, "PING").expect("it passes"), "+PONG");
    assert!(begin.elapsed() >= Duration::from_millis(30));
}

#[test]
fn one_byte_is_corrupted() {
    let bench = Bench::new();
    let mut stream = bench.connect();
    bench.proxy.corrupt(9);
    assert_eq!(say(&mut stream, "PING").expect("it passes"), "+PONG");
    assert!(!bench.proxy.has_corrupted());
    assert_ne!(say(&mut stream, "PING").expect("it passes"), "+PONG");
    assert!(bench.proxy.has_corrupted());
    assert_eq!(say(&mut stream, "PING").expect("it passes"), "+PONG");
}

#[test]
fn a_dead_server_shows_through() {
    let bench = Bench::new();
    bench.server.kill();
    assert!(say(&mut bench.connect(), "PING").is_err());
    bench.server.restart();
    assert_eq!(
        say(&mut bench.connect(), "PING").expect("it passes"),
        "+PONG"
    );
}
