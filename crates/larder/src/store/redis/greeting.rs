//! The first exchange with a server: who it is, and what the user may do there.

use redis::{Cmd, Value};

use super::refusal::words;
use super::server::Server;
use super::settings::Settings;
use super::wire::{Wire, no_password};
use crate::error::{Error, Result};

/// A name under which nobody keeps anything: whether a command may be used is tried with it, in a
/// way that changes nothing.
const NOTHING: &str = "larder:nothing";

/// A digest that no script has: a server that may run scripts does not know it.
const NO_SCRIPT: &str = "0000000000000000000000000000000000000000";

/// Commands without which nothing works, with arguments that do nothing.
const NEEDED: [&[&str]; 8] = [
    &["GET", NOTHING],
    &["GETRANGE", NOTHING, "0", "0"],
    &["MGET", NOTHING],
    &["GETEX", NOTHING],
    &["SET", NOTHING, "", "PX", "1", "XX"],
    &["SETRANGE", NOTHING, "0", ""],
    &["PEXPIRE", NOTHING, "1"],
    &["DEL", NOTHING],
];

/// Commands that scripts need.
const SCRIPTED: [&[&str]; 3] = [
    &["EVALSHA", NO_SCRIPT, "0"],
    &["EVAL", "return 1", "0"],
    &["EXISTS", NOTHING],
];

/// Commands that do without scripts.
const TRANSACTIONAL: [&[&str]; 4] = [&["WATCH", NOTHING], &["UNWATCH"], &["MULTI"], &["EXEC"]];

/// Commands that news need, in a form that changes nothing.
const TELLING: [&[&str]; 2] = [&["HELLO"], &["CLIENT", "TRACKING", "OFF"]];

/// What the first exchange tells.
pub(super) struct Greeting {
    pub(super) server: Server,
    /// Whether scripts may be run.
    pub(super) scripts: bool,
    /// What would have to be granted for news; empty if all is.
    pub(super) news_need: Vec<String>,
}

/// Logs in, asks who is there, and tries what is allowed.
///
/// # Errors
///
/// [`is_config`](Error::is_config) if this server, or this user there, will not do.
pub(super) async fn greet(wire: &Wire, settings: &Settings) -> Result<Greeting> {
    wire.log_in(&settings.login, settings.database, settings)
        .await?;
    let mut commands: Vec<Cmd> = vec![
        spelled(&["INFO", "server"]),
        spelled(&["INFO", "replication"]),
        // For whoever looks at the server's list of clients.
        spelled(&["CLIENT", "SETNAME", "larder"]),
    ];
    let told = commands.len();
    let tried = NEEDED.iter().chain(&SCRIPTED).chain(&TELLING);
    commands.extend(tried.map(|words| spelled(words)));
    let replies = wire.ask_first(commands, settings.tls.is_some()).await?;
    let (first, tried) = replies.split_at(told.min(replies.len()));
    let info = told_by(&wire.address, first)?;
    let server = Server::read(&wire.address, &info)?;
    if let Some(said) = tried.iter().find_map(unready) {
        return Err(not_ready(&wire.address, &said));
    }
    let (needed, tried) = tried.split_at(NEEDED.len().min(tried.len()));
    let (scripted, telling) = tried.split_at(SCRIPTED.len().min(tried.len()));
    let missing = denied(&NEEDED, needed);
    if !missing.is_empty() {
        return Err(Error::config(format!(
            "{} does not let us use what larder needs: grant the user {} (and do not rename these)",
            wire.address,
            missing.join(" ")
        )));
    }
    Ok(Greeting {
        server,
        scripts: denied(&SCRIPTED, scripted).is_empty(),
        news_need: denied(&TELLING, telling),
    })
}

/// Tries what does without scripts.
///
/// # Errors
///
/// [`is_config`](Error::is_config) if that is not allowed either.
pub(super) async fn try_transactions(wire: &Wire, settings: &Settings) -> Result<()> {
    let commands = TRANSACTIONAL.iter().map(|words| spelled(words)).collect();
    let replies = wire.ask_first(commands, settings.tls.is_some()).await?;
    let missing = denied(&TRANSACTIONAL, &replies);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::config(format!(
        "the user at {} may neither run scripts (+eval +evalsha +exists) nor \
         transactions: grant the one or {}",
        wire.address,
        missing.join(" ")
    )))
}

/// What `INFO` says, in all its sections.
fn told_by(address: &str, replies: &[Value]) -> Result<String> {
    let mut info = String::new();
    for reply in replies.iter().take(2) {
        if let Some(text) = text_of(reply) {
            info.push_str(&text);
            continue;
        }
        match reply {
            Value::ServerError(error) => {
                let said = words(error);
                return Err(match error.code() {
                    "NOAUTH" => no_password(address),
                    "NOPERM" => Error::config(format!(
                        "the user at {address} may not ask who the server is ({said}): grant +info"
                    )),
                    "DENIED" => Error::config(format!(
                        "{address} takes no connection from another machine ({said})"
                    )),
                    "LOADING" | "MASTERDOWN" | "BUSY" => not_ready(address, &said),
                    _ if said.contains("max number of clients") => {
                        Error::store(format!("{address} takes no more clients ({said})"))
                    }
                    _ => Error::config(format!("{address} does not say who it is ({said})")),
                });
            }
            _ => {
                return Err(Error::config(format!(
                    "{address} does not say who it is: larder needs Redis or Valkey itself"
                )));
            }
        }
    }
    Ok(info)
}

/// What a server said that answers nobody for a while.
fn unready(reply: &Value) -> Option<String> {
    match reply {
        Value::ServerError(error) if matches!(error.code(), "LOADING" | "MASTERDOWN" | "BUSY") => {
            Some(words(error))
        }
        _ => None,
    }
}

fn not_ready(address: &str, said: &str) -> Error {
    Error::store(format!("{address} is not ready yet ({said})"))
}

/// A reply that is text, in either version of the protocol.
pub(super) fn text_of(reply: &Value) -> Option<String> {
    match reply {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::VerbatimString { text, .. } => Some(text.clone()),
        _ => None,
    }
}

/// The commands that were refused as such, as they would be granted. Refusals for other reasons
/// say nothing here: the name is a stranger's.
fn denied(tried: &[&[&str]], replies: &[Value]) -> Vec<String> {
    let refused = tried.iter().zip(replies).filter(|(_, reply)| match reply {
        Value::ServerError(error) => {
            let details = error.details().unwrap_or_default();
            match error.code() {
                "NOPERM" => details.contains("to run the"),
                "ERR" => details.contains("unknown command"),
                _ => false,
            }
        }
        _ => false,
    });
    refused
        .map(|(words, _)| match words {
            ["CLIENT", what, ..] => format!("+client|{}", what.to_ascii_lowercase()),
            words => format!("+{}", words[0].to_ascii_lowercase()),
        })
        .collect()
}

fn spelled(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command
}
