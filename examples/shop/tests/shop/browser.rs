//! What a real browser makes of the shop, on a phone and on a desk.

use serde_json::json;

use larder_browser::Browser;

use crate::client::Shop;

/// Widths in CSS pixels: a small phone, a phone, a tablet, a desk.
const WIDTHS: [u32; 4] = [360, 390, 768, 1280];

const PAGES: [&str; 18] = [
    "/",
    "/tracks?q=love",
    "/tracks?from=x",
    "/tracks/2241",
    "/tracks/2",
    "/health",
    "/artists",
    "/artists/90",
    "/albums/1",
    "/genres",
    "/playlists",
    "/playlists/1",
    "/customers",
    "/customers/1",
    "/invoices/5",
    "/office",
    "/office/tracks/2241",
    "/nothing",
];

/// The address bar's part after the host.
const PATH: &str = "location.pathname";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_is_wider_than_its_window() {
    let shop = Shop::open().await;
    let site = format!("http://{}", shop.address);
    tokio::task::spawn_blocking(move || {
        let Some(mut browser) = Browser::start() else { return };
        for width in WIDTHS {
            browser.resize(width);
            for page in PAGES {
                browser.open(&format!("{site}{page}"));
                let overflow = browser.value(
                    "[...document.querySelectorAll('body *')].filter(e => !e.closest('.head nav, .hidden, .skip') && \
                     e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80)).slice(0, 3)",
                );
                assert_eq!(overflow, json!([]), "{page} at {width} pixels");
                let wide = browser.value("document.documentElement.scrollWidth <= innerWidth");
                assert_eq!(wide, json!(true), "{page} at {width} pixels scrolls sideways");
            }
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_has_a_label_and_every_page_one_heading() {
    let shop = Shop::open().await;
    let site = format!("http://{}", shop.address);
    tokio::task::spawn_blocking(move || {
        let Some(mut browser) = Browser::start() else { return };
        for page in PAGES {
            browser.open(&format!("{site}{page}"));
            let unlabelled = "[...document.querySelectorAll('input:not([type=hidden]), select')]\
                .filter(e => !e.labels.length).map(e => e.outerHTML)";
            assert_eq!(browser.value(unlabelled), json!([]), "{page}");
            assert_eq!(browser.value("document.querySelectorAll('h1').length"), json!(1), "{page}");
            let ids = "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))";
            assert_eq!(browser.value(ids), json!(0), "{page} has an id twice");
            let styled = "getComputedStyle(document.querySelector('.head')).borderBottomWidth";
            assert_eq!(browser.value(styled), json!("4px"), "{page} has its style sheet");
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn someone_with_a_phone_searches_buys_and_gets_an_invoice() {
    let shop = Shop::open().await;
    let site = format!("http://{}", shop.address);
    tokio::task::spawn_blocking(move || {
        let Some(mut browser) = Browser::start() else { return };
        browser.resize(390);
        browser.open(&site);
        browser.follow("q.value = 'black dog'; document.querySelector('.hero button').click()");
        assert_eq!(browser.value(PATH), json!("/tracks"));
        assert_eq!(browser.value("document.querySelectorAll('.tracks tbody tr').length"), json!(2));

        // Adding leaves the visitor where they are, and the head counts.
        let before = browser.value("location.href");
        browser.follow("document.querySelector('button.add').click()");
        assert_eq!(browser.value("location.href"), before);
        assert_eq!(browser.value("document.querySelector('.badge').textContent"), json!("1"));

        browser.follow("document.querySelector('a.basket').click()");
        browser.follow("document.querySelector('.quantity').value = 3; document.querySelector('.basket-list button').click()");
        assert_eq!(browser.value("document.querySelector('tfoot .num').textContent"), json!("$2.97"));
        let picture = browser.picture();
        assert!(picture.len() > 10_000, "a basket is more than an empty picture");

        browser.follow("customer.value = '5'; document.querySelector('.checkout button').click()");
        assert_eq!(browser.value(PATH), json!("/invoices/413"));
        assert_eq!(browser.value("document.querySelector('tfoot .num:last-child').textContent"), json!("$2.97"));
        assert_eq!(browser.value("document.querySelector('.badge').textContent"), json!("0"));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_back_office_changes_a_price_and_the_shop_shows_it() {
    let shop = Shop::open().await;
    let site = format!("http://{}", shop.address);
    tokio::task::spawn_blocking(move || {
        let Some(mut browser) = Browser::start() else {
            return;
        };
        browser.resize(1280);
        browser.open(&format!("{site}/tracks/7"));
        browser.follow("document.querySelector('a[href=\"/office/tracks/7\"]').click()");
        browser.follow(
            "price.value = '1.29'; document.querySelector('form[action$=\"/7\"] button').click()",
        );
        assert_eq!(
            browser.value("document.querySelector('[role=status]').textContent.slice(0, 6)"),
            json!("Saved.")
        );
        browser.follow("document.querySelector('[role=status] a').click()");
        assert_eq!(
            browser.value("document.querySelector('.price').textContent"),
            json!("$1.29")
        );
    })
    .await
    .unwrap();
}
