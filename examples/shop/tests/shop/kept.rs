//! What is no query is kept as well, and is as right: the basket, the search, what else was bought.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{client::Shop, ground::on_every_database};

const ALSO_BOUGHT: &str = "Customers who bought this also bought";

async fn searches_that_clean_to_the_same_share_a_result(shop: Shop) {
    let mut visitor = shop.visitor();
    let first = visitor
        .get("/tracks?q=love&genre=1&from=0.5&shortest=2")
        .await;
    assert_ne!(first.statements(), 0);
    for same in [
        "/tracks?q=%20LOVE&genre=1&from=0.5&shortest=2",
        "/tracks?q=Love+&genre=1&from=$0.50&shortest=2:00&sort=name",
        "/tracks?q=lovE&genre=1&from=+0.5&to=&shortest=02&sort=unheard-of&page=1",
    ] {
        let answer = visitor.get(same).await;
        assert_eq!(answer.statements(), 0, "{same}");
        assert_eq!(answer.text(), first.text(), "{same}");
    }
    for other in [
        "/tracks?q=lov",
        "/tracks?q=l%20ove",
        "/tracks?q=love&genre=1&from=0.5&shortest=2&page=2",
    ] {
        assert_ne!(visitor.get(other).await.statements(), 0, "{other}");
    }
}

async fn upper_and_lower_case_are_one_where_the_database_says_so(shop: Shop) {
    let mut visitor = shop.visitor();
    for (one, other) in [("á", "Á"), ("a", "A")] {
        let found = async |visitor: &mut crate::client::Visitor, letter: &str| {
            visitor.get(&format!("/tracks?q={letter}")).await.text()
        };
        let like = |letter: &str| {
            let pattern = format!("'%{letter}%'");
            let condition = match shop.db.get_database_backend() {
                DbBackend::Postgres => format!("name ILIKE {pattern}"),
                DbBackend::MySql => format!("LOWER(name) LIKE LOWER({pattern})"),
                _ => format!("name LIKE {pattern}"),
            };
            format!("SELECT count(*) FROM track WHERE {condition}")
        };
        let same = shop.number(&like(one)).await == shop.number(&like(other)).await;
        let (left, right) = (percent(one), percent(other));
        let pages_are_same = found(&mut visitor, &left).await == found(&mut visitor, &right).await;
        assert_eq!(pages_are_same, same, "{one} {other}");
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn a_search_that_makes_no_sense_is_not_run(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.get("/tracks").await;
    for path in ["/tracks?from=2&to=1", "/tracks?genre=rock&q=love"] {
        let answer = visitor.get(path).await;
        assert_eq!((answer.status, answer.statements()), (400, 0), "{path}");
        assert!(answer.body.contains("aria-invalid"), "{path}");
        assert!(
            answer.body.contains("not cached: the form is not valid"),
            "{path}"
        );
    }
}

async fn what_buyers_also_bought_is_ranked_once_and_anew_after_a_sale(shop: Shop) {
    let mut visitor = shop.visitor();
    // Sold on invoice 1, together with track 4.
    let page = visitor.get("/tracks/2").await;
    let text = page.text();
    let (_, also) = text.split_once(ALSO_BOUGHT).expect("it was bought");
    assert!(also.contains("Restless and Wild"), "{also}");
    assert_eq!(visitor.get("/tracks/2").await.statements(), 0);

    // Nobody has bought 7. Then somebody does, with 2.
    assert!(!visitor.get("/tracks/7").await.text().contains(ALSO_BOUGHT));
    for track in [7, 2] {
        visitor.post("/basket/add", &format!("track={track}")).await;
    }
    visitor.post("/basket/checkout", "customer=5").await;
    let page = visitor.get("/tracks/7").await.text();
    let (_, also) = page.split_once(ALSO_BOUGHT).expect("it was bought now");
    assert!(also.contains("Balls to the Wall"), "{also}");
    assert_eq!(visitor.get("/tracks/7").await.statements(), 0);

    // At today's price.
    let form = "name=Balls+to+the+Wall&composer=&price=4.44";
    visitor.post("/office/tracks/2", form).await;
    let page = visitor.get("/tracks/7").await;
    assert!(page.text().contains("$4.44"), "{}", page.text());
}

async fn a_basket_is_built_by_one_statement_and_asked_for_once_by_a_page_that_shows_it_twice(
    shop: Shop,
) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=7").await;
    let before = shop.statements();
    let first = visitor.get("/genres").await;
    assert_eq!(first.statements(), shop.statements() - before);
    visitor.get("/basket").await;
    visitor.post("/basket/set", "track=7&quantity=2").await;
    let page = visitor.get("/basket").await;
    assert_eq!(page.statements(), 1, "the basket, and no track");
    let listed = page.body.matches("<td>the basket</td>").count();
    assert_eq!(listed, 2, "the table and the number in the head");
    assert!(page.body.contains("Basket <span class=\"badge\">2</span>"));
}

async fn a_page_says_what_reached_the_database_for_what_is_no_query_too(shop: Shop) {
    let mut visitor = shop.visitor();
    for path in ["/tracks/2", "/tracks/7", "/basket", "/tracks?q=wall", "/"] {
        visitor.post("/basket/add", "track=2").await;
        for _ in 0..2 {
            let before = shop.statements();
            let answer = visitor.get(path).await;
            assert_eq!(answer.statements(), shop.statements() - before, "{path}");
        }
    }
}

/// What was written is told of although nobody waits any more: the handler of a visitor who has gone
/// away is dropped wherever it is.
async fn a_visitor_who_goes_away_in_the_middle_leaves_no_old_basket_behind(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=7").await;
    for quantity in 2..30 {
        visitor.get("/basket").await;
        let form = format!("track=7&quantity={quantity}");
        let request = format!(
            "POST /basket/set HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            shop.address,
            visitor.cookie.as_deref().unwrap(),
            form.len()
        );
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // Somebody reads the request before it is given up, and has perhaps not told of it yet.
        let deadline = Instant::now() + Duration::from_secs(20);
        let written = "SELECT quantity FROM basket_line WHERE track_id = 7";
        while shop.number(written).await != quantity {
            assert!(Instant::now() < deadline, "{quantity} is never written");
        }
        drop(stream);
        let wanted = format!("Total {quantity} ");
        while !visitor.get("/basket").await.text().contains(&wanted) {
            assert!(
                Instant::now() < deadline,
                "the page shows less than {quantity}"
            );
        }
    }
}

async fn the_health_page_tells_how_store_and_database_are(shop: Shop) {
    let mut visitor = shop.visitor();
    let page = visitor.get("/health").await;
    let text = page.text();
    assert_eq!(page.status, 200);
    assert!(text.contains("Database It answers."), "{text}");
    assert!(text.contains("Store memory"), "{text}");
    assert!(text.contains("It keeps what it is given"), "{text}");
}

on_every_database!(
    searches_that_clean_to_the_same_share_a_result,
    upper_and_lower_case_are_one_where_the_database_says_so,
    a_search_that_makes_no_sense_is_not_run,
    what_buyers_also_bought_is_ranked_once_and_anew_after_a_sale,
    a_basket_is_built_by_one_statement_and_asked_for_once_by_a_page_that_shows_it_twice,
    a_page_says_what_reached_the_database_for_what_is_no_query_too,
    a_visitor_who_goes_away_in_the_middle_leaves_no_old_basket_behind,
    the_health_page_tells_how_store_and_database_are,
);
