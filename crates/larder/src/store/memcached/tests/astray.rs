//! Replies that are not what they should be. The connection is given up at once, for all its
//! callers: nobody can say whose the next reply is.

use std::sync::atomic::{AtomicU64, Ordering};

use super::peer::{Act, GREETING, Heard};
use super::*;

/// Three callers ask at once; the peer answers the second as `act` says, the others properly.
async fn check(act: impl Fn(&Heard) -> Act + Send + Sync + Clone + 'static, says: &str) {
    let second = name(2);
    let victim = second.clone();
    let peer = peer::start(GREETING, move |heard| {
        if heard.key == victim.as_str() {
            return act(&heard);
        }
        let Heard { key, number } = heard;
        Act::Say(format!("VA 2 c1 k{key} O{number}\r\nok\r\n"))
    });
    let link = dial(&peer.await).await.expect("the peer greets");
    let ask = |name| link.run(vec![Op::Get(name)]);
    let (first, second, third) = tokio::join!(ask(name(1)), ask(second), ask(name(3)));
    found(first.expect("it was answered before").remove(0), "ok");
    let error = broken(second);
    assert!(error.contains(says), "{error}");
    broken(third);
    // For ever.
    assert_eq!(broken(ask(name(1)).await), error);
    assert!(!error.contains("secret"), "{error}");
}

fn say(text: impl Into<String>) -> Act {
    Act::Say(text.into())
}

#[tokio::test]
async fn a_reply_with_another_number_breaks_the_link() {
    let act = |heard: &Heard| {
        let Heard { key, number } = heard;
        say(format!("VA 6 c1 k{key} O{}\r\nsecret\r\n", number + 1))
    };
    check(act, "another command").await;
}

#[tokio::test]
async fn a_reply_with_another_key_breaks_the_link() {
    let other = name(3);
    let act = move |heard: &Heard| {
        let (key, number) = (other.as_str(), heard.number);
        say(format!("VA 6 c1 k{key} O{number}\r\nsecret\r\n"))
    };
    check(act, "another command").await;
}

#[tokio::test]
async fn a_reply_without_number_or_key_breaks_the_link() {
    check(|_| say("VA 6 c1\r\nsecret\r\n"), "another command").await;
    check(|_| say("EN\r\n"), "another command").await;
}

#[tokio::test]
async fn a_reply_of_another_kind_breaks_the_link() {
    let act = |heard: &Heard| say(format!("HD k{} O{}\r\n", heard.key, heard.number));
    check(act, "another command").await;
}

#[tokio::test]
async fn garbage_breaks_the_link() {
    check(|_| say("secret\r\n"), "properly").await;
    check(|_| say("\r\n"), "properly").await;
    check(|_| say("secret ".repeat(1000)), "properly").await;
    check(|_| say("\0".repeat(10) + "\n"), "properly").await;
}

#[tokio::test]
async fn a_value_longer_than_it_says_breaks_the_link() {
    let act = |heard: &Heard| {
        let Heard { key, number } = heard;
        say(format!("VA 3 c1 k{key} O{number}\r\nsecret\r\n"))
    };
    check(act, "properly").await;
}

#[tokio::test]
async fn a_value_larger_than_the_server_can_keep_breaks_the_link() {
    let act = |heard: &Heard| {
        let Heard { key, number } = heard;
        say(format!("VA 99999999999 c1 k{key} O{number}\r\nsecret"))
    };
    check(act, "properly").await;
}

#[tokio::test]
async fn a_command_that_is_not_understood_breaks_the_link() {
    check(|_| say("CLIENT_ERROR secret\r\n"), "understand").await;
    check(|_| say("ERROR\r\n"), "understand").await;
}

#[tokio::test]
async fn half_a_reply_breaks_the_link() {
    for text in [
        "",
        "VA 6 c1",
        "VA 6 c1 kKEY ONUMBER\r\n",
        "VA 6 c1 kKEY ONUMBER\r\nsec",
    ] {
        let act = move |heard: &Heard| {
            let text = text.replace("KEY", &heard.key);
            Act::SayLast(text.replace("NUMBER", &heard.number.to_string()))
        };
        check(act, "closed the connection").await;
    }
}

#[tokio::test]
async fn two_replies_to_one_command_break_the_link() {
    let act = |heard: &Heard| {
        let Heard { key, number } = heard;
        let reply = format!("VA 6 c1 k{key} O{number}\r\nsecret\r\n");
        say(reply.repeat(2))
    };
    let peer = peer::start(GREETING, move |heard| act(&heard)).await;
    let link = dial(&peer).await.expect("the peer greets");
    found(
        link.run(vec![Op::Get(name(1))])
            .await
            .expect("the first reply is proper")
            .remove(0),
        "secret",
    );
    broken(link.run(vec![Op::Get(name(2))]).await);
}

#[tokio::test]
async fn a_refusal_is_the_answer_to_one_command_only() {
    let peer = peer::start(GREETING, move |heard| {
        let Heard { key, number } = heard;
        match key == name(2).as_str() {
            true => say("SERVER_ERROR secret\r\n"),
            false => say(format!("VA 2 c1 k{key} O{number}\r\nok\r\n")),
        }
    });
    let link = dial(&peer.await).await.expect("the peer greets");
    let gets = [1, 2, 3].map(|number| Op::Get(name(number)));
    let answers = ask_all(&link, gets.into()).await;
    let [first, second, third] = answers.try_into().expect("three answers");
    found(first, "ok");
    found(third, "ok");
    match second {
        Answer::Refused(error) => assert!(!error.to_string().contains("secret"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_that_others_are_always_faster_with_is_refused() {
    let turn = Arc::new(AtomicU64::new(0));
    let peer = peer::start(GREETING, move |heard| {
        let Heard { key, number } = heard;
        // Looked at, it is there; written, it is another.
        match turn.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => say(format!("VA 2 c1 k{key} O{number}\r\nok\r\n")),
            _ => say(format!("EX k{key} O{number}\r\n")),
        }
    });
    let link = dial(&peer.await).await.expect("the peer greets");
    let splice = Op::Splice {
        name: name(1),
        at: 0,
        value: b"x".into(),
        keep: KEEP,
    };
    match ask(&link, splice).await {
        Answer::Refused(error) => assert!(error.to_string().contains("too many"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_goes_away_breaks_the_link() {
    let server = Server::start();
    let link = link(&server).await;
    ask(&link, set(&name(1), "x")).await;
    server.kill();
    broken(link.run(vec![Op::Get(name(1))]).await);
    server.restart();
    // A link never comes back; another does.
    broken(link.run(vec![Op::Get(name(1))]).await);
    let again = super::link(&server).await;
    missing(ask(&again, Op::Get(name(1))).await);
}
