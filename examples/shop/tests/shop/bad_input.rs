//! What makes no sense gets a clear page and changes nothing.

use crate::{client::Shop, ground::on_every_database};

async fn what_is_not_there_is_404(shop: Shop) {
    let mut visitor = shop.visitor();
    for path in [
        "/nothing",
        "/tracks/0",
        "/tracks/-1",
        "/tracks/abc",
        "/tracks/99999999999999999999",
        "/tracks/%FF",
        "/artists/276",
        "/albums/348",
        "/playlists/19",
        "/customers/60",
        "/invoices/413",
        "/office/tracks/3504",
        "/tracks?page=142",
        "/artists?page=4294967295",
        "/playlists/16?page=2",
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("Not in this shop"), "{path}");
    }
}

async fn a_search_that_makes_no_sense_says_where(shop: Shop) {
    let mut visitor = shop.visitor();
    for (path, sentence) in [
        ("/tracks?from=abc", "Write a price"),
        ("/tracks?to=-1", "Write a price"),
        ("/tracks?from=2&to=1", "below the lowest price"),
        ("/tracks?shortest=5:99", "Write a length"),
        ("/tracks?shortest=5&longest=3", "below the shortest length"),
        ("/tracks?genre=rock", "Choose a genre"),
        ("/tracks?q=a%00b", "takes letters"),
        ("/artists?q=%00", "takes letters"),
        ("/customers?q=%00", "takes letters"),
        ("/tracks?page=0", "Pages are counted"),
        ("/tracks?page=-1", "Pages are counted"),
        ("/artists?page=99999999999999999999", "Pages are counted"),
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.text().contains(sentence),
            "{path}: {}",
            answer.text()
        );
    }
    for path in ["/tracks", "/artists", "/customers"] {
        let answer = visitor.get(&format!("{path}?q={}", "a".repeat(101))).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.text().contains("at most 100 letters"), "{path}");
    }
}

async fn a_form_that_makes_no_sense_changes_nothing(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=7").await;
    let long = format!("name={}&composer=&price=1", "a".repeat(201));
    for (path, form, status, sentence) in [
        (
            "/office/tracks/7",
            "name=&composer=&price=1",
            422,
            "A track needs a name",
        ),
        (
            "/office/tracks/7",
            "name=A&composer=&price=",
            422,
            "Write a price",
        ),
        (
            "/office/tracks/7",
            "name=A&composer=&price=1000",
            422,
            "at most $999.99",
        ),
        ("/office/tracks/7", &long, 422, "at most 200 letters"),
        (
            "/office/tracks/7",
            "name=A%00&composer=&price=1",
            422,
            "Letters, please",
        ),
        (
            "/office/tracks/9999",
            "name=A&composer=&price=1",
            404,
            "no such track",
        ),
        ("/office/tracks/7/genre", "genre=99", 400, "Choose a genre"),
        ("/office/tracks/7/genre", "", 400, "Choose a genre"),
        ("/office/reprice", "genre=99&price=1", 422, "Choose a genre"),
        (
            "/office/reprice",
            "genre=1&price=free",
            422,
            "Write a price",
        ),
        ("/basket/add", "track=9999", 404, "no such track"),
        ("/basket/add", "", 404, "no such track"),
        ("/basket/set", "track=7&quantity=100", 422, "from 0 to 99"),
        ("/basket/set", "track=7&quantity=-1", 422, "from 0 to 99"),
    ] {
        let answer = visitor.post(path, form).await;
        assert_eq!(answer.status, status, "{path} {form}");
        assert!(
            answer.text().contains(sentence),
            "{path} {form}: {}",
            answer.text()
        );
    }
    assert_eq!(
        shop.number("SELECT count(*) FROM track WHERE unit_price_cents NOT IN (99, 199)")
            .await,
        0
    );
    assert_eq!(
        shop.number("SELECT count(*) FROM track WHERE genre_id = 1")
            .await,
        1297
    );
    assert_eq!(
        shop.number("SELECT count(*) FROM basket_line WHERE quantity = 1")
            .await,
        1
    );
}

async fn a_form_from_another_site_is_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=7").await;
    for path in [
        "/basket/add",
        "/basket/set",
        "/basket/checkout",
        "/office/reprice",
        "/office/tracks/7",
    ] {
        let form = "track=8&quantity=5&customer=1&genre=1&price=9&name=A&composer=";
        let answer = visitor.post_from("http://evil.example", path, form).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert_eq!(shop.number("SELECT count(*) FROM invoice").await, 412);
    assert_eq!(
        shop.number("SELECT count(*) FROM basket_line WHERE quantity = 1")
            .await,
        1
    );
    assert_eq!(
        shop.number("SELECT max(unit_price_cents) FROM track").await,
        199
    );
}

async fn a_request_of_the_wrong_kind_gets_a_page_too(shop: Shop) {
    let mut visitor = shop.visitor();
    assert_eq!(visitor.get("/basket/checkout").await.status, 405);
    assert_eq!(visitor.post("/tracks", "").await.status, 405);
    let long = format!("name={}", "a".repeat(20_000));
    let answer = visitor.post("/office/tracks/7", &long).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("too long"), "{}", answer.text());
}

on_every_database!(
    what_is_not_there_is_404,
    a_search_that_makes_no_sense_says_where,
    a_form_that_makes_no_sense_changes_nothing,
    a_form_from_another_site_is_refused,
    a_request_of_the_wrong_kind_gets_a_page_too,
);
