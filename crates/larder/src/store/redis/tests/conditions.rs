//! What depends on what is there: in scripts, and where scripts are denied in transactions.

use std::time::Duration;

use super::*;

/// A user who may run scripts, and one who may not.
const RULES: [(&str, &str); 2] = [
    ("with scripts", "~shop:* +@all"),
    ("without scripts", "~shop:* +@all -@scripting"),
];

async fn links() -> Vec<(&'static str, Server, Arc<dyn Link>)> {
    let mut all = Vec::new();
    for (which, rules) in RULES {
        let server = Server::builder().acl("ann", "secret", rules).start();
        let link = dial_with(&server.address(), ann(), false).await;
        all.push((
            which,
            server,
            link.unwrap_or_else(|error| panic!("{error}")),
        ));
    }
    all
}

fn ann() -> Settings {
    let mut settings = settings();
    settings.login.username = Some("ann".into());
    settings.login.password = Some(super::super::password::Password::new("secret".into()));
    settings
}

/// A value with this head.
fn value(head: u8, rest: &str) -> Vec<u8> {
    let mut value = vec![head; 41];
    value.extend_from_slice(rest.as_bytes());
    value
}

#[tokio::test]
async fn a_swap_needs_the_head_that_was_seen() {
    for (which, _server, link) in links().await {
        let a = name(1);
        missing(&ask(&link, swap(&a, value(1, ""), "new")).await);
        missing(&ask(&link, Op::Get(a.clone())).await);
        done(&ask(&link, set(&a, value(1, "old"))).await);
        found(
            &ask(&link, swap(&a, value(2, "old"), "new")).await,
            value(1, "old"),
        );
        // The rest may differ: whoever changes a value changes its head.
        done(&ask(&link, swap(&a, value(1, "whatever"), value(3, "new"))).await);
        found(&ask(&link, Op::Get(a.clone())).await, value(3, "new"));
        // What is known of a head is compared, however short; nothing stands for an empty value.
        done(&ask(&link, set(&a, "short")).await);
        found(&ask(&link, swap(&a, "hort", "no")).await, "short");
        found(&ask(&link, swap(&a, "shorter", "no")).await, "short");
        done(&ask(&link, swap(&a, "shor", "")).await);
        done(&ask(&link, swap(&a, "", "full")).await);
        found(&ask(&link, swap(&a, "", "no")).await, "full");
        missing(&ask(&link, swap(&name(2), "", "no")).await);
        println!("{which}: done");
    }
}

#[tokio::test]
async fn a_swap_lets_the_value_live_as_long_as_it_says() {
    for (which, server, link) in links().await {
        let a = name(1);
        server.ask(&["SET", a.as_str(), "old", "PX", "5000"]).ok();
        done(&ask(&link, swap(&a, "old", "new")).await);
        assert!(left(&server, &a) > KEEP / 2, "{which}");
    }
}

#[tokio::test]
async fn a_take_and_a_renewal_need_the_head_that_was_seen() {
    for (which, server, link) in links().await {
        let a = name(1);
        let take = |head: u8| Op::Take {
            name: a.clone(),
            seen: seen(value(head, "")),
        };
        let renew = |head: u8| Op::Renew {
            name: a.clone(),
            seen: seen(value(head, "")),
            keep: KEEP,
        };
        missing(&ask(&link, take(1)).await);
        missing(&ask(&link, renew(1)).await);
        server.write(a.as_str(), &value(1, "x"));
        server.ask(&["PEXPIRE", a.as_str(), "5000"]).ok();
        found(&ask(&link, take(2)).await, value(1, "x"));
        found(&ask(&link, renew(2)).await, value(1, "x"));
        assert!(left(&server, &a) <= Duration::from_secs(5), "{which}");
        done(&ask(&link, renew(1)).await);
        assert!(left(&server, &a) > KEEP / 2, "{which}");
        done(&ask(&link, take(1)).await);
        missing(&ask(&link, Op::Get(a.clone())).await);
    }
}

#[tokio::test]
async fn of_many_who_swap_one_wins_each_round() {
    for (which, server, link) in links().await {
        let other = dial_with(&server.address(), ann(), false)
            .await
            .expect("it connects");
        let a = name(1);
        done(&ask(&link, set(&a, value(0, ""))).await);
        for round in 0..20_u8 {
            let tries = (0..8_u8).map(|number| {
                let link = if number % 2 == 0 { &link } else { &other };
                let op = swap(&a, value(round, ""), value(round + 1, &number.to_string()));
                async move { matches!(ask(link, op).await, Answer::Done) }
            });
            let won = futures_util::future::join_all(tries).await;
            assert_eq!(won.iter().filter(|won| **won).count(), 1, "{which}");
        }
    }
}

#[tokio::test]
async fn a_forgotten_script_is_sent_again() {
    let server = Server::start();
    let link = link(&server).await;
    let a = name(1);
    done(&ask(&link, set(&a, "1")).await);
    done(&ask(&link, swap(&a, "1", "2")).await);
    server.ask(&["SCRIPT", "FLUSH"]).ok();
    let ops = vec![
        Op::Get(a.clone()),
        swap(&a, "2", "3"),
        swap(&name(2), "x", "y"),
    ];
    let answers = ask_all(&link, ops).await;
    found(&answers[0], "2");
    done(&answers[1]);
    missing(&answers[2]);
    found(&ask(&link, Op::Get(a)).await, "3");
}

#[tokio::test]
async fn scripts_go_by_their_digests_once_the_server_knows_them() {
    let server = Server::start();
    let link = link(&server).await;
    let a = name(1);
    done(&ask(&link, set(&a, "1")).await);
    done(&ask(&link, swap(&a, "1", "1")).await);
    let before = (calls(&server, "eval"), calls(&server, "evalsha"));
    for _ in 0..10 {
        done(&ask(&link, swap(&a, "1", "1")).await);
    }
    let after = (calls(&server, "eval"), calls(&server, "evalsha"));
    assert_eq!((after.0 - before.0, after.1 - before.1), (0, 10));
}

#[tokio::test]
async fn where_scripts_are_denied_none_is_tried() {
    let (_, rules) = RULES[1];
    let server = Server::builder().acl("ann", "secret", rules).start();
    let link = dial_with(&server.address(), ann(), false)
        .await
        .expect("it connects");
    let before = (calls(&server, "eval"), calls(&server, "evalsha"));
    let a = name(1);
    let ops = vec![
        set(&a, "1"),
        swap(&a, "1", "2"),
        Op::Get(a.clone()),
        swap(&a, "1", "3"),
        Op::Get(a.clone()),
    ];
    let answers = ask_all(&link, ops).await;
    done(&answers[0]);
    done(&answers[1]);
    found(&answers[2], "2");
    found(&answers[3], "2");
    found(&answers[4], "2");
    let after = (calls(&server, "eval"), calls(&server, "evalsha"));
    assert_eq!(before, after);
    assert!(calls(&server, "exec") > 0);
}
