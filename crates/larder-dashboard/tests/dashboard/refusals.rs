//! Every way in which an act is refused: nothing is done, and it is told who, what and why.

use larder::{Cache, Key, Tag};

use crate::site::{ADA, GRACE, PREFIX, Site, ask};

const ACTS: [&str; 4] = ["delete", "delete-tree", "invalidate", "clear"];
const PAGES: [&str; 7] = [
    "overview",
    "entries",
    "entry",
    "tables",
    "causes",
    "causes-list",
    "loads",
];

/// A site with one entry, and the form that deletes it, as Grace has it.
async fn with_form() -> (Site, Key, String) {
    let site = Site::open().await;
    let key = Key::new(("product", 7, "secret name"));
    site.cache.insert(&key, 1).await.unwrap();
    let token = site.token(&key, "delete").await;
    let form = format!("key={}&token={token}", key.to_opaque());
    site.told();
    (site, key, form)
}

async fn is_there(site: &Site, key: &Key) -> bool {
    site.cache.get::<i32>(key).await.unwrap().is_some()
}

/// Sends the form with these headers: refused, nothing done, told.
#[track_caller]
fn told_of(site: &Site, who: &str, why: &str) {
    let told = site.told();
    let [(told_who, what, told_why)] = &told[..] else {
        panic!("told of {told:?}");
    };
    assert_eq!(told_who, who);
    assert!(told_why.contains(why), "{told_why}");
    // Neither keys nor values are in it.
    let all = format!("{what} {told_why}");
    assert!(
        !all.contains("secret name") && !all.contains("product"),
        "{all}"
    );
}

#[tokio::test]
async fn who_has_no_access_sees_and_does_nothing() {
    let (site, key, form) = with_form().await;
    let origin = site.origin();
    for cookie in ["", "who=nobody", "who=grace; x=y"] {
        let headers = [("Cookie", cookie), ("Origin", origin.as_str())];
        for page in PAGES {
            let answer = site.ask("GET", page, &headers, "").await;
            assert_eq!(answer.status, 403, "{page}");
            assert!(!answer.body.contains("product"), "{page}");
            assert!(answer.body.contains("href=\"/sign-in\""));
            told_of(&site, "", "no access");
        }
        for act in ACTS {
            let answer = site.ask("POST", act, &headers, &form).await;
            assert_eq!(answer.status, 403, "{act}");
            told_of(&site, "", "no access");
        }
        // The mount says where the first page is, and no more: there the refusal finds its style.
        let answer = site.ask("GET", "", &headers, "").await;
        assert_eq!(answer.status, 303);
        assert!(answer.body.is_empty(), "{}", answer.body);
    }
    assert!(is_there(&site, &key).await);
    // What strangers try fills nobody's list.
    assert!(site.reporting.report().acts.is_empty());
}

