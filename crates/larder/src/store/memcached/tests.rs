//! Links to real servers, and to a peer that misbehaves.

mod astray;
mod cancelled;
mod conditions;
mod greetings;
mod ops;
mod peer;
mod pipelines;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
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
        bytes: bytes.as_ref().to_vec().into(),
        cas: 0,
    }
}
