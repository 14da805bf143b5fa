//! Servers without `SET … NX GET`.

use super::*;
use crate::store::redis::link::RedisLink;
use crate::store::redis::server::Server as Told;
use crate::store::redis::wire::Wire;

/// A link that takes its server for an older one.
async fn older(server: &Server) -> Arc<dyn Link> {
    let endpoint = Endpoint::parse(&server.address(), PORT_DEFAULT).expect("an address");
    let wire = Wire::open(&endpoint, &settings())
        .await
        .expect("it answers");
    let info = server.ask(&["INFO"]).text();
    let version = server.info("redis_version");
    let info = info.replace(&format!("redis_version:{version}"), "redis_version:6.2.14");
    let told = Told::read("an older server", &info).expect("6.2 will do");
    assert!(!told.add_tells());
    Arc::new(RedisLink::new(wire, told, 1 << 20, None, None))
}

#[tokio::test]
async fn adding_tells_what_is_there() {
    let server = Server::start();
    let link = older(&server).await;
    let add = |number: u64, value: &str| Op::Add {
        name: name(number),
        value: value.into(),
        keep: KEEP,
    };
    let ops = vec![
        Op::Get(name(1)),
        add(1, "one"),
        add(1, "two"),
        add(2, "two"),
        Op::Get(name(2)),
    ];
    let answers = ask_all(&link, ops).await;
    missing(&answers[0]);
    done(&answers[1]);
    found(&answers[2], "one");
    done(&answers[3]);
    found(&answers[4], "two");
    assert!(left(&server, &name(1)) > KEEP / 2);
}

#[tokio::test]
async fn adding_where_a_foreign_value_is_does_not_shift_the_answers() {
    let server = Server::start();
    let link = older(&server).await;
    server.ask(&["RPUSH", name(1).as_str(), "stranger"]).ok();
    server.write(name(2).as_str(), b"two");
    let ops = vec![
        Op::Add {
            name: name(1),
            value: b"x".to_vec(),
            keep: KEEP,
        },
        Op::Get(name(2)),
    ];
    let answers = ask_all(&link, ops).await;
    match &answers[0] {
        Answer::Refused(error) => assert!(error.to_string().contains("another kind"), "{error}"),
        other => panic!("{other:?}"),
    }
    found(&answers[1], "two");
}
