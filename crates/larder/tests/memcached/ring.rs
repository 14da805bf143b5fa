//! Several servers.

use super::*;

const KEYS: u64 = 60;

#[tokio::test]
async fn names_are_spread_and_found_again_by_all() {
    let servers = [server(), server(), server()];
    let [a, b, c] = &servers;
    let first = Bench::new(&[a, b, c]).await;
    for key in 0..KEYS {
        first.read(key, &key.to_string()).await;
    }
    for server in &servers {
        let names = server.names();
        assert!(names.len() > 10, "{names:?}");
        assert!(
            names.iter().all(|name| name.starts_with("shop:")),
            "{names:?}"
        );
    }
    // Another process names them in another order.
    let second = Bench::new(&[c, a, b]).await;
    for key in 0..KEYS {
        assert_eq!(second.read(key, "loaded again").await, key.to_string());
    }
    assert_eq!(second.loads(), 0);
    // And what it invalidates is invalid for the first.
    second.invalidate(7).await;
    assert_eq!(first.read(7, "new").await, "new");
    assert_eq!(second.read(7, "loaded again").await, "new");
}

#[tokio::test]
async fn h20_names_do_not_move_while_a_server_is_away() {
    let servers = [server(), server()];
    let [stays, goes] = &servers;
    let bench = Bench::new(&[stays, goes]).await;
    for key in 0..KEYS {
        bench.read(key, "old").await;
    }
    let before = stays.names();
    goes.kill();
    for key in 0..KEYS {
        // What cannot be looked up is loaded; what can be found depends on nothing that is away.
        let read = bench.read(key, "new").await;
        assert!(["old", "new"].contains(&read.as_str()));
    }
    let after = stays.names();
    let moved: Vec<_> = after.iter().filter(|name| !before.contains(name)).collect();
    assert!(
        moved.is_empty(),
        "names of the server that is away: {moved:?}"
    );
}

#[tokio::test]
async fn h20_what_was_written_under_another_list_is_not_used() {
    let servers = [server(), server()];
    let [a, b] = &servers;
    let one = Bench::new(&[a]).await;
    for key in 0..KEYS {
        one.read(key, "by one server").await;
    }
    // The tags that have moved to the new server are bumped there without the old one's knowledge:
    // nothing that was written before may be believed now.
    let two = Bench::new(&[a, b]).await;
    for key in 0..KEYS {
        assert_eq!(two.read(key, "by two").await, "by two");
    }
}
