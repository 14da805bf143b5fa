//! What happened, remembered in order, and what a test says of it.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::matching::matches;
use crate::causes::{Cause, Gone};
use crate::event::{Event, MissReason, Observer};
use crate::key::Key;

/// What kind of event it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A fresh entry was served.
    Hit,
    /// An entry past its ttl was served.
    StaleHit,
    /// There was nothing to serve.
    Miss,
    /// A load ended, well or not; of many keys it is one.
    Load,
    /// An entry was stored.
    Inserted,
    /// A loaded value was not stored.
    NotStored,
    /// An entry was removed by its key.
    Removed,
    /// Tags were bumped.
    Invalidated,
    /// A read was not cached.
    Uncached,
    /// Something failed: a store, a bump.
    Failure,
    /// Any other.
    Other,
}

/// One event, as it is remembered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Happened {
    /// What kind of event it was.
    pub kind: Kind,
    /// The key that it was about, if it was about one.
    pub key: Option<Key>,
    /// Why there was nothing to serve, of a miss.
    pub reason: Option<MissReason>,
    /// Why the entry was gone, of a miss of one that was invalidated.
    pub gone: Option<Gone>,
    /// What bumped the tags, of an invalidation.
    pub cause: Option<Arc<Cause>>,
    /// The event in words, with the values of keys and tags.
    pub words: String,
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// Remembers the events of a cache, and says what is wrong with them. Clones share what they
/// remember.
///
/// ```
/// use larder::Cache;
/// use larder::testing::{Kind, Recorder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let recorder = Recorder::new();
/// let cache = Cache::builder().observer(recorder.clone()).build()?;
/// cache.insert(("price", 7), 99).await?;
/// cache.get::<i32>(("price", 7)).await?;
/// recorder.assert_hits(1);
/// assert_eq!(recorder.count(Kind::Inserted), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Happened>>>);

impl Recorder {
    /// Remembers nothing yet.
    pub fn new() -> Recorder {
        Recorder::default()
    }

    /// Everything so far, in order.
    pub fn all(&self) -> Vec<Happened> {
        self.0.lock().clone()
    }

    /// Forgets everything so far: what a test prepares is not what it is about.
    pub fn forget(&self) {
        self.0.lock().clear();
    }

    /// How many events of a kind there were.
    pub fn count(&self, kind: Kind) -> usize {
        self.0.lock().iter().filter(|one| one.kind == kind).count()
    }

    /// So many fresh entries were served.
    ///
    /// # Panics
    ///
    /// If not, with everything that has happened; as all of these methods.
    #[track_caller]
    pub fn assert_hits(&self, expected: usize) {
        self.assert_count(Kind::Hit, "hits", expected);
    }

    /// So many look-ups found nothing to serve.
    #[track_caller]
    pub fn assert_misses(&self, expected: usize) {
        self.assert_count(Kind::Miss, "misses", expected);
    }

    /// So many loads ran, well or not.
    #[track_caller]
    pub fn assert_loads(&self, expected: usize) {
        self.assert_count(Kind::Load, "loads", expected);
    }

    /// Something was invalidated by this statement or act. Quotes, case and blanks do not matter, the
    /// rest of the statement may be left out, and `…` stands for any text: `"UPDATE track … WHERE id"`.
    #[track_caller]
    pub fn assert_invalidated_by(&self, statement: &str) {
        let by = |one: &Happened| {
            let cause = one.cause.iter();
            let mut texts = cause.flat_map(|cause| cause.statements());
            texts.any(|text| matches(statement, text))
        };
        if !self.0.lock().iter().any(by) {
            self.complain(&format!("nothing was invalidated by {statement:?}"));
        }
    }

    /// Nothing was invalidated.
    #[track_caller]
    pub fn assert_nothing_invalidated(&self) {
        self.assert_count(Kind::Invalidated, "invalidations", 0);
    }

    /// A read was not cached, and this stands in the reason.
    #[track_caller]
    pub fn assert_uncached(&self, why: &str) {
        let is_so = |one: &Happened| one.kind == Kind::Uncached && one.words.contains(why);
        if !self.0.lock().iter().any(is_so) {
            self.complain(&format!("no read was uncached because {why:?}"));
        }
    }

