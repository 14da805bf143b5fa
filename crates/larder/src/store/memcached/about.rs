//! What servers say about themselves, for people and for tools that judge it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use super::super::remote::node::{CONNECT_TIMEOUT_DEFAULT, RESPONSE_TIMEOUT_DEFAULT};
use super::Memcached;
use super::address::Address;
use super::dial;
use super::greeting::{self, Answers};
use crate::error::{Error, Result};

/// What is asked of a server that has greeted: each ends with a line `END`.
const QUESTIONS: [&str; 2] = ["stats\r\n", "stats settings\r\n"];

/// What one server of a [`Memcached`] store says about itself: see [`Memcached::about`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MemcachedServer {
    /// Where it is.
    pub address: String,
    /// Whether what is sent there never leaves this machine.
    pub is_local: bool,
    /// What `stats` says.
    pub stats: BTreeMap<String, String>,
    /// What `stats settings` says.
    pub settings: BTreeMap<String, String>,
    /// How long it took to answer.
    pub round_trip: Duration,
}

impl Memcached {
    /// What each of its servers says about itself, over a connection of its own. For people and for
    /// tools: nothing that larder promises depends on it.
    ///
    /// # Errors
    ///
    /// For each server: it cannot be reached, or will not do ([`is_config`](Error::is_config)).
    pub async fn about(&self) -> Vec<Result<MemcachedServer>> {
        let limit = CONNECT_TIMEOUT_DEFAULT + RESPONSE_TIMEOUT_DEFAULT;
        let asked = self.servers.iter().map(|server| async move {
            match timeout(limit, ask(server)).await {
                Ok(answer) => answer,
                Err(_) => Err(Error::store(format!(
                    "memcached at {server} has not answered within {limit:?}"
                ))),
            }
        });
        join_all(asked).await
    }
}

async fn ask(server: &str) -> Result<MemcachedServer> {
    let address = Address::parse(server)?;
    let shown: Arc<str> = address.to_string().into();
    let mut stream = dial::open(&address, &shown).await?;
    greeting::greet(&shown, &mut *stream).await?;
    let mut told = Vec::with_capacity(QUESTIONS.len());
    let mut round_trip = Duration::ZERO;
    for question in QUESTIONS {
        let began = Instant::now();
        let sent = stream.write_all(question.as_bytes()).await;
        sent.map_err(|error| Error::store(format!("memcached at {shown} is lost: {error}")))?;
        let mut answers = Answers::new(&shown, &mut *stream);
        let mut fields = BTreeMap::new();
        loop {
            let line = answers.line().await?;
            let mut words = line.splitn(3, ' ');
            match (words.next(), words.next(), words.next()) {
                (Some("STAT"), Some(name), value) => {
                    let value = value.unwrap_or_default();
                    fields.insert(name.to_owned(), value.to_owned());
                }
                // The end, or a server that does not tell.
                _ => break,
            }
        }
        round_trip = began.elapsed();
        told.push(fields);
    }
    let settings = told.pop().unwrap_or_default();
    Ok(MemcachedServer {
        is_local: address.is_local(),
        address: shown.to_string(),
        stats: told.pop().unwrap_or_default(),
        settings,
        round_trip,
    })
}
