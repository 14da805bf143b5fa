//! What can go wrong, and how to ask which.

use std::fmt;
use std::sync::Arc;

/// The result of an operation of the cache.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation of the cache failed. Cheap to clone; ask it with its predicates.
#[derive(Clone)]
pub struct Error(Arc<Cause>);

#[derive(Debug)]
struct Cause {
    kind: Kind,
    message: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Config,
    Store,
    Codec,
    Runtime,
    Timeout,
    Closed,
    Unsupported,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $make:ident, $(#[$ask_doc:meta])* $ask:ident, $kind:ident;)*) => {
        impl Error {
            $(
                $(#[$doc])*
                pub fn $make(message: impl Into<String>) -> Error {
                    Error(Arc::new(Cause { kind: Kind::$kind, message: message.into().into() }))
                }

                $(#[$ask_doc])*
                pub fn $ask(&self) -> bool {
                    self.0.kind == Kind::$kind
                }
            )*
        }
    };
}

kinds! {
    /// A setting that cannot work.
    config,
    /// Whether a setting cannot work.
    is_config, Config;
    /// A store that failed: for authors of stores.
    store,
    /// Whether the store failed.
    is_store, Store;
    /// A value that could not be turned into bytes or back: for authors of stores.
    codec,
    /// Whether a value could not be turned into bytes or back.
    is_codec, Codec;
    /// A call outside a tokio runtime that needs one.
    runtime,
    /// Whether a tokio runtime was needed and absent.
    is_runtime, Runtime;
    /// Something that took too long: for authors of stores.
    timeout,
    /// Whether something took too long.
    is_timeout, Timeout;
    /// A cache that was closed.
    closed,
    /// Whether the cache was closed.
    is_closed, Closed;
    /// Something that this store cannot do: for authors of stores.
    unsupported,
    /// Whether the store cannot do this, whatever its state and its settings.
    is_unsupported, Unsupported;
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .finish()
    }
}

impl std::error::Error for Error {}

/// Why a caller got no value: the load failed with an `E`, or did not end.
#[non_exhaustive]
pub enum LoadError<E> {
    /// The load returned this error. Every caller that waited for it gets the same.
    Failed(Arc<E>),
    /// The load, or the caller's wait for it, took longer than its policy allows.
    TimedOut,
    /// The runtime that ran the load was shut down before the load ended.
    Closed,
    /// The call was made outside a tokio runtime, which the load needs to run on.
    NoRuntime,
}

impl<E> LoadError<E> {
    /// The load's own error, if it failed.
    pub fn failed(&self) -> Option<&Arc<E>> {
        match self {
            LoadError::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether it took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self, LoadError::TimedOut)
    }

    /// Whether a tokio runtime was needed and absent.
    pub fn is_runtime(&self) -> bool {
        matches!(self, LoadError::NoRuntime)
    }
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            LoadError::Failed(error) => LoadError::Failed(error.clone()),
            LoadError::TimedOut => LoadError::TimedOut,
            LoadError::Closed => LoadError::Closed,
            LoadError::NoRuntime => LoadError::NoRuntime,
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            LoadError::TimedOut => f.write_str("TimedOut"),
            LoadError::Closed => f.write_str("Closed"),
            LoadError::NoRuntime => f.write_str("NoRuntime"),
        }
    }
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Failed(error) => write!(f, "the load failed: {error}"),
            LoadError::TimedOut => f.write_str("the load took too long"),
            LoadError::Closed => f.write_str("the runtime was shut down during the load"),
            LoadError::NoRuntime => {
                f.write_str("a load needs a tokio runtime: call from within one")
            }
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for LoadError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failed().map(|error| &**error as _)
    }
}
