//! A server: dialled when it is needed, dialled again when its link broke, left alone for a while
//! when it does not answer.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::link::{Answer, Dial, Fault, Incarnation, Link, Op};
use super::list::{Beginning, Page, PageAsk};
use crate::error::{Error, Result};

/// How long a dial may take, if nobody says otherwise.
pub const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(2);

/// How long a server may take to answer, if nobody says otherwise.
pub const RESPONSE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(1);

/// How long a server that could not be reached is left alone the first time. It doubles with
/// every failure up to [`BACKOFF_MAX`], and is shortened at random by up to a half.
pub const BACKOFF_MIN: Duration = Duration::from_millis(50);

/// How long a server that cannot be reached is left alone at most.
pub const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// Times that a server is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect_timeout: CONNECT_TIMEOUT_DEFAULT,
            response_timeout: RESPONSE_TIMEOUT_DEFAULT,
        }
    }
}

/// A server, with the link to it or the time until which it is left alone.
pub(crate) struct Node {
    dial: Arc<dyn Dial>,
    limits: Limits,
    /// Never held across an await.
    state: Mutex<State>,
}

/// What a dial came to; nothing while it runs.
type Dialled = Option<Result<Arc<dyn Link>>>;

#[derive(Default)]
struct State {
    link: Option<Arc<dyn Link>>,
    /// The dial that is running, for all who want its link.
    dialling: Option<watch::Receiver<Dialled>>,
    /// Failures since it last answered.
    failures: u32,
    /// Not to be dialled before this, with the error that said so.
    closed: Option<(Instant, Error)>,
}

/// A link as one operation of the store uses it: all its round trips go to one life of the server.
pub(crate) struct Lane {
    node: Arc<Node>,
    link: Arc<dyn Link>,
}

/// Why a batch has no answers, and what may be done about it.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The server does not answer.
    Down(Error),
    /// The link broke while it was used; another may work at once.
    Broken(Error),
    /// Another server keeps these names.
    Moved(Error),
}

impl Failure {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Failure::Down(error) | Failure::Broken(error) | Failure::Moved(error) => error,
        }
    }
}

impl Node {
    pub(crate) fn new(dial: Arc<dyn Dial>, limits: Limits) -> Arc<Node> {
        Arc::new(Node {
            dial,
            limits,
            state: Mutex::default(),
        })
    }

    /// Where it is, for people.
    pub(crate) fn address(&self) -> &str {
        self.dial.address()
    }

    /// The link, dialled if there is none.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, or could not a moment ago and is left alone for now: that
    /// error comes at once.
    ///
    /// # Cancel safety
    ///
    /// The dial goes on for others.
    pub(crate) async fn lane(self: &Arc<Node>) -> Result<Lane, Failure> {
        let dialled = {
            let mut state = self.state.lock();
            if let Some(link) = &state.link {
                return Ok(self.lane_over(link));
            }
            if let Some((until, error)) = &state.closed
                && Instant::now() < *until
            {
                return Err(Failure::Down(error.clone()));
            }
            match &state.dialling {
                Some(dialled) => dialled.clone(),
                None => {
                    let (tell, dialled) = watch::channel(None);
                    state.dialling = Some(dialled.clone());
                    let node = self.clone();
                    tokio::spawn(async move {
                        let link = node.dial_once().await;
                        let _ = tell.send(Some(link));
                    });
                    dialled
                }
            }
        };
        let mut dialled = dialled;
        let link = match dialled.wait_for(Option::is_some).await {
            Ok(link) => link.clone(),
            // The runtime dropped the task.
            Err(_) => {
                self.state.lock().dialling = None;
                None
            }
        };
        match link {
            Some(Ok(link)) => Ok(self.lane_over(&link)),
            Some(Err(error)) => Err(Failure::Down(error)),
            None => Err(Failure::Down(Error::store("the runtime was shut down"))),
        }
    }

