//! Writers that are killed between their commit and their bump.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use larder::{Cache, Tag};

use crate::child::{Child, known, say};
use crate::engine::{Engine, Server};
use crate::process::eventually;

/// The tag of the one row.
const ROW: &str = "row";

/// A database in a file, so that a child can share it: one number.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    _folder: tempfile::TempDir,
}

impl File {
    pub(crate) fn new() -> File {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("row");
        std::fs::write(&path, "0").expect("the file can be written");
        File {
            path,
            _folder: folder,
        }
    }
}

async fn cache(server: &Server) -> Cache {
    let builder = server.engine().connect(&[server.address()]).await;
    builder.build().expect("the settings are valid")
}

async fn read(cache: &Cache, file: &File, ttl: Duration) -> u64 {
    let path = file.path.clone();
    let load = move || async move {
        let text = std::fs::read_to_string(path).expect("the file can be read");
        Ok::<u64, Infallible>(text.parse().expect("a number"))
    };
    let read = cache.get_or_load(("row", 1), load).tags([Tag::named(ROW)]);
    *read.ttl(ttl).await.expect("it cannot fail")
}

/// A child that has committed 1, and will not come to its bump.
fn dying(server: &Server, file: &File, marks: bool) -> Child {
    let (address, path) = (server.address(), file.path.display().to_string());
    let engine = format!("{:?}", server.engine());
    let mut child = Child::start(
        "dies",
        &[
            ("ENGINE", &engine),
            ("ADDRESS", &address),
            ("DATABASE", &path),
            ("MARKS", if marks { "yes" } else { "no" }),
        ],
    );
    assert_eq!(child.hear().as_deref(), Some("committed"));
    child
}

on_each_engine! {
    /// What L2 promises is about writes that have returned. This one never does.
    async fn h9_what_a_killed_writer_did_not_bump_is_old_until_the_ttl_or_the_next_write(engine: Engine) {
        let (server, file) = (engine.start(), File::new());
        let cache = cache(&server).await;
        let ttl = Duration::from_secs(600);
        read(&cache, &file, ttl).await;
        dying(&server, &file, false).kill();
        assert_eq!(read(&cache, &file, ttl).await, 0, "nobody was told");
        cache.invalidate([Tag::named(ROW)]).await.expect("the server is there");
        assert_eq!(read(&cache, &file, ttl).await, 1);

        std::fs::write(&file.path, "0").expect("the file can be written");
        cache.invalidate([Tag::named(ROW)]).await.expect("the server is there");
        let ttl = Duration::from_millis(300);
        assert_eq!(read(&cache, &file, ttl).await, 0);
        dying(&server, &file, false).kill();
        eventually("the ttl has ended", async || {
            (read(&cache, &file, ttl).await == 1).then_some(())
        })
        .await;
    }
}

/// A writer that marks: from its mark on nothing is served that it could have changed, also when it
/// is dead; and when its mark is over, entries are stored again.
async fn mark_of_a_killed_writer(engine: Engine) {
    let (server, file) = (engine.start(), File::new());
    let cache = cache(&server).await;
    let ttl = Duration::from_secs(600);
    let hits = || cache.stats().iter().map(|group| group.hits).sum::<u64>();
    assert_eq!(read(&cache, &file, ttl).await, 0);
    assert_eq!(read(&cache, &file, ttl).await, 0);
    assert_eq!(hits(), 1);
    let mut writer = dying(&server, &file, true);
    assert_eq!(read(&cache, &file, ttl).await, 1, "between commit and bump");
    writer.kill();
    assert_eq!(read(&cache, &file, ttl).await, 1, "the writer is dead");
    assert_eq!(read(&cache, &file, ttl).await, 1);
    assert_eq!(hits(), 1, "under a mark nothing is stored");

    // This process has seen the mark. Half a minute of its own time later it is over.
    tokio::time::pause();
    tokio::time::advance(larder::MARK_AGE_MAX).await;
    tokio::time::resume();
    eventually("entries are stored again", async || {
        assert_eq!(read(&cache, &file, ttl).await, 1);
        (hits() > 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn h9_h14_the_mark_of_a_killed_writer_hides_what_it_changed_until_it_is_over_in_redis() {
    mark_of_a_killed_writer(Engine::Redis).await;
}

#[tokio::test]
async fn h9_h14_the_mark_of_a_killed_writer_hides_what_it_changed_until_it_is_over_in_memcached() {
    mark_of_a_killed_writer(Engine::Memcached).await;
}

/// In a child: commits, and then waits to be killed.
pub(crate) async fn play() {
    let engine = Engine::of(&known("ENGINE"));
    let builder = engine.connect(&[known("ADDRESS")]).await;
    let cache = builder.build().expect("the settings are valid");
    let tags = [Tag::named(ROW)];
    let _mark = match &*known("MARKS") {
        "yes" => Some(cache.mark(&tags, &[]).await.expect("the server is there")),
        _ => None,
    };
    std::fs::write(known("DATABASE"), "1").expect("the file can be written");
    say("committed");
    std::future::pending::<()>().await;
}
