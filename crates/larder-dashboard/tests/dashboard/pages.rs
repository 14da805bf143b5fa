//! What the pages say.

use axum::Router;
use larder::{Cache, Key, Memcached, Memory, Redis, Tag};
use larder_dashboard::Dashboard;
use larder_report::Reporter;
use larder_servers as servers;

use crate::site::{GRACE, Site, ask, authorise, serve};

#[tokio::test]
async fn it_works_under_any_path() {
    for prefix in ["", "/cache", "/a/b:c/d"] {
        let reporter = Reporter::new();
        let cache = Cache::builder().observer(reporter.clone()).build().unwrap();
        let reporting = reporter.start(&cache);
        let dashboard: Router = Dashboard::new(&reporting, authorise).router();
        let router = match prefix {
            "" => dashboard,
            prefix => Router::new().nest(prefix, dashboard),
        };
        let address = serve(router).await;
        let first = match prefix {
            "" => "/",
            prefix => prefix,
        };
        let answer = ask(address, "GET", first, &[GRACE], "").await;
        assert_eq!(answer.status, 303, "{prefix}");
        // As a browser resolves it.
        let place = answer
            .header("location")
            .unwrap()
            .strip_prefix("./")
            .unwrap();
        let folder = first.rsplit_once('/').unwrap().0;
        assert_eq!(format!("{folder}/{place}"), format!("{prefix}/overview"));
        let page = ask(address, "GET", &format!("{prefix}/overview"), &[GRACE], "").await;
        assert_eq!(page.status, 200, "{prefix}");
        // All addresses in it are relative.
        assert!(!page.body.contains("href=\"/") && !page.body.contains("action=\"/"));
        assert_eq!(
            ask(address, "GET", &format!("{prefix}/no"), &[GRACE], "")
                .await
                .status,
            404
        );
    }
}

#[tokio::test]
async fn entries_are_searched_and_sorted() {
    let site = Site::open().await;
    site.cache
        .insert(("product", 1), "x".repeat(500))
        .await
        .unwrap();
    site.cache
        .insert(("product", 2), "x".repeat(5_000))
        .await
        .unwrap();
    site.cache
        .insert(("user", 1), "x".to_owned())
        .await
        .unwrap();
    let first =
        |text: &str, one: &str, other: &str| text.find(one).unwrap() < text.find(other).unwrap();

    let all = site.get("entries").await.text();
    assert!(all.contains("3 entries found."), "{all}");
    let found = site.get("entries?prefix=product&order=size").await.text();
    assert!(found.contains("2 entries found.") && !found.contains("('user', 1)"));
    assert!(first(&found, "('product', 2)", "('product', 1)"));
    let found = site.get("entries?prefix=product&contains=1").await.text();
    assert!(
        found.contains("2 entries found; 1 of them contain the text."),
        "{found}"
    );
    let exact = site.get("entries?prefix=product,+2").await;
    assert!(exact.body.contains("The entry under exactly this key"));
    let bad = site.get("entries?prefix='x").await;
    assert_eq!(bad.status, 422);
    assert!(bad.text().contains("quotation mark is missing"));
}

#[tokio::test]
async fn a_list_that_is_not_complete_says_so() {
    let site = Site::open().await;
    // With the report one more than is enough: it is nearly always among those that are found first.
    site.reporting.publish().await.unwrap();
    let many = (0..1_000).map(|n| (("many", n), n));
    site.cache.insert_many(many).await.unwrap();
    let text = site.get("entries").await.text();
    assert!(
        text.contains("entries found so far; the first 200 are shown."),
        "{text}"
    );
    assert!(
        text.contains("This is not complete: 1,000 keys were looked at in"),
        "{text}"
    );
    // Memory begins nowhere in the middle.
    assert!(
        text.contains("Narrow the prefix.") && !text.contains("Go on"),
        "{text}"
    );
}

