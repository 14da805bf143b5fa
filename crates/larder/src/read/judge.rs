//! What to do about what was found.

use std::sync::Arc;

use crate::clock::Moment;
use crate::entry::Entry;
use crate::event::MissReason;
use crate::freshness::{Freshness, freshness};
use crate::policy::Policy;
use crate::store::Lookup;
use crate::value::ValueKind;

pub(crate) enum Verdict<T> {
    Serve {
        value: Arc<T>,
        entry: Entry,
        stale: bool,
        refresh: bool,
    },
    Load {
        reason: MissReason,
        /// What is there and not good enough.
        seen: Option<Entry>,
        /// Its value, if it may be served should the load fail.
        stale: Option<Arc<T>>,
    },
}

/// Decides. Pure but for the value's own decoding.
pub(crate) fn judge<T: Send + Sync + 'static>(
    found: Lookup,
    kind: &ValueKind<T>,
    policy: &Policy,
    now: Moment,
) -> Verdict<T> {
    let nothing = |reason| Verdict::Load {
        reason,
        seen: None,
        stale: None,
    };
    let (entry, state) = match found {
        Lookup::Absent => return nothing(MissReason::Absent),
        Lookup::Failed(_) => return nothing(MissReason::Unanswered),
        Lookup::Found { entry, state } => (entry, state),
    };
    let fresh = freshness(policy, entry.ttl(), now.since(entry.written_at()), state);
    let reason = match fresh {
        Freshness::Invalidated => Some(MissReason::Invalidated),
        Freshness::Marked => Some(MissReason::Marked),
        Freshness::Expired => Some(MissReason::Expired),
        _ => None,
    };
    let load = |entry, reason| Verdict::Load {
        reason,
        seen: Some(entry),
        stale: None,
    };
    if let Some(reason) = reason {
        return load(entry, reason);
    }
    let Some(value) = kind.unwrap(entry.value()) else {
        return load(entry, MissReason::OtherType);
    };
    match fresh {
        Freshness::IfError => Verdict::Load {
            reason: MissReason::Expired,
            seen: Some(entry),
            stale: Some(value),
        },
        Freshness::Stale | Freshness::Ageing => Verdict::Serve {
            value,
            refresh: entry.may_retry(now),
            entry,
            stale: fresh == Freshness::Stale,
        },
        _ => Verdict::Serve {
            value,
            entry,
            stale: false,
            refresh: false,
        },
    }
}
