//! Each operation means what its contract says.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn operations_do_what_they_say() {
    let server = Server::start();
    let link = link(&server).await;
    let [a, b] = [name(1), name(2)];
    missing(&ask(&link, Op::Get(a.clone())).await);
    done(&ask(&link, set(&a, "one")).await);
    found(&ask(&link, Op::Get(a.clone())).await, "one");
    assert!(left(&server, &a) > KEEP / 2);

    let add = |name: &Name, value: &str| Op::Add {
        name: name.clone(),
        value: value.into(),
        keep: KEEP,
    };
    found(&ask(&link, add(&a, "two")).await, "one");
    done(&ask(&link, add(&b, "two")).await);
    found(&ask(&link, Op::Get(b.clone())).await, "two");

    let replace = |name: &Name| Op::Replace {
        name: name.clone(),
        value: b"three".to_vec(),
        keep: KEEP,
    };
    done(&ask(&link, replace(&a)).await);
    found(&ask(&link, Op::Get(a.clone())).await, "three");
    missing(&ask(&link, replace(&name(3))).await);
    missing(&ask(&link, Op::Get(name(3))).await);

    done(&ask(&link, Op::Delete(a.clone())).await);
    done(&ask(&link, Op::Delete(a.clone())).await);
    missing(&ask(&link, Op::Get(a.clone())).await);
    let empty: Vec<Op> = Vec::new();
    assert!(ask_all(&link, empty).await.is_empty());
}

#[tokio::test]
async fn a_touch_lets_a_value_live_longer_and_a_get_does_not() {
    let server = Server::start();
    let link = link(&server).await;
    let a = name(1);
    server.ask(&["SET", a.as_str(), "one", "PX", "5000"]).ok();
    found(&ask(&link, Op::Get(a.clone())).await, "one");
    assert!(left(&server, &a) <= Duration::from_secs(5));
    let touch = |name: &Name| Op::Touch {
        name: name.clone(),
        keep: KEEP,
    };
    found(&ask(&link, touch(&a)).await, "one");
    assert!(left(&server, &a) > KEEP / 2);
    missing(&ask(&link, touch(&name(2))).await);
}

#[tokio::test]
async fn a_splice_writes_a_part_and_leaves_the_rest() {
    let server = Server::start();
    let link = link(&server).await;
    let a = name(1);
    let splice = |name: &Name| Op::Splice {
        name: name.clone(),
        at: 2,
        value: b"XY".to_vec(),
        keep: KEEP,
    };
    server.ask(&["SET", a.as_str(), "abcdef"]).ok();
    done(&ask(&link, splice(&a)).await);
    found(&ask(&link, Op::Get(a.clone())).await, "abXYef");
    assert!(left(&server, &a) > KEEP / 2);
    // Where nothing was, what is there now is no value: it begins with a zero byte.
    ask(&link, splice(&name(2))).await;
    match ask(&link, Op::Get(name(2))).await {
        Answer::Missing => {}
        Answer::Found(found) => assert_eq!(found.bytes[0], 0),
        other => panic!("{other:?}"),
    }
    assert!(left(&server, &name(2)) > KEEP / 2, "it goes by itself");
}

#[tokio::test]
async fn a_head_is_the_beginning_only() {
    let server = Server::start();
    let link = link(&server).await;
    let long = vec![b'x'; 5_000];
    done(&ask(&link, set(&name(1), &long)).await);
    match ask(&link, Op::Head(name(1))).await {
        Answer::Found(head) => assert_eq!(head.bytes.len(), 41),
        other => panic!("{other:?}"),
    }
    missing(&ask(&link, Op::Head(name(2))).await);
}

