//! The policy of one read: its own, its entity's, or its connection's; and what else its entity says of
//! how it is kept.

use std::sync::Arc;
use std::time::Duration;

use larder::{Cache, Policy};

use crate::cached::{On, OnColumns};
use crate::caches::Caches;
use crate::rows::Rows;

/// What is said of a policy, over another one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Said {
    /// Nothing: the other holds.
    #[default]
    Nothing,
    /// The other, with this ttl.
    Ttl(Duration),
    /// Everything.
    Own(Policy),
}

impl Said {
    pub(crate) fn ttl(self, ttl: Duration) -> Said {
        match self {
            Said::Own(policy) => Said::Own(policy.ttl(ttl)),
            Said::Nothing | Said::Ttl(_) => Said::Ttl(ttl),
        }
    }

    pub(crate) fn over(self, other: Policy) -> Policy {
        match self {
            Said::Nothing => other,
            Said::Ttl(ttl) => other.ttl(ttl),
            Said::Own(policy) => policy,
        }
    }
}

/// What a read says of how it is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    said: Said,
    /// What its entity says, where it came by the entity.
    rows: Option<Arc<Rows>>,
    /// Why it is to go to the database, if it is.
    uncached: Option<&'static str>,
    /// The columns by which its reader hears of changes, where he has named any.
    on: Option<Arc<On>>,
}

/// Nothing said.
pub(crate) static PLAIN: Terms = Terms {
    said: Said::Nothing,
    rows: None,
    uncached: None,
    on: None,
};

impl Terms {
    /// Those of an entity.
    pub(crate) fn of(rows: Option<Arc<Rows>>) -> Terms {
        Terms {
            rows,
            ..Terms::default()
        }
    }

    pub(crate) fn ttl(self, ttl: Duration) -> Terms {
        Terms {
            said: self.said.ttl(ttl),
            ..self
        }
    }

    pub(crate) fn own(self, policy: Policy) -> Terms {
        Terms {
            said: Said::Own(policy),
            ..self
        }
    }

    /// The same with what a call says of the policy.
    pub(crate) fn saying(self, call: Terms) -> Terms {
        Terms {
            said: call.said,
            on: call.on,
            ..self
        }
    }

    /// The same, past the cache for this reason, if there is one.
    pub(crate) fn unless(self, uncached: Option<&'static str>) -> Terms {
        Terms { uncached, ..self }
    }

    /// The same, listening by these columns as well.
    pub(crate) fn listening<How>(mut self, columns: impl OnColumns<How>) -> Terms {
        let on = self.on.get_or_insert_default();
        columns.name(Arc::make_mut(on));
        self
    }

    pub(crate) fn on(&self) -> Option<&On> {
        self.on.as_deref()
    }

    pub(crate) fn rows(&self) -> Option<&Rows> {
        self.rows.as_deref()
    }

    pub(crate) fn uncached(&self) -> Option<&'static str> {
        self.uncached
    }

    pub(crate) fn policy(&self, connection: &Policy) -> Policy {
        let entity = match &self.rows {
            Some(rows) => rows.said.over(*connection),
            None => *connection,
        };
        self.said.over(entity)
    }

    /// The cache of its entity's own, if it has one.
    pub(crate) fn own_cache(&self) -> Option<&Cache> {
        self.rows()?.cache.as_ref()
    }

    /// Where it is kept.
    pub(crate) fn cache<'a>(&'a self, caches: &'a Caches) -> &'a Cache {
        self.own_cache().unwrap_or(caches)
    }
}