    /// No store failed, and no bump is late or lost.
    #[track_caller]
    pub fn assert_nothing_failed(&self) {
        self.assert_count(Kind::Failure, "failures", 0);
    }

    #[track_caller]
    fn assert_count(&self, kind: Kind, name: &str, expected: usize) {
        let found = self.count(kind);
        if found != expected {
            self.complain(&format!("{found} {name}, not {expected}"));
        }
    }

    #[track_caller]
    fn complain(&self, what: &str) -> ! {
        panic!("{what}; what has happened:\n{self:?}")
    }
}

/// One line for each event.
impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.lock();
        if all.is_empty() {
            return f.write_str("  (nothing)");
        }
        for (at, one) in all.iter().enumerate() {
            let line = if at == 0 { "" } else { "\n" };
            write!(f, "{line}{:3}. {one}", at + 1)?;
        }
        Ok(())
    }
}

impl Observer for Recorder {
    fn event(&self, event: &Event<'_>) {
        let happened = Happened::of(event);
        self.0.lock().push(happened);
    }
}

impl Happened {
    fn of(event: &Event<'_>) -> Happened {
        let mut happened = Happened {
            kind: kind(event),
            key: key(event).cloned(),
            reason: None,
            gone: None,
            cause: None,
            words: words(event),
        };
        match event {
            Event::Miss { reason, gone, .. } => {
                happened.reason = Some(*reason);
                happened.gone = gone.cloned();
            }
            Event::Invalidated { by, .. } => happened.cause = Some(Arc::clone(by)),
            _ => {}
        }
        happened
    }
}

fn kind(event: &Event<'_>) -> Kind {
    match event {
        Event::Hit { .. } => Kind::Hit,
        Event::StaleHit { .. } => Kind::StaleHit,
        Event::Miss { .. } => Kind::Miss,
        Event::Loaded { .. } | Event::LoadedMany { .. } | Event::LoadFailed { .. } => Kind::Load,
        Event::Inserted { .. } => Kind::Inserted,
        Event::NotStored { .. } | Event::TooLarge { .. } => Kind::NotStored,
        Event::Removed { .. } => Kind::Removed,
        Event::Invalidated { .. } => Kind::Invalidated,
        Event::Uncached { .. } => Kind::Uncached,
        Event::StoreFailed { .. } | Event::BumpDelayed { .. } | Event::BumpLost { .. } => {
            Kind::Failure
        }
        _ => Kind::Other,
    }
}

fn key<'a>(event: &Event<'a>) -> Option<&'a Key> {
    match event {
        Event::Hit { key, .. }
        | Event::StaleHit { key, .. }
        | Event::Miss { key, .. }
        | Event::Loaded { key, .. }
        | Event::Inserted { key, .. }
        | Event::NotStored { key, .. }
        | Event::TooLarge { key, .. }
        | Event::Removed { key } => Some(key),
        Event::LoadFailed { key, .. } => *key,
        _ => None,
    }
}

fn words(event: &Event<'_>) -> String {
    let readable = key(event).map(Key::readable).unwrap_or_default();
    match event {
        Event::Hit { .. } => format!("hit {readable}"),
        Event::StaleHit { .. } => format!("stale hit {readable}"),
        Event::Miss {
            gone: Some(gone), ..
        } => format!("miss {readable}: {gone}"),
        Event::Miss { reason, .. } => format!("miss {readable}: {reason:?}"),
        Event::Loaded { .. } => format!("loaded {readable}"),
        Event::LoadedMany { keys, .. } => format!("loaded {keys} keys at once"),
        Event::LoadFailed { how, .. } => format!("load failed {readable}: {how}"),
        Event::Inserted { .. } => format!("inserted {readable}"),
        Event::NotStored { why, .. } => format!("not stored {readable}: {why}"),
        Event::Removed { .. } => format!("removed {readable}"),
        Event::Invalidated { tags, by, .. } => {
            let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
            format!("invalidated {} by {by}", tags.join(", "))
        }
        Event::Uncached { what, why, .. } => {
            format!("not cached {}: {why}", what.unwrap_or_default())
        }
        other => format!("{other:?}"),
    }
}
