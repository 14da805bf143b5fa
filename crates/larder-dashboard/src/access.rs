//! Who may see and do what.

use std::pin::Pin;
use std::sync::Arc;

use axum::http::request::Parts;

/// What somebody may see and do.
///
/// ```
/// use larder_dashboard::Access;
///
/// let nobody = Access::none();
/// let auditor = Access::read("ada");
/// let keeper = Access::read("grace").actions().values();
/// # let _ = (nobody, auditor, keeper);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Access {
    who: Option<Arc<str>>,
    actions: bool,
    values: bool,
}

impl Access {
    /// Nothing at all.
    pub fn none() -> Access {
        Access {
            who: None,
            actions: false,
            values: false,
        }
    }

    /// All pages: counts, statements without literals, keys in their readable form, tags with the values of the
    /// columns that they pin. Where keys or tags are personal data, so are these pages. No values of entries,
    /// no actions.
    ///
    /// `who` is the name under which the application knows them. It stands in what is told of their
    /// acts, and forms made for one are good for nobody else: it must be another one for each person.
    /// Without a name there is no access.
    pub fn read(who: impl Into<String>) -> Access {
        let who: String = who.into();
        Access {
            who: (!who.is_empty()).then(|| who.into()),
            ..Access::none()
        }
    }

    /// Deleting and invalidating, too.
    pub fn actions(mut self) -> Access {
        self.actions = true;
        self
    }

    /// The values of entries, too.
    pub fn values(mut self) -> Access {
        self.values = true;
        self
    }

    pub(crate) fn who(&self) -> Option<&str> {
        self.who.as_deref()
    }

    pub(crate) fn may_act(&self) -> bool {
        self.who.is_some() && self.actions
    }

    pub(crate) fn may_see_values(&self) -> bool {
        self.who.is_some() && self.values
    }
}

/// The application's own authorisation: asked for every request, after the host that it
/// names and before anything else; the style sheet, the icon, and the way from the
/// mount to the first page, are given without it.
///
/// Async closures are: `async |request: Parts| { … }` of what the session in its cookies allows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say who may see the cache",
    note = "give a function from `axum::http::request::Parts` to a future of `larder_dashboard::Access`"
)]
pub trait Authorise: Send + Sync + 'static {
    /// What whoever sent this request may see and do.
    fn access(&self, request: Parts) -> Pin<Box<dyn Future<Output = Access> + Send>>;
}

impl<F, A> Authorise for F
where
    F: Fn(Parts) -> A + Send + Sync + 'static,
    A: Future<Output = Access> + Send + 'static,
{
    fn access(&self, request: Parts) -> Pin<Box<dyn Future<Output = Access> + Send>> {
        Box::pin(self(request))
    }
}
