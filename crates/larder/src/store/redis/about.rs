//! What servers say about themselves, for people and for tools that judge it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use redis::{Cmd, Value};
use tokio::time::{Instant, timeout};

use super::Redis;
use super::endpoint::Endpoint;
use super::greeting::{greet, text_of};
use super::news::Masters;
use super::wire::Wire;
use crate::clock::{Clock, Moment, SystemClock};
use crate::error::{Error, Result};

/// The settings that are asked for, each by itself: an older server takes one at a time.
const SETTINGS: [&str; 10] = [
    "maxmemory",
    "maxmemory-policy",
    "appendonly",
    "save",
    "min-replicas-to-write",
    "min-slaves-to-write",
    "stop-writes-on-bgsave-error",
    "timeout",
    "protected-mode",
    "bind",
];

/// What one server of a [`Redis`] store says about itself: see [`Redis::about`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisServer {
    /// Where it is.
    pub address: String,
    /// Whether what is sent there never leaves this machine.
    pub is_local: bool,
    /// Whether it is spoken to over TLS.
    pub is_encrypted: bool,
    /// Whether a password was given.
    pub has_password: bool,
    /// Who knows where the master is.
    pub deployment: RedisDeployment,
    /// The fields of `INFO`.
    pub info: BTreeMap<String, String>,
    /// The fields of `CLUSTER INFO`, of one of a cluster.
    pub cluster: BTreeMap<String, String>,
    /// Settings; nothing if the user may not ask for them, as with most servers that one rents.
    pub settings: Option<BTreeMap<String, String>>,
    /// The user's name on the server, if it tells.
    pub user: Option<String>,
    /// Whether the user may run scripts: without them larder takes a connection more.
    pub may_script: bool,
    /// Whether the user may list names, which [`keys`](crate::Cache::keys) needs.
    pub may_list: bool,
    /// What would have to be granted for a near tier that is told of changes; empty if all is.
    pub push_needs: Vec<String>,
    /// How far the server's clock is from this machine's, at least.
    pub clocks_differ: Option<Duration>,
    /// How long it took to answer.
    pub round_trip: Duration,
}

/// Who knows where a master is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisDeployment {
    /// Nobody: it is always at its place.
    Single,
    /// Sentinels.
    Sentinel,
    /// A cluster.
    Cluster,
}

impl Redis {
    /// What each of its masters says about itself, over a connection of its own. What a server does not
    /// tell is left out. For people and for tools: nothing that larder promises depends on it.
    ///
    /// # Errors
    ///
    /// For each server: it cannot be reached, or will not do ([`is_config`](Error::is_config)).
    pub async fn about(&self) -> Vec<Result<RedisServer>> {
        let (deployment, endpoints) = match &self.reach.masters {
            Masters::Fixed(endpoint) => (RedisDeployment::Single, vec![Ok(endpoint.clone())]),
            Masters::Sentinel(dial) => {
                let named = dial.locate().await.map(|named| named.endpoint);
                (RedisDeployment::Sentinel, vec![named])
            }
            Masters::Cluster(cluster) => {
                let masters = cluster.masters().into_iter().map(|(place, _)| Ok(place));
                (RedisDeployment::Cluster, masters.collect())
            }
        };
        let asked = endpoints.into_iter().map(|endpoint| async {
            let endpoint = endpoint?;
            let limit = self.reach.settings.connect_timeout;
            match timeout(limit, self.ask(&endpoint, deployment)).await {
                Ok(answer) => answer,
                Err(_) => Err(Error::store(format!(
                    "{endpoint} has not answered within {limit:?}"
                ))),
            }
        });
        join_all(asked).await
    }

    async fn ask(&self, endpoint: &Endpoint, deployment: RedisDeployment) -> Result<RedisServer> {
        let settings = &self.reach.settings;
        let wire = Wire::open(endpoint, settings).await?;
        let greeting = greet(&wire, settings).await?;
        let mut commands = vec![
            spelled(&["INFO"]),
            spelled(&["CLUSTER", "INFO"]),
            spelled(&["ACL", "WHOAMI"]),
            spelled(&["SCAN", "0", "MATCH", "larder:nothing", "COUNT", "1"]),
        ];
        let told = commands.len();
        commands.extend(SETTINGS.map(|name| spelled(&["CONFIG", "GET", name])));
        let replies = wire.ask_first(commands, true).await?;
        let (first, configured) = replies.split_at(told.min(replies.len()));
        let text = |place: usize| first.get(place).and_then(text_of);
        // Alone, so that nothing else is measured.
        let began = (Instant::now(), SystemClock.now());
        let time = wire.ask_first(vec![spelled(&["TIME"])], true).await?;
        let round_trip = began.0.elapsed();
        Ok(RedisServer {
            address: wire.address.clone(),
            is_local: endpoint.is_local(),
            is_encrypted: settings.tls.is_some(),
            has_password: settings.login.password.is_some(),
            deployment,
            info: fields(&text(0).unwrap_or_default()),
            cluster: fields(&text(1).unwrap_or_default()),
            settings: configuration(configured),
            user: text(2),
            may_script: greeting.scripts,
            may_list: matches!(first.get(3), Some(Value::Array(_))),
            push_needs: greeting.news_need,
            clocks_differ: time.first().and_then(moment).map(|server| {
                let sent = began.1;
                let answered = SystemClock.now();
                // Some time between: what cannot be explained by the way is a difference.
                match server < sent {
                    true => sent.since(server),
                    false => server.since(answered),
                }
            }),
            round_trip,
        })
    }
}

/// Lines `name:value`.
fn fields(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.to_owned(), value.trim_end().to_owned()))
        .collect()
}

/// The settings that were told; nothing if the server told none.
fn configuration(replies: &[Value]) -> Option<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for reply in replies {
        let pair: Vec<String> = match reply {
            Value::Array(pair) => pair.iter().filter_map(text_of).collect(),
            Value::Map(pairs) => {
                let both = pairs.iter().flat_map(|(name, value)| [name, value]);
                both.filter_map(text_of).collect()
            }
            _ => return None,
        };
        if let [name, value] = &pair[..] {
            all.insert(name.clone(), value.clone());
        }
    }
    Some(all)
}

/// What `TIME` says.
fn moment(reply: &Value) -> Option<Moment> {
    let Value::Array(parts) = reply else {
        return None;
    };
    let number = |place: usize| text_of(parts.get(place)?)?.parse::<u64>().ok();
    let micros = number(0)?.checked_mul(1_000_000)?.checked_add(number(1)?)?;
    Some(Moment::from_nanos(micros.checked_mul(1_000)?))
}

fn spelled(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_does_not_tell_is_left_out() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let told = Value::Array(vec![text("maxmemory"), text("0")]);
        let none = Value::Array(Vec::new());
        let all = configuration(&[told, none]).unwrap();
        assert_eq!((all.len(), all["maxmemory"].as_str()), (1, "0"));
        assert_eq!(configuration(&[Value::Nil]), None);
        assert_eq!(moment(&Value::Nil), None);
        assert_eq!(
            moment(&Value::Array(vec![text("1"), text("5")])).map(Moment::as_nanos),
            Some(1_000_005_000)
        );
        assert_eq!(fields("# Server\r\nrole:master\r\n")["role"], "master");
    }
}
