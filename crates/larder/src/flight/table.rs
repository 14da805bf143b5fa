//! Which loads are running, by key.
//!
//! The table only says who leads and who finds a flight there; what a flight is, it does not know.
//! A flight is *listed* from the moment it is entered until its leader leaves, or until another
//! takes its place; a flight that is no longer listed is never found again.
//!
//! This file has no dependency but `sync`, so that a model checker can run it.

use std::collections::HashMap;
use std::hash::Hash;

use super::sync::{Arc, Mutex};

/// Flights by key. The lock is never held across an await nor while a flight is waited for.
pub(crate) struct Table<K, F> {
    flights: Mutex<HashMap<K, Arc<F>>>,
}

/// What a caller finds when it enters.
pub(crate) enum Entered<F> {
    /// No flight was there: the caller's own is listed now and it must see it through.
    Lead(Arc<F>),
    /// This flight is there.
    Present(Arc<F>),
}

impl<K: Hash + Eq + Clone, F> Table<K, F> {
    pub(crate) fn new() -> Self {
        Table {
            flights: Mutex::new(HashMap::new()),
        }
    }

    /// Lists a new flight unless one is there.
    pub(crate) fn enter(&self, key: &K, new: impl FnOnce() -> F) -> Entered<F> {
        let mut flights = self.lock();
        if let Some(flight) = flights.get(key) {
            return Entered::Present(flight.clone());
        }
        let flight = Arc::new(new());
        flights.insert(key.clone(), flight.clone());
        Entered::Lead(flight)
    }

    /// Lists a new flight in place of `old`, unless a third is there by now.
    pub(crate) fn replace(&self, key: &K, old: &Arc<F>, new: impl FnOnce() -> F) -> Entered<F> {
        let mut flights = self.lock();
        if let Some(flight) = flights.get(key)
            && !Arc::ptr_eq(flight, old)
        {
            return Entered::Present(flight.clone());
        }
        let flight = Arc::new(new());
        flights.insert(key.clone(), flight.clone());
        Entered::Lead(flight)
    }

    /// Lists a new flight whatever is there, and gives what was.
    pub(crate) fn swap(&self, key: &K, new: F) -> (Arc<F>, Option<Arc<F>>) {
        let flight = Arc::new(new);
        let old = self.lock().insert(key.clone(), flight.clone());
        (flight, old)
    }

    /// Strikes the flight off, if it is still listed.
    pub(crate) fn leave(&self, key: &K, flight: &Arc<F>) -> bool {
        let mut flights = self.lock();
        let listed = flights
            .get(key)
            .is_some_and(|listed| Arc::ptr_eq(listed, flight));
        if listed {
            flights.remove(key);
        }
        listed
    }

    /// How many flights are listed.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// A panic while the lock was held leaves a map that is whole: entries are put and taken in one step.
    fn lock(&self) -> impl std::ops::DerefMut<Target = HashMap<K, Arc<F>>> + '_ {
        self.flights
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
