//! Changes that depend on what is there.

use super::*;

#[tokio::test]
async fn a_splice_leaves_the_rest() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    missing(ask(&link, splice(&name, 1, "xy")).await);
    assert_eq!(bytes(&link, &name).await, None, "nothing is created");
    ask(&link, set(&name, "abcdef")).await;
    done(ask(&link, splice(&name, 1, "xy")).await);
    assert_eq!(bytes(&link, &name).await, Some(b"axydef".to_vec()));
    done(ask(&link, splice(&name, 5, "123")).await);
    assert_eq!(bytes(&link, &name).await, Some(b"axyde123".to_vec()));
    done(ask(&link, splice(&name, 10, "!")).await);
    assert_eq!(bytes(&link, &name).await, Some(b"axyde123\0\0!".to_vec()));
}

#[tokio::test]
async fn no_splice_of_many_is_lost() {
    const SPLICERS: usize = 8;
    let server = Server::start();
    let first = link(&server).await;
    let second = link(&server).await;
    let name = name(1);
    ask(&first, set(&name, vec![0; SPLICERS])).await;
    for round in 1..=20 {
        let splicers = (0..SPLICERS).map(|at| {
            let link = if at % 2 == 0 { &first } else { &second };
            let (link, splice) = (link.clone(), splice(&name, at, [round]));
            tokio::spawn(async move { done(ask(&link, splice).await) })
        });
        for splicer in splicers.collect::<Vec<_>>() {
            splicer.await.expect("it is spliced");
        }
        assert_eq!(bytes(&first, &name).await, Some(vec![round; SPLICERS]));
    }
}

#[tokio::test]
async fn a_swap_needs_the_head_that_was_seen() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    missing(ask(&link, swap(&name, remembered(head(1)), value(2, ""))).await);
    ask(&link, set(&name, value(1, "one"))).await;

    let by_number = get(&link, &name).await.expect("it is there");
    done(ask(&link, swap(&name, by_number.clone(), value(2, "two"))).await);
    found(
        ask(&link, swap(&name, by_number, value(3, "no"))).await,
        value(2, "two"),
    );

    done(ask(&link, swap(&name, remembered(head(2)), value(3, "three"))).await);
    found(
        ask(&link, swap(&name, remembered(head(2)), value(4, "no"))).await,
        value(3, "three"),
    );
    assert_eq!(bytes(&link, &name).await, Some(value(3, "three")));

    let seen = get(&link, &name).await.expect("it is there");
    ask(&link, Op::Delete(name.clone())).await;
    missing(ask(&link, swap(&name, seen, value(4, "no"))).await);
    assert_eq!(bytes(&link, &name).await, None);
}

#[tokio::test]
async fn a_swap_sees_through_a_renewal() {
    // A renewal is a new state for the server. The head says that nobody else was there.
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    ask(&link, set(&name, value(1, "one"))).await;
    let seen = get(&link, &name).await.expect("it is there");
    done(ask(&link, renew(&name, seen.clone())).await);
    done(ask(&link, swap(&name, seen, value(2, "two"))).await);
}

#[tokio::test]
async fn a_number_from_before_a_restart_is_worth_nothing() {
    // memcached numbers the states of its values from one on, in each of its lives. What was seen
    // under number 1 is not what has number 1 now.
    let server = Server::start();
    let before = link(&server).await;
    let name = name(1);
    ask(&before, set(&name, value(1, "old"))).await;
    let seen = get(&before, &name).await.expect("it is there");
    server.restart();
    let after = link(&server).await;
    ask(&after, set(&name, value(2, "new"))).await;
    for op in [
        swap(&name, seen.clone(), value(3, "no")),
        renew(&name, seen.clone()),
        Op::Take {
            name: name.clone(),
            seen,
        },
    ] {
        found(ask(&after, op).await, value(2, "new"));
    }
    assert_eq!(bytes(&after, &name).await, Some(value(2, "new")));
}

#[tokio::test]
async fn of_many_who_swap_one_state_one_wins() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    ask(&link, set(&name, value(0, ""))).await;
    let seen = get(&link, &name).await.expect("it is there");
    let swappers = (1..=20u8).map(|swapper| {
        // Half of them know the server's number, half look for themselves.
        let cas = if swapper % 2 == 0 { seen.cas } else { 0 };
        let seen = Found {
            cas,
            ..seen.clone()
        };
        let swap = swap(&name, seen, value(swapper, "mine"));
        let link = link.clone();
        tokio::spawn(async move { matches!(ask(&link, swap).await, Answer::Done) })
    });
    let mut won = 0;
    for swapper in swappers.collect::<Vec<_>>() {
        won += u32::from(swapper.await.expect("no panic"));
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn only_what_was_seen_is_taken() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    let take = |seen| Op::Take {
        name: name.clone(),
        seen,
    };
    missing(ask(&link, take(remembered(head(1)))).await);
    ask(&link, set(&name, value(1, "one"))).await;
    let seen = get(&link, &name).await.expect("it is there");
    ask(&link, set(&name, value(2, "two"))).await;
    found(ask(&link, take(seen)).await, value(2, "two"));
    found(ask(&link, take(remembered(head(1)))).await, value(2, "two"));
    done(ask(&link, take(remembered(head(2)))).await);
    assert_eq!(bytes(&link, &name).await, None);
    ask(&link, set(&name, value(3, "three"))).await;
    let seen = get(&link, &name).await.expect("it is there");
    done(ask(&link, take(seen)).await);
    assert_eq!(bytes(&link, &name).await, None);
}

#[tokio::test]
async fn only_what_was_seen_is_renewed() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    missing(ask(&link, renew(&name, remembered(head(1)))).await);
    ask(&link, set(&name, value(1, "one"))).await;
    found(
        ask(&link, renew(&name, remembered(head(2)))).await,
        value(1, "one"),
    );
    assert!(lives(&server, &name) <= 101);
    // The head is enough: the rest is read again and stays.
    done(ask(&link, renew(&name, remembered(head(1)))).await);
    assert!(lives(&server, &name) >= 199);
    assert_eq!(bytes(&link, &name).await, Some(value(1, "one")));
}

#[tokio::test]
async fn a_head_that_is_known_in_part_is_compared_in_part() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    ask(&link, set(&name, "ab")).await;
    found(
        ask(&link, swap(&name, remembered("b"), head(1))).await,
        "ab",
    );
    found(ask(&link, swap(&name, remembered(""), head(1))).await, "ab");
    done(ask(&link, swap(&name, remembered("a"), head(1))).await);
}
