use std::net::TcpStream;

use larder_servers::Memcached;

#[test]
fn a_server_answers_and_its_values_can_be_read_and_written() {
    let server = Memcached::start();
    assert_eq!(server.read("a"), None);
    server.write("a", b"\0\r\n\xff");
    assert_eq!(server.read("a").as_deref(), Some(&b"\0\r\n\xff"[..]));
    server.write("b:{1}", b"");
    assert_eq!(server.names(), ["a", "b:{1}"]);
    assert_eq!(server.stat("curr_items"), "2");
    server.flush();
    assert_eq!(server.read("a"), None);
}

#[test]
fn a_killed_server_refuses_and_a_restarted_one_is_empty() {
    let server = Memcached::start();
    server.write("a", b"1");
    server.kill();
    assert!(TcpStream::connect(server.address()).is_err());
    server.restart();
    assert_eq!(server.read("a"), None);
}

#[test]
fn a_paused_server_goes_on_with_what_it_had() {
    let server = Memcached::start();
    server.write("a", b"1");
    server.pause();
    server.resume();
    assert_eq!(server.read("a").as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_small_server_evicts() {
    let server = Memcached::builder().megabytes_max(2).start();
    for number in 0..200 {
        server.write(&format!("a{number}"), &vec![0; 100_000]);
    }
    assert_ne!(server.stat("evictions"), "0");
}

#[test]
fn a_server_may_have_a_socket_instead_of_a_port() {
    let server = Memcached::builder().socket().start();
    server.write("a", b"1");
    assert_eq!(server.read("a").as_deref(), Some(&b"1"[..]));
    assert!(TcpStream::connect(server.address()).is_err());
}
