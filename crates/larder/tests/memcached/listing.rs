//! Listing keys: which this server cannot.

use super::*;

#[tokio::test]
async fn kc5_memcached_says_that_it_cannot_list() {
    let server = server();
    let bench = Bench::new(&[&server]).await;
    bench.read(1, "one").await;
    let error = bench.cache.keys(()).await.expect_err("it cannot");
    assert!(error.is_unsupported(), "{error}");
    assert_eq!(bench.read(1, "two").await, "one");
}
