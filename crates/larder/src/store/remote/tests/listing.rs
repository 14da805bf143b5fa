//! Listing keys from several servers, page by page.

use super::*;
use crate::Cache;

fn cache(servers: &[Arc<Server>]) -> Cache {
    let builder = Cache::builder().store(process(servers)).namespace("shop");
    builder.build().expect("valid")
}

#[tokio::test]
async fn kc5_what_pages_tell_twice_is_listed_once() {
    let servers: Vec<Arc<Server>> = (0..3).map(|_| Arc::default()).collect();
    let cache = cache(&servers);
    let many = (0..100_u32).map(|number| (("many", number), number));
    cache.insert_many(many).await.expect("stored");
    let list = cache.keys("many").await.expect("listed");
    assert!(list.complete);
    let mut keys: Vec<Key> = list.keys.into_iter().map(|info| info.key).collect();
    let mut wanted: Vec<Key> = (0..100_u32)
        .map(|number| Key::new(("many", number)))
        .collect();
    keys.sort_by_key(Key::readable);
    wanted.sort_by_key(Key::readable);
    assert_eq!(keys, wanted);
}

#[tokio::test]
async fn kc5_a_list_believes_no_bytes() {
    let server = Arc::<Server>::default();
    let cache = cache(std::slice::from_ref(&server));
    let many = (0..20_u32).map(|number| (("many", number), number));
    cache.insert_many(many).await.expect("stored");
    for cut in 0..200 {
        let kept = server.save();
        server.spoil(|bytes| bytes.truncate(cut));
        let list = cache.keys(()).await.expect("listed");
        assert!(list.keys.len() <= 20);
        server.load(kept.clone());
        server.spoil(|bytes| {
            if let Some(byte) = bytes.get_mut(cut) {
                *byte ^= 0x55;
            }
        });
        // Whatever is listed under a spoiled key would have to have its name.
        for info in cache.keys(()).await.expect("listed").keys {
            let found = info.key.readable();
            assert!(found.starts_with("('many', "), "{found}");
        }
        server.load(kept);
    }
    assert_eq!(cache.keys(()).await.expect("listed").keys.len(), 20);
    server.set_down(true);
    assert!(cache.keys(()).await.expect_err("down").is_store());
}
