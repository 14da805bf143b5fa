//! Putting loaded objects together: each after all that it refers to.

use super::Slots;
use super::graph::Stop;
use super::reference::Shared;

/// Puts objects together, each once.
pub(super) struct Builder<'g> {
    stops: &'g [Stop],
    done: Vec<Option<Shared>>,
    /// Whether an object stands on the way to the one that is being put together.
    open: Vec<bool>,
}

/// An object on the way, with what its first references were loaded to.
struct Step {
    at: usize,
    slots: Vec<Option<Shared>>,
}

impl<'g> Builder<'g> {
    pub(super) fn new(stops: &'g [Stop]) -> Builder<'g> {
        Builder {
            stops,
            done: vec![None; stops.len()],
            open: vec![false; stops.len()],
        }
    }

    /// The object with all that it refers to.
    ///
    /// The way is kept in a list of its own, so that no depth can exhaust the stack. An object that
    /// is met again on its own way is put in as it was found, its references not loaded: an object
    /// that held itself would never be freed.
    pub(super) fn build(&mut self, root: usize) -> Option<Shared> {
        if let Some(done) = &self.done[root] {
            return Some(done.clone());
        }
        let mut way = vec![self.enter(root)];
        while let Some(step) = way.last_mut() {
            let stop = &self.stops[step.at];
            match stop.references.get(step.slots.len()) {
                Some(&to) if self.done[to].is_some() => step.slots.push(self.done[to].clone()),
                Some(&to) if self.open[to] => step.slots.push(self.stops[to].node.bare()),
                Some(&to) => {
                    let inner = self.enter(to);
                    way.push(inner);
                }
                None => {
                    let at = step.at;
                    self.done[at] = stop.whole(&mut Slots::new(&step.slots));
                    self.open[at] = false;
                    way.pop();
                    // What has failed leaves its place empty, and ends here.
                    if let Some(outer) = way.last_mut() {
                        outer.slots.push(self.done[at].clone());
                    }
                }
            }
        }
        self.done[root].clone()
    }

    fn enter(&mut self, at: usize) -> Step {
        self.open[at] = true;
        Step {
            at,
            slots: Vec::with_capacity(self.stops[at].references.len()),
        }
    }
}