    fn lane_over(self: &Arc<Node>, link: &Arc<dyn Link>) -> Lane {
        Lane {
            node: self.clone(),
            link: link.clone(),
        }
    }

    async fn dial_once(&self) -> Result<Arc<dyn Link>> {
        let dialled = timeout(self.limits.connect_timeout, self.dial.dial()).await;
        let dialled = dialled.unwrap_or_else(|_| {
            Err(Error::store(format!(
                "{} does not answer: no connection within {:?}",
                self.address(),
                self.limits.connect_timeout
            )))
        });
        let mut state = self.state.lock();
        state.dialling = None;
        match &dialled {
            Ok(link) => {
                state.failures = 0;
                state.closed = None;
                state.link = Some(link.clone());
            }
            Err(error) => state.leave_alone(error),
        }
        dialled
    }

    /// Gives the link up, if it is still the one in use.
    fn drop_link(&self, link: &Arc<dyn Link>, silent: Option<&Error>) {
        let mut state = self.state.lock();
        let in_use = state.link.as_ref();
        if in_use.is_some_and(|used| Arc::ptr_eq(used, link)) {
            state.link = None;
            // A server that closed the link may take another at once. One that is silent would
            // let the next caller wait as long.
            if let Some(error) = silent {
                state.leave_alone(error);
            }
        }
    }
}

impl State {
    fn leave_alone(&mut self, error: &Error) {
        let doubled = BACKOFF_MIN.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let longest = doubled.min(BACKOFF_MAX);
        let shortest = longest / 2;
        let chance = crate::encoding::hash(&self.failures.to_le_bytes()) % 1024;
        let wait = shortest + (longest - shortest) * (chance as u32) / 1024;
        self.closed = Some((Instant::now() + wait, error.clone()));
    }
}

impl Lane {
    /// The life of the server at the other end.
    pub(crate) fn incarnation(&self) -> Incarnation {
        self.link.incarnation()
    }

    /// Where the server is, for people.
    pub(crate) fn address(&self) -> &str {
        self.node.address()
    }

    /// Runs a batch: see [`Link::run`].
    pub(crate) async fn run(&self, ops: Vec<Op>) -> Result<Vec<Answer>, Failure> {
        let count = ops.len();
        let answers = self.in_time(self.link.run(ops)).await?;
        if answers.len() == count {
            return Ok(answers);
        }
        self.node.drop_link(&self.link, None);
        Err(Failure::Broken(Error::store(format!(
            "{} gave another number of answers than it was asked for",
            self.address()
        ))))
    }

    /// Asks for a part of what the server keeps: see [`Link::page`].
    pub(crate) async fn page(&self, ask: &PageAsk<'_>) -> Result<Page, Failure> {
        let page = self.in_time(self.link.page(ask)).await?;
        page.map_err(Failure::Down)
    }

    /// Asks for the beginnings of values: see [`Link::beginnings`].
    pub(crate) async fn beginnings(
        &self,
        names: &[String],
        bytes: usize,
    ) -> Result<Vec<Beginning>, Failure> {
        let told = self.in_time(self.link.beginnings(names, bytes)).await?;
        told.map_err(Failure::Down)
    }

    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Failure> {
        match timeout(self.node.limits.response_timeout, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Fault::Broken(error))) => {
                self.node.drop_link(&self.link, None);
                Err(Failure::Broken(error))
            }
            Ok(Err(Fault::Moved(error))) => Err(Failure::Moved(error)),
            Err(_) => {
                let error = Error::store(format!(
                    "{} has not answered within {:?}",
                    self.address(),
                    self.node.limits.response_timeout
                ));
                self.node.drop_link(&self.link, Some(&error));
                Err(Failure::Down(error))
            }
        }
    }

    /// Gives the link up: the server is not what it should be.
    pub(crate) fn abandon(&self) {
        self.node.drop_link(&self.link, None);
    }
}
