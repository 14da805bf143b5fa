//! A cache over one server, when something else happens there.

use std::time::SystemTime;

use super::*;

#[tokio::test]
async fn processes_share_what_they_load_and_what_they_invalidate() {
    let server = server();
    let [here, there] = [Bench::new(&[&server]).await, Bench::new(&[&server]).await];
    assert_eq!(here.read(1, "first").await, "first");
    assert_eq!(there.read(1, "second").await, "first");
    there.invalidate(1).await;
    assert_eq!(here.read(1, "third").await, "third");
    assert_eq!((here.loads(), there.loads()), (2, 0));
}

#[tokio::test]
async fn h25_what_is_no_entry_under_our_name_is_a_miss() {
    let server = server();
    let bench = Bench::new(&[&server]).await;
    bench.read(1, "ours").await;
    let names = server.names();
    for foreign in [
        &b""[..],
        b"0",
        b"not ours",
        &[0; 100],
        &[1; 100],
        &[255; 5000],
    ] {
        for name in &names {
            server.write(name, foreign);
        }
        assert_eq!(bench.read(1, "loaded").await, "loaded");
        bench.invalidate(1).await;
        assert_eq!(bench.read(1, "again").await, "again");
        let loads = bench.loads();
        assert_eq!(bench.read(1, "not loaded").await, "again");
        assert_eq!(bench.loads(), loads, "what was foreign has been replaced");
    }
}

#[tokio::test]
async fn h18_a_restarted_server_serves_nothing_old() {
    let server = server();
    let bench = Bench::new(&[&server]).await;
    bench.read(1, "old").await;
    server.restart();
    assert_eq!(bench.read(1, "new").await, "new");
}

#[tokio::test]
async fn h18_a_warm_restart_brings_back_entries_and_invalidations_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("memory");
    let file = file.to_str().expect("it is text");
    let server = Server::builder().arguments(&["-e", file]).start();
    let bench = Bench::new(&[&server]).await;
    bench.read(1, "kept").await;
    bench.read(2, "invalid").await;
    bench.invalidate(2).await;
    stop_warmly(&server);
    server.restart();
    assert_eq!(bench.read(1, "loaded").await, "kept");
    assert_eq!(bench.read(2, "loaded").await, "loaded");
    // After a crash there is nothing to bring back.
    server.kill();
    server.restart();
    assert_eq!(bench.read(1, "loaded").await, "loaded");
}

/// Lets a server write down what it holds, and end.
fn stop_warmly(server: &Server) {
    let id = server.id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-USR1", &id])
        .status();
    assert!(told.expect("kill is installed").success());
    larder_servers::until("the server has ended", || {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat"));
        state.is_ok_and(|state| state.contains(") Z "))
    });
    // It believes nothing that was written in the second in which it starts.
    let ended = SystemTime::now();
    larder_servers::until("another second has begun", || {
        ended
            .elapsed()
            .is_ok_and(|time| time > Duration::from_secs(1))
    });
}

#[tokio::test]
async fn h21_flushed_tags_and_entries_are_misses() {
    let server = server();
    let bench = Bench::new(&[&server]).await;
    bench.read(1, "old").await;
    server.flush();
    assert_eq!(bench.read(1, "new").await, "new");
}

#[tokio::test]
async fn an_entry_above_the_limit_is_given_and_not_kept() {
    let server = server();
    let store = builder([&server]).value_bytes_max(10_000).connect().await;
    let bench = Bench::over(store.expect("the server answers"));
    // Not to be compressed.
    let mut random = fastrand::Rng::with_seed(1);
    let large: String = (0..20_000).map(|_| random.alphanumeric()).collect();
    for _ in 0..2 {
        assert_eq!(bench.read(1, &large).await, large);
    }
    assert_eq!(bench.loads(), 2);
    assert_eq!(bench.read(2, "small").await, "small");
}

#[tokio::test]
async fn a_server_that_stands_still_does_not_hold_reads_up_for_ever() {
    let server = server();
    let store = builder([&server])
        .connect_timeout(Duration::from_secs(2))
        .response_timeout(Duration::from_millis(100));
    let bench = Bench::over(store.connect().await.expect("the server answers"));
    bench.read(1, "old").await;
    server.pause();
    let reads = async {
        for _ in 0..20 {
            assert_eq!(bench.read(1, "loaded").await, "loaded");
        }
    };
    let all = tokio::time::timeout(PATIENCE, reads).await;
    assert!(all.is_ok(), "they wait in vain");
    server.resume();
}
