//! Each operation, on a real server.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use super::*;
use crate::store::memcached::MEMCACHED_KEEP_MAX as KEEP_MAX;

/// For how many seconds a value lives from now on.
fn lives(server: &Server, name: &Name) -> u64 {
    let stream = TcpStream::connect(server.address()).expect("the server listens");
    let mut stream = BufReader::new(stream);
    write!(stream.get_mut(), "mg {} t\r\n", name.as_str()).expect("the server reads");
    let mut line = String::new();
    stream.read_line(&mut line).expect("the server answers");
    let seconds = line.trim_end().strip_prefix("HD t").map(str::parse);
    seconds
        .unwrap_or_else(|| panic!("{line:?}"))
        .expect("a number")
}

fn head(first: u8) -> Vec<u8> {
    let mut head = vec![0; 41];
    head[0] = first;
    head
}

/// A value with a head of its own.
fn value(first: u8, rest: &str) -> Vec<u8> {
    [&head(first), rest.as_bytes()].concat()
}

fn swap(name: &Name, seen: Found, value: Vec<u8>) -> Op {
    Op::Swap {
        name: name.clone(),
        seen,
        value,
        keep: KEEP,
    }
}

fn renew(name: &Name, seen: Found) -> Op {
    Op::Renew {
        name: name.clone(),
        seen,
        keep: KEEP * 2,
    }
}

fn splice(name: &Name, at: usize, value: impl AsRef<[u8]>) -> Op {
    Op::Splice {
        name: name.clone(),
        at,
        value: value.as_ref().to_vec(),
        keep: KEEP,
    }
}

/// What somebody remembers of a value without the server's number for it.
fn remembered(bytes: impl AsRef<[u8]>) -> Found {
    Found {
        bytes: bytes.as_ref().into(),
        cas: 0,
    }
}

#[tokio::test]
async fn what_was_written_is_read_and_what_was_deleted_is_not() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    missing(ask(&link, Op::Get(name.clone())).await);
    missing(ask(&link, Op::Head(name.clone())).await);
    for value in [&b""[..], b"a", b"\r\nEND\r\n", &[0; 100_000]] {
        done(ask(&link, set(&name, value)).await);
        found(ask(&link, Op::Get(name.clone())).await, value);
    }
    done(ask(&link, Op::Delete(name.clone())).await);
    missing(ask(&link, Op::Get(name.clone())).await);
    done(ask(&link, Op::Delete(name.clone())).await);
}

#[tokio::test]
async fn a_look_at_the_head_tells_states_apart() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    let cas = async |op| match ask(&link, op).await {
        Answer::Found(found) => found.cas,
        other => panic!("{other:?}"),
    };
    ask(&link, set(&name, "same")).await;
    let first = cas(Op::Head(name.clone())).await;
    assert_eq!(cas(Op::Get(name.clone())).await, first);
    ask(&link, set(&name, "same")).await;
    assert_ne!(cas(Op::Head(name.clone())).await, first);
}

#[tokio::test]
async fn a_value_lives_for_as_long_as_it_is_to_be_kept_and_hardly_longer() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    let set = |keep| Op::Set {
        name: name.clone(),
        value: b"x".into(),
        keep,
    };
    for (keep, least, most) in [
        (Duration::ZERO, 0, 1),
        (Duration::from_millis(1), 1, 2),
        (Duration::from_millis(1500), 2, 3),
        (Duration::from_secs(100), 100, 101),
        (KEEP_MAX, KEEP_MAX.as_secs() - 1, KEEP_MAX.as_secs()),
        // Taken as a date it would be in 1970.
        (KEEP_MAX * 2, KEEP_MAX.as_secs() - 1, KEEP_MAX.as_secs()),
    ] {
        done(ask(&link, set(keep)).await);
        let lives = lives(&server, &name);
        assert!((least..=most).contains(&lives), "{keep:?}: {lives} s");
    }
}

#[tokio::test]
async fn a_touch_reads_and_lets_the_value_live() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    let touch = || Op::Touch {
        name: name.clone(),
        keep: KEEP * 3,
    };
    missing(ask(&link, touch()).await);
    ask(&link, set(&name, "x")).await;
    let before = get(&link, &name).await.expect("it is there").cas;
    found(ask(&link, touch()).await, "x");
    assert!(lives(&server, &name) >= 299);
    // The state is the same: who has seen it may still change it.
    assert_eq!(get(&link, &name).await.expect("it is there").cas, before);
}

#[tokio::test]
async fn an_addition_is_refused_with_what_is_there() {
    let server = Server::start();
    let link = link(&server).await;
    let add = |value: &str| Op::Add {
        name: name(1),
        value: value.into(),
        keep: KEEP,
    };
    done(ask(&link, add("first")).await);
    found(ask(&link, add("second")).await, "first");
    assert_eq!(bytes(&link, &name(1)).await, Some(b"first".to_vec()));
}

