//! Each operation, on a real server.

use super::*;
use crate::store::memcached::MEMCACHED_KEEP_MAX as KEEP_MAX;

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
