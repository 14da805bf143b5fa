use larder_servers::Sentinel;

#[test]
fn a_promoted_replica_that_lagged_has_lost_what_was_acknowledged() {
    let pair = Sentinel::start();
    pair.master().ask(&["SET", "a", "1"]).ok();
    pair.lag();
    pair.master().ask(&["SET", "a", "2"]).ok();
    pair.fail_over();
    assert_eq!(pair.replica().read("a").as_deref(), Some(&b"1"[..]));
    pair.replica().ask(&["SET", "a", "3"]).ok();
}

#[test]
fn a_failover_from_a_living_master_keeps_what_was_acknowledged() {
    let pair = Sentinel::start();
    pair.master().ask(&["SET", "a", "1"]).ok();
    pair.catch_up();
    pair.fail_over_from_the_living();
    assert_eq!(pair.replica().read("a").as_deref(), Some(&b"1"[..]));
}