#[tokio::test]
async fn one_entry_is_told_with_all_it_depends_on_and_taken_away_by_hand() {
    let site = Site::with(Cache::builder(), |dashboard| dashboard.allow_trees()).await;
    let key = Key::new(("product", 7));
    let tags = [Tag::named("prices"), Tag::table("", "track")];
    site.cache
        .insert(&key, 99)
        .tags(tags.clone())
        .await
        .unwrap();
    site.cache
        .insert(("product", 7, "reviews"), 4)
        .await
        .unwrap();
    let address = format!("entry?key={}", key.to_opaque());

    let page = site.get(&address).await;
    let text = page.text();
    for expected in [
        "('product', 7)",
        "fresh",
        "prices",
        "track",
        "namespace",
        "current",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // A tag.
    let form = format!("tag={}&token={}", tags[1].to_opaque(), {
        let forms = page.body.split("action=\"invalidate\"");
        let wanted = tags[1].to_opaque();
        let form = forms
            .into_iter()
            .find(|form| form.contains(&format!("value=\"{wanted}\"")));
        form.unwrap()
            .split("name=\"token\" value=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
    });
    let done = site.post("invalidate", &form).await;
    assert_eq!(done.header("location"), Some("entries?done=invalidated"));
    let text = site.get(&address).await.text();
    assert!(
        text.contains("invalidated") && text.contains("changed"),
        "{text}"
    );
    // With its children.
    let token = site.token(&key, "delete-tree").await;
    let form = format!("key={}&token={token}", key.to_opaque());
    assert_eq!(site.post("delete-tree", &form).await.status, 303);
    assert_eq!(
        site.cache
            .get::<i32>(("product", 7, "reviews"))
            .await
            .unwrap(),
        None
    );
    let gone = site.get(&address).await;
    assert_eq!(gone.status, 404);
    assert!(gone.text().contains("There is no entry under this key."));
    // What was done by hand is told.
    let overview = site.get("overview").await.text();
    assert!(
        overview.contains("delete with children: done"),
        "{overview}"
    );
}

#[tokio::test]
async fn tables_tell_what_depends_on_them() {
    let site = Site::open().await;
    let track = Tag::table("shop", "track");
    site.cache
        .insert("a", 1)
        .tags([track.clone()])
        .await
        .unwrap();
    site.cache
        .insert("b", 1)
        .tags([track.clone()])
        .await
        .unwrap();
    let page = site.get("tables").await;
    assert!(
        page.text().contains("shop.track Entries 2"),
        "{}",
        page.text()
    );
    let form = format!(
        "from=tables&tag={}&token={}",
        track.to_opaque(),
        page.token("invalidate")
    );
    assert_eq!(site.post("invalidate", &form).await.status, 303);
    let page = site.get("tables?done=invalidated").await.text();
    assert!(
        page.contains("is invalidated")
            && page.contains("Last writes 1 of these, to the whole table 1"),
        "{page}"
    );
}

#[tokio::test]
async fn causes_name_the_keys_that_they_dropped() {
    let site = Site::open().await;
    let tag = Tag::named("prices");
    let load = async || Ok::<_, std::io::Error>(1);
    let get = || {
        site.cache
            .get_or_load(("price", 7), load)
            .tags([tag.clone()])
    };
    get().await.unwrap();
    site.cache.invalidate([tag.clone()]).await.unwrap();
    get().await.unwrap();
    site.reporting.publish().await.unwrap();
    for page in ["causes", "causes-list"] {
        let text = site.get(page).await.text();
        assert!(
            text.contains("bumped prices dropped ('price', 7)"),
            "{text}"
        );
    }
}

/// Two processes with a dashboard each: both show what both did, and each takes its own forms only,
/// unless they share a secret.
async fn two_dashboards(one: Cache, two: Cache, reporters: [Reporter; 2]) {
    let [first, second] = reporters;
    let (first, second) = (first.start(&one), second.start(&two));
    let mut sites = Vec::new();
    for reporting in [&first, &second] {
        let dashboard = Dashboard::new(reporting, authorise).secret([7; 32]);
        sites.push(serve(dashboard.router()).await);
    }
    one.insert("a", 1).await.unwrap();
    one.get::<i32>("a").await.unwrap();
    two.get::<i32>("a").await.unwrap();
    for reporting in [&first, &second] {
        reporting.publish().await.unwrap();
    }
    for site in &sites {
        let overview = ask(*site, "GET", "/overview", &[GRACE], "").await.text();
        assert!(overview.contains("of all 2 processes"), "{overview}");
        assert!(overview.contains("100.0 % of 2 reads"), "{overview}");
    }
    let key = Key::new("a").to_opaque();
    let page = ask(sites[0], "GET", &format!("/entry?key={key}"), &[GRACE], "").await;
    let form = format!("key={key}&token={}", page.token("delete"));
    let origin = format!("http://{}", sites[1]);
    let answer = ask(
        sites[1],
        "POST",
        "/delete",
        &[GRACE, ("Origin", &origin)],
        &form,
    )
    .await;
    assert_eq!(answer.status, 303);
    assert_eq!(one.get::<i32>("a").await.unwrap(), None);
}

#[tokio::test]
async fn two_processes_on_one_redis_show_the_fleet() {
    let server = servers::Redis::start();
    let reporters = [Reporter::named("one"), Reporter::named("two")];
    let mut caches = Vec::new();
    for reporter in &reporters {
        let store = Redis::connect(&server.url()).await.unwrap();
        let cache = Cache::builder().store(store).observer(reporter.clone());
        caches.push(cache.build().unwrap());
    }
    let [one, two] = caches.try_into().unwrap();
    two_dashboards(one, two, reporters).await;
}

#[tokio::test]
async fn two_processes_on_one_memcached_show_the_fleet_and_say_that_keys_are_not_listed() {
    let server = servers::Memcached::start();
    let reporters = [Reporter::named("one"), Reporter::named("two")];
    let mut caches = Vec::new();
    for reporter in &reporters {
        let store = Memcached::builder().server(server.address());
        let cache = Cache::builder().store(store.connect().await.unwrap());
        caches.push(cache.observer(reporter.clone()).build().unwrap());
    }
    let [one, two] = caches.try_into().unwrap();
    two_dashboards(one, two, reporters).await;

    let store = Memcached::builder()
        .server(server.address())
        .connect()
        .await
        .unwrap();
    let site = Site::with(Cache::builder().store(store), |dashboard| dashboard).await;
    let entries = site.get("entries?prefix=a").await;
    assert_eq!(entries.status, 200);
    assert!(
        entries.text().contains("This store cannot list its keys"),
        "{}",
        entries.text()
    );
    assert!(
        entries
            .body
            .contains(&format!("entry?key={}", Key::new("a").to_opaque()))
    );
    assert_eq!(site.get("tables").await.status, 200);
}

#[tokio::test]
async fn a_near_tier_shows_what_is_behind_it() {
    let server = servers::Redis::start();
    let store = Redis::connect(&server.url()).await.unwrap();
    let cache = Cache::builder()
        .store(store)
        .near(Memory::bytes_max(1 << 20));
    let site = Site::with(cache, |dashboard| dashboard).await;
    let key = Key::new("a");
    site.cache
        .insert(&key, 1)
        .tags([Tag::named("t")])
        .await
        .unwrap();
    site.cache.get::<i32>(&key).await.unwrap();
    let page = site
        .get(&format!("entry?key={}", key.to_opaque()))
        .await
        .text();
    assert!(page.contains("fresh") && page.contains("t "), "{page}");
    assert!(
        !page.contains("gone") && !page.contains("changed"),
        "{page}"
    );
}
