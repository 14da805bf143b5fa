//! Links to real servers, and to a peer that misbehaves.

mod astray;
mod cancelled;
mod greetings;
mod ops;
mod peer;
mod pipelines;

use std::sync::Arc;
use std::time::Duration;

use larder_servers::Memcached as Server;

use super::MEMCACHED_VALUE_BYTES_MAX_DEFAULT as VALUE_BYTES_MAX_DEFAULT;
use super::address::Address;
use super::dial::MemcachedDial;
use super::ring::Ring;
use crate::error::Result;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::remote::link::{Answer, Dial, Fault, Found, Link, Op};
use crate::store::remote::name::{Name, Names};

const KEEP: Duration = Duration::from_secs(100);

fn name(number: u64) -> Name {
    Names::new(&Namespace::new("shop"), None).entry(&Key::new(number))
}

async fn dial(address: &str) -> Result<Arc<dyn Link>> {
    let address = Address::parse(address)?;
    let life = Ring::incarnation(std::slice::from_ref(&address));
    MemcachedDial::new(address, life, VALUE_BYTES_MAX_DEFAULT)
        .dial()
        .await
}

async fn link(server: &Server) -> Arc<dyn Link> {
    dial(&server.address()).await.expect("the server answers")
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

/// What is there now.
async fn get(link: &Arc<dyn Link>, name: &Name) -> Option<Found> {
    match ask(link, Op::Get(name.clone())).await {
        Answer::Found(found) => Some(found),
        Answer::Missing => None,
        other => panic!("{other:?}"),
    }
}

async fn bytes(link: &Arc<dyn Link>, name: &Name) -> Option<Vec<u8>> {
    get(link, name).await.map(|found| found.bytes.to_vec())
}

fn set(name: &Name, value: impl AsRef<[u8]>) -> Op {
    Op::Set {
        name: name.clone(),
        value: value.as_ref().to_vec(),
        keep: KEEP,
    }
}

#[track_caller]
fn done(answer: Answer) {
    assert!(matches!(answer, Answer::Done), "{answer:?}");
}

#[track_caller]
fn missing(answer: Answer) {
    assert!(matches!(answer, Answer::Missing), "{answer:?}");
}

#[track_caller]
fn found(answer: Answer, expected: impl AsRef<[u8]>) {
    match answer {
        Answer::Found(found) => assert_eq!(&*found.bytes, expected.as_ref()),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn broken<T: std::fmt::Debug>(run: std::result::Result<T, Fault>) -> String {
    match run {
        Err(Fault::Broken(error)) => {
            assert!(error.is_store(), "{error:?}");
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}
