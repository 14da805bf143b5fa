//! Looking entries up, with the state of their tags.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;

use smallvec::SmallVec;

use super::Inner;
use super::batch::{self, Act, Told};
use super::link::{Answer, Found};
use super::name::{Name, Names};
use super::pack::{Unpacked, is_still, unpack};
use super::settle::live;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::{Look, Lookup, Versions, Want};
use crate::tag::Tag;
use crate::version::Version;

/// What was read of some tags, all at about the same time.
#[derive(Default)]
pub(super) struct Seen(HashMap<Tag, Sight, ahash::RandomState>);

#[derive(Clone)]
enum Sight {
    /// Nothing that counts is there.
    Missing,
    Live {
        version: Version,
        marked: bool,
    },
    /// Its server does not answer.
    Down(Error),
}

impl Seen {
    fn has(&self, tag: &Tag) -> bool {
        self.0.contains_key(tag)
    }

    /// Notes that a tag is going to be asked for. Whether it was not noted yet.
    fn expect(&mut self, tag: &Tag) -> bool {
        match self.0.entry(tag.clone()) {
            Place::Occupied(_) => false,
            Place::Vacant(place) => {
                place.insert(Sight::Missing);
                true
            }
        }
    }

    /// The state of an entry that recorded these versions. The first tag that is not current
    /// decides: coarse tags stand first, where marks are.
    pub(super) fn state(&self, stamps: &[(Tag, Version)]) -> Result<TagState> {
        for (tag, recorded) in stamps {
            match self.0.get(tag) {
                Some(Sight::Live { marked: true, .. }) => return Ok(TagState::Marked),
                Some(Sight::Live { version, .. }) if version == recorded => {}
                Some(Sight::Live { .. }) => return Ok(TagState::Changed),
                Some(Sight::Down(error)) => return Err(error.clone()),
                Some(Sight::Missing) | None => return Ok(TagState::Missing),
            }
        }
        Ok(TagState::Current)
    }
}

