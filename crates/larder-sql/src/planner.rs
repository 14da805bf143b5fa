use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;

use crate::{
    Catalogue, Dialect, Footprint, Plan, Planned, limit,
    normalise::normalise,
    parse::{self, Cut, Draft},
    redact,
};

use self::weight::Weigh;

mod weight;

/// Analyses statements and remembers them.
///
/// There are two memories. One knows texts, and answers without looking into them. The other knows
/// plans by what texts have in common once literals and `IN` lists are taken out; it serves reads,
/// since a write's plan says where its parts stand in the text.
#[derive(Debug)]
pub struct Planner {
    catalogue: Arc<Catalogue>,
    texts: Memory<Planned>,
    plans: Memory<Arc<Plan>>,
}

impl Planner {
    /// A planner for one schema. When the schema changes, make another.
    ///
    /// `dialect` wins where the catalogue is one of another kind of database: such a catalogue is
    /// taken as empty.
    pub fn new(dialect: Dialect, catalogue: Arc<Catalogue>) -> Self {
        let catalogue = match catalogue.dialect() == dialect {
            true => catalogue,
            false => Arc::new(Catalogue::of(dialect)),
        };
        Planner {
            catalogue,
            texts: Memory::default(),
            plans: Memory::default(),
        }
    }

    /// What is known of the database.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// What a statement reads or writes, and what stands in its slots.
    ///
    /// The text must be one statement; several are [`Footprint::Unknown`] (see
    /// [`split`](crate::split)).
    pub fn plan(&self, sql: &str) -> Planned {
        if let Some(planned) = self.texts.get(sql) {
            return planned;
        }
        let planned = self.analyse(sql);
        if sql.len() <= TEXT_REMEMBERED_BYTES_MAX {
            self.texts.insert(Box::from(sql), planned.clone());
        }
        planned
    }

    fn analyse(&self, sql: &str) -> Planned {
        let lexemes = match parse::cut(&self.catalogue, sql) {
            Cut::Done(draft) => return finished(draft, redact::uncut(&self.catalogue, sql)),
            Cut::Parse(lexemes) => lexemes,
        };
        let normalised = normalise(self.catalogue.dialect(), &lexemes, true);
        let key = normalised.key();
        if let Some(plan) = self.plans.get(&key) {
            return planned(plan, normalised.slots);
        }
        let slots = normalised.slots.clone();
        let draft = parse::draft(&self.catalogue, sql, &lexemes, normalised);
        // A text that was understood only as it stands has slots of its own.
        let shared = matches!(draft.footprint, Footprint::Read(_)) && draft.slots == slots;
        let result = finished(draft, redact::redact(&self.catalogue, &lexemes));
        if shared && key.len() <= TEXT_REMEMBERED_BYTES_MAX {
            self.plans.insert(key.into_boxed_str(), result.plan.clone());
        }
        result
    }
}

/// Longer texts are analysed anew each time: they are bulk inserts, and all different.
const TEXT_REMEMBERED_BYTES_MAX: usize = 16 << 10;

fn finished(draft: Draft, text: String) -> Planned {
    let plan = Plan {
        footprint: draft.footprint,
        text: text.into(),
        constants: draft.constants,
    };
    planned(Arc::new(plan), draft.slots)
}

fn planned(plan: Arc<Plan>, mut slots: Vec<crate::Slot>) -> Planned {
    slots.extend(plan.constants.iter().cloned());
    Planned {
        plan,
        slots: slots.into(),
    }
}

/// A bounded memory of two generations: what is used moves to the younger one; when that is
/// full, the older one is forgotten.
#[derive(Debug)]
struct Memory<V> {
    generations: RwLock<[Generation<V>; 2]>,
}

#[derive(Debug)]
struct Generation<V> {
    plans: HashMap<Box<str>, V, ahash::RandomState>,
    /// The estimated bytes of the plans with their texts.
    bytes: usize,
}

impl<V> Default for Generation<V> {
    fn default() -> Self {
        Generation {
            plans: HashMap::default(),
            bytes: 0,
        }
    }
}

impl<V> Default for Memory<V> {
    fn default() -> Self {
        Memory {
            generations: RwLock::default(),
        }
    }
}

/// What a text takes in the map beside its bytes and its plan.
const PLACE_BYTES: usize = 64;

impl<V: Clone + Weigh> Memory<V> {
    fn get(&self, key: &str) -> Option<V> {
        let generations = self.generations.read();
        if let Some(value) = generations[0].plans.get(key) {
            return Some(value.clone());
        }
        let value = generations[1].plans.get(key)?.clone();
        drop(generations);
        self.insert(Box::from(key), value.clone());
        Some(value)
    }

    fn insert(&self, key: Box<str>, value: V) {
        let bytes = PLACE_BYTES + key.len() + value.weight();
        if bytes > limit::PLANS_BYTES_MAX {
            return;
        }
        let mut generations = self.generations.write();
        let young = &generations[0];
        if young.plans.len() >= limit::PLANS_MAX || young.bytes + bytes > limit::PLANS_BYTES_MAX {
            generations.swap(0, 1);
            generations[0] = Generation::default();
        }
        let young = &mut generations[0];
        if young.plans.insert(key, value).is_none() {
            young.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_keeps_to_its_bytes() {
        let planner = Planner::new(Dialect::Sqlite, Arc::new(Catalogue::of(Dialect::Sqlite)));
        let held = || {
            let generations = planner.texts.generations.read();
            generations
                .each_ref()
                .map(|one| (one.plans.len(), one.bytes))
        };
        // A list of literals takes far more than its text.
        let list = vec!["1"; 2_000].join(", ");
        let mut forgotten = false;
        for n in 0..400 {
            let before = held()[0].0;
            planner.plan(&format!("SELECT {n} FROM track WHERE id IN ({list})"));
            let [young, old] = held();
            assert!(young.1 <= limit::PLANS_BYTES_MAX, "{n}: {young:?}");
            assert!(old.1 <= limit::PLANS_BYTES_MAX, "{n}: {old:?}");
            assert!(young.1 >= young.0 * (list.len() + 2_000 * size_of::<crate::Slot>()));
            forgotten |= young.0 <= before;
        }
        assert!(
            forgotten,
            "it was full long before it held so many: {:?}",
            held()
        );
    }
}
