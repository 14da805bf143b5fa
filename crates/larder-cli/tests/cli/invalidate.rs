//! `larder invalidate` beside a process that reads through the same Redis, and one memcached.

use larder::{Cache, Memcached, Redis, Tag};
use larder_sea_orm::sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use larder_sea_orm::{CachedConnection, CachedExt};

use crate::service::Run;
use crate::{larder, refused};

/// A service with a database file.
struct Service {
    db: CachedConnection,
    url: String,
    _folder: tempfile::TempDir,
}

impl Service {
    async fn on(cache: Cache) -> Service {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        let db = CachedConnection::builder(cache)
            .database("shop")
            .connect(format!("{url}?mode=rwc"))
            .await
            .expect("a database");
        for sql in crate::SHOP.split(';').filter(|sql| !sql.trim().is_empty()) {
            db.execute_unprepared(sql).await.expect("the shop");
        }
        Service {
            db,
            url,
            _folder: folder,
        }
    }

    /// Whether these are served from the cache.
    async fn hits(&self, reads: &[&str]) -> Vec<bool> {
        let mut hits = Vec::new();
        for sql in reads {
            let before = self.db.statements();
            let read = Statement::from_string(DbBackend::Sqlite, *sql).cached();
            read.rows(&self.db).await.expect("rows");
            hits.push(self.db.statements() == before);
        }
        hits
    }
}

const READS: [&str; 3] = [
    "SELECT name FROM track WHERE genre_id = 1",
    "SELECT name FROM track WHERE genre_id = 2",
    "SELECT name FROM genre WHERE id = 1",
];

#[tokio::test(flavor = "multi_thread")]
async fn cb9_a_table_a_query_a_tag_and_everything_by_command() {
    let redis = larder_servers::Redis::start();
    let memcached = larder_servers::Memcached::start();
    let far = Redis::builder()
        .url(&redis.url())
        .connect()
        .await
        .expect("a server");
    let ring = Memcached::builder()
        .server(memcached.address())
        .connect()
        .await
        .expect("a server");
    let stores: [(String, Cache); 2] = [
        (
            redis.url(),
            Cache::builder()
                .namespace("shop")
                .store(far)
                .build()
                .expect("a cache"),
        ),
        (
            format!("memcached://{}", memcached.address()),
            Cache::builder()
                .namespace("shop")
                .store(ring)
                .build()
                .expect("a cache"),
        ),
    ];
    for (url, cache) in stores {
        let service = Service::on(cache.clone()).await;
        service.hits(&READS).await;
        assert_eq!(service.hits(&READS).await, [true; 3]);
        let run = |more: &[&str]| {
            let mut arguments = vec!["invalidate", "--store", &url, "--namespace", "shop"];
            arguments.extend(more);
            let output = larder(&arguments);
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "{text}");
            String::from_utf8(output.stdout).expect("text")
        };

        let jazz = [
            "--query",
            "SELECT * FROM track WHERE genre_id = 2",
            "--database",
            &service.url,
            "--name",
            "shop",
        ];
        assert_eq!(
            run(&jazz),
            "invalidated: what was read under these conditions\n"
        );
        assert_eq!(service.hits(&READS).await, [true, false, true]);

        assert_eq!(
            run(&["--table", "genre", "--name", "shop"]),
            "invalidated: what depends on genre\n"
        );
        assert_eq!(service.hits(&READS).await, [true, true, false]);
        // Another database of the same service is left alone, and that nothing depends on it is said.
        let asked = |more: &[&str]| {
            let begin = ["invalidate", "--store", &url, "--namespace", "shop"];
            Run::of(&[&begin, more].concat())
        };
        let told = |more: &[&str], what: &str| {
            let run = asked(more);
            assert_eq!(run.status, Some(1), "{run:?}");
            assert!(
                run.err.contains(what) && run.err.contains("larder show KEY"),
                "{run:?}"
            );
        };
        // As often as the mistake is made: a bump makes nothing known.
        told(&["--table", "genre"], "table genre of database ''");
        told(&["--table", "genre"], "table genre of database ''");
        told(
            &["--table", "Genre", "--name", "shop"],
            "table Genre of database 'shop'",
        );
        told(
            &["--table", "track", "--table", "gnere", "--name", "shpo"],
            "table gnere of database 'shpo'",
        );
        told(&["--tag", "pirces"], "the tag \"pirces\"");
        told(
            &["--query", READS[2], "--database", &service.url],
            "table genre of database ''",
        );
        assert!(asked(&["--tag", ""]).refused().contains("--tag is empty"));
        // What is no read, or cannot be understood, would drop everything, or nothing.
        for sql in [
            "",
            "SELECT * FROM genre WHERE id=",
            "DELETE FROM track WHERE id=1",
            "SELECT 1; SELECT 2",
            "SELECT * FROM nope",
            "SELECT random()",
            "SELECT * FROM track WHERE id = ?",
        ] {
            let said = asked(&["--query", sql, "--database", &service.url, "--name", "shop"]);
            let said = said.refused();
            assert!(said.contains("nothing was dropped"), "{sql}: {said}");
        }
        assert_eq!(service.hits(&READS).await, [true; 3]);

        cache
            .insert(("price", 7), 99)
            .tags([Tag::named("prices")])
            .await
            .expect("kept");
        run(&["--tag", "prices", "--json"]);
        assert_eq!(cache.get::<i32>(("price", 7)).await.expect("a look"), None);

        for all in ["--all", "--everything"] {
            run(&[all]);
            assert_eq!(service.hits(&READS).await, [false; 3]);
        }
    }
}

#[test]
fn what_cannot_be_invalidated_is_refused_in_a_sentence() {
    let begin = ["invalidate", "--namespace", "shop", "--all", "--store"];
    let with = |store| [&begin[..], &[store]].concat();
    let said = refused(&with("memory"));
    assert!(said.contains("--store takes redis://HOST"), "{said}");
    let said = refused(&with("postgres://me:secret@localhost/x"));
    assert!(!said.contains("secret"), "{said}");
    // TLS that memcached would not be spoken to with.
    let said = refused(&with("memcacheds://127.0.0.1:1"));
    assert!(said.contains("--store takes redis://HOST"), "{said}");
    for far in ["redis://192.0.2.1", "memcached://192.0.2.1"] {
        let said = refused(&with(far));
        assert!(said.contains("say `plaintext`"), "{said}");
    }
    let said = refused(&with("redis://:secret@127.0.0.1:1"));
    assert!(
        said.contains("cannot open the store") && !said.contains("secret"),
        "{said}"
    );
}
