//! `larder keys`, `show` and `rm` beside a service on the same server.

use larder::{Cache, Key, Redis, Secret, Tag};
use serde_json::{Value, json};

use crate::service::{Run, Service};

/// The keys that a list has printed, as they stand there.
fn printed(run: &str) -> Vec<String> {
    let mut lines: Vec<&str> = run.lines().collect();
    lines.pop_if(|line| line.ends_with("entries") || line.ends_with("entry"));
    let column = lines.remove(0).find("KEY").expect("a column of keys");
    let key = |line: &&str| line.chars().skip(column).collect();
    lines.iter().map(key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_lists_show_shows_and_rm_removes() {
    let server = larder_servers::Redis::start();
    let service = Service::on_redis(&server).await;
    for id in 1..=3 {
        service.load(("product", id), "catalogue").await;
    }
    service.load(("product", 1, "reviews"), "reviews").await;
    service.load("front", "catalogue").await;
    service.reporting.publish().await.expect("a report");

    let all = service.run(&["keys"]).good();
    assert_eq!(
        printed(&all),
        [
            "('front')",
            "('product', 1)",
            "('product', 1, 'reviews')",
            "('product', 2)",
            "('product', 3)"
        ]
    );
    assert!(all.ends_with("5 entries\n"), "{all}");
    let some = service.run(&[
        "keys", "product", "--limit", "2", "--sort", "size", "--json",
    ]);
    let list = some.json();
    assert_eq!(
        (
            list["complete"].as_bool(),
            list["keys"].as_array().map(Vec::len)
        ),
        (Some(false), Some(2))
    );
    let some = service.run(&["keys", "product", "--limit", "2"]);
    assert!(some.err.contains("not complete"), "{some:?}");
    assert_eq!((some.status, printed(&some.out).len()), (Some(0), 2));
    let one = service.run(&["keys", "product, 1", "--opaque"]).good();
    assert_eq!(
        one,
        format!(
            "@{}\n@{}\n",
            Key::new(("product", 1)).to_opaque(),
            Key::new(("product", 1, "reviews")).to_opaque()
        )
    );
    for order in ["key", "age", "left", "tags"] {
        assert_eq!(
            printed(&service.run(&["keys", "--sort", order]).good()).len(),
            5,
            "{order}"
        );
    }
    assert_eq!(
        service.run(&["keys", "nothing"]).good(),
        "no entries (PREFIX is whole parts)\n"
    );

    let shown = service.run(&["show", "product, 1"]).good();
    for text in [
        "('product', 1)",
        "state  fresh",
        "ttl    1 h 0 min",
        "JSON",
        "catalogue",
        "current",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    assert!(!shown.contains("VALUE"), "{shown}");
    let shown = service.run(&["show", "('product', 1)", "--value"]).good();
    assert!(shown.contains("VALUE\n99\n"), "{shown}");
    service
        .cache
        .invalidate([Tag::named("reviews")])
        .await
        .expect("bumped");
    let shown = service
        .run(&["show", "product, 1, reviews", "--json", "--value"])
        .json();
    assert_eq!(
        (
            &shown["state"],
            &shown["served"],
            &shown["codec"],
            &shown["value"]
        ),
        (
            &json!("invalidated"),
            &json!(false),
            &json!("JSON"),
            &json!("99")
        )
    );
    let reviews = |tag: &&Value| tag["tag"] == "reviews";
    let tags = shown["tags"].as_array().expect("tags");
    assert_eq!(tags.iter().find(reviews).expect("a tag")["now"], "changed");

    assert_eq!(
        service.run(&["rm", "product, 2"]).good(),
        "removed: ('product', 2)\n"
    );
    let again = service.run(&["rm", "product, 2", "--json"]);
    assert_eq!(
        (again.status, again.json()["was_there"].as_bool()),
        (Some(1), Some(false))
    );
    let gone = service.run(&["show", "product, 2"]);
    assert_eq!((gone.status, gone.out.as_str()), (Some(1), ""));
    assert!(
        gone.err.contains("there is no entry under ('product', 2)"),
        "{}",
        gone.err
    );
    assert_eq!(
        service.run(&["show", "product, 2", "--json"]).json(),
        Value::Null
    );
    service.load(("product", 1, "reviews"), "reviews").await;
    service.run(&["rm", "--tree", "product"]).good();
    assert_eq!(printed(&service.run(&["keys"]).good()), ["('front')"]);
    assert_eq!(
        service
            .cache
            .get::<i32>(("product", 1))
            .await
            .expect("a look"),
        None
    );
}

/// What `keys` prints of a key is taken back by `show` and `rm` as it stands, whatever is in it, and none of
/// it drives a terminal.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_keys_are_shown_safely_and_taken_back() {
    let server = larder_servers::Redis::start();
    let service = Service::on_redis(&server).await;
    let hostile = [
        Key::new(("\u{1b}]0;owned\u{7}\u{1b}[2J", 1)),
        Key::new("a\r\nb\t\u{202e}\u{9b}31m"),
        Key::new(("it's", "\"quoted\" $(id) `id` \\n", "@x", "7", "NULL", "")),
        Key::new((vec![0_u8, 255], Some(3), ('x', 1.5), -7)),
        Key::new(("--tree", "-h")),
        larder::key!("ship", weight = 3, country = "CH"),
        Key::new("漢字🎵"),
        Key::new("x".repeat(20_000)),
    ];
    let value = "\u{1b}[31mred\u{202e}".to_owned();
    for key in &hostile {
        service
            .cache
            .insert(key, value.clone())
            .await
            .expect("kept");
    }
    let all = service.run(&["keys"]).good();
    let keys = printed(&all);
    assert_eq!(keys.len(), hostile.len(), "{all}");
    let list = service.run(&["keys", "--json"]).json();
    for (printed, told) in keys.iter().zip(list["keys"].as_array().expect("a list")) {
        let shown = service.run(&["show", "--json", "--value", printed]).json();
        assert_eq!(
            (&shown["key"], &shown["opaque"]),
            (&json!(printed), &told["opaque"])
        );
        assert_eq!(shown["value"], serde_json::to_string(&value).expect("JSON"));
        service
            .run(&["show", "--value", told["opaque"].as_str().expect("text")])
            .good();
        service.run(&["rm", printed]).good();
    }
    for key in &hostile {
        assert_eq!(
            service.cache.get::<String>(key).await.expect("a look"),
            None,
            "{key:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memcached_shows_and_removes_and_says_that_it_cannot_list() {
    let server = larder_servers::Memcached::start();
    let service = Service::on_memcached(&server).await;
    service.load(("product", 1), "catalogue").await;
    service.load(("product", 1, "reviews"), "catalogue").await;
    let said = service.run(&["keys"]).refused();
    assert!(
        said.contains("cannot list") && said.contains("larder show KEY"),
        "{said}"
    );
    let shown = service.run(&["show", "product, 1", "--json"]).json();
    assert_eq!(
        (&shown["state"], &shown["codec"]),
        (&json!("fresh"), &json!("JSON"))
    );
    service.run(&["rm", "product, 1"]).good();
    assert_eq!(service.run(&["show", "product, 1"]).status, Some(1));
    assert_eq!(
        service.run(&["show", "product, 1, reviews"]).status,
        Some(0)
    );
    service.run(&["rm", "product, 1", "--tree"]).good();
    let shown = service
        .run(&["show", "product, 1, reviews", "--json"])
        .json();
    assert_eq!(shown["served"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused_in_a_sentence() {
    let server = larder_servers::Redis::builder().password("hunter2").start();
    let url = server.url().replace("redis://", "redis://:hunter2@");
    let on = |words: &[&str], namespace: &str| {
        Run::of(&[words, &["--store", &url, "--namespace", namespace]].concat()).refused()
    };
    for words in [
        &["keys"][..],
        &["show", "a"],
        &["rm", "a"],
        &["rm", "a", "--tree"],
    ] {
        let said = on(words, "shpo");
        assert!(
            said.contains("namespace shpo") && said.contains("--namespace"),
            "{said}"
        );
    }
    for words in [
        &["show", "'a"][..],
        &["keys", "a,,b"],
        &["rm", "@nonsense", "--tree"],
        &["show", "a b'c"],
    ] {
        let said = on(words, "shop");
        assert!(said.contains("KEY cannot be read"), "{said}");
    }
    for words in [
        &["rm", ""][..],
        &["rm", "", "--tree"],
        &["rm", "()", "--tree"],
    ] {
        let said = on(words, "shop");
        assert!(said.contains("invalidate --all"), "{said}");
    }
    assert!(on(&["keys"], "").contains("namespace"));
    // Its tag names the first eight parts alone, and would take their other children along.
    let deep = on(&["rm", "a, b, c, d, e, f, g, h, i", "--tree"], "shop");
    assert!(deep.contains("more than 8 parts"), "{deep}");
    let whole = on(&["rm", "a, b, c, d, e, f, g, h", "--tree"], "shpo");
    assert!(whole.contains("namespace shpo"), "{whole}");
    let nobody = format!(
        "redis://me:hunter2@127.0.0.1:{}",
        larder_servers::free_port()
    );
    let wrong = server.url().replace("redis://", "redis://:hunter3@");
    for words in [
        &["keys"][..],
        &["show", "a"],
        &["rm", "a"],
        &["stats"],
        &["top"],
        &["watch"],
        &["invalidate", "--all"],
    ] {
        for url in [
            &nobody,
            &wrong,
            "redis://me:hunter2@[",
            "ftp://me:hunter2@host",
            "hunter2",
        ] {
            let run = Run::of(&[words, &["--store", url, "--namespace", "shop"]].concat());
            assert!(!run.err.contains("hunter"), "{url}: {run:?}");
            run.refused();
        }
    }
    // A server that goes away in between is told as such.
    drop(server);
    assert!(on(&["keys"], "shop").contains("cannot open the store"));
}

/// What a service signs is not seen without its secret, and whoever asks is told so; it is deleted all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_needs_the_secret_and_its_number() {
    let server = larder_servers::Redis::start();
    // Bytes as they come, which are no text.
    let bytes = [&[0xff, 0xfe][..], &[7; 30]].concat();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, [&bytes[..], b"\n"].concat()).expect("a secret");
    let file = file.to_str().expect("a path");
    let store = Redis::connect(&server.url()).await.expect("a server");
    let cache = Cache::builder().namespace("shop").store(store);
    let cache = cache.authenticate(Secret::new(3, &bytes).expect("a secret"));
    let cache = cache.build().expect("a cache");
    cache.insert(("price", 7), 99).await.expect("kept");

    let url = server.url();
    let run = |words: &[&str], more: &[&str]| {
        Run::of(&[words, &["--store", &url, "--namespace", "shop"], more].concat())
    };
    let with = ["--secret", file, "--secret-id", "3"];
    run(&["show", "price, 7"], &with).good();
    for more in [&[][..], &["--secret", file]] {
        let unseen = run(&["show", "price, 7"], more);
        assert_eq!(unseen.status, Some(1), "{unseen:?}");
        assert!(
            unseen.err.contains("signed by another secret (--secret)"),
            "{unseen:?}"
        );
    }
    assert!(
        run(&["stats"], &with)
            .err
            .contains("another secret than --secret")
    );
    let removed = run(&["rm", "price, 7"], &[]);
    assert_eq!((removed.status, removed.out.as_str()), (Some(1), ""));
    assert!(removed.err.contains("is deleted now"), "{removed:?}");
    assert_eq!(cache.get::<i32>(("price", 7)).await.expect("a look"), None);
}
