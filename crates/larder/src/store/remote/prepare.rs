//! Registering shapes and noting versions, before a load.

use std::sync::Arc;

use parking_lot::Mutex;

use super::batch::Act;
use super::cell::{Cell, Fresh, Kind, encode_list};
use super::name::Names;
use super::settle::{Goal, Next, revised, settle};
use super::{Inner, TAG_KEEP, shape_tag};
use crate::error::Result;
use crate::namespace::Namespace;
use crate::shape::{Shape, ShapeList};
use crate::store::{Versions, Want};
use crate::tag::{Tag, TagKind};
use crate::version::Version;

/// One in so many of those who are about to depend on a tag prolongs its life.
const TOUCHED_ONE_IN: u8 = 64;

impl Inner {
    /// Registers the wanted shapes and notes the versions of the wanted tags.
    ///
    /// Shapes are registered in the cell of their table's tag. The versions of the tags of rows may
    /// have been read a moment before that: a writer that commits between the two does not find the
    /// shape and does not bump them, but the load begins later and sees its commit.
    ///
    /// One round trip if everything is there, two if something is new, and one more for each time
    /// that another process writes the same table's cell at the same moment.
    pub(super) async fn prepare(&self, namespace: &Namespace, wants: &[Want]) -> Result<Versions> {
        let names = self.names(namespace);
        let fresh = Fresh::new()?;
        let tables = tables_of(wants);
        // What each table's list makes of the shapes that are wanted of it, when it is settled.
        let admitted: Vec<Arc<Mutex<Vec<Shape>>>> = tables.iter().map(|_| Arc::default()).collect();
        let mut tags: Vec<Tag> = Vec::with_capacity(wants.len());
        for want in wants {
            let tag = self.guess(&names, want);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let mut goals: Vec<Goal<'_>> = Vec::with_capacity(tags.len() + tables.len());
        for ((table, shapes), admitted) in tables.iter().zip(&admitted) {
            goals.push(self.register(&names, table, shapes, admitted.clone(), fresh));
        }
        let beside = |tag: &&Tag| !tables.iter().any(|(table, _)| table == *tag);
        let others: Vec<Tag> = tags.iter().filter(beside).cloned().collect();
        goals.extend(others.iter().map(|tag| self.create(&names, tag, fresh)));
        let cells = settle(&*self.topology, TAG_KEEP, goals).await?;

        let tables_tags = tables.iter().map(|(table, _)| table.clone());
        let mut known: Vec<(Tag, Option<Cell>)> = tables_tags.chain(others).zip(cells).collect();
        // Now the lists are known: a guess may have been wrong.
        let mut wanted: Vec<Tag> = Vec::with_capacity(wants.len());
        for want in wants {
            let tag = resolve(want, &tables, &admitted);
            if !wanted.contains(&tag) {
                wanted.push(tag);
            }
        }
        let missing: Vec<Tag> = wanted
            .iter()
            .filter(|tag| !known.iter().any(|(have, _)| have == *tag))
            .cloned()
            .collect();
        if !missing.is_empty() {
            let goals = missing
                .iter()
                .map(|tag| self.create(&names, tag, fresh))
                .collect();
            let cells = settle(&*self.topology, TAG_KEEP, goals).await?;
            known.extend(missing.into_iter().zip(cells));
        }
        let (mut marked, mut unconfirmed) = (false, false);
        let mut stamps: Vec<(Tag, Version)> = Vec::with_capacity(wanted.len());
        for tag in wanted {
            let cell = known.iter().find(|(have, _)| *have == tag);
            match cell.and_then(|(_, cell)| cell.as_ref()) {
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

/// The tables of which shapes are wanted, with these, each once.
fn tables_of(wants: &[Want]) -> Vec<(Tag, Vec<Shape>)> {
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
