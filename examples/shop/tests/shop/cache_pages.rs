//! The cache's own pages, behind the keeper's word.

use crate::client::{Shop, Visitor, WORD};

async fn keeper(shop: &Shop) -> Visitor {
    let mut keeper = shop.visitor();
    let form = format!("word={}", WORD.replace(' ', "+"));
    let answer = keeper.post("/office/sign-in", &form).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/cache"))
    );
    keeper
}

#[tokio::test]
async fn the_caches_pages_open_to_who_says_the_word_only() {
    let shop = Shop::open().await;
    let mut visitor = shop.visitor();
    // The mount says where the first page is, and no more.
    assert_eq!(visitor.get("/cache").await.status, 303);
    for path in ["/cache/overview", "/cache/entries", "/cache/causes"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("href=\"/office/sign-in\""));
    }
    let wrong = visitor.post("/office/sign-in", "word=guess").await;
    assert_eq!(wrong.status, 403);
    assert!(wrong.text().contains("That is not the word."));
    assert_eq!(visitor.get("/cache/overview").await.status, 403);

    let mut keeper = keeper(&shop).await;
    let first = keeper.get("/cache").await;
    assert_eq!(
        (first.status, first.header("location")),
        (303, Some("./cache/overview"))
    );
    let overview = keeper.get("/cache/overview").await;
    assert_eq!(overview.status, 200);
    // The shop's frame is not around it: it would be cached and counted.
    assert!(!overview.body.contains("How this page was read"));
}

#[tokio::test]
async fn a_price_that_changes_is_the_cause_of_what_was_dropped() {
    let shop = Shop::open().await;
    let mut keeper = keeper(&shop).await;
    let mut visitor = shop.visitor();
    visitor.get("/tracks/2241").await;
    let entries = keeper.get("/cache/entries").await;
    assert!(entries.text().contains("track"), "{}", entries.text());
    let edit = "name=Renamed&composer=&price=1.29";
    assert_eq!(keeper.post("/office/tracks/2241", edit).await.status, 303);
    let causes = keeper.get("/cache/causes").await.text();
    assert!(causes.contains("UPDATE &#34;track&#34; SET"), "{causes}");
    assert!(!causes.contains("Renamed"), "no values: {causes}");
    let tables = keeper.get("/cache/tables").await.text();
    assert!(tables.contains("Last writes 1"), "{tables}");
}
