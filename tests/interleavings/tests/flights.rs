//! The table of flights: who leads, who follows, who is struck off.
//!
//! The flight itself is a small stand-in with the same parts as the core's (noted versions, an
//! outcome, a gate before the store), on loom's locks instead of tokio's.

#[allow(
    dead_code,
    reason = "the core uses more of the file than these tests do"
)]
#[path = "../../../crates/larder/src/store/memory/cells.rs"]
mod cells;
#[path = "../../../crates/larder/src/flight/table.rs"]
mod table;

/// What `cells.rs` and `table.rs` synchronise with.
mod sync {
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
    // Loom's own `Arc` cannot be the type of `self`. The standard one is correct on its own.
    pub(crate) use std::sync::Arc;
}

use std::sync::Arc;

use larder_interleavings::{Hasher, every_interleaving, every_likely_interleaving};
use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use cells::{Cells, Holder, State};
use table::{Entered, Table};

type Value = u64;
type Flights = Table<&'static str, Flight>;

/// The key that all want.
const KEY: &str = "genre 1";
/// The tag that its entry depends on.
const SHAPE: &str = "track(genre_id=1)";

/// A load that others may wait for.
struct Flight {
    noted: Mutex<Option<Arc<Holder<&'static str, Hasher>>>>,
    outcome: Mutex<Option<Value>>,
    landed: Condvar,
    /// Whether the result may be stored. Held while it is being stored.
    attached: Mutex<bool>,
}

impl Flight {
    fn new() -> Flight {
        Flight {
            noted: Mutex::new(None),
            outcome: Mutex::new(None),
            landed: Condvar::new(),
            attached: Mutex::new(true),
        }
    }

    fn land(&self, value: Value) {
        *self.outcome.lock().unwrap() = Some(value);
        self.landed.notify_all();
    }

    /// Waits for the outcome. A waiter that nobody wakes is a deadlock, which loom reports.
    fn wait(&self) -> Value {
        let mut outcome = self.outcome.lock().unwrap();
        loop {
            if let Some(value) = *outcome {
                return value;
            }
            outcome = self.landed.wait(outcome).unwrap();
        }
    }
}

fn flights() -> Arc<Flights> {
    Arc::new(Table::new())
}

/// Starts a thread that shares these flights.
fn with<T: 'static>(
    flights: &Arc<Flights>,
    run: impl FnOnce(&Flights) -> T + 'static,
) -> thread::JoinHandle<T> {
    let flights = flights.clone();
    thread::spawn(move || run(&flights))
}

/// Leads, and lands with `value`; or follows, and has what the leader has.
fn lead_or_follow(flights: &Flights, value: Value) -> Value {
    match flights.enter(&KEY, Flight::new) {
        Entered::Lead(flight) => {
            assert!(flights.leave(&KEY, &flight), "a leader was struck off");
            flight.land(value);
            value
        }
        Entered::Present(flight) => flight.wait(),
    }
}

