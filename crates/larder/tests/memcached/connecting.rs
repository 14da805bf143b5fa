//! What connects, and what is said if it does not.

use std::time::Instant;

use larder::Error;

use super::*;

async fn fails(url: &str) -> Error {
    match Memcached::connect(url).await {
        Ok(_) => panic!("{url} was taken"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_port_or_a_socket_is_enough() {
    for server in [server(), Server::builder().socket().start()] {
        let store = Memcached::connect(&server.url()).await;
        let bench = Bench::over(store.expect("the server answers"));
        bench.read(1, "one").await;
        assert_eq!(bench.read(1, "another").await, "one");
    }
}

#[tokio::test]
async fn a_server_that_does_not_listen_is_a_fault_of_the_store() {
    let address = format!("127.0.0.1:{}", larder_servers::free_port());
    let error = fails(&format!("memcached://{address}")).await;
    assert!(error.is_store(), "{error:?}");
    assert!(error.to_string().contains(&address), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_as_long_as_allowed() {
    let server = server();
    server.pause();
    let builder = builder([&server]);
    let began = Instant::now();
    let connected = builder
        .connect_timeout(Duration::from_millis(100))
        .connect();
    let error = connected.await.expect_err("it is stopped");
    assert!(error.is_store(), "{error:?}");
    assert!(error.to_string().contains("100ms"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
    server.resume();
}

#[tokio::test]
async fn another_kind_of_server_is_a_wrong_setting() {
    let redis = larder_servers::Redis::start();
    let error = fails(&format!("memcached://{}", redis.address())).await;
    assert!(error.is_config(), "{error:?}");
    assert!(error.to_string().contains("check host and port"), "{error}");
}

#[tokio::test]
async fn an_address_that_cannot_be_meant_is_a_wrong_setting() {
    for (url, says) in [
        ("", "begins with memcached://"),
        ("127.0.0.1:11211", "begins with memcached://"),
        ("redis://127.0.0.1", "begins with memcached://"),
        ("memcached://", "host:port"),
        ("memcached://127.0.0.1:70000", "65535"),
        ("memcached://a:secret@127.0.0.1", "not supported"),
        ("memcached://127.0.0.1,127.0.0.1:11211", "twice"),
        ("memcached+unix://run/memcached.sock", "begin with /"),
    ] {
        let error = fails(url).await;
        assert!(error.is_config(), "{url}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(says), "{url}: {text}");
        assert!(!text.contains("secret"), "{url}: {text}");
    }
    let none = Memcached::builder().connect().await;
    assert!(none.expect_err("no server is named").is_config());
}

#[tokio::test]
async fn another_machine_is_spoken_to_only_if_that_is_said() {
    // Nobody is asked: the address belongs to documentation.
    let error = fails("memcached://192.0.2.1:11211").await;
    assert!(error.is_config(), "{error:?}");
    assert!(error.to_string().contains("`plaintext`"), "{error}");
    let builder = Memcached::builder().server("192.0.2.1").plaintext(true);
    let said = builder.connect_timeout(Duration::from_millis(50)).connect();
    let error = said.await.expect_err("nobody is there");
    assert!(error.is_store(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_may_be_down_from_the_beginning() {
    let here = server();
    let gone = server();
    gone.kill();
    let bench = Bench::new(&[&here, &gone]).await;
    for key in 0..40 {
        assert_eq!(bench.read(key, "loaded").await, "loaded");
    }
    gone.restart();
    // It is left alone for a while after it failed.
    larder_servers::until("both have names", || {
        let read = async {
            for key in 0..40 {
                bench.read(key, "loaded").await;
            }
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(read));
        !here.names().is_empty() && !gone.names().is_empty()
    });
}

#[tokio::test]
async fn if_all_of_several_are_down_that_is_said() {
    let ports = [larder_servers::free_port(), larder_servers::free_port()];
    let url = format!("memcached://127.0.0.1:{},127.0.0.1:{}", ports[0], ports[1]);
    assert!(fails(&url).await.is_store());
}

#[tokio::test]
async fn one_wrong_server_among_several_is_a_wrong_setting() {
    let memcached = server();
    let redis = larder_servers::Redis::start();
    let url = format!("memcached://{},{}", memcached.address(), redis.address());
    let error = fails(&url).await;
    assert!(error.is_config(), "{error:?}");
    assert!(error.to_string().contains(&redis.address()), "{error}");
}
