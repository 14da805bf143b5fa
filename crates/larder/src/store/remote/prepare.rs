//! Registering shapes and noting versions, before a load.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::Arc;

use parking_lot::Mutex;

use super::batch::Act;
use super::cell::{Cell, Fresh, Kind, encode_list};
use super::name::Names;
use super::settle::{Goal, Next, revised, settle, settle_each};
use super::{Inner, TAG_KEEP, shape_tag};
use crate::error::{Error, Result};
use crate::namespace::Namespace;
use crate::shape::{Shape, ShapeList};
use crate::store::{Versions, Want};
use crate::tag::{Tag, TagKind};
use crate::version::Version;

/// One in so many of those who are about to depend on a tag prolongs its life.
const TOUCHED_ONE_IN: u8 = 64;

impl Inner {
    /// Registers the wanted shapes and notes the versions of the wanted tags: for many loads at once,
    /// of which each wants its own. A server that is down costs those only whose tags it keeps.
    ///
    /// Shapes are registered in the cell of their table's tag. The versions of the tags of rows may
    /// have been read a moment before that: a writer that commits between the two does not find the
    /// shape and does not bump them, but the load begins later and sees its commit.
    ///
    /// One round trip if everything is there, two if something is new, and one more for each time
    /// that another process writes the same table's cell at the same moment.
    pub(super) async fn prepare_each<S: AsRef<[Want]> + Sync>(
        &self,
        namespace: &Namespace,
        sets: &[S],
    ) -> Vec<Result<Versions>> {
        let names = self.names(namespace);
        let fresh = match Fresh::new() {
            Ok(fresh) => fresh,
            Err(error) => return sets.iter().map(|_| Err(error.clone())).collect(),
        };
        let tables = tables_of(sets.iter().flat_map(AsRef::as_ref));
        // What each table's list makes of the shapes that are wanted of it, when it is settled.
        let admitted: Vec<Arc<Mutex<Vec<Shape>>>> = tables.iter().map(|_| Arc::default()).collect();
        let mut goals: Vec<Goal<'_>> = Vec::new();
        let mut places: HashMap<Tag, usize, ahash::RandomState> = HashMap::default();
        for ((table, shapes), admitted) in tables.iter().zip(&admitted) {
            places.insert(table.clone(), goals.len());
            goals.push(self.register(&names, table, shapes, admitted.clone(), fresh));
        }
        for want in sets.iter().flat_map(AsRef::as_ref) {
            let tag = self.guess(&names, want);
            if let Place::Vacant(place) = places.entry(tag) {
                goals.push(self.create(&names, place.key(), fresh));
                place.insert(goals.len() - 1);
            }
        }
        let mut cells = settle_each(&*self.topology, TAG_KEEP, goals).await;
        // Now the lists are known: a guess may have been wrong.
        let sets: Vec<Wanted> = sets
            .iter()
            .map(|wants| Wanted::new(wants.as_ref(), &tables, &admitted))
            .collect();
        let mut goals: Vec<Goal<'_>> = Vec::new();
        for tag in sets.iter().flat_map(|wanted| &wanted.tags) {
            if let Place::Vacant(place) = places.entry(tag.clone()) {
                place.insert(cells.len() + goals.len());
                goals.push(self.create(&names, tag, fresh));
            }
        }
        if !goals.is_empty() {
            cells.extend(settle_each(&*self.topology, TAG_KEEP, goals).await);
        }
        sets.into_iter()
            .map(|wanted| wanted.versions(|tag| &cells[places[tag]]))
            .collect()
    }

