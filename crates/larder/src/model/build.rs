//! Putting loaded objects together: each after all that it refers to.
//!
//! What an object holds follows from the object alone, not from what else was asked for or in which
//! order. Outside of circles it is put together once, for all that refer to it. A circle is put
//! together anew for each of its objects by which it is entered, from the outside or as the root of
//! a get: with that one as its beginning. Whatever is met again on its own way stands there bare.

use super::Slots;
use super::circles::circles;
use super::error::{GraphLimit, ModelError};
use super::graph::Stop;
use super::reference::Shared;

/// So many objects of circles does one get put together again, for other beginnings of the same
/// circle. More are [`ModelError::TooMany`]: ask for fewer objects of one circle at once.
pub const COPIES_MAX: usize = 100_000;

/// Puts objects together.
pub(super) struct Builder<'g> {
    stops: &'g [Stop],
    circle: Vec<usize>,
    /// Each with itself as the beginning of its circle.
    done: Vec<Option<Shared>>,
    /// Of circles that are being put together: for the beginning that is on the way.
    inner: Vec<Inner>,
    copies: usize,
}

/// An object within its circle, as long as that is being put together.
#[derive(Clone)]
enum Inner {
    No,
    /// It stands on the way to the one that is being put together.
    Open,
    Done(Option<Shared>),
}

/// An object on the way, with what its first references were loaded to.
struct Step {
    at: usize,
    slots: Vec<Option<Shared>>,
    /// For the beginning of a circle: the others that were put together for it.
    members: Option<Vec<usize>>,
}

impl<'g> Builder<'g> {
    pub(super) fn new(stops: &'g [Stop]) -> Builder<'g> {
        Builder {
            stops,
            circle: circles(stops.len(), |at| &stops[at].references),
            done: vec![None; stops.len()],
            inner: vec![Inner::No; stops.len()],
            copies: 0,
        }
    }

    /// The object with all that it refers to.
    ///
    /// The way is kept in a list of its own, so that no depth can exhaust the stack. An object that
    /// is met again on its own way is put in as it was found, its references not loaded: an object
    /// that held itself would never be freed.
    ///
    /// # Errors
    ///
    /// Circles are put together too often.
    pub(super) fn build(&mut self, root: usize) -> Result<Option<Shared>, ModelError> {
        if let Some(done) = &self.done[root] {
            return Ok(Some(done.clone()));
        }
        let mut way = vec![self.enter(root, true)];
        while let Some(step) = way.last_mut() {
            let at = step.at;
            let Some(&to) = self.stops[at].references.get(step.slots.len()) else {
                let made = self.stops[at].whole(&mut Slots::new(&step.slots));
                let members = step.members.take();
                way.pop();
                self.leave(at, members, &made, &mut way);
                // What has failed leaves its place empty, and ends here.
                if let Some(outer) = way.last_mut() {
                    outer.slots.push(made);
                }
                continue;
            };
            let begins = self.circle[to] != self.circle[at];
            match &self.inner[to] {
                Inner::Open => step.slots.push(self.stops[to].node.bare()),
                Inner::Done(done) => step.slots.push(done.clone()),
                Inner::No if begins && self.done[to].is_some() => {
                    step.slots.push(self.done[to].clone());
                }
                Inner::No => {
                    if !begins {
                        self.copies += 1;
                        if self.copies > COPIES_MAX {
                            self.inner.fill(Inner::No);
                            return Err(ModelError::TooMany(GraphLimit::Copies));
                        }
                    }
                    let inner = self.enter(to, begins);
                    way.push(inner);
                }
            }
        }
        Ok(self.done[root].clone())
    }

    fn enter(&mut self, at: usize, begins: bool) -> Step {
        self.inner[at] = Inner::Open;
        Step {
            at,
            slots: Vec::with_capacity(self.stops[at].references.len()),
            members: begins.then(Vec::new),
        }
    }

    /// Notes an object that was put together.
    fn leave(
        &mut self,
        at: usize,
        members: Option<Vec<usize>>,
        made: &Option<Shared>,
        way: &mut [Step],
    ) {
        if let Some(members) = members {
            // The circle is left. Entered elsewhere, it is another one.
            for member in members {
                self.inner[member] = Inner::No;
            }
            self.inner[at] = Inner::No;
            self.done[at].clone_from(made);
            return;
        }
        self.inner[at] = Inner::Done(made.clone());
        let mut beginnings = way
            .iter_mut()
            .rev()
            .filter_map(|step| step.members.as_mut());
        if let Some(members) = beginnings.next() {
            members.push(at);
        }
    }
}
