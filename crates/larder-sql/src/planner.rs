use std::{collections::HashMap, hash::Hash, sync::Arc};

use parking_lot::RwLock;

use crate::{
    Catalogue, Dialect, Footprint, Plan, Planned, limit,
    normalise::normalise,
    parse::{self, Cut, Draft},
};

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
            Cut::Done(draft) => return Planned::from(draft),
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
        let result = Planned::from(draft);
        if shared && key.len() <= TEXT_REMEMBERED_BYTES_MAX {
            self.plans.insert(key.into_boxed_str(), result.plan.clone());
        }
        result
    }
}

/// Longer texts are analysed anew each time: they are bulk inserts, and all different.
const TEXT_REMEMBERED_BYTES_MAX: usize = 16 << 10;

impl From<Draft> for Planned {
    fn from(draft: Draft) -> Self {
        let plan = Plan {
            footprint: draft.footprint,
            constants: draft.constants,
        };
        planned(Arc::new(plan), draft.slots)
    }
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
    generations: RwLock<[HashMap<Box<str>, V, ahash::RandomState>; 2]>,
}

impl<V> Default for Memory<V> {
    fn default() -> Self {
        Memory {
            generations: RwLock::new([HashMap::default(), HashMap::default()]),
        }
    }
}

impl<V: Clone> Memory<V> {
    fn get(&self, key: &str) -> Option<V> {
        let generations = self.generations.read();
        if let Some(value) = generations[0].get(key) {
            return Some(value.clone());
        }
        let value = generations[1].get(key)?.clone();
        drop(generations);
        self.insert(Box::from(key), value.clone());
        Some(value)
    }

    fn insert(&self, key: Box<str>, value: V)
    where
        Box<str>: Hash + Eq,
    {
        let mut generations = self.generations.write();
        if generations[0].len() >= limit::PLANS_MAX {
            generations.swap(0, 1);
            generations[0].clear();
        }
        generations[0].insert(key, value);
    }
}