    /// A tag that is there afterwards. A guard that is new is held until it is confirmed: marks on
    /// the one before it were lost with it.
    fn create(&self, names: &Names, tag: &Tag, fresh: Fresh) -> Goal<'_> {
        let kind = match tag.kind() {
            TagKind::Guard => Kind::Held,
            _ => Kind::Live,
        };
        Goal {
            name: names.tag(tag),
            first: first(&fresh),
            decide: Box::new(move |cell, incarnation| {
                let Some(cell) = cell else {
                    // A guard's age is counted by its version: no two share one.
                    let fresh = match kind {
                        Kind::Held => Fresh::new()?,
                        Kind::Live => fresh,
                    };
                    return Ok(Next::Write(Cell::new(kind, &fresh, incarnation)));
                };
                Ok(match self.without_old_marks(cell)? {
                    // The writer of a mark that is over may still be about to commit.
                    Some(cleaned) => Next::Write(cleaned.of_kind(kind)),
                    None => Next::Keep,
                })
            }),
        }
    }

    /// Lets entries depend on the new guards among these versions: see
    /// [`Marks::confirm`](crate::store::Marks::confirm).
    pub(super) async fn confirm(&self, namespace: &Namespace, versions: &Versions) -> Result<bool> {
        let names = self.names(namespace);
        let stamps = versions.stamps().unwrap_or_default();
        let guards: Vec<&(Tag, Version)> = stamps
            .iter()
            .filter(|(tag, _)| tag.kind() == TagKind::Guard)
            .collect();
        let goals = guards.iter().map(|(tag, version)| Goal {
            name: names.tag(tag),
            first: Act::Get,
            // Marks that stand on it by now are those of later writers, and count as ever.
            decide: Box::new(move |cell, _| match cell {
                Some(cell) if cell.version == *version && cell.kind == Kind::Held => {
                    let live = cell.clone().of_kind(Kind::Live);
                    Ok(Next::Write(revised(&live)?))
                }
                _ => Ok(Next::Keep),
            }),
        });
        let cells = settle(&*self.topology, TAG_KEEP, goals.collect()).await?;
        Ok(cells.iter().zip(guards).all(|(cell, (_, version))| {
            let same =
                |cell: &Cell| cell.version == *version && cell.is_live() && cell.marks.is_empty();
            cell.as_ref().is_some_and(same)
        }))
    }

    /// A table's tag that is there afterwards, with these shapes in its list.
    fn register<'a>(
        &'a self,
        names: &Names,
        table: &Tag,
        shapes: &'a [Shape],
        admitted: Arc<Mutex<Vec<Shape>>>,
        fresh: Fresh,
    ) -> Goal<'a> {
        let name = names.tag(table);
        Goal {
            name: name.clone(),
            first: first(&fresh),
            decide: Box::new(move |cell, incarnation| {
                let mut next = match cell {
                    Some(cell) => cell.clone(),
                    None => Cell::new(Kind::Live, &fresh, incarnation),
                };
                let mut changed = cell.is_none();
                if let Some(cell) = cell
                    && let Some(cleaned) = self.without_old_marks(cell)?
                {
                    next = cleaned;
                    changed = true;
                }
                let mut list = match self.lists.see(&name, &next.list) {
                    Some(list) => list,
                    // Writers cannot read it either: whatever depends on it must go.
                    None => {
                        next.bump(&fresh);
                        changed = true;
                        ShapeList::empty()
                    }
                };
                let mut used = Vec::with_capacity(shapes.len());
                for shape in shapes {
                    let admitted = list.admit(shape);
                    used.push(admitted.shape);
                    if let Some(longer) = admitted.changed {
                        list = longer;
                        next.list = encode_list(&list.shapes)?;
                        changed = true;
                    }
                }
                // An older shape may have been widened by a later one.
                *admitted.lock() = used;
                if !changed {
                    return Ok(Next::Keep);
                }
                self.lists.see(&name, &next.list);
                Ok(Next::Write(revised(&next)?))
            }),
        }
    }

    /// The cell without the marks that are over, and with a fresh version, because their writers
    /// may have committed; nothing if there are none.
    fn without_old_marks(&self, cell: &Cell) -> Result<Option<Cell>> {
        if cell.marks.is_empty() || !cell.marks.iter().any(|mark| self.sightings.is_over(mark)) {
            return Ok(None);
        }
        let mut cleaned = cell.clone();
        cleaned.marks.retain(|mark| {
            let over = self.sightings.is_over(mark);
            if over {
                self.sightings.forget(mark);
            }
            !over
        });
        cleaned.bump(&Fresh::new()?);
        Ok(Some(cleaned))
    }
}

