//! A master that sentinels know: asked for at every dial, so that a failover is followed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use redis::Value;
use tokio::time::{Instant, timeout};

use super::dial::ServerDial;
use super::endpoint::Endpoint;
use super::link::Overseer;
use super::refusal::words;
use super::settings::{Login, Settings};
use super::wire::{Wire, no_password};
use crate::error::{Error, Result};
use crate::store::remote::link::{Dial, Link};

/// How long a link in use waits for its sentinels to say that its server is still the master. One
/// that is silent longer is not waited for: without a word against it the link goes on.
const OVERSEEN_WITHIN: Duration = Duration::from_millis(200);

/// How long a sentinel that was silent is asked without being waited for.
const SILENT_FOR: Duration = Duration::from_secs(10);

/// The master that the sentinels name.
#[derive(Clone)]
pub(super) struct SentinelDial {
    master: String,
    sentinels: Arc<[Sentinel]>,
    /// For the sentinels themselves.
    login: Login,
    address: String,
    settings: Arc<Settings>,
}

/// A master as a sentinel names it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) endpoint: Endpoint,
    /// The number of the failover that made it the master: of two, the higher one is right.
    pub(super) epoch: u64,
}

/// A sentinel, with the connection on which it was asked last.
struct Sentinel {
    endpoint: Endpoint,
    /// Never held across an await.
    wire: Mutex<Option<Arc<Wire>>>,
    /// Until then nobody waits for it: it has not answered in time.
    silent_until: Mutex<Option<Instant>>,
}

impl Sentinel {
    fn is_silent(&self) -> bool {
        self.silent_until
            .lock()
            .is_some_and(|until| Instant::now() < until)
    }
}

impl SentinelDial {
    pub(super) fn new(
        master: String,
        sentinels: Vec<Endpoint>,
        login: Login,
        settings: Arc<Settings>,
    ) -> SentinelDial {
        SentinelDial {
            address: format!("the master {master} of {}", listed(&sentinels)),
            master,
            sentinels: sentinels
                .into_iter()
                .map(|endpoint| Sentinel {
                    endpoint,
                    wire: Mutex::default(),
                    silent_until: Mutex::default(),
                })
                .collect(),
            login,
            settings,
        }
    }

    /// Where the master is now: what the sentinel says that knows of the latest failover. All are
    /// asked at once, for a dead one must not use up the time of the others.
    ///
    /// # Errors
    ///
    /// Every sentinel's error, or the one that is [`is_config`](Error::is_config).
    pub(super) async fn locate(&self) -> Result<Named> {
        let limit = self.settings.connect_timeout / 2;
        let asked = self.sentinels.iter();
        let asked = asked.map(|sentinel| self.ask_within(limit, sentinel));
        let mut wrong: Option<Error> = None;
        let mut latest: Option<Named> = None;
        for answer in join_all(asked).await {
            match answer {
                Ok(named) => {
                    if latest
                        .as_ref()
                        .is_none_or(|known| known.epoch < named.epoch)
                    {
                        latest = Some(named);
                    }
                }
                Err(error) => {
                    if wrong.as_ref().is_none_or(|wrong| !wrong.is_config()) {
                        wrong = Some(error);
                    }
                }
            }
        }
        latest.ok_or_else(|| wrong.unwrap_or_else(|| Error::config("no sentinel is named")))
    }

    /// Whether a sentinel knows of a later failover, to another master than this one. Waits for all
    /// sentinels but those that were silent a moment ago: the one that has decided tells the others
    /// within two seconds, and until then they name the old master.
    ///
    /// A master that stood still while another was promoted goes on as if nothing had happened, and
    /// its connections with it, until the sentinels have got round to demoting it. Until then only
    /// they know.
    pub(super) async fn names_another_than(&self, master: &Named) -> bool {
        let limit = OVERSEEN_WITHIN.min(self.settings.response_timeout / 2);
        let mut awaited = 0;
        let mut asked = FuturesUnordered::new();
        for sentinel in self.sentinels.iter() {
            let is_awaited = !sentinel.is_silent();
            awaited += usize::from(is_awaited);
            asked.push(async move { (is_awaited, self.ask_within(limit, sentinel).await) });
        }
        while awaited > 0
            && let Some((is_awaited, answer)) = asked.next().await
        {
            awaited -= usize::from(is_awaited);
            if answer
                .is_ok_and(|named| named.epoch > master.epoch && named.endpoint != master.endpoint)
            {
                return true;
            }
        }
        false
    }