#[test]
fn a_listed_flight_has_exactly_one_leader() {
    every_likely_interleaving(|| {
        let flights = flights();
        let leaders = Arc::new(AtomicUsize::new(0));
        let enter = |leaders: Arc<AtomicUsize>| {
            move |flights: &Flights| {
                if let Entered::Lead(flight) = flights.enter(&KEY, Flight::new) {
                    assert_eq!(leaders.fetch_add(1, Ordering::SeqCst), 0, "two leaders");
                    leaders.fetch_sub(1, Ordering::SeqCst);
                    assert!(flights.leave(&KEY, &flight));
                }
            }
        };
        let others = [
            with(&flights, enter(leaders.clone())),
            with(&flights, enter(leaders.clone())),
        ];
        enter(leaders)(&flights);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn callers_that_find_a_flight_present_find_the_same_one() {
    every_interleaving(|| {
        let flights = flights();
        let Entered::Lead(led) = flights.enter(&KEY, Flight::new) else {
            panic!("nobody else is there");
        };
        let find = |flights: &Flights| match flights.enter(&KEY, Flight::new) {
            Entered::Present(flight) => flight,
            Entered::Lead(_) => panic!("a second leader"),
        };
        let other = with(&flights, find);
        assert!(Arc::ptr_eq(&find(&flights), &led));
        assert!(Arc::ptr_eq(&other.join().unwrap(), &led));
    });
}

#[test]
fn no_waiter_is_lost_when_the_leader_lands_beside_it() {
    every_likely_interleaving(|| {
        let flights = flights();
        let others = [
            with(&flights, |flights| lead_or_follow(flights, 1)),
            with(&flights, |flights| lead_or_follow(flights, 2)),
        ];
        let own = lead_or_follow(&flights, 3);
        let mut values = vec![own];
        values.extend(others.map(|other| other.join().unwrap()));
        // Everyone has a value that somebody loaded.
        assert!(values.iter().all(|value| (1..=3).contains(value)));
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn two_followers_that_reject_a_flight_replace_it_once() {
    every_interleaving(|| {
        let flights = flights();
        let Entered::Lead(old) = flights.enter(&KEY, Flight::new) else {
            panic!("nobody else is there");
        };
        let replace = |old: Arc<Flight>| {
            move |flights: &Flights| match flights.replace(&KEY, &old, Flight::new) {
                Entered::Lead(flight) => (true, flight),
                Entered::Present(flight) => (false, flight),
            }
        };
        let other = with(&flights, replace(old.clone()));
        let (leads, flight) = replace(old.clone())(&flights);
        let (other_leads, other_flight) = other.join().unwrap();

        assert!(leads != other_leads, "one leads, the other finds it");
        assert!(Arc::ptr_eq(&flight, &other_flight));
        assert!(!Arc::ptr_eq(&flight, &old));
    });
}

#[test]
fn a_leader_that_leaves_never_strikes_off_the_flight_that_replaced_its_own() {
    every_interleaving(|| {
        let flights = flights();
        let Entered::Lead(old) = flights.enter(&KEY, Flight::new) else {
            panic!("nobody else is there");
        };
        let leaver = {
            let old = old.clone();
            with(&flights, move |flights| flights.leave(&KEY, &old))
        };
        let Entered::Lead(new) = flights.replace(&KEY, &old, Flight::new) else {
            panic!("there is no third");
        };
        leaver.join().unwrap();
        assert!(flights.leave(&KEY, &new), "the new flight is still listed");
        assert_eq!(flights.len(), 0);
    });
}

/// The store's one entry: what was written last.
type Stored = Arc<AtomicU64>;

/// A load beside a caller that inserts under the same key. Gives what the store has in the end.
fn a_load_beside_an_insert(detaches: bool) -> Value {
    const LOADED: Value = 1;
    const INSERTED: Value = 2;
    let (flights, stored) = (flights(), Stored::default());
    let Entered::Lead(flight) = flights.enter(&KEY, Flight::new) else {
        panic!("nobody else is there");
    };
    let loader = {
        let stored = stored.clone();
        with(&flights, move |flights| {
            let attached = flight.attached.lock().unwrap();
            if *attached {
                stored.store(LOADED, Ordering::SeqCst);
            }
            drop(attached);
            flights.leave(&KEY, &flight);
            flight.land(LOADED);
        })
    };

    let (block, old) = flights.swap(&KEY, Flight::new());
    if let Some(old) = old
        && detaches
    {
        *old.attached.lock().unwrap() = false;
    }
    stored.store(INSERTED, Ordering::SeqCst);
    flights.leave(&KEY, &block);

    loader.join().unwrap();
    assert_eq!(flights.len(), 0);
    stored.load(Ordering::SeqCst)
}

#[test]
fn an_insert_during_a_load_wins() {
    every_interleaving(|| assert_eq!(a_load_beside_an_insert(true), 2));
}

#[test]
#[should_panic(expected = "the load won")]
fn an_insert_that_does_not_detach_the_load_may_lose() {
    every_interleaving(|| assert_eq!(a_load_beside_an_insert(false), 2, "the load won"));
}

/// A cache as small as it can be: flights, tag cells, and a database with one value.
#[derive(Clone)]
struct World {
    flights: Arc<Flights>,
    cells: Arc<Cells<&'static str, Hasher>>,
    database: Arc<AtomicU64>,
}

impl World {
    fn new() -> World {
        World {
            flights: flights(),
            cells: Arc::new(Cells::new(1, Hasher::default())),
            database: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Notes versions, loads, lands; as a leader does.
    fn fly(&self, flight: Arc<Flight>) -> Value {
        let noted = Arc::new(self.cells.hold([SHAPE]));
        *flight.noted.lock().unwrap() = Some(noted);
        let value = self.database.load(Ordering::SeqCst);
        self.flights.leave(&KEY, &flight);
        flight.land(value);
        value
    }

    /// A read that misses. With `rechecks`, it joins a flight that has noted versions only if they
    /// are still current.
    fn read(&self, rechecks: bool) -> Value {
        let mut entered = self.flights.enter(&KEY, Flight::new);
        loop {
            let flight = match entered {
                Entered::Lead(flight) => return self.fly(flight),
                Entered::Present(flight) => flight,
            };
            let noted = flight.noted.lock().unwrap().clone();
            match noted {
                Some(noted) if rechecks && noted.state() != State::Current => {
                    entered = self.flights.replace(&KEY, &flight, Flight::new);
                }
                _ => return flight.wait(),
            }
        }
    }

    fn write(&self) {
        self.database.store(1, Ordering::SeqCst);
        self.cells.bump(&SHAPE);
    }
}

/// One thread reads; beside it, another writes and then reads what it wrote.
fn a_read_after_a_write_beside_another_read(rechecks: bool) {
    let world = World::new();
    let reader = {
        let world = world.clone();
        thread::spawn(move || world.read(rechecks))
    };
    world.write();
    assert_eq!(world.read(rechecks), 1, "older than a write that returned");
    reader.join().unwrap();
    assert_eq!(world.flights.len(), 0);
    assert_eq!(world.cells.len(), 0);
}

#[test]
fn a_follower_that_came_after_a_write_never_gets_the_older_value() {
    every_likely_interleaving(|| a_read_after_a_write_beside_another_read(true));
}

#[test]
#[should_panic(expected = "older than a write that returned")]
fn a_follower_that_joins_any_flight_may_get_the_older_value() {
    every_likely_interleaving(|| a_read_after_a_write_beside_another_read(false));
}
