//! The dashboard, with its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use larder::{Cache, Clock, SystemClock};
use larder_report::{Act, ActOutcome, Reporting};
use tokio::sync::Semaphore;

use crate::access::Authorise;
use crate::token::{Purpose, Tokens};
use crate::{actions, assets, guard, pages};

/// A page waits so long for the store; then it says that it does not answer.
pub const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// A list of keys is looked for so long, if nobody says otherwise; then what was found so far is shown, with
/// where it goes on.
pub const LISTED_WITHIN: Duration = Duration::from_secs(2);

/// So many lists are made at once, whoever asks for them: each keeps the store busy for as long as it takes.
/// Whoever comes while they are made is told to come again.
pub const LISTS_AT_ONCE: usize = 2;

/// Shorter secrets are refused: they could be guessed.
pub const SECRET_BYTES_MIN: usize = 16;

/// The longest form that is read: one with a key in it.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// Who is told of acts and of what was refused.
pub type Auditor = dyn Fn(&Act) + Send + Sync;

/// Pages that show a cache: see the [crate's own words](crate).
pub struct Dashboard {
    site: Site,
    secret: Option<Vec<u8>>,
}

/// What every page needs.
pub(crate) struct Site {
    pub(crate) reporting: Reporting,
    pub(crate) authorise: Box<dyn Authorise>,
    pub(crate) hosts: Vec<String>,
    pub(crate) sign_in: Option<String>,
    pub(crate) trees: bool,
    pub(crate) everything: bool,
    pub(crate) tokens: Tokens,
    pub(crate) listed_within: Duration,
    /// A permit for each list that may be made at once.
    pub(crate) lists: Semaphore,
    auditor: Option<Box<Auditor>>,
    clock: Arc<dyn Clock>,
}

impl Dashboard {
    /// Pages for whoever `authorise` lets in, of the cache that is reported of.
    pub fn new(reporting: &Reporting, authorise: impl Authorise) -> Dashboard {
        Dashboard {
            site: Site {
                reporting: reporting.clone(),
                authorise: Box::new(authorise),
                hosts: Vec::new(),
                sign_in: None,
                trees: false,
                everything: false,
                tokens: Tokens::new(b""),
                listed_within: LISTED_WITHIN,
                lists: Semaphore::new(LISTS_AT_ONCE),
                auditor: None,
                clock: Arc::new(SystemClock),
            },
            secret: None,
        }
    }

    /// A name under which browsers reach the application, with or without a port; there may be several.
    /// Without any it is only reached under the names of its own machine to itself, such as `localhost`.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Dashboard {
        self.site.hosts.push(name.into());
        self
    }

    /// Where somebody without access is sent to sign in: an address in the application.
    #[must_use]
    pub fn sign_in_at(mut self, address: impl Into<String>) -> Dashboard {
        self.site.sign_in = Some(address.into());
        self
    }

    /// Lets those who may act delete a key with everything below it.
    #[must_use]
    pub fn allow_trees(mut self) -> Dashboard {
        self.site.trees = true;
        self
    }

    /// Lets those who may act drop everything. They have to type the namespace's name.
    #[must_use]
    pub fn allow_everything(mut self) -> Dashboard {
        self.site.everything = true;
        self
    }

    /// What forms are signed with. Processes behind one balancer need the same, at least
    /// [`SECRET_BYTES_MIN`] random bytes; without it each process draws its own when it starts, and takes
    /// its own forms only.
    ///
    /// # Panics
    ///
    /// If there are fewer bytes.
    #[must_use]
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Dashboard {
        let secret = secret.as_ref();
        assert!(
            secret.len() >= SECRET_BYTES_MIN,
            "the dashboard's secret has fewer than {SECRET_BYTES_MIN} bytes"
        );
        self.secret = Some(secret.to_vec());
        self
    }

    /// How long a list of keys is looked for; [`LISTED_WITHIN`] if not set.
    #[must_use]
    pub fn listed_within(mut self, time: Duration) -> Dashboard {
        self.site.listed_within = time;
        self
    }

    /// Someone who is told of every act, and of everything that was refused: who, what, why. No values and no
    /// keys are in it.
    #[must_use]
    pub fn auditor(mut self, auditor: impl Fn(&Act) + Send + Sync + 'static) -> Dashboard {
        self.site.auditor = Some(Box::new(auditor));
        self
    }

    /// The source of time; the machine's if not set.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Dashboard {
        self.site.clock = Arc::new(clock);
        self
    }

    /// The pages, to be nested under any path.
    ///
    /// # Panics
    ///
    /// If no secret was given and the operating system gives no random bytes to make one of.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let mut site = self.site;
        let secret = self.secret.unwrap_or_else(|| {
            let mut drawn = vec![0; 32];
            getrandom::fill(&mut drawn).expect("the operating system gives random bytes");
            drawn
        });
        site.tokens = Tokens::new(&secret);
        let site = Arc::new(site);
        Router::new()
            .route("/", get(pages::home))
            .route("/overview", get(pages::overview::show))
            .route("/entries", get(pages::entries::show))
            .route("/entry", get(pages::entry::show))
            .route("/tables", get(pages::tables::show))
            .route("/causes", get(pages::causes::show))
            .route("/causes-list", get(pages::causes::list))
            .route("/loads", get(pages::loads::show))
            .route("/style.css", get(assets::style))
            .route("/icon.svg", get(assets::icon))
            .route("/live.js", get(assets::live))
            .route("/delete", post(actions::delete))
            .route("/delete-tree", post(actions::delete_tree))
            .route("/invalidate", post(actions::invalidate))
            .route("/clear", post(actions::clear))
            .fallback(pages::missing)
            .method_not_allowed_fallback(guard::wrong_method)
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
            .layer(middleware::from_fn_with_state(site.clone(), guard::guard))
            .with_state(site)
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard")
            .field("reporting", &self.site.reporting)
            .finish_non_exhaustive()
    }
}

impl Site {
    pub(crate) fn cache(&self) -> &Cache {
        self.reporting.cache()
    }

    /// The time since 1970.
    pub(crate) fn now(&self) -> Duration {
        Duration::from_nanos(self.clock.now().as_nanos())
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_millis(&self) -> u64 {
        self.clock.now().as_nanos() / 1_000_000
    }

    /// A token for a form; empty where there can be none, which is refused.
    pub(crate) fn token(&self, who: &str, act: &str, target: &str) -> String {
        let purpose = Purpose { who, act, target };
        self.tokens.issue(purpose, self.now()).unwrap_or_default()
    }

    /// Takes note of an act of somebody who is known.
    pub(crate) fn note(&self, who: &str, what: &str, outcome: ActOutcome) {
        let act = Act::new(who, what, outcome);
        self.tell(&act);
        self.reporting.note(act);
    }

    /// Takes note of a stranger: told, and not shown, or strangers could fill the list.
    pub(crate) fn note_stranger(&self, what: &str, why: &str) {
        self.tell(&Act::new("", what, ActOutcome::Refused(why.to_owned())));
    }

    fn tell(&self, act: &Act) {
        if let Some(auditor) = &self.auditor {
            auditor(act);
        }
    }
}
