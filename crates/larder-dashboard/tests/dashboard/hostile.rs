//! Keys, values, groups and tags that were made to do harm: they are shown as what they are.

use larder::{Cache, Codec, Key, Redis, Tag};
use larder_servers as servers;
use serde::{Deserialize, Serialize};

use crate::site::Site;

const SCRIPT: &str = "<script>alert(1)</script>\"' onmouseover=x <img src=x>&lt;";

/// Nothing of the hostile text stands in the page as it is.
#[track_caller]
fn is_harmless(body: &str) {
    for bad in [
        "<script>alert",
        "<img",
        "\u{202e}",
        "\u{0}",
        "\u{200b}",
        "\u{1b}",
    ] {
        assert!(!body.contains(bad), "{bad:?}");
    }
    assert!(!body.contains("\" onmouseover") && !body.contains("\"' onmouseover"));
}

#[tokio::test]
async fn hostile_keys_groups_and_tags_are_shown_escaped() {
    let site = Site::open().await;
    let unseen = "a\u{202e}b\u{0}c\u{200b}d\u{1b}[31m\r\n";
    for text in [SCRIPT, unseen] {
        let key = Key::new((text, text));
        site.cache
            .insert(&key, 1)
            .tags([Tag::named(text)])
            .await
            .unwrap();
        let entry = site.get(&format!("entry?key={}", key.to_opaque())).await;
        assert_eq!(entry.status, 200);
        is_harmless(&entry.body);
        let load = async || Ok::<_, std::io::Error>(1);
        site.cache.get_or_load(&key, load).await.unwrap();
        site.cache.invalidate([Tag::named(text)]).await.unwrap();
        site.cache
            .get_or_load(&key, load)
            .tags([Tag::named(text)])
            .await
            .unwrap();
    }
    site.reporting.publish().await.unwrap();
    for page in [
        "overview",
        "entries",
        "tables",
        "causes",
        "causes-list",
        "loads",
    ] {
        let page = site.get(page).await;
        assert_eq!(page.status, 200);
        is_harmless(&page.body);
    }
    let entries = site.get("entries").await;
    assert!(
        entries.body.contains("&#60;script&#62;alert"),
        "{}",
        entries.body
    );
    assert!(entries.body.contains("a\\u{202e}b\\u{0}c\\u{200b}d\\u{1b}"));
}

#[tokio::test]
async fn a_hostile_search_is_shown_escaped() {
    let site = Site::open().await;
    for query in [
        "prefix=%3Cscript%3Ealert(1)%3C/script%3E%22",
        "contains=%22%3E%3Cimg%20src=x%3E",
        "prefix='%E2%80%AE",
        "done=%3Cscript%3Ealert(1)%3C/script%3E",
        "order=%3Cscript%3Ealert(1)",
        "prefix=%FF%00",
    ] {
        let page = site.get(&format!("entries?{query}")).await;
        assert!(matches!(page.status, 200 | 422), "{query}");
        is_harmless(&page.body);
    }
    let entry = site.get("entry?key=%3Cscript%3Ealert(1)").await;
    assert_eq!(entry.status, 400);
    is_harmless(&entry.body);
}

#[tokio::test]
async fn megabytes_are_cut_with_a_note() {
    let site = Site::open().await;
    let long = Key::new(("long", "x".repeat(3 << 20)));
    site.cache.insert(&long, 1).await.unwrap();
    let entries = site.get("entries").await;
    assert!(entries.body.len() < 20_000, "{}", entries.body.len());
    assert!(
        entries.text().contains("too long to be opened"),
        "{}",
        entries.text()
    );

    let key = Key::new("value");
    let value = format!("{SCRIPT}{}", "y".repeat(2 << 20));
    site.cache.insert(&key, value).await.unwrap();
    let page = site
        .get(&format!("entry?key={}&value=1", key.to_opaque()))
        .await;
    is_harmless(&page.body);
    assert!(page.body.len() < 60_000, "{}", page.body.len());
    assert!(
        page.text().contains("cut: 2.0 MiB in all"),
        "{}",
        page.text()
    );

    let larger = Key::new("larger");
    site.cache
        .insert(&larger, "z".repeat(5 << 20))
        .await
        .unwrap();
    let page = site
        .get(&format!("entry?key={}&value=1", larger.to_opaque()))
        .await;
    assert!(
        page.text().contains("It has no form that people can read"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn megabytes_in_many_keys_and_tags_are_cut_on_every_page() {
    let site = Site::open().await;
    let long = "x".repeat(1 << 20);
    for number in 0..5 {
        let key = Key::new((&*long, number));
        let load = async || Ok::<_, std::io::Error>(1);
        let get = || site.cache.get_or_load(&key, load).tags([Tag::named(&long)]);
        get().await.unwrap();
        site.cache.invalidate([Tag::named(&long)]).await.unwrap();
        get().await.unwrap();
    }
    site.reporting.publish().await.unwrap();
    for page in [
        "overview",
        "entries?contains=x",
        "entries?order=hits",
        "tables",
        "causes",
        "loads",
    ] {
        let page = site.get(page).await;
        assert_eq!(page.status, 200);
        assert!(page.body.len() < 40_000, "{}", page.body.len());
    }
}

#[derive(Serialize, Deserialize)]
struct Customer {
    name: String,
}

#[tokio::test]
async fn of_a_value_in_bytes_is_shown_what_its_codec_has_names_for() {
    let server = servers::Redis::start();
    for (codec, shown) in [
        (Codec::Json, Some("{&#34;name&#34;:&#34;Ada&#34;}")),
        (Codec::MessagePack, Some("{&#34;name&#34;:&#34;Ada&#34;}")),
        (Codec::Postcard, None),
    ] {
        let store = Redis::connect(&server.url()).await.unwrap();
        let cache = Cache::builder().store(store).codec(codec);
        let site = Site::with(cache, |dashboard| dashboard).await;
        let key = Key::new("customer");
        let name = "Ada".to_owned();
        site.cache.insert(&key, Customer { name }).await.unwrap();
        let page = site
            .get(&format!("entry?key={}&value=1", key.to_opaque()))
            .await;
        let text = page.text();
        assert!(
            text.contains(&format!("Kept as {codec:?}").replace("Json", "JSON")),
            "{text}"
        );
        match shown {
            Some(shown) => assert!(page.body.contains(shown), "{text}"),
            None => assert!(
                text.contains("It has no form that people can read"),
                "{text}"
            ),
        }
    }
}

#[tokio::test]
async fn a_value_is_shown_to_those_only_who_may_see_values() {
    let site = Site::open().await;
    let key = Key::new(("customer", 7));
    let name = "Ada <b>".to_owned();
    site.cache.insert(&key, Customer { name }).await.unwrap();
    let page = format!("entry?key={}&value=1", key.to_opaque());
    let grace = site.get(&page).await;
    assert!(
        grace
            .body
            .contains("{&#34;name&#34;:&#34;Ada &#60;b&#62;&#34;}"),
        "{}",
        grace.body
    );
    for cookie in ["who=ada", "who=linus"] {
        let other = site.ask("GET", &page, &[("Cookie", cookie)], "").await;
        assert!(
            other.text().contains("does not show you values"),
            "{}",
            other.text()
        );
        assert!(!other.body.contains("Ada"));
    }
}
