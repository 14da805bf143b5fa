//! Baskets and checkouts.

use shop::{
    format::Money,
    writes::checkout::{CheckoutError, checkout},
};

use crate::{client::Shop, ground::on_every_database};

async fn a_basket_becomes_an_invoice_and_is_empty_again(shop: Shop) {
    let mut visitor = shop.visitor();
    for track in [7, 7, 2819] {
        assert_eq!(
            visitor
                .post("/basket/add", &format!("track={track}"))
                .await
                .status,
            303
        );
    }
    // Twice $0.99 and once $1.99.
    let basket = visitor.get("/basket").await;
    assert!(basket.text().contains("Total 3 $3.97"), "{}", basket.text());
    assert!(
        basket
            .body
            .contains("Basket <span class=\"badge\">3</span>")
    );
    assert!(!visitor.get("/customers/5").await.text().contains("$3.97"));

    let answer = visitor.post("/basket/checkout", "customer=5").await;
    assert_eq!(answer.header("location"), Some("/invoices/413"));
    let invoice = visitor.get("/invoices/413").await.text();
    assert!(
        invoice.contains("Total $3.97") && invoice.contains("František"),
        "{invoice}"
    );
    assert!(visitor.get("/customers/5").await.text().contains("No. 413"));
    assert!(
        visitor
            .get("/basket")
            .await
            .text()
            .contains("nothing in the basket")
    );
    let lines = "SELECT count(*) FROM invoice_line WHERE invoice_id = 413 AND unit_price_cents * quantity IN (198, 199)";
    assert_eq!(shop.number(lines).await, 2);
    assert_eq!(
        shop.number("SELECT total_cents FROM invoice WHERE id = 413")
            .await,
        397
    );
}

async fn every_invoice_total_is_the_sum_of_its_lines(shop: Shop) {
    let wrong = "SELECT count(*) FROM invoice WHERE total_cents <> \
        (SELECT sum(unit_price_cents * quantity) FROM invoice_line WHERE invoice_id = invoice.id)";
    assert_eq!(shop.number(wrong).await, 0);
}

async fn a_sale_counts_at_once(shop: Shop) {
    let mut visitor = shop.visitor();
    assert!(
        visitor
            .get("/tracks/7")
            .await
            .text()
            .contains("not sold yet")
    );
    visitor.post("/basket/add", "track=7").await;
    visitor.post("/basket/checkout", "customer=1").await;
    assert!(
        visitor
            .get("/tracks/7")
            .await
            .text()
            .contains("Sold 1 copy")
    );
    assert!(
        visitor
            .get("/customers?q=brazil")
            .await
            .text()
            .contains("$40.61")
    );
}

async fn the_price_is_that_of_the_checkout(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=7").await;
    visitor.get("/basket").await;
    visitor
        .post("/office/tracks/7", "name=A&composer=&price=5")
        .await;
    assert!(
        visitor
            .get("/basket")
            .await
            .text()
            .contains("Total 1 $5.00")
    );
    visitor.post("/basket/checkout", "customer=1").await;
    assert!(
        visitor
            .get("/invoices/413")
            .await
            .text()
            .contains("Total $5.00")
    );
    // What was bought keeps its price.
    visitor
        .post("/office/tracks/7", "name=A&composer=&price=6")
        .await;
    assert!(
        visitor
            .get("/invoices/413")
            .await
            .text()
            .contains("Total $5.00")
    );
}

async fn two_visitors_never_share_a_basket(shop: Shop) {
    let (mut one, mut other) = (shop.visitor(), shop.visitor());
    one.post("/basket/add", "track=7").await;
    other.post("/basket/add", "track=8").await;
    assert_ne!(one.cookie, other.cookie);
    assert!(one.get("/basket").await.text().contains("Total 1 $0.99"));
    assert!(!other.get("/basket").await.text().contains("Get It Up"));
}

async fn a_quantity_is_changed_and_a_line_taken_out(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=7").await;
    visitor.post("/basket/set", "track=7&quantity=10").await;
    assert!(
        visitor
            .get("/basket")
            .await
            .text()
            .contains("Total 10 $9.90")
    );
    visitor.post("/basket/set", "track=7&quantity=99").await;
    visitor.post("/basket/add", "track=7").await;
    assert!(
        visitor
            .get("/basket")
            .await
            .text()
            .contains("Total 99 $98.01"),
        "a full line stays full"
    );
    visitor.post("/basket/set", "track=7&quantity=0").await;
    assert!(
        visitor
            .get("/basket")
            .await
            .text()
            .contains("nothing in the basket")
    );
}

async fn a_checkout_that_fails_changes_nothing(shop: Shop) {
    let mut visitor = shop.visitor();
    assert_eq!(
        visitor.post("/basket/checkout", "customer=1").await.status,
        422
    );
    visitor.post("/basket/add", "track=7").await;
    for form in ["customer=", "customer=9999", "customer=abc", ""] {
        let answer = visitor.post("/basket/checkout", form).await;
        assert_eq!(answer.status, 422, "{form}");
        assert!(answer.text().contains("Choose who is buying."), "{form}");
    }
    assert_eq!(shop.number("SELECT count(*) FROM invoice").await, 412);
    assert!(
        visitor
            .get("/basket")
            .await
            .text()
            .contains("Total 1 $0.99")
    );
}

async fn two_checkouts_of_one_basket_at_once_buy_it_once(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.post("/basket/add", "track=7").await;
    let basket = visitor
        .cookie
        .as_ref()
        .unwrap()
        .strip_prefix("basket=")
        .unwrap();
    let now = sea_orm::prelude::ChronoUtc::now();
    let (one, other) = tokio::join!(
        checkout(&shop.db, basket, 1, now),
        checkout(&shop.db, basket, 2, now)
    );
    assert!(one.is_ok() ^ other.is_ok(), "{one:?} {other:?}");
    let refused = one.err().or(other.err()).unwrap();
    assert!(matches!(refused, CheckoutError::EmptyBasket), "{refused}");
    assert_eq!(shop.number("SELECT count(*) FROM invoice").await, 413);
    assert_eq!(Money(99).to_string(), "$0.99");
}

async fn adding_a_track_leads_back_to_where_the_visitor_was_and_nowhere_else(shop: Shop) {
    let host = shop.address;
    for (referer, expected) in [
        (
            format!("http://{host}/tracks?q=a&page=2"),
            "/tracks?q=a&page=2",
        ),
        (format!("http://{host}//evil.example/"), "/evil.example/"),
        ("http://evil.example/tracks".to_owned(), "/basket"),
        ("nonsense".to_owned(), "/basket"),
    ] {
        // A header of its own, smuggled in after the path as a client would write it.
        let mut visitor = shop.visitor();
        let answer = visitor
            .post_from(
                &format!("http://{host}\r\nReferer: {referer}"),
                "/basket/add",
                "track=7",
            )
            .await;
        assert_eq!(answer.header("location"), Some(expected), "{referer}");
    }
}

on_every_database!(
    a_basket_becomes_an_invoice_and_is_empty_again,
    every_invoice_total_is_the_sum_of_its_lines,
    a_sale_counts_at_once,
    the_price_is_that_of_the_checkout,
    two_visitors_never_share_a_basket,
    a_quantity_is_changed_and_a_line_taken_out,
    a_checkout_that_fails_changes_nothing,
    two_checkouts_of_one_basket_at_once_buy_it_once,
    adding_a_track_leads_back_to_where_the_visitor_was_and_nowhere_else,
);
