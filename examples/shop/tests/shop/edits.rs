//! What the back office changes shows on the next view, everywhere.

use crate::{client::Shop, ground::on_every_database};

async fn an_edit_shows_at_once_on_every_page_that_names_the_track(shop: Shop) {
    let mut visitor = shop.visitor();
    let pages = [
        "/tracks/7",
        "/albums/1",
        "/tracks?q=Renamed",
        "/office/tracks/7",
    ];
    for page in pages {
        visitor.get(page).await;
    }
    let answer = visitor
        .post(
            "/office/tracks/7",
            "name=Renamed+tune&composer=Somebody&price=1.29",
        )
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/office/tracks/7?saved=1"))
    );
    for page in pages {
        let answer = visitor.get(page).await;
        assert!(answer.body.contains("Renamed tune"), "{page} is stale");
        assert!(answer.body.contains("1.29"), "{page} is stale");
    }
    assert!(
        visitor
            .get("/tracks/7")
            .await
            .text()
            .contains("Written by Somebody")
    );
}

async fn an_empty_composer_becomes_none(shop: Shop) {
    let mut visitor = shop.visitor();
    assert!(visitor.get("/tracks/7").await.text().contains("Written by"));
    visitor
        .post("/office/tracks/7", "name=A&composer=++&price=1")
        .await;
    assert!(!visitor.get("/tracks/7").await.text().contains("Written by"));
    assert_eq!(
        shop.number("SELECT count(*) FROM track WHERE id = 7 AND composer IS NULL")
            .await,
        1
    );
}

async fn a_moved_track_leaves_one_list_and_enters_the_other(shop: Shop) {
    let mut visitor = shop.visitor();
    assert!(
        visitor
            .get("/tracks?genre=25")
            .await
            .text()
            .contains("1 to 1 of 1")
    );
    assert!(visitor.get("/genres").await.text().contains("Rock 1,297"));
    let answer = visitor.post("/office/tracks/7/genre", "genre=25").await;
    assert_eq!(answer.status, 303);
    let opera = visitor.get("/tracks?genre=25").await.text();
    assert!(
        opera.contains("1 to 2 of 2") && opera.contains("It Up"),
        "{opera}"
    );
    let genres = visitor.get("/genres").await.text();
    assert!(
        genres.contains("Rock 1,296") && genres.contains("Opera 2"),
        "{genres}"
    );
}

async fn a_genre_is_re_priced_in_bulk_and_the_others_stay(shop: Shop) {
    let mut visitor = shop.visitor();
    for page in ["/genres", "/office", "/tracks?genre=2", "/tracks?genre=1"] {
        visitor.get(page).await;
    }
    let answer = visitor.post("/office/reprice", "genre=2&price=1.49").await;
    let back = answer.header("location").unwrap().to_owned();
    assert!(
        visitor
            .get(&back)
            .await
            .text()
            .contains("130 tracks of Jazz now cost $1.49 each.")
    );
    let genres = visitor.get("/genres").await.text();
    assert!(
        genres.contains("Jazz 130 $1.49") && genres.contains("Rock 1,297 $0.99"),
        "{genres}"
    );
    assert!(
        visitor
            .get("/tracks?genre=2")
            .await
            .text()
            .contains("$1.49")
    );
    assert!(
        !visitor
            .get("/tracks?genre=1")
            .await
            .text()
            .contains("$1.49")
    );
}

async fn what_people_type_is_shown_as_text(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor
        .post(
            "/office/tracks/7",
            "name=%3Cb%3E%22bold%22%3C%2Fb%3E&composer=%3Cscript%3E&price=1",
        )
        .await;
    for page in ["/tracks/7", "/office/tracks/7", "/albums/1"] {
        let body = visitor.get(page).await.body;
        assert!(
            !body.contains("<b>") && !body.contains("<script>"),
            "{page}"
        );
        assert!(
            body.contains("&#60;b&#62;") || body.contains("&lt;b&gt;"),
            "{page}"
        );
    }
    let search = visitor.get("/tracks?q=%22%3E%3Ci%3E").await.body;
    assert!(!search.contains("\"><i>"));
}

on_every_database!(
    an_edit_shows_at_once_on_every_page_that_names_the_track,
    an_empty_composer_becomes_none,
    a_moved_track_leaves_one_list_and_enters_the_other,
    a_genre_is_re_priced_in_bulk_and_the_others_stay,
    what_people_type_is_shown_as_text,
);
