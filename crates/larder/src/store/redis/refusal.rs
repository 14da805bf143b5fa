//! What a server means when it refuses a command.

use redis::{RedisError, ServerError};

use crate::error::Error;
use crate::store::remote::link::Fault;

/// What follows from a refusal.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The whole batch has no answers.
    Batch(Fault),
    /// This operation was not done; others may have been.
    Operation(Error),
    /// A value of another kind is there, which is none of ours.
    Foreign,
    /// The server does not know the script by its digest (any more).
    UnknownScript,
}

impl Refusal {
    /// Reads a refusal. `member` says whether the server is one of a cluster.
    pub(super) fn read(address: &str, error: &ServerError, member: bool) -> Refusal {
        let refused = |why: &str| Error::store(format!("{address} {why} ({})", words(error)));
        match error.code() {
            "WRONGTYPE" => Refusal::Foreign,
            "NOSCRIPT" => Refusal::UnknownScript,
            "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" => {
                let error = refused("does not serve this part of the cluster now");
                Refusal::Batch(Fault::Moved(error))
            }
            "READONLY" if member => Refusal::Batch(Fault::Moved(refused(
                "is no longer a master of the cluster",
            ))),
            // Whoever dials again learns who is master now.
            "READONLY" => Refusal::Batch(Fault::Broken(refused("is no longer a master"))),
            "LOADING" => Refusal::Batch(Fault::Broken(refused("is still loading its data"))),
            "MASTERDOWN" => {
                Refusal::Batch(Fault::Broken(refused("is a replica that lost its master")))
            }
            "NOAUTH" | "WRONGPASS" => {
                Refusal::Batch(Fault::Broken(refused("no longer accepts the user")))
            }
            "BUSY" => Refusal::Batch(Fault::Broken(refused("is busy with a long script"))),
            "OOM" => Refusal::Operation(refused("has no room left")),
            "NOPERM" => Refusal::Operation(refused("does not allow the user this operation")),
            _ => Refusal::Operation(refused("refuses the operation")),
        }
    }
}

/// What the server said, without the arguments that it may repeat.
pub(super) fn words(error: &ServerError) -> String {
    let details = error.details().unwrap_or_default();
    let details = match details.find(", with args") {
        Some(arguments) => &details[..arguments],
        None => details,
    };
    format!("{} {details}", error.code()).trim_end().to_owned()
}

/// What happened to a connection.
pub(super) fn broken(address: &str, error: &RedisError) -> Error {
    Error::store(format!("the connection to {address} broke: {error}"))
}

#[cfg(test)]
mod tests {
    use redis::{ServerError, Value, parse_redis_value};

    use super::*;

    fn error(text: &str) -> ServerError {
        match parse_redis_value(format!("-{text}\r\n").as_bytes()) {
            Ok(Value::ServerError(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_server_that_is_not_the_one_is_told_from_one_that_refuses() {
        let read = |text, member| Refusal::read("cache:1", &error(text), member);
        for moved in [
            "MOVED 1 a:2",
            "ASK 1 a:2",
            "CLUSTERDOWN x",
            "TRYAGAIN x",
            "READONLY x",
        ] {
            assert!(
                matches!(read(moved, true), Refusal::Batch(Fault::Moved(_))),
                "{moved}"
            );
        }
        for broken in [
            "READONLY x",
            "LOADING x",
            "MASTERDOWN x",
            "NOAUTH x",
            "BUSY x",
        ] {
            assert!(
                matches!(read(broken, false), Refusal::Batch(Fault::Broken(_))),
                "{broken}"
            );
        }
        for refused in ["OOM x", "NOPERM x", "MISCONF x", "ERR x", "NOREPLICAS x"] {
            assert!(
                matches!(read(refused, false), Refusal::Operation(_)),
                "{refused}"
            );
        }
        assert!(matches!(read("WRONGTYPE x", false), Refusal::Foreign));
        assert!(matches!(read("NOSCRIPT x", false), Refusal::UnknownScript));
    }

    #[test]
    fn arguments_that_the_server_repeats_are_left_out() {
        let error = error("ERR unknown command 'GETEX', with args beginning with: 'shop:e1:x' ");
        assert_eq!(words(&error), "ERR unknown command 'GETEX'");
    }
}