/// How a tag is read that somebody is about to depend on. Its life is prolonged now and then only:
/// that is a write, of which a server would tell everyone who listens.
fn first(fresh: &Fresh) -> Act {
    match fresh.one_in(TOUCHED_ONE_IN) {
        true => Act::Touch(TAG_KEEP),
        false => Act::Get,
    }
}

/// What one load wants, now that the lists of its tables are known.
struct Wanted {
    /// In the order in which they are checked.
    tags: Vec<Tag>,
    /// The tables whose lists have decided on them.
    tables: Vec<Tag>,
}

impl Wanted {
    fn new(
        wants: &[Want],
        tables: &[(Tag, Vec<Shape>)],
        admitted: &[Arc<Mutex<Vec<Shape>>>],
    ) -> Wanted {
        let mut wanted = Wanted {
            tags: Vec::with_capacity(wants.len()),
            tables: Vec::new(),
        };
        for want in wants {
            let tag = resolve(want, tables, admitted);
            if !wanted.tags.contains(&tag) {
                wanted.tags.push(tag);
            }
            if let Want::Shape { table, .. } = want {
                wanted.tables.push(table.clone());
            }
        }
        wanted
    }

    /// The versions of the cells.
    fn versions<'a>(self, cell: impl Fn(&Tag) -> &'a Result<Option<Cell>>) -> Result<Versions> {
        for table in &self.tables {
            // Which tags are wanted is not known without its list.
            cell(table).as_ref().map_err(Error::clone)?;
        }
        let (mut marked, mut unconfirmed) = (false, false);
        let mut stamps: Vec<(Tag, Version)> = Vec::with_capacity(self.tags.len());
        for tag in self.tags {
            match cell(&tag).as_ref().map_err(Error::clone)? {
                Some(cell) => {
                    marked |= !cell.marks.is_empty();
                    match tag.kind() {
                        TagKind::Guard => unconfirmed |= !cell.is_live(),
                        _ => marked |= !cell.is_live(),
                    }
                    stamps.push((tag, cell.version));
                }
                None => marked = true,
            }
        }
        let versions = Versions::recorded(stamps, marked);
        Ok(match unconfirmed {
            true => versions.unconfirmed(),
            false => versions,
        })
    }
}

/// The tables of which shapes are wanted, with these, each once.
fn tables_of<'a>(wants: impl Iterator<Item = &'a Want>) -> Vec<(Tag, Vec<Shape>)> {
    let mut tables: Vec<(Tag, Vec<Shape>)> = Vec::new();
    for want in wants {
        let (table, shape) = match want {
            Want::Shape { table, shape, .. } => (table, Some(shape)),
            Want::Tag(tag) if tag.kind() == TagKind::Table => (tag, None),
            Want::Tag(_) => continue,
        };
        let at = tables.iter().position(|(have, _)| have == table);
        let at = at.unwrap_or_else(|| {
            tables.push((table.clone(), Vec::new()));
            tables.len() - 1
        });
        if let Some(shape) = shape
            && !tables[at].1.contains(shape)
        {
            tables[at].1.push(shape.clone());
        }
    }
    tables
}

fn resolve(want: &Want, tables: &[(Tag, Vec<Shape>)], admitted: &[Arc<Mutex<Vec<Shape>>>]) -> Tag {
    match want {
        Want::Tag(tag) => tag.clone(),
        Want::Shape {
            table,
            shape,
            values,
        } => {
            let used = tables
                .iter()
                .zip(admitted)
                .find_map(|((have, shapes), admitted)| {
                    let at =
                        (have == table).then(|| shapes.iter().position(|own| own == shape))??;
                    admitted.lock().get(at).cloned()
                });
            shape_tag(table, used.as_ref().unwrap_or(&Shape::any_row()), values)
        }
    }
}
