//! Cached functions.

use larder::Near;

use super::*;
use crate::common_functions::Tables;

async fn cache(url: &str, near: Option<Near>) -> Cache {
    let store = connected(Redis::builder().url(url)).await;
    let builder = Cache::builder().store(store).namespace("shop");
    let builder = match near {
        Some(near) => builder.near(near),
        None => builder,
    };
    builder.build().expect("the settings are valid")
}

#[tokio::test]
async fn bc22_bc24_kc10_kc11_kc12_kc13_functions_keep_their_promises_between_processes() {
    let server = Server::start();
    let here = cache(&server.url(), None).await;
    let there = cache(&server.url(), None).await;
    Tables { here, there }.keep_their_promises().await;
}

#[tokio::test]
async fn bc22_bc24_kc10_kc11_kc12_kc13_functions_keep_their_promises_under_validated_copies() {
    let server = Server::start();
    let near = || Some(Near::validated(larder::Memory::bytes_max(16 << 20)));
    let here = cache(&server.url(), near()).await;
    let there = cache(&server.url(), near()).await;
    Tables { here, there }.keep_their_promises().await;
}
