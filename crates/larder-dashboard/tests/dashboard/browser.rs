//! What a real browser makes of the pages, on a phone and on a desk, with a mouse and with a keyboard.

use std::time::Duration;

use larder::{Cache, Changes, Columns, Key, Shape, Tag, TagValue};
use larder_browser::Browser;
use serde_json::json;

use crate::site::Site;

/// Set to a folder to have pictures of the pages put there.
const PICTURES: &str = "LARDER_DASHBOARD_PICTURES";

const STATEMENT: &str = "UPDATE \"track\" SET \"unit_price_cents\" = ? WHERE \"id\" = ?";

/// A shop's worth of entries, reads and writes.
async fn furnished() -> Site {
    let cache = Cache::builder().namespace("shop");
    let site = Site::with(cache, |dashboard| {
        dashboard.allow_trees().allow_everything()
    })
    .await;
    for id in 0..40 {
        let load = async move || Ok::<_, std::io::Error>(format!("Track number {id}"));
        for _ in 0..=(id % 9) * 20 {
            site.cache
                .get_or_load(("track", id), load)
                .tags(tags_of(id))
                .await
                .unwrap();
        }
        let genre = async || Ok::<_, std::io::Error>(7_i64);
        let tags = [Tag::table("", "genre")];
        site.cache
            .get_or_load(("genre count", id % 5), genre)
            .tags(tags)
            .await
            .unwrap();
    }
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(120)).await;
        Ok::<_, std::io::Error>(3.5)
    };
    let reports = || site.cache.get_or_load(("sales report", 2026), slow);
    let (one, two, three) = tokio::join!(reports(), reports(), reports());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    for id in [7, 8, 9] {
        let [_, row] = tags_of(id);
        write(&site, [row, Tag::named("price list")]).await;
        let load = async move || Ok::<_, std::io::Error>(format!("Track number {id}, dearer"));
        let again = site.cache.get_or_load(("track", id), load);
        again.tags(tags_of(id)).await.unwrap();
    }
    site.reporting.publish().await.unwrap();
    site
}

/// What a track depends on, as an adapter says it.
fn tags_of(id: i64) -> [Tag; 2] {
    let track = Tag::table("", "track");
    let by_id = Shape::new(["id"], Columns::All);
    let row = Tag::shape(&track, &by_id, &[TagValue::Int(id)]);
    [track, row]
}

/// As an adapter tells of a write.
async fn write(site: &Site, tags: [Tag; 2]) {
    let mut changes = Changes::new();
    changes.cause(STATEMENT);
    for tag in tags {
        changes.tag(tag);
    }
    site.cache.publish(changes).await;
}

/// Runs what a browser does, unless there is none.
async fn browse(site: Site, run: impl FnOnce(&Site, &mut Browser) + Send + 'static) {
    tokio::task::spawn_blocking(move || {
        let Some(mut browser) = Browser::start() else {
            return;
        };
        browser.headers(json!({ "Cookie": "who=grace" }));
        run(&site, &mut browser);
        assert_eq!(browser.complaints(), Vec::<String>::new());
    })
    .await
    .unwrap();
}

