//! How often the server is asked.

use super::*;

fn count(server: &Server, what: &str) -> u64 {
    server.stat(what).parse().expect("a number")
}

#[tokio::test]
async fn a_hit_is_one_multi_get_and_nothing_else() {
    let server = server();
    let bench = Bench::new(&[&server]).await;
    bench.read(1, "one").await;
    let before =
        ["cmd_get", "cmd_set", "delete_hits", "delete_misses"].map(|what| count(&server, what));
    for _ in 0..100 {
        bench.read(1, "one").await;
    }
    let after =
        ["cmd_get", "cmd_set", "delete_hits", "delete_misses"].map(|what| count(&server, what));
    // The entry, the namespace's tag and its own tag.
    assert_eq!(after[0] - before[0], 300, "reads");
    assert_eq!(after[1..], before[1..], "writes");
}