impl Inner {
    /// One round trip for all entries and their tags; a second if an entry carries a tag that
    /// nobody expected. What a server that is down would have told is failed, and nothing else.
    pub(super) async fn look(
        &self,
        namespace: &Namespace,
        looks: &[Look<'_>],
    ) -> SmallVec<[Lookup; 1]> {
        let (names, seal) = (self.names(namespace), self.seal(namespace));
        let mut acts: Vec<(Name, Act)> = Vec::with_capacity(looks.len() * 5);
        let mut tags: Vec<Tag> = Vec::with_capacity(looks.len() * 4);
        let mut seen = Seen::default();
        // Coarse tags come first in a look's wants, and a server answers in the order asked.
        for look in looks {
            for want in look.wants {
                let tag = self.guess(&names, want);
                if seen.expect(&tag) {
                    acts.push((names.tag(&tag), Act::Get));
                    tags.push(tag);
                }
            }
        }
        acts.extend(looks.iter().map(|look| (names.entry(look.key), Act::Get)));
        let mut told = batch::run(&*self.topology, &acts).await;
        let entries = told.split_off(tags.len());
        self.note(&mut seen, &tags, &acts, told);

        let alone = looks.len() == 1;
        // Among many, looking for one costs more than making it.
        let at_hand = if alone { &tags[..] } else { &[] };
        let mut found = Vec::with_capacity(looks.len());
        for (look, told) in looks.iter().zip(entries) {
            found.push(match told {
                Ok((Answer::Found(bytes), life)) => {
                    match unpack(&seal, look.key, &bytes, life, at_hand) {
                        Unpacked::Entry(entry) => Ok(Some(entry)),
                        Unpacked::Leased | Unpacked::Foreign => Ok(None),
                    }
                }
                Ok((Answer::Refused(error), _)) | Err(error) => Err(error),
                Ok(_) => Ok(None),
            });
        }
        // All tags of such an entry once more, and in their order: a coarse one that is read after a
        // fine one could miss a mark.
        let mut again: Vec<Tag> = Vec::new();
        for entry in found.iter().flatten().flatten() {
            let stamps = stamps(entry.versions());
            if stamps.iter().any(|(tag, _)| !seen.has(tag)) {
                let tags = stamps.iter().map(|(tag, _)| tag);
                // Once: a later sight of a guard would count for an earlier one of its rows.
                let new: Vec<Tag> = tags.filter(|tag| !again.contains(tag)).cloned().collect();
                again.extend(new);
            }
        }
        if !again.is_empty() {
            again.sort_by_key(Tag::kind);
            self.sight(&names, &mut seen, again).await;
        }
        let state = |entry: Entry| {
            let state = seen.state(stamps(entry.versions()))?;
            Ok(Lookup::Found { entry, state })
        };
        let lookups = found.into_iter().map(|found| match found {
            Ok(None) => Lookup::Absent,
            Ok(Some(entry)) => state(entry).unwrap_or_else(Lookup::Failed),
            Err(error) => Lookup::Failed(error),
        });
        lookups.collect()
    }

    /// Whether recorded versions are still current.
    pub(super) async fn current_state(
        &self,
        namespace: &Namespace,
        versions: &Versions,
    ) -> Result<TagState> {
        if versions.is_marked() {
            return Ok(TagState::Marked);
        }
        let names = self.names(namespace);
        let stamps = stamps(versions);
        let mut seen = Seen::default();
        let tags = stamps.iter().map(|(tag, _)| tag.clone()).collect();
        self.sight(&names, &mut seen, tags).await;
        seen.state(stamps)
    }

    /// Whether entries are still there with current tags: one round trip, no values.
    pub(super) async fn still(
        &self,
        namespace: &Namespace,
        entries: &[(&Key, Entry)],
    ) -> Result<Vec<TagState>> {
        let names = self.names(namespace);
        let mut acts: Vec<(Name, Act)> = Vec::with_capacity(entries.len() * 5);
        let mut tags: Vec<Tag> = Vec::with_capacity(entries.len() * 4);
        let mut seen = Seen::default();
        for (_, entry) in entries {
            for (tag, _) in stamps(entry.versions()) {
                if seen.expect(tag) {
                    acts.push((names.tag(tag), Act::Get));
                    tags.push(tag.clone());
                }
            }
        }
        acts.extend(entries.iter().map(|(key, _)| (names.entry(key), Act::Head)));
        let mut told = batch::run(&*self.topology, &acts).await;
        let heads = told.split_off(tags.len());
        self.note(&mut seen, &tags, &acts, told);
        let mut states = Vec::with_capacity(entries.len());
        for ((_, entry), head) in entries.iter().zip(heads) {
            states.push(match head? {
                (Answer::Found(found), life) if is_still(entry, &found, life) => {
                    seen.state(stamps(entry.versions()))?
                }
                (Answer::Refused(error), _) => return Err(error),
                _ => TagState::Missing,
            });
        }
        Ok(states)
    }

    pub(super) async fn sight(&self, names: &Names, seen: &mut Seen, tags: Vec<Tag>) {
        let act = |tag| (names.tag(tag), Act::Get);
        let acts: Vec<(Name, Act)> = tags.iter().map(act).collect();
        let told = batch::run(&*self.topology, &acts).await;
        self.note(seen, &tags, &acts, told);
    }

    /// Notes what was told of some tags, in the order of the acts that asked for them.
    fn note(&self, seen: &mut Seen, tags: &[Tag], acts: &[(Name, Act)], told: Vec<Told>) {
        for ((tag, (name, _)), told) in tags.iter().zip(acts).zip(told) {
            let sight = match told {
                Ok((Answer::Found(found), incarnation)) => self.sight_of(name, &found, incarnation),
                Ok((Answer::Refused(error), _)) | Err(error) => Sight::Down(error),
                Ok(_) => Sight::Missing,
            };
            seen.0.insert(tag.clone(), sight);
        }
    }

    fn sight_of(&self, name: &Name, found: &Found, incarnation: super::link::Incarnation) -> Sight {
        let Some(cell) = live(found, incarnation) else {
            return Sight::Missing;
        };
        if !cell.list.is_empty() {
            // Remembered for the next guess; what cannot be read is met by `prepare`.
            let _ = self.lists.see(name, &cell.list);
        }
        match (cell.is_live(), cell.marks.is_empty()) {
            (_, false) => Sight::Live {
                version: cell.version,
                marked: true,
            },
            (true, true) => Sight::Live {
                version: cell.version,
                marked: false,
            },
            (false, true) => Sight::Missing,
        }
    }

    /// Which tag a want comes to by the list of shapes as it was last seen.
    pub(super) fn guess(&self, names: &Names, want: &Want) -> Tag {
        match want {
            Want::Tag(tag) => tag.clone(),
            Want::Shape {
                table,
                shape,
                values,
            } => {
                let list = self.lists.get(&names.tag(table));
                let used = list.map_or_else(|| shape.clone(), |list| list.admit(shape).shape);
                super::shape_tag(table, &used, values)
            }
        }
    }
}

pub(super) fn stamps(versions: &Versions) -> &[(Tag, Version)] {
    versions.stamps().unwrap_or_default()
}
