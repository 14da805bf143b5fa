//! Storing and removing entries, bumping tags.

use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::batch::{self, Act, Told};
use super::lease::Held;
use super::link::{Answer, Op};
use super::name::Name;
use super::pack::{LIFE_BYTES, pack};
use super::settle::live;
use super::{Inner, TAG_KEEP};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::namespace::Namespace;
use crate::shape::ShapeList;
use crate::store::{Insertion, Put};
use crate::tag::{Tag, TagKind};

impl Inner {
    /// One round trip for all entries.
    pub(super) async fn insert(
        &self,
        namespace: &Namespace,
        items: SmallVec<[Insertion<'_>; 1]>,
    ) -> Result<SmallVec<[Put; 1]>> {
        let (names, seal) = (self.names(namespace), self.seal(namespace));
        // Versions that were noted under a mark are current never.
        let mut puts: SmallVec<[Put; 1]> = items.iter().map(|_| Put::Outdated).collect();
        let storable = |item: &&Insertion<'_>| !item.entry.versions().is_marked();
        let places: Vec<usize> = (0..items.len())
            .filter(|at| storable(&&items[*at]))
            .collect();
        let items: Vec<&Insertion<'_>> = items.iter().filter(storable).collect();
        let mut acts: Vec<(Name, Act)> = Vec::with_capacity(items.len());
        // The size of what was packed; where nothing could be, about what it would be.
        let mut sizes: Vec<usize> = Vec::with_capacity(items.len());
        let mut failed: Option<Error> = None;
        for item in &items {
            let name = names.entry(item.key);
            let packed = pack(&seal, item.key, &item.entry).unwrap_or_else(|error| {
                // No codec carries it: its lease ends, as a value's that is too large.
                failed.get_or_insert(error);
                None
            });
            let size = match &packed {
                Some(packed) => packed.len() + LIFE_BYTES,
                // Its value, its key or one of its tags is beyond what an envelope holds.
                None => {
                    let about = item.entry.weight() + item.key.as_bytes().len();
                    about.max(self.value_bytes_max.saturating_add(1))
                }
            };
            sizes.push(size);
            let act = match packed {
                Some(value) if size <= self.value_bytes_max => {
                    Act::Store(store(&name, item, value), held(item).map(Held::life))
                }
                // What is there is not what the caller wants to be there.
                _ => Act::Do(end(&name, item)),
            };
            acts.push((name, act));
        }
        let told = batch::run(&*self.topology, &acts).await;
        let mut unwanted: Vec<(Name, Act)> = Vec::new();
        let done = items.iter().zip(sizes).zip(&acts).zip(told).zip(places);
        for ((((item, size), (name, _)), told), place) in done {
            let too_large = Put::TooLarge {
                weight: size,
                max: self.value_bytes_max,
            };
            puts[place] = match told {
                Ok((Answer::Done, _)) if size > self.value_bytes_max => too_large,
                Ok((Answer::Done, _)) => Put::Stored { evicted: 0 },
                Ok((Answer::Found(_) | Answer::Missing, _)) => Put::Fenced,
                Ok((Answer::TooLarge, _)) => {
                    unwanted.push((name.clone(), Act::Do(end(name, item))));
                    too_large
                }
                Ok((Answer::Refused(error), _)) => {
                    unwanted.push((name.clone(), Act::Do(end(name, item))));
                    failed.get_or_insert(error);
                    Put::Fenced
                }
                Err(error) => {
                    failed.get_or_insert(error);
                    Put::Fenced
                }
            };
            if let Some(Held::Beside { lease, record, .. }) = held(item) {
                let take = Op::Take {
                    name: lease.clone(),
                    seen: record.clone(),
                };
                unwanted.push((lease.clone(), Act::Do(take)));
            }
        }
        if !unwanted.is_empty() {
            // Best effort: a lease that is not given back runs out.
            let _ = batch::run(&*self.topology, &unwanted).await;
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(puts),
        }
    }

    pub(super) async fn remove(&self, namespace: &Namespace, keys: &[Key]) -> Result<()> {
        let names = self.names(namespace);
        let delete = |key: &Key| {
            let name = names.entry(key);
            (name.clone(), Act::Do(Op::Delete(name)))
        };
        let acts: Vec<(Name, Act)> = keys.iter().map(delete).collect();
        for told in batch::run(&*self.topology, &acts).await {
            if let (Answer::Refused(error), _) = told? {
                return Err(error);
            }
        }
        Ok(())
    }

    /// One round trip: the bumps, and on the same way back the lists of shapes as they are then. Now
    /// and then also whether the tables' guards stand: who writes again need not ask.
    pub(super) async fn bump(
        &self,
        namespace: &Namespace,
        tags: &[Tag],
        watch: &[Tag],
    ) -> Result<Vec<ShapeList>> {
        let names = self.names(namespace);
        let guards = self.guards_to_renew(namespace, watch);
        let tables = watch.iter().map(|table| names.tag(table));
        let read: Vec<Name> = tables.chain(guards.iter().cloned()).collect();
        let asked = Instant::now();
        let (bumped, mut watched) = self.bump_and_read(namespace, tags, &read).await;
        for (guard, told) in guards.iter().zip(watched.split_off(watch.len())) {
            self.note_guard(guard, told, asked);
        }
        bumped.into_iter().collect::<Result<()>>()?;
        let mut lists = Vec::with_capacity(watch.len());
        let mut unreadable: Vec<(Name, Act)> = Vec::new();
        for (table, told) in watch.iter().zip(watched) {
            let name = names.tag(table);
            let list = match told? {
                (Answer::Found(found), incarnation) => match live(&found, incarnation) {
                    Some(cell) => self.lists.see(&name, &cell.list),
                    // Not one of this life of the server: no entry depends on it.
                    None => self.lists.see(&name, &[]),
                },
                (Answer::Refused(error), _) => return Err(error),
                _ => self.lists.see(&name, &[]),
            };
            lists.push(list.unwrap_or_else(|| {
                // Nobody can tell which tags of rows are in use: the whole table goes.
                unreadable.push((name, Act::BumpCoarse(TAG_KEEP)));
                ShapeList::empty()
            }));
        }
        if !unreadable.is_empty() {
            let told = batch::run(&*self.topology, &unreadable).await;
            let ended = self.end_refused(&unreadable, told).await;
            ended.into_iter().collect::<Result<()>>()?;
        }
        Ok(lists)
    }

    /// One round trip: bumps, with what became of each, and after them these reads.
    pub(super) async fn bump_and_read(
        &self,
        namespace: &Namespace,
        tags: &[Tag],
        read: &[Name],
    ) -> (Vec<Result<()>>, Vec<Told>) {
        let names = self.names(namespace);
        let bump = |tag: &Tag| {
            let act = match tag.kind() {
                TagKind::Shape => Act::BumpFine(TAG_KEEP),
                _ => Act::BumpCoarse(TAG_KEEP),
            };
            (names.tag(tag), act)
        };
        let mut acts: Vec<(Name, Act)> = tags.iter().map(bump).collect();
        acts.extend(read.iter().map(|name| (name.clone(), Act::Get)));
        let mut told = batch::run(&*self.topology, &acts).await;
        let found = told.split_off(tags.len());
        (self.end_refused(&acts, told).await, found)
    }

    /// What became of bumps, after the tags were deleted whose bumps were refused. A server that has no room refuses what could take
    /// more of it, and a cell may be larger than this process writes; no entry may stay valid for
    /// that. A tag that is not there is as good as one with a fresh version.
    async fn end_refused(&self, bumps: &[(Name, Act)], told: Vec<Told>) -> Vec<Result<()>> {
        let mut done: Vec<Result<()>> = Vec::with_capacity(told.len());
        let mut refused: Vec<(Name, Act)> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for (place, ((name, _), told)) in bumps.iter().zip(told).enumerate() {
            if let Ok((Answer::Refused(_) | Answer::TooLarge, _)) = told {
                refused.push((name.clone(), Act::Do(Op::Delete(name.clone()))));
                places.push(place);
            }
            done.push(told.map(|_| ()));
        }
        let ended = batch::run(&*self.topology, &refused).await;
        for (place, told) in places.into_iter().zip(ended) {
            done[place] = match told {
                Ok((Answer::Refused(error), _)) | Err(error) => Err(error),
                Ok(_) => Ok(()),
            };
        }
        done
    }

    /// The lists of shapes as they were last seen; read, where they never were.
    pub(super) async fn lists_of(
        &self,
        namespace: &Namespace,
        tables: &[Tag],
    ) -> Result<Vec<ShapeList>> {
        let names = self.names(namespace);
        let known: Option<Vec<ShapeList>> = tables
            .iter()
            .map(|table| self.lists.get(&names.tag(table)))
            .collect();
        match known {
            Some(lists) => Ok(lists),
            None => self.bump(namespace, &[], tables).await,
        }
    }
}

fn held<'a>(item: &'a Insertion<'_>) -> Option<&'a Held> {
    item.permit.as_ref()?.held()
}

/// Stores an entry: under a lease only over what the lease knows to be there.
fn store(name: &Name, item: &Insertion<'_>, value: Vec<u8>) -> Op {
    let name = name.clone();
    let keep = item.keep.max(Duration::from_millis(1));
    match held(item) {
        None => Op::Set { name, value, keep },
        Some(Held::OnEntry { record, .. }) => Op::Swap {
            name,
            seen: record.clone(),
            value,
            keep,
        },
        Some(Held::Beside { seen, .. }) => Op::Swap {
            name,
            seen: seen.clone(),
            value,
            keep,
        },
    }
}

/// Ends what is there instead of storing an entry.
fn end(name: &Name, item: &Insertion<'_>) -> Op {
    let name = name.clone();
    match held(item) {
        None => Op::Delete(name),
        Some(Held::OnEntry { record, .. }) => Op::Take {
            name,
            seen: record.clone(),
        },
        Some(Held::Beside { seen, .. }) => Op::Take {
            name,
            seen: seen.clone(),
        },
    }
}
