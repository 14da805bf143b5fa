//! What a shop's visitors and keepers do, one after the other: the same for one seed.

use std::collections::VecDeque;

use crate::orm::change::Change;
use crate::orm::entity::{CATEGORIES, PRODUCTS, product};
use crate::orm::query::{Form, Question};

/// One thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Read(Question),
    Write(Change),
}

/// Steps without an end. The product that is the `n`-th in favour is chosen `n` times less often than the
/// first, by readers and by writers.
pub(crate) struct Steps {
    random: fastrand::Rng,
    /// Writes among a hundred steps.
    writes: u32,
    /// Products, the favourite first.
    favour: Vec<i32>,
    /// How much favour there is up to each of them.
    up_to: Vec<f64>,
    /// New products that are still there.
    new: VecDeque<i32>,
    next: i32,
}

impl Steps {
    pub(crate) fn new(seed: u64, writes: u32) -> Steps {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut favour: Vec<i32> = (1..=PRODUCTS).collect();
        random.shuffle(&mut favour);
        let mut sum = 0.0;
        let up_to = (1..=favour.len()).map(|n| {
            sum += 1.0 / n as f64;
            sum
        });
        Steps {
            up_to: up_to.collect(),
            favour,
            random,
            writes,
            new: VecDeque::new(),
            next: PRODUCTS + 1,
        }
    }

    fn id(&mut self) -> i32 {
        let all = self.up_to.last().copied().unwrap_or_default();
        let wanted = self.random.f64() * all;
        let at = self.up_to.partition_point(|&up_to| up_to <= wanted);
        self.favour[at.min(self.favour.len() - 1)]
    }

    /// A reader looks at a product, or at what stands beside it.
    fn read(&mut self) -> Question {
        let id = self.id();
        let product::Model {
            category_id,
            maker_id,
            ..
        } = crate::orm::entity::product(id);
        let (form, about) = match self.random.u32(0..100) {
            0..50 => (Form::Get, id),
            50..70 => (Form::Page, category_id),
            70..85 => (Form::Join, maker_id),
            85..95 => (Form::Count, category_id),
            _ => (Form::Filter, category_id),
        };
        Question { form, about }
    }

    fn write(&mut self) -> Change {
        let id = self.id();
        match self.random.u32(0..100) {
            0..60 => Change::Reprice {
                id,
                price: self.random.i32(100..1_000),
            },
            60..80 => Change::Move {
                id,
                category: self.random.i32(1..=CATEGORIES),
            },
            80..89 => self.insert(),
            89..98 => match self.new.pop_front() {
                Some(id) => Change::Delete { id },
                None => self.insert(),
            },
            _ => Change::Sale {
                category: self.random.i32(1..=CATEGORIES),
            },
        }
    }

    fn insert(&mut self) -> Change {
        let id = self.next;
        self.next += 1;
        self.new.push_back(id);
        Change::Insert { id }
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let writes = self.random.u32(0..100) < self.writes;
        Some(match writes {
            true => Step::Write(self.write()),
            false => Step::Read(self.read()),
        })
    }
}