    async fn ask_within(&self, limit: Duration, sentinel: &Sentinel) -> Result<Named> {
        let answer = timeout(limit, self.ask(sentinel)).await;
        *sentinel.silent_until.lock() = answer.is_err().then(|| Instant::now() + SILENT_FOR);
        answer.unwrap_or_else(|_| {
            // A connection on which nobody answers is not asked again.
            *sentinel.wire.lock() = None;
            Err(Error::store(format!(
                "the sentinel {} has not answered within {limit:?}",
                sentinel.endpoint
            )))
        })
    }

    async fn ask(&self, sentinel: &Sentinel) -> Result<Named> {
        let open = sentinel.wire.lock().clone();
        if let Some(wire) = open {
            if let Ok(master) = self.ask_over(&wire, &sentinel.endpoint).await {
                return Ok(master);
            }
            *sentinel.wire.lock() = None;
        }
        let wire = Wire::open(&sentinel.endpoint, &self.settings).await?;
        wire.log_in(&self.login, 0, &self.settings).await?;
        let master = self.ask_over(&wire, &sentinel.endpoint).await?;
        *sentinel.wire.lock() = Some(Arc::new(wire));
        Ok(master)
    }

    async fn ask_over(&self, wire: &Wire, sentinel: &Endpoint) -> Result<Named> {
        let mut place = redis::cmd("SENTINEL");
        place.arg("GET-MASTER-ADDR-BY-NAME").arg(&*self.master);
        let mut state = redis::cmd("SENTINEL");
        state.arg("MASTER").arg(&*self.master);
        let encrypted = self.settings.tls.is_some();
        let replies = wire.ask_first(vec![place, state], encrypted).await?;
        let (place, state) = match &replies[..] {
            [place, state] => (place, state),
            _ => return Err(strange(sentinel)),
        };
        match place {
            Value::Array(place) => match &place[..] {
                [Value::BulkString(host), Value::BulkString(port)] => {
                    let (host, port) = (text(host)?, text(port)?);
                    let port = port.parse().map_err(|_| strange(sentinel))?;
                    let endpoint = Endpoint::Tcp { host, port };
                    let epoch = epoch(state).ok_or_else(|| strange(sentinel))?;
                    Ok(Named { endpoint, epoch })
                }
                _ => Err(strange(sentinel)),
            },
            Value::Nil => Err(Error::config(format!(
                "the sentinel {sentinel} knows no master {:?}: is the name right?",
                self.master
            ))),
            Value::ServerError(error) => Err(match error.code() {
                "NOAUTH" => no_password(&format!("the sentinel {sentinel}")),
                "ERR" => Error::config(format!(
                    "{sentinel} is no sentinel ({}): name those, mostly at port 26379",
                    words(error)
                )),
                _ => Error::store(format!(
                    "the sentinel {sentinel} does not tell the master ({})",
                    words(error)
                )),
            }),
            _ => Err(strange(sentinel)),
        }
    }
}

/// The number of the last failover, in what a sentinel says of a master: names and values in turn.
fn epoch(state: &Value) -> Option<u64> {
    let Value::Array(fields) = state else {
        return None;
    };
    let field = fields
        .chunks_exact(2)
        .find(|field| matches!(&field[0], Value::BulkString(name) if name == b"config-epoch"))?;
    match &field[1] {
        Value::BulkString(number) => str::from_utf8(number).ok()?.parse().ok(),
        _ => None,
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::store("a sentinel gave no text"))
}

fn strange(sentinel: &Endpoint) -> Error {
    Error::store(format!("the sentinel {sentinel} gave a strange answer"))
}

/// Addresses, for people.
pub(super) fn listed(endpoints: &[Endpoint]) -> String {
    let shown: Vec<String> = endpoints.iter().map(Endpoint::to_string).collect();
    shown.join(", ")
}

impl Dial for SentinelDial {
    fn address(&self) -> &str {
        &self.address
    }

    fn dial(&self) -> BoxFuture<'_, Result<Arc<dyn Link>>> {
        Box::pin(async {
            let named = self.locate().await?;
            // A master that was just promoted, or demoted, may still say otherwise: its role is
            // checked, and the next dial asks again.
            let server = ServerDial::new(named.endpoint.clone(), self.settings.clone(), false);
            let overseer = Overseer {
                sentinels: self.clone(),
                master: named,
            };
            Ok(server.overseen_by(overseer).open().await? as Arc<dyn Link>)
        })
    }
}
