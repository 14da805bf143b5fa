//! `larder doctor`, on servers that are fit and on some that are not.

use larder_servers::{Cluster, MariaDb, Memcached, Postgres, Redis, Sentinel};
use serde_json::Value;

use crate::service::{Run, Service};

#[track_caller]
fn doctor(store: &str, more: &[&str]) -> (Option<i32>, Value) {
    let words = ["doctor", "--json", "--namespace", "shop", "--store", store];
    let run = Run::of(&[&words, more].concat());
    assert!(
        !run.err.contains("hunter2") && !run.out.contains("hunter2"),
        "{run:?}"
    );
    (run.status, run.json())
}

/// The verdict on what a finding's name ends with, and how it is.
#[track_caller]
fn verdict<'a>(told: &'a Value, what: &str) -> (&'a str, &'a str) {
    let findings = told["findings"].as_array().expect("findings");
    let is = |finding: &&Value| {
        finding["what"]
            .as_str()
            .is_some_and(|name| name.ends_with(what))
    };
    let found = findings.iter().find(is);
    let found = found.unwrap_or_else(|| panic!("{what} is not in {told:#}"));
    assert!(
        found["why"]
            .as_str()
            .is_some_and(|why| why.ends_with(['.', ')'])),
        "{found}"
    );
    (
        found["verdict"].as_str().expect("a verdict"),
        found["is"].as_str().expect("a text"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_fit_is_good_and_one_that_is_not_is_told_why() {
    let fit = Redis::builder();
    let fit = fit
        .config(&[("maxmemory", "64mb"), ("maxmemory-policy", "allkeys-lru")])
        .start();
    let service = Service::on_redis(&fit).await;
    service.load("front", "catalogue").await;
    service.reporting.publish().await.expect("a report");
    let (status, told) = doctor(&fit.url(), &[]);
    assert_eq!((status, &told["safe"]), (Some(0), &true.into()), "{told:#}");
    for what in [
        "memory",
        "persistence",
        "replicas",
        "rights",
        "clock",
        "access",
        "namespace",
        "reports",
    ] {
        assert_eq!(verdict(&told, what).0, "good", "{what}: {told:#}");
    }
    let text = service.run(&["doctor"]).good();
    assert!(
        text.contains("nothing is unsafe") && text.contains("good    127.0.0.1"),
        "{text}"
    );

    fit.configure("maxmemory-policy", "noeviction");
    assert_eq!(verdict(&doctor(&fit.url(), &[]).1, "memory").0, "advice");
    fit.configure("maxmemory", "0");
    let (status, told) = doctor(&fit.url(), &[]);
    assert_eq!((status, verdict(&told, "memory").0), (Some(0), "advice"));

    // A replica, and a master that would go on without it.
    let replica = Redis::start();
    replica.replicate(&fit.address());
    larder_servers::until("the replica is there", || {
        fit.info("connected_slaves") == "1"
    });
    let (status, told) = doctor(&fit.url(), &[]);
    assert_eq!(
        (status, &told["safe"], verdict(&told, "replicas").0),
        (Some(1), &false.into(), "unsafe")
    );
    fit.configure("min-replicas-to-write", "1");
    assert_eq!(verdict(&doctor(&fit.url(), &[]).1, "replicas").0, "good");
    // It answers, and is not the one for a cache: that is a finding, and no failure.
    let (status, told) = doctor(&format!("memcached://{}", fit.address()), &[]);
    assert_eq!((status, verdict(&told, "store").0), (Some(1), "unsafe"));
    let said = Run::of(&[
        "doctor",
        "--namespace",
        "shop",
        "--store",
        &format!("redis://127.0.0.1:{}", larder_servers::free_port()),
    ]);
    assert!(said.refused().contains("cannot open the store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_missing_are_named() {
    let some = "~shop:* ~larder:* +get +mget +getex +getrange +set +setrange +pexpire +del +info +watch +unwatch +multi +exec";
    let server = Redis::builder().acl("cache", "hunter2", some).start();
    let url = server.url_of("cache", "hunter2");
    let (status, told) = doctor(&url, &[]);
    assert_eq!(status, Some(0), "{told:#}");
    assert_eq!(verdict(&told, "rights").0, "advice");
    let all = told.to_string();
    for right in ["+scan", "+evalsha", "+client|tracking"] {
        assert!(all.contains(right), "{right}: {told:#}");
    }
    assert_eq!(verdict(&told, "persistence").1, "not told");
    let server = Redis::builder()
        .acl("cache", "hunter2", "~shop:* ~larder:* +get +info")
        .start();
    let (status, told) = doctor(&server.url_of("cache", "hunter2"), &[]);
    assert_eq!((status, verdict(&told, "store").0), (Some(1), "unsafe"));
    assert!(told.to_string().contains("+setrange"), "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_fails_stops_invalidations_and_is_unsafe() {
    let settings = [("save", "3600 1"), ("dbfilename", "taken")];
    let server = Redis::builder().config(&settings).start();
    assert_eq!(
        verdict(&doctor(&server.url(), &[]).1, "persistence"),
        ("good", "snapshots")
    );
    server.ask(&["SET", "x", "1"]);
    // Where the snapshot should be put there is a folder.
    std::fs::create_dir(server.folder().join("taken")).expect("a folder");
    server.ask(&["BGSAVE"]);
    larder_servers::until("the save has failed", || {
        server.info("rdb_last_bgsave_status") == "err"
    });
    let (status, told) = doctor(&server.url(), &[]);
    assert_eq!(
        (status, verdict(&told, "persistence").0),
        (Some(1), "unsafe"),
        "{told:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_sentinels_and_memcached_have_doctors_too() {
    let cluster = Cluster::start(3);
    let (_, told) = doctor(&cluster.url(), &[]);
    assert_eq!(verdict(&told, "cluster"), ("good", "ok"));
    assert_eq!(verdict(&told, "replicas").0, "unsafe");
    let findings = told["findings"].as_array().expect("findings");
    let masters = findings.iter().filter(|finding| {
        finding["what"]
            .as_str()
            .is_some_and(|what| what.ends_with(" cluster"))
    });
    assert_eq!(masters.count(), 3);

    let sentinel = Sentinel::start();
    let (_, told) = doctor(&sentinel.url(), &[]);
    assert_eq!(verdict(&told, "replicas").0, "unsafe", "{told:#}");

    let one = Memcached::start();
    let service = Service::on_memcached(&one).await;
    service.load("front", "catalogue").await;
    let url = service.url.clone();
    let (status, told) = doctor(&url, &[]);
    assert_eq!(status, Some(0), "{told:#}");
    for what in ["version", "access", "largest entry", "memory", "namespace"] {
        assert_eq!(verdict(&told, what).0, "good", "{what}: {told:#}");
    }
    let two = Memcached::builder()
        .arguments(&["-I", "512k", "-M"])
        .start();
    let (status, told) = doctor(&format!("{url},{}", two.address()), &[]);
    assert_eq!(
        (status, verdict(&told, "list of servers").0),
        (Some(0), "advice")
    );
    let (_, told) = doctor(&format!("memcached://{}", two.address()), &[]);
    assert_eq!(
        (
            verdict(&told, "largest entry").0,
            verdict(&told, "memory").0
        ),
        ("advice", "advice")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_are_opened_as_a_service_opens_them() {
    let server = Memcached::start();
    let store = format!("memcached://{}", server.address());
    let folder = tempfile::tempdir().expect("a folder");
    let file = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("shop.db").display()
    );
    let (status, told) = doctor(&store, &["--database", &file]);
    assert_eq!(status, Some(0), "{told:#}");
    assert!(verdict(&told, "database version").1.starts_with("SQLite 3"));
    assert_eq!(verdict(&told, "strict reads").1, "possible");

    let postgres = Postgres::shared().database("doctor");
    let (status, told) = doctor(&store, &["--database", &postgres]);
    assert_eq!(
        (status, verdict(&told, "strict reads").1),
        (Some(0), "possible"),
        "{told:#}"
    );
    assert!(
        verdict(&told, "database version")
            .1
            .starts_with("PostgreSQL")
    );
    // Another search_path would let one name mean two tables.
    Postgres::shared().run_sql(
        "doctor",
        "CREATE SCHEMA other; ALTER DATABASE doctor SET search_path = other, public",
    );
    let (status, told) = doctor(&store, &["--database", &postgres]);
    assert_eq!(
        (status, verdict(&told, "database").0),
        (Some(1), "unsafe"),
        "{told:#}"
    );

    let mariadb = MariaDb::shared().database("doctor");
    let (status, told) = doctor(&store, &["--database", &mariadb]);
    assert_eq!(
        (status, verdict(&told, "strict reads").1),
        (Some(0), "not possible here"),
        "{told:#}"
    );
    assert!(
        verdict(&told, "database version").1.contains("MariaDB"),
        "{told:#}"
    );
    let nobody = format!(
        "postgres://me:hunter2@127.0.0.1:{}/x",
        larder_servers::free_port()
    );
    // Nothing is known of what cannot be reached, or lets nobody in.
    let words = [
        "doctor",
        "--namespace",
        "shop",
        "--store",
        &store,
        "--database",
    ];
    let said = Run::of(&[&words[..], &[&nobody]].concat()).refused();
    assert!(
        said.contains("cannot open the PostgreSQL database"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_store_that_wants_a_password_is_not_judged() {
    let server = Redis::builder().password("hunter2").start();
    let wrong = server.url().replace("redis://", "redis://:hunter3@");
    for url in [&server.url(), &wrong] {
        let said = Run::of(&["doctor", "--namespace", "shop", "--store", url]).refused();
        assert!(
            said.contains("password") && !said.contains("hunter"),
            "{said}"
        );
        // In the words of a shell.
        assert!(!said.contains(".password("), "{said}");
    }
}
