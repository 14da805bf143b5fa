//! What a server keeps, page by page: `SCAN`, which holds nobody up, and never `KEYS`.

use redis::Value;

use super::link::RedisLink;
use super::refusal::{Refusal, words};
use crate::error::{Error, Result};
use crate::store::remote::link::Fault;
use crate::store::remote::list::{Beginning, Page, PageAsk};

/// One page: two round trips, for names and for the beginnings of their values.
pub(super) async fn page(link: &RedisLink, ask: &PageAsk<'_>) -> Result<Result<Page>, Fault> {
    let ability = &link.ability;
    let mut scan = redis::cmd("SCAN");
    scan.arg(ask.cursor)
        .arg("MATCH")
        .arg(format!("{}*", ask.prefix))
        .arg("COUNT")
        .arg(ask.names);
    let (next, names) = match link.ask(vec![scan]).await?.pop() {
        Some(Value::Array(mut reply)) => match (reply.pop(), reply.pop()) {
            (Some(Value::Array(names)), Some(Value::BulkString(next))) => (next, names),
            _ => return Err(strange(link)),
        },
        Some(Value::ServerError(error)) if error.code() == "NOPERM" => {
            return Ok(Err(Error::config(format!(
                "{} does not let the user list keys ({}): grant +scan",
                ability.address,
                words(&error)
            ))));
        }
        Some(Value::ServerError(error)) => {
            return match Refusal::read(&ability.address, &error, ability.member) {
                Refusal::Batch(fault) => Err(fault),
                Refusal::Operation(error) => Ok(Err(error)),
                Refusal::Foreign | Refusal::UnknownScript => Err(strange(link)),
            };
        }
        _ => return Err(strange(link)),
    };
    let next = std::str::from_utf8(&next)
        .ok()
        .and_then(|next| next.parse().ok());
    let next = next.ok_or_else(|| strange(link))?;
    let names: Vec<String> = names
        .into_iter()
        .filter_map(|name| match name {
            Value::BulkString(name) => String::from_utf8(name).ok(),
            _ => None,
        })
        .collect();
    Ok(beginnings(link, &names, ask.bytes)
        .await?
        .map(|values| Page { next, values }))
}

/// The beginnings of these values: one round trip.
pub(super) async fn beginnings(
    link: &RedisLink,
    names: &[String],
    bytes: usize,
) -> Result<Result<Vec<Beginning>>, Fault> {
    let ability = &link.ability;
    let beginning = |name: &String| {
        let mut command = redis::cmd("GETRANGE");
        command.arg(name).arg(0).arg(bytes.saturating_sub(1));
        command
    };
    let heads = link.ask(names.iter().map(beginning).collect()).await?;
    let mut values = Vec::with_capacity(names.len());
    for (name, head) in names.iter().zip(heads) {
        match head {
            Value::BulkString(head) => values.push((name.clone(), head)),
            Value::ServerError(error) => {
                // What is of another kind is none of ours.
                match Refusal::read(&ability.address, &error, ability.member) {
                    Refusal::Batch(fault) => return Err(fault),
                    Refusal::Operation(error) => return Ok(Err(error)),
                    Refusal::Foreign | Refusal::UnknownScript => {}
                }
            }
            _ => {}
        }
    }
    Ok(Ok(values))
}

fn strange(link: &RedisLink) -> Fault {
    Fault::Broken(Error::store(format!(
        "{} gave a reply that does not fit a list of names",
        link.ability.address
    )))
}
