//! Conditional operations where scripts are denied: watch the name, read it, write in a
//! transaction, which the server drops if the name was touched in between.

use redis::Value;
use tokio::sync::Mutex;

use super::condition::Condition;
use super::refusal::{Refusal, broken};
use super::reply::found;
use super::script::Change;
use super::spell::{Ability, about, millis, set};
use super::wire::Wire;
use crate::error::Error;
use crate::store::remote::link::{Answer, Fault, Op};

/// How often a value may be touched between its look and its transaction before an operation is
/// given up. A touch that changes the head ends the operation at once.
const ATTEMPTS_MAX: usize = 16;

/// A connection of its own for transactions, for one of them at a time: what is watched belongs to
/// the connection.
///
/// # Cancel safety
///
/// Whoever goes away between look and transaction leaves a name watched. The next one begins by
/// watching none.
pub(super) struct Transactions(Mutex<Wire>);

impl Transactions {
    pub(super) fn new(wire: Wire) -> Transactions {
        Transactions(Mutex::new(wire))
    }

    /// Does one conditional operation.
    pub(super) async fn run(&self, op: &Op, ability: &Ability) -> Result<Answer, Fault> {
        let asked = Condition::of(op).expect("a conditional operation");
        if asked.value.len() > ability.value_bytes_max {
            return Ok(Answer::TooLarge);
        }
        let wire = self.0.lock().await;
        for _ in 0..ATTEMPTS_MAX {
            let mut watch = redis::cmd("WATCH");
            watch.arg(asked.name.as_str());
            let look = vec![redis::cmd("UNWATCH"), watch, about("GET", asked.name)];
            let there = match ask(&wire, look, ability).await? {
                Reply::Refused(answer) => return Ok(answer),
                Reply::Values(mut values) => values.pop().unwrap_or_default(),
            };
            let there = found(there).ok_or_else(|| strange(ability))?;
            match &there {
                Answer::Found(found) if found.begins_with(asked.head) => {}
                _ => return Ok(there),
            }
            let change = match asked.change {
                Change::Swap => set(asked.name, asked.value, asked.keep),
                Change::Take => about("DEL", asked.name),
                Change::Renew => {
                    let mut command = about("PEXPIRE", asked.name);
                    command.arg(millis(asked.keep));
                    command
                }
            };
            // In one message: nobody who goes away leaves a transaction open.
            let transaction = vec![redis::cmd("MULTI"), change, redis::cmd("EXEC")];
            match ask(&wire, transaction, ability).await? {
                Reply::Refused(answer) => return Ok(answer),
                Reply::Values(mut values) => match values.pop() {
                    Some(Value::Nil) => {}
                    Some(Value::Array(done)) => {
                        return Ok(match refused(&done, ability)? {
                            Some(answer) => answer,
                            None => Answer::Done,
                        });
                    }
                    _ => return Err(strange(ability)),
                },
            }
        }
        Ok(Answer::Refused(Error::store(format!(
            "a value on {} was touched by others {ATTEMPTS_MAX} times in a row",
            ability.address
        ))))
    }
}

enum Reply {
    Values(Vec<Value>),
    Refused(Answer),
}

async fn ask(wire: &Wire, commands: Vec<redis::Cmd>, ability: &Ability) -> Result<Reply, Fault> {
    let values = wire
        .ask(commands)
        .await
        .map_err(|error| Fault::Broken(broken(&ability.address, &error)))?;
    Ok(match refused(&values, ability)? {
        Some(answer) => Reply::Refused(answer),
        None => Reply::Values(values),
    })
}

/// The first refusal among replies. That a transaction was dropped says less than why.
fn refused(values: &[Value], ability: &Ability) -> Result<Option<Answer>, Fault> {
    let first = values.iter().find_map(|value| match value {
        Value::ServerError(error) => Some(error),
        _ => None,
    });
    let Some(error) = first else {
        return Ok(None);
    };
    match Refusal::read(&ability.address, error, ability.member) {
        Refusal::Batch(fault) => Err(fault),
        Refusal::Operation(error) => Ok(Some(Answer::Refused(error))),
        Refusal::Foreign => Ok(Some(Answer::Missing)),
        Refusal::UnknownScript => Err(strange(ability)),
    }
}

fn strange(ability: &Ability) -> Fault {
    Fault::Broken(Error::store(format!(
        "{} gave a reply that does not fit a transaction",
        ability.address
    )))
}
