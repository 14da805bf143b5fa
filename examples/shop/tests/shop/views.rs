//! Every page shows what the data says.

use crate::{client::Shop, ground::on_every_database};

#[track_caller]
fn check(answer: &crate::client::Answer, path: &str, expected: &[&str]) {
    assert_eq!(answer.status, 200, "{path}");
    let text = answer.text();
    for part in expected {
        assert!(text.contains(part), "{path} lacks {part:?}:\n{text}");
    }
}

/// Every page that shows something, with what must be on it.
const PAGES: [(&str, &[&str]); 16] = [
    (
        "/",
        &["3,503 tracks by 275 artists", "Rock 1,297", "Selling best"],
    ),
    (
        "/genres",
        &["Rock 1,297 $0.99", "TV Shows 93 $1.99", "Opera 1 $0.99"],
    ),
    ("/artists", &["AC/DC 2", "1 to 25 of 275", "1 / 11"]),
    ("/artists?q=ac%2Fdc", &["AC/DC 2", "1 to 1 of 1"]),
    ("/artists/1", &["AC/DC", "2 albums", "Let There Be Rock"]),
    (
        "/albums/1",
        &[
            "For Those About To Rock We Salute You",
            "10 tracks",
            "40:00",
            "$9.90 in all",
        ],
    ),
    ("/tracks", &["1 to 25 of 3,503"]),
    (
        "/tracks?q=love&from=0.99&to=0.99&shortest=3&longest=4:00&sort=longest",
        &["3:57", "New Love"],
    ),
    ("/tracks?genre=25", &["Opera tracks", "1 to 1 of 1"]),
    (
        "/tracks/7",
        &[
            "Let's Get It Up",
            "AC/DC",
            "3:53",
            "Rock",
            "MPEG audio file",
        ],
    ),
    ("/playlists", &["Grunge 15", "Brazilian Music 39"]),
    ("/playlists/16", &["Grunge", "15 tracks", "Pearl Jam"]),
    ("/customers?q=brazil", &["Gonçalves, Luís", "$39.62"]),
    (
        "/customers/1",
        &[
            "Luís Gonçalves",
            "Embraer",
            "Jane Peacock",
            "No. 382",
            "$39.62",
        ],
    ),
    (
        "/invoices/1",
        &[
            "Invoice no. 1",
            "1 January 2007",
            "Balls to the Wall",
            "Total $1.98",
        ],
    ),
    ("/office", &["Re-price a genre", "Jazz (130)"]),
];

async fn every_page_shows_what_the_data_says(shop: Shop) {
    let mut visitor = shop.visitor();
    for (path, expected) in PAGES {
        let answer = visitor.get(path).await;
        check(&answer, path, expected);
    }
}

/// Order, letters, money and times: every database makes the same pages of the same data.
async fn every_page_is_that_of_a_shop_on_a_file(shop: Shop) {
    let file = Shop::open().await;
    let (mut visitor, mut other) = (shop.visitor(), file.visitor());
    let more = [
        "/artists?page=7",
        "/artists?q=%C3%A3",
        "/customers",
        "/tracks?q=GETZ&sort=longest",
        "/tracks?page=100",
        "/tracks?q=!",
        "/playlists/1?page=99",
    ];
    for path in PAGES.into_iter().map(|(path, _)| path).chain(more) {
        let (seen, expected) = (visitor.get(path).await, other.get(path).await);
        assert_eq!(seen.text(), expected.text(), "{path}");
    }
}

async fn every_page_lists_its_queries(shop: Shop) {
    let mut visitor = shop.visitor();
    for (path, _) in PAGES {
        let answer = visitor.get(path).await;
        assert!(answer.body.contains("How this page was read"), "{path}");
        assert!(answer.body.contains("class=\"outcome "), "{path}");
        assert!(
            answer
                .header("server-timing")
                .unwrap()
                .starts_with("cache;desc=\""),
            "{path}"
        );
    }
}

async fn a_long_list_is_walked_page_by_page_without_losing_a_row(shop: Shop) {
    let mut visitor = shop.visitor();
    let mut seen = std::collections::BTreeSet::new();
    for page in 1..=6 {
        let answer = visitor.get(&format!("/tracks?genre=2&page={page}")).await;
        for link in answer
            .body
            .split("<th scope=\"row\"><a href=\"/tracks/")
            .skip(1)
        {
            seen.insert(link.split('"').next().unwrap().to_owned());
        }
    }
    assert_eq!(seen.len(), 130);
    assert_eq!(visitor.get("/tracks?genre=2&page=7").await.status, 404);
}

async fn a_search_takes_signs_of_patterns_as_letters(shop: Shop) {
    let mut visitor = shop.visitor();
    assert!(
        visitor
            .get("/tracks?q=100%25")
            .await
            .text()
            .contains("1 to 1 of 1")
    );
    assert!(
        visitor
            .get("/tracks?q=_")
            .await
            .text()
            .contains("No track is like that")
    );
    assert!(visitor.get("/tracks?q=%5C").await.text().contains("to "));
}

async fn pages_are_never_kept_by_the_browser_and_run_no_scripts(shop: Shop) {
    let answer = shop.visitor().get("/").await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(
        answer
            .header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert!(!answer.body.contains("<script") && !answer.body.contains(" style="));
}

async fn the_style_sheet_and_the_icon_are_built_in(shop: Shop) {
    let mut visitor = shop.visitor();
    assert_eq!(
        visitor.get("/style.css").await.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    assert_eq!(
        visitor.get("/favicon.svg").await.header("content-type"),
        Some("image/svg+xml")
    );
}

on_every_database!(
    every_page_shows_what_the_data_says,
    every_page_is_that_of_a_shop_on_a_file,
    every_page_lists_its_queries,
    a_long_list_is_walked_page_by_page_without_losing_a_row,
    a_search_takes_signs_of_patterns_as_letters,
    pages_are_never_kept_by_the_browser_and_run_no_scripts,
    the_style_sheet_and_the_icon_are_built_in,
);