/// The page's text.
fn text(browser: &mut Browser) -> String {
    let text = browser.value("document.querySelector('main').innerText");
    text.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_searched_opened_and_deleted_by_click() {
    let site = furnished().await;
    let cache = site.cache.clone();
    browse(site, |site, browser| {
        // A cookie of its own: it goes where answers lead, too.
        browser.headers(json!({}));
        browser.cookie(&site.origin(), "who", "grace");
        browser.open(&site.page(""));
        assert!(text(browser).contains("Hit ratio"), "{}", text(browser));
        browser.follow("[...document.querySelectorAll('nav a')].find(a => a.innerText == 'Entries').click()");
        browser.follow(
            "document.getElementById('prefix').value = 'track, 12'; document.querySelector('.filters button').click()",
        );
        assert!(text(browser).contains("1 entry found."), "{}", text(browser));
        browser.follow("document.querySelector('table.entries a').click()");
        assert!(text(browser).contains("('track', 12)"));
        browser.follow("[...document.querySelectorAll('button')].find(b => b.innerText == 'Show the value').click()");
        assert!(text(browser).contains("Track number 12"), "{}", text(browser));
        browser.follow("document.getElementById('delete').click()");
        assert!(text(browser).contains("The entry is deleted."), "{}", text(browser));
        browser.open(&site.page(&format!("entry?key={}", Key::new(("track", 12)).to_opaque())));
        assert!(text(browser).contains("There is no entry under this key."), "{}", text(browser));
        // Which is told by a status, as the browser says.
        let missing = browser.complaints();
        assert!(missing.iter().all(|complaint| complaint.contains("404")), "{missing:?}");
    })
    .await;
    assert_eq!(cache.get::<String>(("track", 12)).await.unwrap(), None);
    assert!(cache.get::<String>(("track", 13)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_that_is_not_allowed_is_refused_in_the_browser_too() {
    let site = furnished().await;
    let cache = site.cache.clone();
    browse(site, |site, browser| {
        browser.open(&site.page(&format!("entry?key={}", Key::new(("track", 3)).to_opaque())));
        // Somebody who may only look, with a form that was made for Grace.
        browser.headers(json!({ "Cookie": "who=ada" }));
        browser.follow("document.getElementById('delete').click()");
        assert!(text(browser).contains("change nothing"), "{}", text(browser));
        // Another site's page: its form is sent with Grace's cookie, as old browsers do.
        browser.headers(json!({ "Cookie": "who=grace" }));
        browser.open("data:text/html,<main>elsewhere</main>");
        let act = site.page("clear");
        browser.follow(&format!(
            "document.body.innerHTML = '<form method=post action=\"{act}\"><input name=namespace value=shop></form>'; \
             document.forms[0].submit()"
        ));
        assert!(text(browser).contains("nothing was done"), "{}", text(browser));
        let refused = browser.complaints();
        assert!(refused.iter().all(|complaint| complaint.contains("403")), "{refused:?}");
    })
    .await;
    assert!(cache.get::<String>(("track", 3)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_appears_in_the_live_list() {
    let site = furnished().await;
    let runtime = tokio::runtime::Handle::current();
    browse(site, move |site, browser| {
        browser.open(&site.page("causes"));
        assert!(!text(browser).contains("playlist"));
        runtime.block_on(write(site, [Tag::table("", "playlist"), Tag::named("new")]));
        let appeared = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            text(browser).contains("playlist")
        });
        assert!(appeared, "{}", text(browser));
        // Paused, it stays as it is.
        browser.value("document.getElementById('pause').click()");
        runtime.block_on(write(site, [Tag::table("", "artist"), Tag::named("newer")]));
        std::thread::sleep(Duration::from_millis(2_500));
        assert!(!text(browser).contains("artist"));
        browser.open(&site.page("causes"));
        assert!(text(browser).contains("artist"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_fits_its_window_and_can_be_read_out() {
    let site = furnished().await;
    browse(site, |site, browser| {
        let entry = format!("entry?value=1&key={}", Key::new(("track", 7)).to_opaque());
        let pages = ["overview", "entries", "tables", "causes", "loads", &entry, "no-such-page"];
        for width in [360, 390, 768, 1280] {
            browser.resize(width);
            for page in pages {
                browser.open(&site.page(page));
                let wide = browser.value("document.documentElement.scrollWidth <= innerWidth");
                assert_eq!(wide, json!(true), "{page} at {width} pixels scrolls sideways");
            }
        }
        for page in pages {
            browser.open(&site.page(page));
            let wrong = browser.value(
                "[...document.querySelectorAll('input:not([type=hidden]), select')].filter(e => !e.labels.length)\
                 .concat([...document.querySelectorAll('button')].filter(e => !(e.innerText || e.ariaLabel)))\
                 .concat([...document.querySelectorAll('table')].filter(e => !e.querySelector('th[scope=col]')))\
                 .concat([...document.querySelectorAll('svg')].filter(e => !e.getAttribute('aria-label')))\
                 .map(e => e.outerHTML.slice(0, 90))",
            );
            assert_eq!(wrong, json!([]), "{page}");
            let counts = browser.value(
                "[document.querySelectorAll('main').length, document.querySelectorAll('h1').length, \
                 (ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))]",
            );
            assert_eq!(counts, json!([1, 1, 0]), "{page}: mains, headings, ids that come twice");
        }
        // By keyboard: the first tab leads to the link that skips what every page begins with.
        browser.open(&site.page("entries"));
        browser.press("Tab", 9);
        let skip = browser.value("document.activeElement.className + ' ' + getComputedStyle(document.activeElement).outlineStyle");
        assert_eq!(skip, json!("skip solid"));
        browser.press("Enter", 13);
        assert_eq!(browser.value("document.activeElement.id"), json!("main"));
        // What is not there is told by the server, once for each width.
        let missing = browser.complaints();
        assert!(missing.iter().all(|complaint| complaint.contains("404")), "{missing:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_is_told_from_its_ground_in_light_and_dark() {
    let site = furnished().await;
    browse(site, |site, browser| {
        for scheme in ["light", "dark"] {
            browser.scheme(scheme);
            browser.open(&site.page("overview"));
            // Colours as the browser paints them; WCAG's ratio for small text is 4.5.
            let low = browser.value(
                "(() => { const c = document.createElement('canvas').getContext('2d', { willReadFrequently: true }); \
                 const rgb = s => { c.fillStyle = s; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data]; }; \
                 const lum = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4) \
                   .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0); \
                 const ground = e => { for (; e; e = e.parentElement) { const b = getComputedStyle(e).backgroundColor; \
                   if (b != 'rgba(0, 0, 0, 0)' && !b.includes('/ 0')) return b; } return 'white'; }; \
                 return [...document.querySelectorAll('main *, .head *')].filter(e => [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) \
                   .filter(e => !e.closest('.hidden')) \
                   .map(e => { const [a, b] = [lum(rgb(getComputedStyle(e).color)), lum(rgb(ground(e)))].sort((x, y) => y - x); \
                     return [(a + .05) / (b + .05), e.outerHTML.slice(0, 60)]; }).filter(([ratio]) => ratio < 4.5); })()",
            );
            assert_eq!(low, json!([]), "{scheme}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_taken_where_somebody_wants_them() {
    let Some(folder) = std::env::var_os(PICTURES) else {
        return;
    };
    let site = furnished().await;
    browse(site, move |site, browser| {
        use base64::Engine;
        let entry = format!("entry?value=1&key={}", Key::new(("track", 7)).to_opaque());
        let pages = [
            ("overview", "overview"),
            ("entries", "entries"),
            ("tables", "tables"),
            ("causes", "causes"),
            ("loads", "loads"),
            ("entry", &entry),
        ];
        for scheme in ["light", "dark"] {
            browser.scheme(scheme);
            for width in [390, 1280] {
                browser.resize(width);
                for (name, page) in pages {
                    browser.open(&site.page(page));
                    let picture = browser.picture();
                    let bytes = base64::engine::general_purpose::STANDARD
                        .decode(picture)
                        .unwrap();
                    let file = format!("dashboard-{name}-{width}-{scheme}.png");
                    std::fs::write(std::path::Path::new(&folder).join(file), bytes).unwrap();
                }
            }
        }
    })
    .await;
}