#[tokio::test]
async fn who_may_look_may_not_act_even_with_somebodys_form() {
    let (site, key, form) = with_form().await;
    let origin = site.origin();
    for act in ACTS {
        let answer = site
            .ask("POST", act, &[ADA, ("Origin", &origin)], &form)
            .await;
        assert_eq!(answer.status, 403, "{act}");
        told_of(&site, "ada", "change nothing");
    }
    assert!(is_there(&site, &key).await);
    let page = format!("entry?key={}", key.to_opaque());
    let page = site.ask("GET", &page, &[ADA], "").await;
    assert!(
        !page.body.contains("method=\"post\""),
        "no form for whom it is not"
    );
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let (site, key, form) = with_form().await;
    let own = site.origin();
    let port = site.address.port();
    let (localhost, https) = (
        format!("http://localhost:{port}"),
        "https://127.0.0.1".to_owned(),
    );
    let cases: [&[(&str, &str)]; 7] = [
        &[("Origin", "http://evil.example")],
        &[("Origin", "null")],
        &[],
        &[("Origin", &https)],
        &[("Origin", &localhost)],
        &[("Origin", &own), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", &own), ("Sec-Fetch-Site", "same-site")],
    ];
    for headers in cases {
        let headers: Vec<_> = [GRACE].into_iter().chain(headers.iter().copied()).collect();
        let answer = site.ask("POST", "delete", &headers, &form).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        told_of(&site, "grace", "own pages");
    }
    assert!(is_there(&site, &key).await);
    // The form was good: from its own page it does what it says.
    assert_eq!(site.post("delete", &form).await.status, 303);
    assert!(!is_there(&site, &key).await);
}

#[tokio::test]
async fn a_page_that_another_site_fetches_is_refused() {
    let (site, _, _) = with_form().await;
    // What evil.example's page makes Grace's browser fetch: an image, a frame, a script's `fetch`, a prefetch; and
    // what a sibling site does.
    let foreign: [&[(&str, &str)]; 6] = [
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "no-cors"),
            ("Sec-Fetch-Dest", "image"),
        ],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "iframe"),
        ],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Dest", "empty"),
        ],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Purpose", "prefetch;prerender"),
        ],
        &[
            ("Sec-Fetch-Site", "same-site"),
            ("Sec-Fetch-Mode", "no-cors"),
            ("Sec-Fetch-Dest", "image"),
        ],
        &[("Sec-Fetch-Site", "cross-site")],
    ];
    for page in PAGES {
        for headers in foreign {
            let headers: Vec<_> = [GRACE].into_iter().chain(headers.iter().copied()).collect();
            for method in ["GET", "HEAD"] {
                let answer = site.ask(method, page, &headers, "").await;
                assert_eq!(answer.status, 403, "{page} {headers:?}");
                assert!(!answer.body.contains("product"));
                told_of(&site, "", "another site's page");
            }
        }
    }
    // It fills nobody's list.
    let report = site.reporting.report();
    assert!(report.acts.is_empty() && report.refused.is_empty());
    // A link is followed, an address is typed, our own pages ask for each other and for the live list.
    let own: [&[(&str, &str)]; 4] = [
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ],
        &[
            ("Sec-Fetch-Site", "none"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ],
        &[
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Dest", "empty"),
        ],
        &[],
    ];
    for headers in own {
        let headers: Vec<_> = [GRACE].into_iter().chain(headers.iter().copied()).collect();
        let answer = site.ask("GET", "entries", &headers, "").await;
        assert_eq!(answer.status, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn refusals_hide_nothing_of_what_was_done_by_hand() {
    let (site, _, form) = with_form().await;
    assert_eq!(site.post("delete", &form).await.status, 303);
    for _ in 0..100 {
        site.ask("POST", "clear", &[ADA, ("Origin", &site.origin())], "")
            .await;
    }
    let overview = site.get("overview").await.text();
    let (acts, refused) = overview.split_once("Refused").expect("both lists");
    assert!(
        acts.contains("Done by hand") && acts.contains("delete: done"),
        "{acts}"
    );
    assert!(!acts.contains("change nothing") && refused.contains("change nothing"));
}

#[tokio::test]
async fn another_name_of_the_site_is_refused() {
    let (site, key, form) = with_form().await;
    // What a page of evil.example does whose name leads to us (DNS rebinding).
    let evil = format!("evil.example:{}", site.address.port());
    let origin = format!("http://{evil}");
    let headers = [GRACE, ("Host", evil.as_str()), ("Origin", origin.as_str())];
    for (method, page) in [("GET", "entries"), ("POST", "delete"), ("GET", "style.css")] {
        let answer = site.ask(method, page, &headers, &form).await;
        assert_eq!(answer.status, 421, "{page}");
        told_of(&site, "", "another name");
    }
    let address = site.address.to_string();
    let two = [GRACE, ("Host", address.as_str()), ("Host", "evil.example")];
    let answer = site.ask("GET", "entries", &two, "").await;
    assert!(matches!(answer.status, 400 | 421), "{}", answer.status);
    assert!(is_there(&site, &key).await);
}

#[tokio::test]
async fn a_name_that_the_application_gives_is_good_and_then_only_that() {
    let site = Site::with(Cache::builder(), |dashboard| {
        dashboard.host("admin.example")
    })
    .await;
    let named = site
        .ask("GET", "overview", &[GRACE, ("Host", "admin.example")], "")
        .await;
    assert_eq!(named.status, 200);
    assert_eq!(site.get("overview").await.status, 421);
}

#[tokio::test]
async fn a_form_without_its_token_is_refused() {
    let (site, key, form) = with_form().await;
    let opaque = key.to_opaque();
    let (_, token) = form.split_once("&token=").unwrap();
    let other = Key::new("other");
    site.cache.insert(&other, 1).await.unwrap();
    let of_other = site.token(&other, "delete").await;
    let flipped = if token.ends_with('0') { '1' } else { '0' };
    let flipped = format!("{}{flipped}", &token[..token.len() - 1]);
    for (bad, why) in [
        (format!("key={opaque}"), "no token"),
        (format!("key={opaque}&token="), "no token"),
        (
            format!("key={opaque}&token=made.up.token"),
            "none of this process's",
        ),
        (
            format!("key={opaque}&token={of_other}"),
            "none of this process's",
        ),
        (
            format!("key={opaque}&token={flipped}"),
            "none of this process's",
        ),
        (
            format!("key={}&token={token}", other.to_opaque()),
            "none of this process's",
        ),
        (format!("token={token}"), "none of this process's"),
        (format!("key=!!&token={token}"), "no key"),
    ] {
        let answer = site.post("delete", &bad).await;
        assert!(matches!(answer.status, 400 | 403), "{bad}");
        told_of(&site, "grace", why);
    }
    // Somebody else who may act, with Grace's form.
    let origin = site.origin();
    let linus = [("Cookie", "who=linus"), ("Origin", origin.as_str())];
    assert_eq!(site.ask("POST", "delete", &linus, &form).await.status, 403);
    told_of(&site, "linus", "none of this process's");
    assert!(is_there(&site, &key).await && is_there(&site, &other).await);
}

#[tokio::test]
async fn a_form_is_good_once() {
    let (site, key, form) = with_form().await;
    assert_eq!(site.post("delete", &form).await.status, 303);
    told_of(&site, "grace", "done");
    site.cache.insert(&key, 2).await.unwrap();
    let again = site.post("delete", &form).await;
    assert_eq!(again.status, 403);
    assert!(again.text().contains("sent before"), "{}", again.text());
    told_of(&site, "grace", "sent before");
    assert!(is_there(&site, &key).await);
}

#[tokio::test]
async fn a_look_at_the_address_of_an_act_does_nothing() {
    let (site, key, form) = with_form().await;
    for method in ["GET", "HEAD"] {
        for act in ACTS {
            let answer = site
                .ask(method, &format!("{act}?{form}"), &[GRACE], "")
                .await;
            assert_eq!(answer.status, 405, "{method} {act}");
            told_of(&site, "grace", "not in this way");
        }
    }
    let origin = site.origin();
    for method in ["PUT", "DELETE", "PATCH"] {
        let headers = [GRACE, ("Origin", origin.as_str())];
        assert_eq!(
            site.ask(method, "delete", &headers, &form).await.status,
            405
        );
    }
    for page in ["overview", "style.css"] {
        let headers = [GRACE, ("Origin", origin.as_str())];
        assert_eq!(
            site.ask("POST", page, &headers, "").await.status,
            405,
            "{page}"
        );
        assert_eq!(site.ask("POST", page, &[], "").await.status, 403, "{page}");
    }
    assert!(is_there(&site, &key).await);
}

#[tokio::test]
async fn what_the_application_does_not_allow_is_done_by_nobody() {
    let (site, key, _) = with_form().await;
    let opaque = key.to_opaque();
    for (act, form) in [
        ("delete-tree", format!("key={opaque}&token=x")),
        ("clear", "namespace=larder&token=x".to_owned()),
        (
            "invalidate",
            format!("tag={}&token=x", Tag::namespace().to_opaque()),
        ),
        (
            "invalidate",
            format!("tag={}&token=x", Tag::root("").to_opaque()),
        ),
        (
            "invalidate",
            format!("tag={}&token=x", Tag::guard(&Tag::root("")).to_opaque()),
        ),
    ] {
        assert_eq!(site.post(act, &form).await.status, 403, "{act}");
        told_of(&site, "grace", "does not let its dashboard");
    }
    assert!(is_there(&site, &key).await);
    for page in ["overview".to_owned(), format!("entry?key={opaque}")] {
        let page = site.get(&page).await;
        assert!(!page.body.contains("action=\"clear\"") && !page.body.contains("delete-tree"));
    }
}

#[tokio::test]
async fn everything_is_dropped_only_by_its_name() {
    let site = Site::with(Cache::builder().namespace("shop"), |dashboard| {
        dashboard.allow_everything().allow_trees()
    })
    .await;
    let key = Key::new(("product", 7));
    site.cache.insert(&key, 1).await.unwrap();
    let token = site.get("overview").await.token("clear");
    for typed in ["", "Shop", "larder"] {
        let answer = site
            .post("clear", &format!("namespace={typed}&token={token}"))
            .await;
        assert_eq!(answer.status, 422, "{typed}");
        told_of(&site, "grace", "not the namespace's name");
    }
    assert!(is_there(&site, &key).await);
    let form = format!("namespace=shop&token={token}");
    assert_eq!(site.post("clear", &form).await.status, 303);
    told_of(&site, "grace", "done");
    assert!(!is_there(&site, &key).await);
    // The key without parts is no way around it.
    let page = site.get("entry?key=").await;
    let form = format!("key=&token={}", page.token("delete-tree"));
    assert_eq!(site.post("delete-tree", &form).await.status, 400);
}

#[tokio::test]
async fn a_form_that_is_none_is_refused() {
    let (site, key, _) = with_form().await;
    let long = format!("key={}", "A".repeat(100_000));
    for form in [long.as_str(), "%", ""] {
        let status = site.post("delete", form).await.status;
        assert!((400..500).contains(&status), "{status}");
    }
    assert!(is_there(&site, &key).await);
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_strict() {
    let site = Site::open().await;
    let origin = site.origin();
    let stranger = site.ask("GET", "overview", &[], "").await;
    let moved = site
        .ask("GET", "overview", &[GRACE, ("Host", "evil.example")], "")
        .await;
    let posted = site
        .ask("POST", "delete", &[GRACE, ("Origin", &origin)], "")
        .await;
    let mut answers = vec![stranger, moved, posted];
    for page in PAGES
        .into_iter()
        .chain(["nothing", "style.css", "live.js", "icon.svg"])
    {
        answers.push(site.get(page).await);
    }
    for answer in answers {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        // Nothing inline that the policy would forbid, and nothing from elsewhere.
        assert!(!answer.body.contains(" style=\"") && !answer.body.contains("<style"));
        assert!(!answer.body.contains("onclick") && !answer.body.contains("<script>"));
        assert!(!answer.body.contains("src=\"http") && !answer.body.contains("href=\"http"));
    }
}

#[tokio::test]
async fn a_proxy_that_rewrites_paths_does_not_change_who_is_let_in() {
    let site = Site::open().await;
    for path in [
        "//evil.example",
        "/../overview",
        "/overview/../entries",
        "/%2e%2e/",
    ] {
        let path = format!("{PREFIX}{path}");
        let answer = ask(site.address, "GET", &path, &[], "").await;
        assert!(
            matches!(answer.status, 403 | 404),
            "{path}: {}",
            answer.status
        );
    }
}
