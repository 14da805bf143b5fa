//! Looking entries up, with the state of their tags.

use std::collections::{HashMap, HashSet};

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
pub(super) struct Seen(HashMap<Name, Sight>);

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
    fn has(&self, name: &Name) -> bool {
        self.0.contains_key(name)
    }

    /// The state of an entry that recorded these versions. The first tag that is not current
    /// decides: coarse tags stand first, where marks are.
    fn state(&self, stamps: &[(Name, Version)]) -> Result<TagState> {
        for (name, recorded) in stamps {
            match self.0.get(name) {
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
    /// nobody expected.
    pub(super) async fn look(
        &self,
        namespace: &Namespace,
        looks: &[Look<'_>],
    ) -> Result<SmallVec<[Lookup; 1]>> {
        let (names, seal) = (self.names(namespace), self.seal(namespace));
        let mut acts: Vec<(Name, Act)> = Vec::with_capacity(looks.len() * 5);
        // Coarse tags come first in a look's wants, and a server answers in the order asked.
        let mut asked = HashSet::new();
        for look in looks {
            for want in look.wants {
                let name = names.tag(&self.guess(&names, want));
                if asked.insert(name.clone()) {
                    acts.push((name, Act::Get));
                }
            }
        }
        let tags = acts.len();
        acts.extend(looks.iter().map(|look| (names.entry(look.key), Act::Get)));
        let mut told = batch::run(&*self.topology, &acts).await;
        let entries = told.split_off(tags);
        let mut seen = Seen::default();
        self.note(&mut seen, &acts, told);

        let mut found = Vec::with_capacity(looks.len());
        for (look, told) in looks.iter().zip(entries) {
            found.push(match told {
                Ok((Answer::Found(bytes), life)) => match unpack(&seal, look.key, &bytes, life) {
                    Unpacked::Entry(entry) => {
                        let stamps = self.stamps(&names, entry.versions());
                        Ok(Some((entry, stamps)))
                    }
                    Unpacked::Leased | Unpacked::Foreign => Ok(None),
                },
                Ok((Answer::Refused(error), _)) | Err(error) => Err(error),
                Ok(_) => Ok(None),
            });
        }
        // All tags of such an entry once more, and in their order: a coarse one that is read after a
        // fine one could miss a mark.
        let mut again: Vec<Name> = Vec::new();
        for (_, stamps) in found.iter().flatten().flatten() {
            if stamps.iter().any(|(name, _)| !seen.has(name)) {
                again.extend(stamps.iter().map(|(name, _)| name.clone()));
            }
        }
        if !again.is_empty() {
            self.sight(&mut seen, again).await;
        }
        // One look says that it failed; among many, those that could be answered are.
        let alone = looks.len() == 1;
        found
            .into_iter()
            .map(|found| {
                let lookup = found.and_then(|found| match found {
                    None => Ok(Lookup::Absent),
                    Some((entry, stamps)) => {
                        let state = seen.state(&stamps)?;
                        Ok(Lookup::Found { entry, state })
                    }
                });
                match lookup {
                    Err(error) if alone => Err(error),
                    Err(_) => Ok(Lookup::Absent),
                    found => found,
                }
            })
            .collect()
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
        let stamps = self.stamps(&names, versions);
        let mut seen = Seen::default();
        let tags = stamps.iter().map(|(name, _)| name.clone()).collect();
        self.sight(&mut seen, tags).await;
        seen.state(&stamps)
    }

    /// Whether entries are still there with current tags: one round trip, no values.
    pub(super) async fn still(
        &self,
        namespace: &Namespace,
        entries: &[(&Key, Entry)],
    ) -> Result<Vec<TagState>> {
        let names = self.names(namespace);
        let mut stamps = Vec::with_capacity(entries.len());
        let mut acts: Vec<(Name, Act)> = Vec::with_capacity(entries.len() * 5);
        let mut asked = HashSet::new();
        for (_, entry) in entries {
            let own = self.stamps(&names, entry.versions());
            for (name, _) in &own {
                if asked.insert(name.clone()) {
                    acts.push((name.clone(), Act::Get));
                }
            }
            stamps.push(own);
        }
        let tags = acts.len();
        acts.extend(entries.iter().map(|(key, _)| (names.entry(key), Act::Head)));
        let mut told = batch::run(&*self.topology, &acts).await;
        let heads = told.split_off(tags);
        let mut seen = Seen::default();
        self.note(&mut seen, &acts, told);
        let mut states = Vec::with_capacity(entries.len());
        for (((_, entry), stamps), head) in entries.iter().zip(stamps).zip(heads) {
            states.push(match head? {
                (Answer::Found(found), life) if is_still(entry, &found, life) => {
                    seen.state(&stamps)?
                }
                (Answer::Refused(error), _) => return Err(error),
                _ => TagState::Missing,
            });
        }
        Ok(states)
    }

    async fn sight(&self, seen: &mut Seen, tags: Vec<Name>) {
        let acts: Vec<(Name, Act)> = tags.into_iter().map(|name| (name, Act::Get)).collect();
        let told = batch::run(&*self.topology, &acts).await;
        self.note(seen, &acts, told);
    }

    fn note(&self, seen: &mut Seen, acts: &[(Name, Act)], told: Vec<Told>) {
        for ((name, _), told) in acts.iter().zip(told) {
            let sight = match told {
                Ok((Answer::Found(found), incarnation)) => self.sight_of(name, &found, incarnation),
                Ok((Answer::Refused(error), _)) | Err(error) => Sight::Down(error),
                Ok(_) => Sight::Missing,
            };
            seen.0.insert(name.clone(), sight);
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

    fn stamps(&self, names: &Names, versions: &Versions) -> Vec<(Name, Version)> {
        let stamps = versions.stamps().unwrap_or_default();
        stamps
            .iter()
            .map(|(tag, version)| (names.tag(tag), *version))
            .collect()
    }
}
