//! What a writer does: begin, (strict) mark, commit, bump, return.

use super::settings::{Marking, Versions};
use super::state::{State, Tag, Writer};
use super::{MissingTag, Protocol};

impl Protocol {
    /// The writer's next step.
    pub(super) fn write(&self, state: &mut State, index: usize) {
        state.writers[index] = match state.writers[index] {
            Writer::Idle => Writer::Begun,
            Writer::Begun if self.settings.marking == Marking::None => commit(state),
            Writer::Begun => {
                state.store.tag = Some(self.marked(state, index));
                Writer::Marked
            }
            Writer::Marked => commit(state),
            Writer::Committed(value) => {
                state.store.tag = self.bumped(state, index);
                Writer::Bumped(value)
            }
            Writer::Bumped(value) => {
                state.acknowledged = state.acknowledged.max(value);
                Writer::Done
            }
            over @ (Writer::Done | Writer::Crashed) => over,
        };
    }

    /// The tag with this writer's mark.
    fn marked(&self, state: &mut State, index: usize) -> Tag {
        let fresh = Tag::live(state.fresh_version(), state.incarnation, state.database);
        let own = 1 << index;
        if self.settings.marking == Marking::Flag {
            // The flaw of row 21: what another writer has put there is overwritten.
            return Tag {
                marks: own,
                ..fresh
            };
        }
        let current = state.store.tag;
        match current.filter(|tag| self.is_of_this_life(state, *tag)) {
            Some(tag) => Tag {
                marks: tag.marks | own,
                is_solid: !self.settings.only_probation_makes_live
                    || (tag.is_solid && !tag.on_probation),
                ..fresh
            },
            None => Tag {
                marks: own,
                is_solid: !self.settings.only_probation_makes_live,
                ..fresh
            },
        }
    }

    /// The tag after this writer's commit was published, if there is one then.
    fn bumped(&self, state: &mut State, index: usize) -> Option<Tag> {
        let counted = state.store.tag.map_or(1, |tag| tag.version + 1);
        let version = match self.settings.versions {
            Versions::Unique => state.fresh_version(),
            Versions::Counter => counted,
        };
        let fresh = Tag::live(version, state.incarnation, state.database);
        if self.settings.marking != Marking::Set {
            return Some(fresh);
        }
        let current = state.store.tag;
        match current.filter(|tag| self.is_of_this_life(state, *tag)) {
            // Nobody has proven a tag on probation safe, and this writer cannot.
            Some(tag) if tag.on_probation => None,
            Some(tag) => {
                let marks = tag.marks & !(1 << index);
                let outlives_marks = marks != 0 || tag.is_solid;
                outlives_marks.then_some(Tag {
                    marks,
                    is_solid: tag.is_solid,
                    ..fresh
                })
            }
            // The marks were lost. With probation, a writer never creates a live tag.
            None if self.settings.missing_tag == MissingTag::CreatedLive => Some(fresh),
            None => None,
        }
    }
}

fn commit(state: &mut State) -> Writer {
    state.database += 1;
    Writer::Committed(state.database)
}
