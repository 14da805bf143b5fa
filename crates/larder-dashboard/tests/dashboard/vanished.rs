//! A store that goes away while pages are open.

use std::time::Duration;

use larder::testing::{Faults, Faulty, Operation};
use larder::{Cache, Key, Memory, Redis};
use larder_servers as servers;

use crate::site::Site;

#[tokio::test]
async fn pages_say_that_the_store_is_away_and_show_what_this_process_knows() {
    let server = servers::Redis::start();
    let store = Redis::connect(&server.url()).await.unwrap();
    let site = Site::with(Cache::builder().store(store), |dashboard| dashboard).await;
    let key = Key::new("a");
    site.cache.insert(&key, 1).await.unwrap();
    site.cache.get::<i32>(&key).await.unwrap();
    let address = format!("entry?key={}", key.to_opaque());
    assert_eq!(site.get(&address).await.status, 200);
    let token = site.token(&key, "delete").await;

    server.kill();
    for page in ["overview", "tables", "causes", "loads"] {
        let page = site.get(page).await;
        assert_eq!(page.status, 200);
        assert!(
            page.text().contains("The store does not answer."),
            "{}",
            page.text()
        );
    }
    let overview = site.get("overview").await.text();
    assert!(
        overview.contains("of 1 reads") && overview.contains("the store failed"),
        "{overview}"
    );
    for page in ["entries", address.as_str()] {
        let page = site.get(page).await;
        assert_eq!(page.status, 502);
        assert!(
            page.text().contains("The store does not answer."),
            "{}",
            page.text()
        );
        assert!(
            !page.text().contains("There is no entry"),
            "{}",
            page.text()
        );
    }
    site.told();
    let form = format!("key={}&token={token}", key.to_opaque());
    let answer = site.post("delete", &form).await;
    assert_eq!(answer.status, 502);
    assert!(
        answer.text().contains("did not confirm"),
        "{}",
        answer.text()
    );
    assert_eq!(site.told().len(), 1);

    server.restart();
    for _ in 0..100 {
        if site.get("entries").await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the store is back, and the pages do not see it");
}

#[tokio::test]
async fn an_act_is_done_and_noted_whoever_goes_away_meanwhile() {
    let faults = Faults::default();
    let store = Faulty::new(Memory::new(), &faults);
    let site = Site::with(Cache::builder().store(store), |dashboard| dashboard).await;
    let key = Key::new("a");
    site.cache.insert(&key, 1).await.unwrap();
    let token = site.token(&key, "delete").await;
    site.told();
    faults.delay(Operation::Remove, Duration::from_millis(500));
    let form = format!("key={}&token={token}", key.to_opaque());
    // The connection is closed while the store is at it.
    let post = tokio::time::timeout(Duration::from_millis(100), site.post("delete", &form)).await;
    assert!(post.is_err(), "the answer came before the store's");
    assert_eq!(site.told(), []);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let done = ("grace".to_owned(), "delete".to_owned(), "done".to_owned());
    assert_eq!(site.told(), [done]);
    assert_eq!(site.cache.get::<i32>(&key).await.unwrap(), None);
}