#[tokio::test]
async fn several_gets_in_a_row_are_one_command_and_one_trip() {
    let server = Server::start();
    let link = link(&server).await;
    for number in 0..8 {
        done(&ask(&link, set(&name(number), number.to_string())).await);
    }
    let before = (calls(&server, "mget"), calls(&server, "get"));
    let gets = (0..9).map(|number| Op::Get(name(number))).collect();
    let answers = ask_all(&link, gets).await;
    for (number, answer) in answers[..8].iter().enumerate() {
        found(answer, number.to_string());
    }
    missing(&answers[8]);
    let after = (calls(&server, "mget"), calls(&server, "get"));
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 0));
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_operations() {
    let server = Server::start();
    let link = link(&server).await;
    let [a, b, c] = [name(1), name(2), name(3)];
    let ops = vec![
        Op::Get(a.clone()),
        set(&a, "1"),
        Op::Get(a.clone()),
        Op::Get(b.clone()),
        swap(&a, "1", "2"),
        Op::Get(a.clone()),
        Op::Delete(a.clone()),
        Op::Get(a.clone()),
        Op::Get(c.clone()),
    ];
    for round in 0..2 {
        let answers = ask_all(&link, ops.clone()).await;
        missing(&answers[0]);
        done(&answers[1]);
        found(&answers[2], "1");
        missing(&answers[3]);
        done(&answers[4]);
        found(&answers[5], "2");
        done(&answers[6]);
        missing(&answers[7]);
        missing(&answers[8]);
        // The second time the server has forgotten its scripts.
        assert!(round < 2);
        server.ask(&["SCRIPT", "FLUSH"]).ok();
    }
}

#[tokio::test]
async fn a_foreign_value_under_our_name_is_none() {
    let server = Server::start();
    let link = link(&server).await;
    let a = name(1);
    server.ask(&["RPUSH", a.as_str(), "stranger"]).ok();
    missing(&ask(&link, Op::Get(a.clone())).await);
    missing(&ask(&link, Op::Head(a.clone())).await);
    let both = ask_all(&link, vec![Op::Get(a.clone()), Op::Get(name(2))]).await;
    both.iter().for_each(missing);
    let touch = Op::Touch {
        name: a.clone(),
        keep: KEEP,
    };
    missing(&ask(&link, touch).await);
    missing(&ask(&link, swap(&a, "x", "y")).await);
    let take = Op::Take {
        name: a.clone(),
        seen: seen("x"),
    };
    missing(&ask(&link, take).await);
    let splice = Op::Splice {
        name: a.clone(),
        at: 1,
        value: b"x".to_vec(),
        keep: KEEP,
    };
    let answers = ask_all(&link, vec![splice, Op::Get(name(2))]).await;
    answers.iter().for_each(missing);
    let add = Op::Add {
        name: a.clone(),
        value: b"x".to_vec(),
        keep: KEEP,
    };
    match ask(&link, add).await {
        Answer::Refused(error) => assert!(error.to_string().contains("another kind")),
        other => panic!("{other:?}"),
    }
    // What is there is not ours to delete, but ours to write over.
    assert_eq!(server.ask(&["LLEN", a.as_str()]).integer(), 1);
    done(&ask(&link, set(&a, "ours")).await);
    found(&ask(&link, Op::Get(a)).await, "ours");
}

#[tokio::test]
async fn a_value_above_the_limit_is_not_sent() {
    let server = Server::start();
    let limited = Settings {
        value_bytes_max: 100,
        ..settings()
    };
    let link = dial_with(&server.address(), limited, false)
        .await
        .expect("it connects");
    let large = vec![0; 101];
    let before = calls(&server, "set");
    let answers = ask_all(
        &link,
        vec![
            set(&name(1), &large),
            Op::Get(name(1)),
            swap(&name(2), "x", &large),
            set(&name(2), &large[..100]),
        ],
    )
    .await;
    assert!(matches!(answers[0], Answer::TooLarge));
    missing(&answers[1]);
    assert!(matches!(answers[2], Answer::TooLarge));
    done(&answers[3]);
    assert_eq!(calls(&server, "set") - before, 1);
}

#[tokio::test]
async fn a_full_server_refuses_writes_and_answers_reads() {
    let server = Server::builder()
        .config(&[("maxmemory", "1"), ("maxmemory-policy", "noeviction")])
        .start();
    let link = link(&server).await;
    let answers = ask_all(
        &link,
        vec![
            set(&name(1), "x"),
            Op::Get(name(1)),
            swap(&name(1), "x", "y"),
            Op::Delete(name(1)),
        ],
    )
    .await;
    match &answers[0] {
        Answer::Refused(error) => assert!(error.to_string().contains("no room left"), "{error}"),
        other => panic!("{other:?}"),
    }
    missing(&answers[1]);
    done(&answers[3]);
}

#[tokio::test]
async fn times_to_live_have_no_edge_that_the_server_refuses() {
    let server = Server::start();
    let link = link(&server).await;
    for keep in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        let op = Op::Set {
            name: name(1),
            value: b"x".to_vec(),
            keep,
        };
        done(&ask(&link, op).await);
    }
    found(&ask(&link, Op::Get(name(1))).await, "x");
}
