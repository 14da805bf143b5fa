//! Lists of keys: what they cost, and what they say when they cost too much.

use std::time::Duration;

use larder::{Cache, Key, Redis};
use larder_servers as servers;

use crate::site::Site;

/// A site on a server of its own, that looks for keys so long.
async fn on_redis(listed_within: Duration) -> (servers::Redis, Site) {
    let server = servers::Redis::start();
    let store = Redis::builder()
        .url(&server.url())
        .response_timeout(Duration::from_secs(3))
        .connect()
        .await
        .unwrap();
    let cache = Cache::builder().store(store);
    let site = Site::with(cache, |dashboard| dashboard.listed_within(listed_within)).await;
    (server, site)
}

#[tokio::test]
async fn a_search_that_takes_too_long_shows_what_it_found_and_goes_on_from_there() {
    let (server, site) = on_redis(Duration::ZERO).await;
    let many = (0..6_000).map(|number| (("many", number), number));
    site.cache.insert_many(many).await.unwrap();
    let rare = (0..20).map(|number| (("rare & <b>", number), number));
    site.cache.insert_many(rare).await.unwrap();

    let mut found = std::collections::BTreeSet::new();
    let mut address = "entries?prefix=rare+%26+%3Cb%3E&order=size".to_owned();
    let mut pages = 0;
    loop {
        let page = site.get(&address).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let text = page.text();
        assert!(!text.contains("does not answer"), "{text}");
        for number in 0..20 {
            if page.body.contains(&format!("&#60;b&#62;&#39;, {number})")) {
                // Nothing is told twice.
                assert!(found.insert(number), "{number}");
            }
        }
        pages += 1;
        let next = page.body.split("id=\"go-on\" href=\"").nth(1);
        let Some(next) = next.and_then(|next| next.split('"').next()) else {
            assert!(!text.contains("not complete"), "{text}");
            break;
        };
        assert!(
            text.contains("This is not complete: ") && text.contains(" keys were looked at in ")
        );
        assert!(text.contains("Go on, or type a whole key"), "{text}");
        assert!(next.contains("prefix=rare%20%26%20%3Cb%3E&amp;"), "{next}");
        address = next.replace("&amp;", "&");
    }
    assert_eq!(found.len(), 20);
    assert!(pages > 3, "{pages}");
    assert_eq!(calls(&server, "keys"), 0);

    for place in [
        "nowhere",
        "0-",
        "-1",
        "0-xyz",
        "0--1",
        "99999999999999999999999-1",
    ] {
        let page = site.get(&format!("entries?from={place}")).await;
        assert_eq!(page.status, 422, "{place}");
        assert!(
            page.text().contains("no place in a list"),
            "{}",
            page.text()
        );
    }
    // A server that is not there has nothing.
    let page = site.get("entries?from=7-0").await;
    assert!(
        page.text().contains("0 entries found from there on."),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn ten_live_lists_cost_one_read_of_the_reports() {
    let (server, site) = on_redis(Duration::from_secs(2)).await;
    let key = Key::new("larder report");
    assert_eq!(key.first_text(), Some(larder_report::GROUP));
    site.get("causes-list").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let before = calls(&server, "mget");
    let lists = (0..10).map(|_| {
        let address = site.address;
        tokio::spawn(async move {
            let page = format!("{}/causes-list", crate::site::PREFIX);
            crate::site::ask(address, "GET", &page, &[crate::site::GRACE], "").await
        })
    });
    for list in lists.collect::<Vec<_>>() {
        assert_eq!(list.await.unwrap().status, 200);
    }
    // Two if the second went by meanwhile, and what this process publishes by itself.
    let reads = calls(&server, "mget") - before;
    assert!((1..=4).contains(&reads), "{reads}");
}

/// How often a command was run.
fn calls(server: &servers::Redis, command: &str) -> u64 {
    let stats = server.cli(&["INFO", "commandstats"]);
    let name = format!("cmdstat_{command}:calls=");
    let calls = stats.lines().find_map(|line| line.strip_prefix(&name));
    calls
        .and_then(|calls| calls.split(',').next()?.parse().ok())
        .unwrap_or(0)
}
