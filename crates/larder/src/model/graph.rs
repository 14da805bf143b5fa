//! All objects that one get loads, level by level.
//!
//! ```text
//!   level 0        level 1            level 2
//!   User bob ───── Workplace acme ─── City Riga      one look-up of all keys of a level,
//!           └───── User ann ───────── (bob again)    whatever their models are
//! ```
//!
//! What is met again was loaded already, and is not asked for again: so circles end. When an object
//! is missing and nothing builds it, those that refer to it are built anew, where they can be,
//! because they may then refer to something else; and so on upwards. Each is built anew once.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Found;
use std::sync::Arc;

use futures_util::future::join_all;

use super::build::Builder;
use super::error::{GraphLimit, ModelError, Referrer};
use super::node::{Node, Place};
use super::object::Object;
use super::{CacheModel, Slots};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::read;
use crate::scope::Reading;
use crate::store::{Look, Lookup, Want};

/// So many levels of references does one get follow: each is a round trip. Deeper ones are
/// [`ModelError::TooMany`].
pub const REFERENCES_DEPTH_MAX: usize = 64;

/// So many objects does one get load beside those that it was asked for. More are
/// [`ModelError::TooMany`].
pub const OBJECTS_MAX: usize = 10_000;

/// The objects of one get.
pub(super) struct Graph<'c> {
    cache: &'c Cache,
    stops: Vec<Stop>,
    places: HashMap<Place, usize>,
    roots: usize,
}