#[tokio::test]
async fn of_many_who_add_one_wins_and_the_others_are_told() {
    let server = Server::start();
    let link = link(&server).await;
    for round in 0..50 {
        let adders = (0..20u8).map(|adder| {
            let add = Op::Add {
                name: name(round),
                value: vec![adder],
                keep: KEEP,
            };
            let link = link.clone();
            tokio::spawn(async move { (adder, ask(&link, add).await) })
        });
        let (mut winner, mut told) = (None, Vec::new());
        for adder in adders.collect::<Vec<_>>() {
            match adder.await.expect("no panic") {
                (adder, Answer::Done) => assert_eq!(winner.replace(adder), None),
                (_, Answer::Found(found)) => told.push(found.bytes[0]),
                other => panic!("{other:?}"),
            }
        }
        let winner = winner.expect("one has won");
        assert_eq!(told, [winner; 19]);
    }
}

#[tokio::test]
async fn only_what_is_there_is_replaced() {
    let server = Server::start();
    let link = link(&server).await;
    let replace = || Op::Replace {
        name: name(1),
        value: b"new".into(),
        keep: KEEP,
    };
    missing(ask(&link, replace()).await);
    assert_eq!(bytes(&link, &name(1)).await, None);
    ask(&link, set(&name(1), "old")).await;
    done(ask(&link, replace()).await);
    assert_eq!(bytes(&link, &name(1)).await, Some(b"new".to_vec()));
}

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
async fn what_is_shorter_than_a_head_is_compared_whole() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    ask(&link, set(&name, "ab")).await;
    found(
        ask(&link, swap(&name, remembered("a"), head(1))).await,
        "ab",
    );
    found(ask(&link, swap(&name, remembered(""), head(1))).await, "ab");
    done(ask(&link, swap(&name, remembered("ab"), head(1))).await);
}

#[tokio::test]
async fn what_is_too_large_is_said_to_be() {
    let small = ["-I", "512k", "-o", "slab_chunk_max=256"];
    let server = Server::builder().arguments(&small).start();
    let link = link(&server).await;
    let name = name(1);
    let most = (512 << 10) - crate::store::memcached::greeting::ITEM_OVERHEAD;
    done(ask(&link, set(&name, vec![1; most])).await);
    for op in [
        set(&name, vec![2; most + 1]),
        swap(&name, remembered(vec![1; 41]), vec![2; most + 1]),
        splice(&name, most, [2]),
    ] {
        let answer = ask(&link, op).await;
        assert!(matches!(answer, Answer::TooLarge), "{answer:?}");
    }
    assert_eq!(bytes(&link, &name).await, Some(vec![1; most]));
}

#[tokio::test]
async fn the_longest_name_and_the_largest_value_fit() {
    // What is kept back for the server's own needs is enough, at its default limit.
    let server = Server::start();
    let link = link(&server).await;
    let long = "n".repeat(160);
    let name = Names::new(&Namespace::new(&long), None).entry(&Key::new(1));
    let value = vec![7; VALUE_BYTES_MAX_DEFAULT];
    done(ask(&link, set(&name, &value)).await);
    assert_eq!(bytes(&link, &name).await, Some(value));
}

#[tokio::test]
async fn a_full_server_refuses_and_goes_on() {
    let server = Server::builder()
        .megabytes_max(2)
        .arguments(&["-M"])
        .start();
    let link = link(&server).await;
    let value = vec![1; 100_000];
    let mut refused = None;
    for number in 0..100 {
        match ask(&link, set(&name(number), &value)).await {
            Answer::Done => {}
            Answer::Refused(error) => {
                refused = Some(error);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    let error = refused.expect("ten megabytes do not fit into two");
    assert!(
        error.is_store() && error.to_string().contains("room"),
        "{error}"
    );
    assert_eq!(bytes(&link, &name(0)).await, Some(value));
}

#[tokio::test]
async fn a_batch_acts_in_its_order() {
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    let answers = ask_all(
        &link,
        vec![
            Op::Get(name.clone()),
            set(&name, value(1, "one")),
            Op::Get(name.clone()),
            Op::Head(name.clone()),
            Op::Delete(name.clone()),
            Op::Get(name.clone()),
        ],
    )
    .await;
    let [before, set_, one, head_, deleted, after] = answers.try_into().expect("six answers");
    missing(before);
    done(set_);
    found(one, value(1, "one"));
    found(head_, "");
    done(deleted);
    missing(after);
}

#[tokio::test]
async fn reads_behind_a_change_in_a_batch_show_it() {
    // A splice must look before it acts; what stands behind it in the batch waits for it. And of
    // two splices of one value the second is overtaken by the first, and late.
    let server = Server::start();
    let link = link(&server).await;
    let name = name(1);
    ask(&link, set(&name, "abc")).await;
    let answers = ask_all(
        &link,
        vec![
            splice(&name, 0, "x"),
            Op::Get(name.clone()),
            splice(&name, 1, "y"),
            Op::Get(name.clone()),
            splice(&name, 2, "z"),
            Op::Get(name.clone()),
        ],
    )
    .await;
    let [a, x, b, y, c, z] = answers.try_into().expect("six answers");
    [a, b, c].into_iter().for_each(done);
    let shows = |answer: Answer, byte: u8| match answer {
        Answer::Found(found) => assert!(found.bytes.contains(&byte), "{:?}", found.bytes),
        other => panic!("{other:?}"),
    };
    shows(x, b'x');
    shows(y, b'y');
    found(z, "xyz");
}
