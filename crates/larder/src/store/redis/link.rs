//! A connection to one server, on which operations are run.

use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use redis::{Cmd, Value};
use tokio::time::Instant;

use super::condition::Condition;
use super::page::{beginnings, page};
use super::refusal::broken;
use super::sentinel::{Named, SentinelDial};
use super::server::Server;
use super::spell::{Ability, Batch};
use super::transaction::Transactions;
use super::wire::Wire;
use crate::error::{Error, Result};
use crate::store::remote::link::{Answer, Fault, Incarnation, Link, Op};
use crate::store::remote::list::{Beginning, Page, PageAsk};

/// How often a link in use asks whether the server still lives the life that it began with, and its
/// sentinels whether it is still the master. A server may become a replica and a master again
/// without closing its connections.
pub const LIFE_ASKED_EVERY: Duration = Duration::from_secs(1);

/// A connection to one server.
pub(super) struct RedisLink {
    wire: Wire,
    server: Server,
    /// The server's own, which every batch asks for.
    incarnation: Incarnation,
    pub(super) ability: Ability,
    /// Where scripts are denied.
    transactions: Option<Transactions>,
    /// Who is asked beside the server, where it is one that sentinels have named.
    overseer: Option<Overseer>,
    /// When it was last asked whether this is still the same life.
    asked: Mutex<Instant>,
}

/// The sentinels that have named a link's server.
#[derive(Clone)]
pub(super) struct Overseer {
    pub(super) sentinels: SentinelDial,
    /// As they have named it.
    pub(super) master: Named,
}

impl RedisLink {
    pub(super) fn new(
        wire: Wire,
        server: Server,
        value_bytes_max: usize,
        transactions: Option<Transactions>,
        overseer: Option<Overseer>,
    ) -> RedisLink {
        let ability = Ability {
            address: wire.address.clone(),
            member: server.member,
            add_tells: server.add_tells(),
            value_bytes_max,
        };
        RedisLink {
            wire,
            incarnation: server.incarnation(),
            server,
            ability,
            transactions,
            overseer,
            asked: Mutex::new(Instant::now()),
        }
    }

    async fn run_all(&self, ops: Vec<Op>) -> Result<Vec<Answer>, Fault> {
        let Some(transactions) = &self.transactions else {
            return self.run_batch(ops).await;
        };
        let mut answers = Vec::with_capacity(ops.len());
        let mut plain = Vec::new();
        for op in ops {
            if Condition::of(&op).is_none() {
                plain.push(op);
                continue;
            }
            answers.extend(self.run_batch(std::mem::take(&mut plain)).await?);
            answers.push(transactions.run(&op, &self.ability).await?);
        }
        answers.extend(self.run_batch(plain).await?);
        Ok(answers)
    }

    async fn run_batch(&self, ops: Vec<Op>) -> Result<Vec<Answer>, Fault> {
        if ops.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = Batch::spell(ops, &self.ability);
        let commands = std::mem::take(&mut batch.commands);
        let replies = self.ask(commands).await?;
        let mut outcome = batch.read(replies, &self.ability)?;
        if !outcome.unknown.is_empty() {
            let mut batch = Batch::spell_out(&outcome.unknown);
            let commands = std::mem::take(&mut batch.commands);
            let replies = self.ask(commands).await?;
            let again = batch.read(replies, &self.ability)?;
            for ((place, _), answer) in outcome.unknown.into_iter().zip(again.answers) {
                outcome.answers[place] = answer;
            }
        }
        Ok(outcome.answers)
    }

    /// Asks commands, and after them, when it is time, whether the server's life goes on: what it
    /// says then was true of all the replies before. Its sentinels are asked at the same time, and
    /// their answer is waited for: a link that was idle while another master was promoted has no
    /// other way to know.
    pub(super) async fn ask(&self, mut commands: Vec<Cmd>) -> Result<Vec<Value>, Fault> {
        let began = Instant::now();
        let asks_life = !commands.is_empty() && self.is_time(began);
        if asks_life {
            let mut command = redis::cmd("INFO");
            command.arg("replication");
            commands.push(command);
        }
        let (replies, is_replaced) = tokio::join!(self.wire.ask(commands), async {
            match &self.overseer {
                Some(Overseer { sentinels, master }) if asks_life => {
                    sentinels.names_another_than(master).await
                }
                _ => false,
            }
        });
        let mut replies =
            replies.map_err(|error| Fault::Broken(broken(&self.ability.address, &error)))?;
        if is_replaced {
            return Err(Fault::Broken(Error::store(format!(
                "the sentinels name another master than {}",
                self.ability.address
            ))));
        }
        if asks_life {
            let same = match replies.pop() {
                Some(Value::BulkString(info)) => {
                    self.server.is_still(&String::from_utf8_lossy(&info))
                }
                _ => false,
            };
            if !same {
                return Err(Fault::Broken(Error::store(format!(
                    "{} is no longer the master that it was",
                    self.ability.address
                ))));
            }
            // Only now: who comes while we ask must ask too, and so must all if our caller goes away.
            *self.asked.lock() = began;
        }
        Ok(replies)
    }

    fn is_time(&self, now: Instant) -> bool {
        now.duration_since(*self.asked.lock()) >= LIFE_ASKED_EVERY
    }
}

impl Link for RedisLink {
    fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    fn run(&self, ops: Vec<Op>) -> BoxFuture<'_, Result<Vec<Answer>, Fault>> {
        Box::pin(self.run_all(ops))
    }

    fn page<'a>(&'a self, ask: &'a PageAsk<'a>) -> BoxFuture<'a, Result<Result<Page>, Fault>> {
        Box::pin(page(self, ask))
    }

    fn beginnings<'a>(
        &'a self,
        names: &'a [String],
        bytes: usize,
    ) -> BoxFuture<'a, Result<Result<Vec<Beginning>>, Fault>> {
        Box::pin(beginnings(self, names, bytes))
    }
}
