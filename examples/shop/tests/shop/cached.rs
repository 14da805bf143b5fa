//! Most views cost the database nothing, and none is ever stale.

use crate::{client::Shop, ground::on_every_database};

/// A page of every kind.
const PAGES: [&str; 18] = [
    "/",
    "/genres",
    "/artists",
    "/artists?q=ac&page=1",
    "/artists/1",
    "/albums/1",
    "/tracks",
    "/tracks?q=love&genre=1&from=0.5&to=1&shortest=2&longest=5:30&sort=longest",
    "/tracks?genre=25",
    "/tracks/7",
    // Its buyers bought others, too.
    "/tracks/2",
    "/playlists",
    "/playlists/1?page=3",
    "/customers?q=br",
    "/customers/5",
    "/invoices/1",
    "/office",
    "/office/tracks/7",
];

async fn the_second_view_of_every_page_costs_no_statement(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=7").await;
    for page in PAGES.into_iter().chain(["/basket"]) {
        let first = visitor.get(page).await;
        let before = shop.statements();
        let second = visitor.get(page).await;
        assert_eq!(
            second.statements(),
            0,
            "{page}: {:?}",
            second.header("server-timing")
        );
        // What the page says of itself is also what reached the database.
        assert_eq!(shop.statements(), before, "{page}");
        let timing = second.header("server-timing").unwrap();
        assert!(
            timing.contains("db;desc=\"0 statements\";dur=0") && timing.contains(" 0 misses\""),
            "{timing}"
        );
        assert_eq!(first.text(), second.text(), "{page}");
        assert!(
            second
                .body
                .contains("<span class=\"outcome hit\">hit</span>"),
            "{page}"
        );
    }
}

/// AC-10: an album's artist is the artist's row.
async fn an_artist_that_was_seen_by_itself_is_not_asked_for_by_its_album(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.get("/albums/4").await;
    let before = shop.statements();
    // AC/DC has another album, whose artist is known by now; the album and its tracks are not.
    visitor.get("/albums/1").await;
    assert_eq!(shop.statements() - before, 2);
    // So does the artist's own page know it.
    let before = shop.statements();
    visitor.get("/artists/1").await;
    assert_eq!(shop.statements() - before, 1, "the albums");
}

async fn a_page_says_exactly_what_reached_the_database(shop: Shop) {
    let mut visitor = shop.visitor();
    for page in PAGES {
        let before = shop.statements();
        let answer = visitor.get(page).await;
        assert_eq!(answer.statements(), shop.statements() - before, "{page}");
    }
}

async fn that_there_is_nothing_is_remembered_and_ends(shop: Shop) {
    let mut visitor = shop.visitor();
    for _ in 0..2 {
        assert_eq!(visitor.get("/invoices/413").await.status, 404);
    }
    assert_eq!(visitor.get("/invoices/413").await.statements(), 0);
    visitor.post("/basket/add", "track=7").await;
    visitor.post("/basket/checkout", "customer=1").await;
    assert_eq!(visitor.get("/invoices/413").await.status, 200);
}

async fn a_new_price_leaves_what_reads_no_price(shop: Shop) {
    let mut visitor = shop.visitor();
    for page in PAGES {
        visitor.get(page).await;
    }
    visitor
        .post(
            "/office/tracks/7",
            "name=Let's+Get+It+Up&composer=Angus+Young&price=1.29",
        )
        .await;
    for page in [
        "/artists",
        "/artists/1",
        "/playlists",
        "/customers?q=br",
        "/customers/5",
        "/invoices/1",
    ] {
        let answer = visitor.get(page).await;
        assert_eq!(
            answer.statements(),
            0,
            "{page}: {:?}",
            answer.header("server-timing")
        );
    }
    assert_ne!(visitor.get("/genres").await.statements(), 0);
}

async fn a_basket_is_nobody_elses_business(shop: Shop) {
    let (mut one, mut other) = (shop.visitor(), shop.visitor());
    for visitor in [&mut one, &mut other] {
        visitor.post("/basket/add", "track=7").await;
        visitor.get("/basket").await;
    }
    one.post("/basket/set", "track=7&quantity=5").await;
    assert_eq!(
        other.get("/genres").await.text(),
        one.get("/genres").await.text()
    );
    assert!(other.get("/basket").await.text().contains("Total 1 $0.99"));
    assert!(one.get("/basket").await.text().contains("Total 5 $4.95"));
    assert_eq!(
        other.get("/genres").await.statements(),
        0,
        "the count in the head is this visitor's own"
    );
}

async fn a_crowd_in_front_of_an_unseen_page_asks_the_database_once(shop: Shop) {
    let before = shop.statements();
    let visits: Vec<_> = (0..40)
        .map(|_| {
            let mut visitor = shop.visitor();
            tokio::spawn(async move { visitor.get("/genres").await.text() })
        })
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    for visit in visits {
        seen.insert(visit.await.unwrap());
    }
    assert_eq!(seen.len(), 1);
    assert_eq!(shop.statements() - before, 1);
}

/// The walk that finds staleness: after each change, every page must be what a shop that remembers
/// nothing makes of the same file.
async fn after_every_change_every_page_is_that_of_a_shop_without_memory(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=12").await;
    let changes = [
        ("/office/tracks/7", "name=Renamed&composer=&price=1.29"),
        ("/office/tracks/7", "name=Renamed&composer=Me&price=1.29"),
        ("/office/tracks/7/genre", "genre=25"),
        ("/office/reprice", "genre=25&price=2"),
        ("/office/reprice", "genre=1&price=0.5"),
        ("/basket/add", "track=7"),
        ("/basket/set", "track=7&quantity=3"),
        ("/basket/add", "track=2"),
        ("/basket/set", "track=12&quantity=0"),
        ("/basket/checkout", "customer=5"),
        ("/office/tracks/7/genre", "genre=1"),
        ("/basket/add", "track=2819"),
        ("/basket/checkout", "customer=1"),
        ("/office/tracks/7", "name=&composer=&price=1"),
    ];
    let mut statements = 0;
    for (path, form) in changes {
        visitor.post(path, form).await;
        let fresh = shop.reopened().await;
        let mut stranger = fresh.visitor();
        stranger.cookie = visitor.cookie.clone();
        for page in PAGES
            .into_iter()
            .chain(["/basket", "/invoices/413", "/tracks?q=renamed"])
        {
            let (seen, expected) = (visitor.get(page).await, stranger.get(page).await);
            assert_eq!(
                seen.text(),
                expected.text(),
                "{page} is stale after {path} {form}"
            );
            statements += seen.statements();
        }
    }
    let (views, queries_without) = (
        changes.len() * (PAGES.len() + 3),
        2 * changes.len() * PAGES.len(),
    );
    assert!(
        statements < queries_without as u64,
        "{statements} statements for {views} views: nothing is cached"
    );
}

on_every_database!(
    the_second_view_of_every_page_costs_no_statement,
    an_artist_that_was_seen_by_itself_is_not_asked_for_by_its_album,
    a_page_says_exactly_what_reached_the_database,
    that_there_is_nothing_is_remembered_and_ends,
    a_new_price_leaves_what_reads_no_price,
    a_basket_is_nobody_elses_business,
    a_crowd_in_front_of_an_unseen_page_asks_the_database_once,
    after_every_change_every_page_is_that_of_a_shop_without_memory,
);
