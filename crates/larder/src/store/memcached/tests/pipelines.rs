//! Much at once.

use super::*;

#[tokio::test]
async fn a_thousand_operations_are_one_batch() {
    let server = Server::start();
    let link = link(&server).await;
    let value = |number: u64| number.to_string().repeat(100);
    let sets = (0..1000).map(|number| set(&name(number), value(number)));
    let sets = ask_all(&link, sets.collect()).await;
    sets.into_iter().for_each(done);
    let gets = (0..2000).map(|number| Op::Get(name(number)));
    let gets = ask_all(&link, gets.collect()).await;
    for (number, answer) in gets.into_iter().enumerate() {
        match number < 1000 {
            true => found(answer, value(number as u64)),
            false => missing(answer),
        }
    }
}

#[tokio::test]
async fn large_values_go_both_ways_at_once() {
    // Neither side's buffers hold this much: who only wrote, and then only read, would wait for
    // ever for the other to read.
    let server = Server::builder().megabytes_max(256).start();
    let link = link(&server).await;
    let value = |number: u64| vec![number as u8; 500_000];
    let mut ops: Vec<Op> = (0..100).map(|n| set(&name(n), value(n))).collect();
    ask_all(&link, ops.clone()).await.into_iter().for_each(done);
    ops.extend((0..100).map(|n| Op::Get(name(n))));
    ops.sort_by_key(|op| match op {
        Op::Set { name, .. } | Op::Get(name) => name.clone(),
        _ => unreachable!("there are only two kinds"),
    });
    for (op, answer) in ops.clone().into_iter().zip(ask_all(&link, ops).await) {
        match op {
            Op::Set { .. } => done(answer),
            Op::Get(asked) => {
                let number = (0..100).find(|n| name(*n) == asked).expect("a name");
                found(answer, value(number));
            }
            _ => unreachable!("there are only two kinds"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_one_connection() {
    let server = Server::start();
    let link = link(&server).await;
    let before = server.stat("curr_connections");
    let tasks = (0..64u64).map(|task| {
        let link = link.clone();
        tokio::spawn(async move {
            for round in 0..100u64 {
                let name = name(task);
                let value = format!("{task} in {round}");
                done(ask(&link, set(&name, &value)).await);
                found(ask(&link, Op::Get(name)).await, value);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("each reads what it wrote");
    }
    assert_eq!(server.stat("curr_connections"), before);
}

#[tokio::test]
async fn an_empty_batch_asks_nobody() {
    let server = Server::start();
    let link = link(&server).await;
    server.pause();
    assert!(ask_all(&link, Vec::new()).await.is_empty());
    server.resume();
}
