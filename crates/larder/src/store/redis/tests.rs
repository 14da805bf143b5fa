//! Links to real servers.

mod cancelled;
mod clusters;
mod conditions;
mod lives;
mod older;
mod ops;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use larder_servers::Redis as Server;

use super::dial::ServerDial;
use super::endpoint::{Endpoint, PORT_DEFAULT};
use super::settings::{Login, Settings};
use crate::error::Result;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::remote::link::{Answer, Dial, Fault, Found, Link, Op};
use crate::store::remote::name::{Name, Names};

const KEEP: Duration = Duration::from_secs(100);

fn name(number: u64) -> Name {
    Names::new(&Namespace::new("shop"), None).entry(&Key::new(number))
}

fn settings() -> Settings {
    Settings {
        login: Login::default(),
        database: 0,
        tls: None,
        plaintext: false,
        connect_timeout: Duration::from_secs(5),
        response_timeout: Duration::from_secs(5),
        value_bytes_max: 1 << 20,
        news_need: OnceLock::new(),
    }
}

async fn dial_with(address: &str, settings: Settings, member: bool) -> Result<Arc<dyn Link>> {
    let endpoint = Endpoint::parse(address, PORT_DEFAULT).expect("an address");
    ServerDial::new(endpoint, Arc::new(settings), member)
        .dial()
        .await
}

async fn link(server: &Server) -> Arc<dyn Link> {
    let link = dial_with(&server.address(), settings(), false).await;
    link.unwrap_or_else(|error| panic!("{error}"))
}

async fn ask_all(link: &Arc<dyn Link>, ops: Vec<Op>) -> Vec<Answer> {
    let count = ops.len();
    let answers = link.run(ops).await.expect("the link works");
    assert_eq!(answers.len(), count);
    answers
}

async fn ask(link: &Arc<dyn Link>, op: Op) -> Answer {
    ask_all(link, vec![op]).await.remove(0)
}

fn set(name: &Name, value: impl AsRef<[u8]>) -> Op {
    Op::Set {
        name: name.clone(),
        value: value.as_ref().to_vec(),
        keep: KEEP,
    }
}

/// Something that somebody has seen.
fn seen(bytes: impl AsRef<[u8]>) -> Found {
    Found {
        bytes: bytes.as_ref().to_vec().into(),
        cas: 0,
    }
}

fn swap(name: &Name, there: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Op {
    Op::Swap {
        name: name.clone(),
        seen: seen(there),
        value: value.as_ref().to_vec(),
        keep: KEEP,
    }
}

#[track_caller]
fn done(answer: &Answer) {
    assert!(matches!(answer, Answer::Done), "{answer:?}");
}

#[track_caller]
fn missing(answer: &Answer) {
    assert!(matches!(answer, Answer::Missing), "{answer:?}");
}

#[track_caller]
fn found(answer: &Answer, expected: impl AsRef<[u8]>) {
    match answer {
        Answer::Found(found) => assert_eq!(&found.bytes[..], expected.as_ref()),
        other => panic!("{other:?}"),
    }
}

/// How long what is under a name will live.
fn left(server: &Server, name: &Name) -> Duration {
    let millis = server.ask(&["PTTL", name.as_str()]).integer();
    Duration::from_millis(millis.try_into().unwrap_or_default())
}

/// How often the server was asked a command.
fn calls(server: &Server, command: &str) -> u64 {
    let stats = server.ask(&["INFO", "commandstats"]).text();
    let line = stats
        .lines()
        .find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    let calls = line.and_then(|line| line.split(',').next()).unwrap_or("0");
    calls.parse().expect("a number")
}
