//! Memory in front of the servers.

use larder::{Memory, Near};

use super::*;

const LARGE: usize = 200_000;

async fn near(server: &Server) -> Bench {
    let store = builder([server]).connect().await;
    let memory = Memory::bytes_max(10 << 20);
    let cache = Cache::builder()
        .store(store.expect("the server answers"))
        .near(Near::validated(memory))
        .namespace("shop")
        .build();
    Bench {
        cache: cache.expect("the settings are valid"),
        loads: Arc::default(),
    }
}

/// What cannot be compressed.
fn large(seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..LARGE).map(|_| random.alphanumeric()).collect()
}

#[tokio::test]
async fn a_copy_is_validated_without_its_value() {
    let server = server();
    let [here, there] = [near(&server).await, near(&server).await];
    let value = large(1);
    here.read(1, &value).await;
    assert_eq!(there.read(1, "loaded").await, value);
    let written = || -> usize { server.stat("bytes_written").parse().expect("a number") };
    // Asking for it writes as well.
    let before = written();
    for _ in 0..10 {
        assert_eq!(there.read(1, "loaded").await, value);
    }
    let each = (written() - before) / 10;
    assert!(each < 5_000, "{each} bytes for a value of {LARGE}");
}

#[tokio::test]
async fn a_copy_ends_with_what_others_do() {
    let server = server();
    let [here, there] = [near(&server).await, near(&server).await];
    here.read(1, "first").await;
    assert_eq!(there.read(1, "loaded").await, "first");
    assert_eq!(there.read(1, "loaded").await, "first");
    here.invalidate(1).await;
    assert_eq!(there.read(1, "second").await, "second");
    assert_eq!(here.read(1, "loaded").await, "second");
    here.cache.remove(1u64).await.expect("the server answers");
    assert_eq!(there.read(1, "third").await, "third");
    server.flush();
    assert_eq!(here.read(1, "fourth").await, "fourth");
    server.restart();
    assert_eq!(there.read(1, "fifth").await, "fifth");
}
