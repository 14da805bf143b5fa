//! Cached functions.

use super::*;
use crate::common_functions::Tables;

async fn cache(server: &Server) -> Cache {
    let store = builder([server]).connect().await;
    let store = store.expect("the server answers");
    let builder = Cache::builder().store(store).namespace("shop");
    builder.build().expect("the settings are valid")
}

#[tokio::test]
async fn bc22_bc24_kc10_kc11_kc12_kc13_functions_keep_their_promises_between_processes() {
    let server = server();
    let here = cache(&server).await;
    let there = cache(&server).await;
    Tables { here, there }.keep_their_promises().await;
}
