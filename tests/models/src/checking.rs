//! Running the checker over one model.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::{Duration, Instant};

use stateright::{Checker, Model, Property};

use crate::promise::{Promise, Promises, Verdict};

/// The name of the property that a row is not empty talk: some read is answered by an entry.
const HIT: &str = "some read is a hit";

/// What the models have in common beyond stateright's own trait.
pub trait World: Sized {
    /// A state of the world.
    type State: Clone + Debug + Hash + PartialEq;
    /// A step of one of its actors.
    type Action: Clone + Debug + PartialEq;

    /// The state in which nothing has happened.
    fn start(&self) -> Self::State;
    /// The steps that are possible in `state`.
    fn steps(&self, state: &Self::State, steps: &mut Vec<Self::Action>);
    /// The state after `step`, under a canonical naming.
    fn take(&self, state: &Self::State, step: &Self::Action) -> Self::State;
    /// Whether `state` breaks `promise`.
    fn breaks(&self, state: &Self::State, promise: Promise) -> bool;
    /// Whether some reader's next step serves the entry.
    fn is_about_to_hit(&self, state: &Self::State) -> bool;
    /// The promises to look at.
    fn expected(&self) -> Promises;
    /// The actor of a step and where it stands, for printed counterexamples.
    fn describe(&self, state: &Self::State, step: &Self::Action) -> String;
}

/// What the checker found.
pub struct Outcome {
    /// A verdict for each promise.
    pub verdicts: Promises,
    /// The interleaving that broke each failed promise, a line for each step.
    pub counterexamples: Vec<(Promise, Vec<String>)>,
    /// Whether some read was a hit, without which the promises would be empty.
    pub hits: bool,
    /// How many different states there were.
    pub states: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// Walks through every state of `world`.
pub fn check<W>(world: W, threads: usize) -> Outcome
where
    W: World + Send + Sync + 'static,
    W::State: Send + Sync + 'static,
    W::Action: Send + Sync + 'static,
{
    let started = Instant::now();
    let checker = Adapter(world).checker().threads(threads).spawn_bfs().join();
    let world = &checker.model().0;
    let mut counterexamples = Vec::new();
    let mut verdict = |promise: Promise| {
        if !world.expected().checks(promise) {
            return Verdict::Unchecked;
        }
        let Some(path) = checker.discovery(promise.name()) else {
            return Verdict::Holds;
        };
        let lines = path
            .into_vec()
            .into_iter()
            .filter_map(|(state, step)| step.map(|step| world.describe(&state, &step)))
            .collect();
        counterexamples.push((promise, lines));
        Verdict::Fails
    };
    let verdicts = Promises {
        regular: verdict(Promise::Regular),
        no_inversion: verdict(Promise::NoInversion),
        database: verdict(Promise::Database),
        no_stale_entry: verdict(Promise::NoStaleEntry),
        delivered: verdict(Promise::Delivered),
    };
    Outcome {
        verdicts,
        counterexamples,
        hits: checker.discovery(HIT).is_some(),
        states: checker.unique_state_count(),
        elapsed: started.elapsed(),
    }
}

/// A [`World`] as stateright wants it.
struct Adapter<W>(W);

impl<W: World> Model for Adapter<W> {
    type State = W::State;
    type Action = W::Action;

    fn init_states(&self) -> Vec<W::State> {
        vec![self.0.start()]
    }

    fn actions(&self, state: &W::State, actions: &mut Vec<W::Action>) {
        self.0.steps(state, actions);
    }

    fn next_state(&self, state: &W::State, action: W::Action) -> Option<W::State> {
        Some(self.0.take(state, &action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let expected = self.0.expected();
        let mut properties = vec![Property::<Self>::sometimes(HIT, |model, state| {
            model.0.is_about_to_hit(state)
        })];
        for promise in Promise::ALL {
            if !expected.checks(promise) {
                continue;
            }
            // The checker takes plain functions, so each promise needs one of its own.
            let holds: fn(&Self, &W::State) -> bool = match promise {
                Promise::Regular => |model, state| !model.0.breaks(state, Promise::Regular),
                Promise::NoInversion => |model, state| !model.0.breaks(state, Promise::NoInversion),
                Promise::Database => |model, state| !model.0.breaks(state, Promise::Database),
                Promise::NoStaleEntry => {
                    |model, state| !model.0.breaks(state, Promise::NoStaleEntry)
                }
                Promise::Delivered => |model, state| !model.0.breaks(state, Promise::Delivered),
            };
            properties.push(Property::<Self>::always(promise.name(), holds));
        }
        properties
    }
}
