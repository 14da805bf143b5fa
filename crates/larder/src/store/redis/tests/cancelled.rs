//! Callers who go away.

use std::task::Poll;

use super::*;
use futures_util::future::poll_fn;

/// So many calls are dropped on one connection.
const CANCELLED: u64 = 100_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_100_000_cancelled_callers_none_gets_anothers_reply() {
    let server = Server::start();
    let link = link(&server).await;
    for number in 0..10 {
        done(&ask(&link, set(&name(number), format!("value {number}"))).await);
    }
    let tasks = (0..10_u64).map(|number| {
        let link = link.clone();
        tokio::spawn(async move {
            for round in 0..CANCELLED / 10 {
                let ops = match round % 3 {
                    0 => vec![Op::Get(name(number))],
                    1 => vec![Op::Get(name(number)), Op::Get(name(99))],
                    _ => vec![Op::Head(name(99)), Op::Get(name(number))],
                };
                let place = usize::from(round % 3 == 2);
                let mut call = link.run(ops);
                // Polled once: the commands are on their way, the replies are not there.
                let mut polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
                if polled.is_pending() && round % 7 == 0 {
                    polled = Poll::Ready(call.await);
                }
                if let Poll::Ready(answers) = polled {
                    let answers = answers.expect("the link works");
                    found(&answers[place], format!("value {number}"));
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("nobody got another's reply");
    }
    for number in 0..10 {
        let answer = ask(&link, Op::Get(name(number))).await;
        found(&answer, format!("value {number}"));
    }
}

#[tokio::test]
async fn a_cancelled_transaction_leaves_nothing_behind() {
    let server = Server::builder()
        .acl("ann", "secret", "~shop:* +@all -@scripting")
        .start();
    let mut login = settings();
    login.login.username = Some("ann".into());
    login.login.password = Some(super::super::password::Password::new("secret".into()));
    let link = dial_with(&server.address(), login, false)
        .await
        .expect("it connects");
    for round in 0..200_u64 {
        done(&ask(&link, set(&name(1), "old")).await);
        let mut call = link.run(vec![swap(&name(1), "old", "new")]);
        for _ in 0..round % 10 {
            let polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
            if polled.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        done(&ask(&link, set(&name(2), "old")).await);
        done(&ask(&link, swap(&name(2), "old", "new")).await);
        match ask(&link, Op::Get(name(1))).await {
            Answer::Found(found) => assert!(matches!(&found.bytes[..], b"old" | b"new")),
            other => panic!("{other:?}"),
        }
    }
}
