//! Several shops, as real processes, on one database file and one store.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use larder_servers::{Cluster, Memcached, Redis, Sentinel};

use crate::{
    client::{Answer, Visitor},
    ground::{Ground, Kind},
};

/// How long anything here may take before it counts as broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A shop in a process of its own, killed when dropped.
struct Shop {
    process: Child,
    address: SocketAddr,
}

impl Shop {
    fn start(ground: &Ground, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(["--listen", "127.0.0.1:0", "--database", ground.url()])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The shop of a process, as soon as it is open.
    fn opened(mut process: Child) -> Shop {
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split(' ').next())
            .unwrap_or_else(|| panic!("an open shop: {line:?}"));
        let address = address.parse().unwrap();
        Shop { process, address }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two shops on one database, and a visitor in each.
struct Fleet {
    _shops: [Shop; 2],
    one: Visitor,
    other: Visitor,
    _ground: Ground,
}

impl Fleet {
    async fn open(arguments: &[&str]) -> Fleet {
        Fleet::open_on(Ground::new(Kind::Sqlite).await, arguments)
    }

    fn open_on(ground: Ground, arguments: &[&str]) -> Fleet {
        // At once: if there is something to load, one of them does.
        let shops = [(); 2].map(|()| Shop::start(&ground, arguments));
        let shops = shops.map(Shop::opened);
        Fleet {
            one: Visitor::at(shops[0].address),
            other: Visitor::at(shops[1].address),
            _shops: shops,
            _ground: ground,
        }
    }
}

const PAGES: [&str; 6] = [
    "/",
    "/tracks/7",
    "/albums/1",
    "/tracks?genre=1",
    "/genres",
    "/office/tracks/7",
];

/// Looks at a page until it is as wanted. A server on a busy machine may be too slow for a view,
/// which then goes on without it.
async fn view_until(
    visitor: &mut Visitor,
    page: &str,
    what: &str,
    wanted: impl Fn(&Answer) -> bool,
) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = visitor.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        if wanted(&answer) {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "{page} is not {what}: {:?}",
            answer.header("server-timing")
        );
    }
}

async fn cached(visitor: &mut Visitor, page: &str) -> Answer {
    view_until(visitor, page, "cached", |answer| answer.statements() == 0).await
}

/// A price changed in one shop is on the next page of the other, and in between no view costs a
/// statement. With `late`, the other shop's memory hears of it a moment later.
async fn check_two_shops(arguments: &[&str], late: bool) {
    check_fleet(Fleet::open(arguments).await, arguments, late).await;
}

async fn check_fleet(mut fleet: Fleet, arguments: &[&str], late: bool) {
    for page in PAGES {
        let first = cached(&mut fleet.one, page).await;
        let second = cached(&mut fleet.other, page).await;
        assert_eq!(first.text(), second.text(), "{page}");
        let store = format!("store;desc=\"{}", arguments[1]);
        let timing = second.header("server-timing").unwrap();
        assert!(timing.contains(&store), "{timing}");
        assert!(second.body.contains(arguments[1]), "{page} names its store");
    }
    for (price, shown) in [("1.29", "$1.29"), ("2.49", "$2.49"), ("0.79", "$0.79")] {
        let form = format!("name=Let's+Get+It+Up&composer=&price={price}");
        let saved = fleet.one.post("/office/tracks/7", &form).await;
        assert_eq!(saved.status, 303);
        for page in ["/tracks/7", "/albums/1"] {
            let shows = |answer: &Answer| answer.text().contains(shown);
            let own = fleet.one.get(page).await;
            assert!(shows(&own), "{page} is stale where it was changed");
            if late {
                view_until(&mut fleet.other, page, "of the new price", shows).await;
            } else {
                let next = fleet.other.get(page).await;
                assert!(shows(&next), "{page} is stale in the other shop");
            }
            for visitor in [&mut fleet.one, &mut fleet.other] {
                assert!(shows(&cached(visitor, page).await), "{page}");
            }
        }
        std::mem::swap(&mut fleet.one, &mut fleet.other);
    }
    check_what_is_no_query(&mut fleet, late).await;
}

