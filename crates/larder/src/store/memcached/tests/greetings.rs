//! Who answers, and what is said if it is the wrong one.

use larder_servers::{Process, until};

use super::peer::{Act, GREETING};
use super::*;

async fn refused(address: &str, config: bool, says: &str) {
    let error = match dial(address).await {
        Ok(_) => panic!("{address} was taken"),
        Err(error) => error,
    };
    assert_eq!(error.is_config(), config, "{error:?}");
    assert_eq!(error.is_store(), !config, "{error:?}");
    let text = error.to_string();
    assert!(text.contains(says) && text.contains(address), "{text}");
}

async fn greeted(greeting: &'static str, config: bool, says: &str) {
    let peer = peer::start(greeting, |_| Act::SayLast(String::new())).await;
    refused(&peer, config, says).await;
}

#[tokio::test]
async fn nobody_listens() {
    let port = larder_servers::free_port();
    refused(&format!("127.0.0.1:{port}"), false, "check the address").await;
}

#[tokio::test]
async fn a_socket_that_is_not_there() {
    refused("/nowhere/memcached.sock", false, "check the address").await;
}

#[tokio::test]
async fn something_else_listens() {
    greeted("HTTP/1.1 400 Bad Request\r\n\r\n", true, "no memcached").await;
    let redis = larder_servers::Redis::start();
    refused(&redis.address(), true, "no memcached").await;
}

#[tokio::test]
async fn something_that_never_ends_its_line() {
    let flood: &'static str = "x".repeat(100_000).leak();
    greeted(flood, true, "no memcached").await;
}

#[tokio::test]
async fn a_server_that_asks_for_a_password() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let users = folder.path().join("users");
    std::fs::write(&users, "user:password\n").expect("a file can be written");
    let address = format!("127.0.0.1:{}", larder_servers::free_port());
    let (_, port) = address.rsplit_once(':').expect("it has a port");
    let mut memcached = std::process::Command::new("memcached");
    memcached.args(["-l", "127.0.0.1", "-u", "root", "-p", port, "-Y"]);
    let _server = Process::start(memcached.arg(&users), &folder.path().join("log"));
    until("memcached listens", || {
        std::net::TcpStream::connect(&address).is_ok()
    });
    refused(&address, true, "asks for a password").await;
}

#[tokio::test]
async fn a_server_without_cas() {
    let server = Server::builder().arguments(&["-C"]).start();
    refused(&server.address(), true, "without -C").await;
}

#[tokio::test]
async fn a_server_that_is_too_old() {
    // 1.4 knows nothing of the kind.
    greeted(
        "VERSION 1.4.39\r\nSTAT item_size_max 1048576\r\nEND\r\nERROR\r\nERROR\r\nERROR\r\n",
        true,
        "use memcached 1.6.10 or later",
    )
    .await;
    // Early ones of 1.6 take the length of a value elsewhere.
    greeted(
        "VERSION 1.6.2\r\nSTAT item_size_max 1048576\r\nEND\r\nCLIENT_ERROR bad command line format\r\nERROR\r\nEN\r\n",
        true,
        "1.6.2",
    )
    .await;
    // Or do not say of what there is nothing.
    greeted(
        "VERSION 1.6.9\r\nEND\r\nHD klarder:hello c1 O1\r\nEN\r\n",
        true,
        "1.6.9",
    )
    .await;
}

#[tokio::test]
async fn a_server_that_takes_no_more_connections() {
    greeted(
        "ERROR Too many open connections\r\n",
        false,
        "raise its limit",
    )
    .await;
}

#[tokio::test]
async fn a_server_that_says_more_than_it_was_asked() {
    let said: &'static str = format!("{GREETING}EN k O3\r\n").leak();
    greeted(said, true, "no memcached").await;
}

#[tokio::test]
async fn a_server_that_closes_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    refused(&address, false, &address).await;
}

#[tokio::test]
async fn a_server_that_keeps_its_settings_to_itself() {
    let quiet = "VERSION 1.6.18\r\nERROR\r\nHD klarder:hello c1 O1\r\nEN klarder:nobody O2\r\n\
        NF klarder:hello O3\r\n";
    let peer = peer::start(quiet, |_| Act::SayLast(String::new())).await;
    assert!(dial(&peer).await.is_ok());
}

#[tokio::test]
async fn a_full_server_is_greeted_all_the_same() {
    let full = "VERSION 1.6.18\r\nEND\r\n\
        SERVER_ERROR out of memory storing object\r\nEN klarder:nobody O2\r\n\
        NF klarder:hello O3\r\n";
    let peer = peer::start(full, |_| Act::SayLast(String::new())).await;
    assert!(dial(&peer).await.is_ok());
}

#[tokio::test]
async fn a_unix_socket_is_as_good_as_a_port() {
    let server = Server::builder().socket().start();
    let path = server.socket();
    let link = dial(path.to_str().expect("it is text")).await;
    let link = link.expect("the server answers");
    done(ask(&link, set(&name(1), "x")).await);
    assert_eq!(bytes(&link, &name(1)).await, Some(b"x".to_vec()));
}