/// One object, and how it hangs together with the others.
pub(super) struct Stop {
    pub(super) node: Box<dyn Node>,
    /// The objects that it refers to, in the order of its references.
    pub(super) references: Vec<usize>,
    referrers: Vec<(usize, &'static str)>,
    depth: usize,
    /// It was built because something that it referred to was missing.
    anew: bool,
    failed: Option<ModelError>,
}

/// Objects that cannot be had, with the reason.
type Failures = Vec<(usize, ModelError)>;

impl<'c> Graph<'c> {
    fn new(cache: &'c Cache) -> Graph<'c> {
        Graph {
            cache,
            stops: Vec::new(),
            places: HashMap::new(),
            roots: 0,
        }
    }

    /// Gets one object with all that it refers to.
    pub(super) async fn one<M: CacheModel>(
        cache: &Cache,
        object: Object<M>,
    ) -> Result<Arc<M>, ModelError> {
        let mut got = Graph::many(cache, vec![object]).await;
        got.pop()
            .unwrap_or_else(|| unreachable!("one object was asked for"))
    }

    /// Gets what an object that is there refers to.
    pub(super) async fn around<M: CacheModel>(
        cache: &Cache,
        object: Object<M>,
    ) -> Result<Arc<M>, ModelError> {
        if let (false, Some(value)) = (M::HAS_REFERENCES, object.value()) {
            return Ok(value.clone());
        }
        Graph::one(cache, object).await
    }

    /// Gets objects with all that they refer to; the answers stand in the order of the questions.
    pub(super) async fn many<M: CacheModel>(
        cache: &Cache,
        objects: Vec<Object<M>>,
    ) -> Vec<Result<Arc<M>, ModelError>> {
        let mut graph = Graph::new(cache);
        let roots: Vec<usize> = objects
            .into_iter()
            .map(|object| graph.add(Box::new(object), 0).0)
            .collect();
        graph.roots = graph.stops.len();
        let loaded = graph.load((0..graph.roots).collect()).await;
        let mut builder = Builder::new(&graph.stops);
        roots
            .into_iter()
            .map(|root| {
                loaded.clone()?;
                let stop = &graph.stops[root];
                if let Some(error) = &stop.failed {
                    return Err(error.clone());
                }
                let built = builder.build(root)?;
                let built = built.and_then(|built| built.downcast().ok());
                built.ok_or_else(|| stop.node.missing(None))
            })
            .collect()
    }

    /// The number of an object, and whether it is new.
    fn add(&mut self, node: Box<dyn Node>, depth: usize) -> (usize, bool) {
        match self.places.entry(node.place()) {
            Found::Occupied(place) => (*place.get(), false),
            Found::Vacant(place) => {
                let at = self.stops.len();
                place.insert(at);
                self.stops.push(Stop {
                    node,
                    references: Vec::new(),
                    referrers: Vec::new(),
                    depth,
                    anew: false,
                    failed: None,
                });
                (at, true)
            }
        }
    }

    async fn load(&mut self, roots: Vec<usize>) -> Result<(), ModelError> {
        let mut level = roots;
        while !level.is_empty() {
            let mut failures = self.get(&level).await;
            let mut next = Vec::new();
            for at in level {
                if self.stops[at].node.is_found() {
                    self.follow(at, &mut next, &mut failures)?;
                }
            }
            while !failures.is_empty() {
                let anew = self.give_up(failures);
                let (built, failed) = self.build(anew).await;
                failures = failed;
                for at in built {
                    self.follow(at, &mut next, &mut failures)?;
                }
            }
            level = next;
        }
        Ok(())
    }

    /// Looks all of these up in one batch, and builds those that are missing and can be built.
    async fn get(&mut self, level: &[usize]) -> Failures {
        let mut failures = Failures::new();
        let mut refused = |at: &usize| {
            let checked = self.stops[*at].node.check_name(self.cache);
            let checked = checked.map_err(|error| failures.push((*at, error.into())));
            checked.is_err()
        };
        let level: Vec<usize> = level.iter().copied().filter(|at| !refused(at)).collect();
        // Building begins with a look of its own. What refers to others is looked up all the same:
        // if one of them is missing, it is built instead of the entry that was found.
        let alone = matches!(level[..], [at] if self.stops[at].node.looks_by_itself());
        let mut unanswered = if alone {
            HashMap::new()
        } else {
            self.look(&level).await
        };
        let mut absent = Vec::new();
        for at in level {
            let stop = &self.stops[at];
            if stop.node.is_found() {
                continue;
            }
            let why = match unanswered.remove(&at) {
                Some(error) => ModelError::Cache(error),
                None => stop.node.missing(self.referrer(at)),
            };
            if stop.node.can_build() {
                absent.push((at, why));
            } else {
                failures.push((at, why));
            }
        }
        let (_, failed) = self.build(absent).await;
        failures.extend(failed);
        failures
    }

    /// Looks all of these up in one batch. Gives those of which the store did not say whether they
    /// are there.
    async fn look(&mut self, level: &[usize]) -> HashMap<usize, Error> {
        let core = self.cache.core();
        let reading = Reading::begin(core);
        if reading.is_scoped() {
            for at in level {
                self.stops[*at].node.settle_kept(self.cache, &reading);
            }
        }
        // Found already: kept by the reader's scope, or a root that was just created.
        let level: Vec<usize> = level
            .iter()
            .copied()
            .filter(|at| !self.stops[*at].node.is_found())
            .collect();
        let mut unanswered = HashMap::new();
        if level.is_empty() {
            return unanswered;
        }
        let wants: Vec<Vec<Want>> = level
            .iter()
            .map(|at| read::expand(self.stops[*at].node.wants()))
            .collect();
        let looks: Vec<Look<'_>> = level
            .iter()
            .zip(&wants)
            .map(|(at, wants)| Look {
                key: self.stops[*at].node.key(),
                wants,
            })
            .collect();
        let found = read::look_all(core, &looks).await;
        for (at, found) in level.into_iter().zip(found) {
            if let Lookup::Failed(error) = &found {
                unanswered.insert(at, error.clone());
            }
            self.stops[at].node.settle(self.cache, found, &reading);
        }
        unanswered
    }

    /// Builds these, all at the same time. Those that cannot be built fail with their own error, or
    /// with the one given if they do not exist either.
    async fn build(&mut self, anew: Failures) -> (Vec<usize>, Failures) {
        let cache = self.cache;
        let mut whys: HashMap<usize, ModelError> = anew.into_iter().collect();
        let building = self.stops.iter_mut().enumerate().filter_map(|(at, stop)| {
            let why = whys.remove(&at)?;
            Some(async move {
                match stop.node.build(cache).await {
                    Ok(()) => Ok(at),
                    Err(ModelError::Missing(_)) => Err((at, why)),
                    Err(error) => Err((at, error)),
                }
            })
        });
        let mut built = Vec::new();
        let mut failures = Failures::new();
        for done in join_all(building).await {
            match done {
                Ok(at) => built.push(at),
                Err(failed) => failures.push(failed),
            }
        }
        (built, failures)
    }

    /// Notes what an object refers to. What is new is loaded with the next level.
    fn follow(
        &mut self,
        at: usize,
        next: &mut Vec<usize>,
        failures: &mut Failures,
    ) -> Result<(), ModelError> {
        for old in std::mem::take(&mut self.stops[at].references) {
            self.stops[old].referrers.retain(|(by, _)| *by != at);
        }
        let depth = self.stops[at].depth + 1;
        for (field, node) in self.stops[at].node.references() {
            let (to, new) = self.add(node, depth);
            self.stops[at].references.push(to);
            let referrers = &mut self.stops[to].referrers;
            if referrers.last().is_none_or(|(by, _)| *by != at) {
                referrers.push((at, field));
            }
            if new {
                if depth > REFERENCES_DEPTH_MAX {
                    return Err(ModelError::TooMany(GraphLimit::Depth));
                }
                if self.stops.len() - self.roots > OBJECTS_MAX {
                    return Err(ModelError::TooMany(GraphLimit::Objects));
                }
                next.push(to);
            } else if let Some(error) = self.stops[to].failed.clone() {
                if self.stops[at].anew {
                    // Whoever built this object may have saved that one.
                    self.stops[to].failed = None;
                    next.push(to);
                } else {
                    failures.push((at, error));
                }
            }
        }
        Ok(())
    }

    /// Notes that these cannot be had. Those that refer to them and can be built anew are to be,
    /// once; the others cannot be had either.
    fn give_up(&mut self, failures: Failures) -> Failures {
        let mut anew = Failures::new();
        let mut queue = failures;
        while let Some((at, error)) = queue.pop() {
            let stop = &mut self.stops[at];
            // What is missing itself has been tried, if it can be built.
            let mine = stop.node.is_found() && stop.node.can_build() && !stop.anew;
            if mine {
                stop.anew = true;
                anew.push((at, error));
                continue;
            }
            if stop.failed.is_some() || anew.iter().any(|(waiting, _)| *waiting == at) {
                continue;
            }
            stop.failed = Some(error.clone());
            let referrers = stop.referrers.iter();
            queue.extend(referrers.map(|(by, _)| (*by, error.clone())));
        }
        anew
    }

    /// The field that refers to an object, the first of several.
    fn referrer(&self, at: usize) -> Option<Referrer> {
        let (by, field) = *self.stops[at].referrers.first()?;
        let model = self.stops[by].node.model();
        Some(Referrer { model, field })
    }
}

impl Stop {
    pub(super) fn whole(&self, slots: &mut Slots<'_>) -> Option<super::reference::Shared> {
        if self.references.is_empty() {
            return self.node.bare();
        }
        self.node.whole(slots)
    }
}