/// A basket filled in one shop is full in the other, a sale there is known here, and neither costs a
/// statement twice.
async fn check_what_is_no_query(fleet: &mut Fleet, late: bool) {
    let (one, other) = (&mut fleet.one, &mut fleet.other);
    for track in [7, 2] {
        one.post("/basket/add", &format!("track={track}")).await;
    }
    other.cookie = one.cookie.clone();
    for quantity in [3, 5] {
        let form = format!("track=7&quantity={quantity}");
        one.post("/basket/set", &form).await;
        let shows = |answer: &Answer| answer.text().contains(&format!("Total {} ", quantity + 1));
        if late {
            view_until(other, "/basket", "of the new quantity", shows).await;
        }
        assert!(shows(&other.get("/basket").await), "an old basket");
        assert!(shows(&cached(one, "/basket").await), "an old basket");
        std::mem::swap(one, other);
    }
    let also_bought = |answer: &Answer| {
        let text = answer.text();
        let (_, also) = text.split_once("also bought").unwrap_or_default();
        also.contains("Balls to the Wall")
    };
    assert!(!also_bought(&cached(other, "/tracks/7").await));
    assert_eq!(one.post("/basket/checkout", "customer=5").await.status, 303);
    if late {
        view_until(other, "/tracks/7", "of the sale", also_bought).await;
    }
    assert!(also_bought(&other.get("/tracks/7").await), "an old ranking");
    assert!(also_bought(&cached(one, "/tracks/7").await));
    let empty = |answer: &Answer| answer.text().contains("nothing in the basket");
    if late {
        view_until(other, "/basket", "empty", empty).await;
    }
    assert!(empty(&other.get("/basket").await), "a basket that was sold");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_redis() {
    let redis = Redis::start();
    check_two_shops(&["--store", &redis.url()], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_redis_behind_near_tiers() {
    let redis = Redis::start();
    check_two_shops(&["--store", &redis.url(), "--near"], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_redis_behind_near_tiers_that_are_pushed() {
    let redis = Redis::start();
    check_two_shops(&["--store", &redis.url(), "--near=pushed"], true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_memcached() {
    let memcached = Memcached::start();
    check_two_shops(&["--store", &memcached.url()], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_memcached_behind_near_tiers() {
    let memcached = Memcached::start();
    check_two_shops(&["--store", &memcached.url(), "--near"], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_several_memcached() {
    let servers = [Memcached::start(), Memcached::start()];
    let both = format!("{},{}", servers[0].url(), servers[1].address());
    check_two_shops(&["--store", &both], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_a_cluster() {
    let cluster = Cluster::start(3);
    check_two_shops(&["--store", &cluster.url(), "--near"], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_a_master_behind_sentinels() {
    let sentinel = Sentinel::start();
    check_two_shops(&["--store", &sentinel.url()], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_unix_sockets() {
    let redis = Redis::start();
    let socket = format!("unix://{}", redis.socket().display());
    check_two_shops(&["--store", &socket], false).await;
    let memcached = Memcached::builder().socket().start();
    check_two_shops(&["--store", &memcached.url()], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_sign_what_they_keep() {
    let redis = Redis::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
    let file = file.to_str().unwrap();
    check_two_shops(&["--store", &redis.url(), "--secret-file", file], false).await;
}

/// Two shops that find an empty database fill it once, and share it from then on.
async fn check_two_shops_on(kind: Kind) {
    let redis = Redis::start();
    let arguments = ["--store", &redis.url(), "--near"];
    check_fleet(
        Fleet::open_on(Ground::empty(kind), &arguments),
        &arguments,
        false,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_redis_and_a_database_of_postgresql() {
    check_two_shops_on(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shops_share_redis_and_a_database_of_mariadb() {
    check_two_shops_on(Kind::MariaDb).await;
}

/// Shops with different files keep their answers apart, though store and namespace are the same.
#[tokio::test(flavor = "multi_thread")]
async fn shops_with_files_of_their_own_do_not_mix() {
    let redis = Redis::start();
    let arguments = ["--store", &redis.url()];
    let (mut one, mut other) = (Fleet::open(&arguments).await, Fleet::open(&arguments).await);
    // A browser has one cookie for all shops of one machine.
    one.one.post("/basket/add", "track=7").await;
    other.one.cookie = one.one.cookie.clone();
    assert!(one.one.get("/basket").await.text().contains("Total 1 "));
    let basket = other.one.get("/basket").await;
    assert!(basket.text().contains("nothing in the basket"));
    for price in ["1.29", "2.49"] {
        let form = format!("name=Let's+Get+It+Up&composer=&price={price}");
        one.one.post("/office/tracks/7", &form).await;
        assert!(
            cached(&mut one.other, "/tracks/7")
                .await
                .text()
                .contains(price)
        );
        assert!(
            cached(&mut other.one, "/tracks/7")
                .await
                .text()
                .contains("$0.99")
        );
    }
}

/// The server goes, and comes back empty: pages go on, and are right all the time.
#[tokio::test(flavor = "multi_thread")]
async fn shops_stay_open_while_redis_is_away() {
    let redis = Redis::start();
    let mut fleet = Fleet::open(&["--store", &redis.url(), "--near"]).await;
    cached(&mut fleet.one, "/tracks/7").await;
    cached(&mut fleet.other, "/tracks/7").await;

    redis.kill();
    for visitor in [&mut fleet.one, &mut fleet.other] {
        let answer = visitor.get("/tracks/7").await;
        assert_eq!(answer.status, 200);
        assert!(answer.statements() > 0, "read from the database");
    }
    let health = fleet.one.get("/health").await;
    assert_eq!(health.status, 200);
    assert!(
        health.text().contains("goes on without it"),
        "{}",
        health.text()
    );
    let form = "name=Let's+Get+It+Up&composer=&price=1.29";
    assert_eq!(fleet.one.post("/office/tracks/7", form).await.status, 303);
    // Baskets and searches come from the database as well.
    fleet.one.post("/basket/add", "track=7").await;
    assert!(
        fleet
            .one
            .get("/basket")
            .await
            .text()
            .contains("Total 1 $1.29")
    );
    fleet.one.post("/basket/set", "track=7&quantity=2").await;
    assert!(
        fleet
            .one
            .get("/basket")
            .await
            .text()
            .contains("Total 2 $2.58")
    );
    assert!(
        fleet
            .one
            .get("/tracks?q=get+it+up")
            .await
            .text()
            .contains("$1.29")
    );
    for visitor in [&mut fleet.one, &mut fleet.other] {
        assert!(visitor.get("/tracks/7").await.text().contains("$1.29"));
    }

    redis.restart();
    for visitor in [&mut fleet.one, &mut fleet.other] {
        assert!(cached(visitor, "/tracks/7").await.text().contains("$1.29"));
    }
    assert!(
        cached(&mut fleet.one, "/basket")
            .await
            .text()
            .contains("Total 2 $2.58")
    );
    let health = fleet.one.get("/health").await;
    assert!(health.text().contains("It keeps what it is given"));
}

/// What the guide shows: each cached query of a page is one MGET.
#[tokio::test(flavor = "multi_thread")]
async fn a_cached_page_view_is_one_mget_for_each_of_its_queries() {
    let redis = Redis::start();
    let mut fleet = Fleet::open(&["--store", &redis.url()]).await;
    for page in PAGES {
        cached(&mut fleet.one, page).await;
        let monitor = redis.monitor();
        let answer = cached(&mut fleet.one, page).await;
        let mut asked = monitor.stop();
        // A link asks now and then whether its server is still the one that it was.
        asked.retain(|line| !line.starts_with("\"INFO\""));
        let timing = answer.header("server-timing").unwrap();
        let hits: usize = timing
            .strip_prefix("cache;desc=\"")
            .and_then(|rest| rest.split(' ').next())
            .unwrap()
            .parse()
            .unwrap();
        let reads = asked.iter().filter(|line| line.starts_with("\"MGET\""));
        assert_eq!(reads.count(), hits, "{page}: {asked:#?}");
        assert_eq!(asked.len(), hits, "{page}: {asked:#?}");
    }
}
