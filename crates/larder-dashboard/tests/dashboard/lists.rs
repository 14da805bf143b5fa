//! Lists of keys: what they cost, and what they say when they cost too much.

use std::time::Duration;

use larder::{Cache, Key, Redis};
use larder_dashboard::LISTS_AT_ONCE;
use larder_servers as servers;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::site::{Answer, Site};

/// A site on a server of its own, that looks for keys so long.
async fn on_redis(listed_within: Duration) -> (servers::Redis, Site) {
    let server = servers::Redis::start();
    let store = Redis::builder()
        .url(&server.url())
        .response_timeout(Duration::from_secs(60))
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

/// One search more than may be made at once.
fn too_many(site: &Site) -> JoinSet<Answer> {
    let address = site.address;
    let page = format!("{}/entries?prefix=a", crate::site::PREFIX);
    let searches = (0..=LISTS_AT_ONCE).map(|_| page.clone());
    searches
        .map(|page| async move {
            crate::site::ask(address, "GET", &page, &[crate::site::GRACE], "").await
        })
        .collect()
}

/// The first answer, which is waited for much shorter than these searches wait for their store.
async fn first(searches: &mut JoinSet<Answer>) -> Answer {
    let first = timeout(Duration::from_secs(10), searches.join_next()).await;
    first.expect("at once").unwrap().unwrap()
}

#[tokio::test]
async fn searches_do_not_pile_up() {
    let (server, site) = on_redis(Duration::from_secs(30)).await;
    site.cache.insert(("a", 1), 1).await.unwrap();
    assert_eq!(site.get("entries").await.status, 200);
    server.pause();
    let mut searches = too_many(&site);
    let page = first(&mut searches).await;
    assert_eq!(page.status, 503, "{}", page.text());
    assert_eq!(page.header("retry-after"), Some("30"));
    let text = page.text();
    assert!(
        text.contains("Load the page again in a few seconds"),
        "{text}"
    );
    assert!(!text.contains("does not answer"), "{text}");
    server.resume();
    while let Some(page) = searches.join_next().await {
        let page = page.unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.text().contains("1 entry found."), "{}", page.text());
    }
}

#[tokio::test]
async fn whoever_goes_away_from_a_search_makes_room() {
    let (server, site) = on_redis(Duration::from_secs(30)).await;
    assert_eq!(site.get("entries").await.status, 200);
    server.pause();
    let mut searches = too_many(&site);
    assert_eq!(first(&mut searches).await.status, 503);
    // All the others are being made.
    searches.shutdown().await;
    let room = async {
        // It is refused until the server has seen that the others went away; then it waits for the store.
        while let Ok(page) = timeout(Duration::from_millis(500), site.get("entries")).await {
            assert_eq!(page.status, 503, "{}", page.text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), room)
        .await
        .expect("there is room");
    server.resume();
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
