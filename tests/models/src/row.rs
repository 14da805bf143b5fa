//! One row of the protocol's table: a world, and the verdicts that it must get.

use std::fmt;
use std::time::Duration;

use crate::checking::{Outcome, check};
use crate::promise::{Promise, Promises, Verdict};
use crate::{guard, lease, memory, protocol, remote, shapes};

/// How long a row takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Well under a minute: part of `cargo test`.
    Quick,
    /// Longer, and more memory: on request only.
    Campaign,
}

/// Which model a row runs, and how it is set up.
#[derive(Clone, Debug)]
pub enum Setup {
    /// One tag and its versions.
    Protocol(protocol::Settings),
    /// A table's list of shapes.
    Shapes(shapes::Settings),
    /// The memory store and its flights.
    Memory(memory::Settings),
    /// The remote store.
    Remote(remote::Settings),
    /// Leases on keys.
    Leases(lease::Settings),
    /// Guards of strict reads.
    Guards(guard::Settings),
}

/// A variant of the protocol and what must come of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its short name; stable, so that documents can point at it.
    pub name: &'static str,
    /// What is special about it.
    pub about: &'static str,
    /// The world.
    pub setup: Setup,
    /// What must hold and what must fail.
    pub expected: Promises,
    /// How long it takes.
    pub effort: Effort,
}

impl Row {
    /// A row that is part of `cargo test`.
    pub fn new(name: &'static str, about: &'static str, setup: Setup, expected: Promises) -> Row {
        Row {
            name,
            about,
            setup,
            expected,
            effort: Effort::Quick,
        }
    }

    /// The row as one that is checked on request only.
    pub fn on_request(self) -> Row {
        Row {
            effort: Effort::Campaign,
            ..self
        }
    }

    /// Walks through the row's states on so many threads.
    pub fn check(&self, threads: usize) -> Report {
        let outcome = match &self.setup {
            Setup::Protocol(settings) => {
                check(protocol::Protocol::new(*settings, self.expected), threads)
            }
            Setup::Shapes(settings) => {
                check(shapes::Shapes::new(*settings, self.expected), threads)
            }
            Setup::Memory(settings) => {
                check(memory::Memory::new(*settings, self.expected), threads)
            }
            Setup::Remote(settings) => {
                check(remote::Remote::new(*settings, self.expected), threads)
            }
            Setup::Leases(settings) => check(lease::Leases::new(*settings, self.expected), threads),
            Setup::Guards(settings) => check(guard::Guards::new(*settings, self.expected), threads),
        };
        Report::new(self, outcome)
    }
}

/// Every row of every model, in the order of the tables.
pub fn rows() -> Vec<Row> {
    let mut rows = protocol::rows();
    rows.extend(shapes::rows());
    rows.extend(memory::rows());
    rows.extend(remote::rows());
    rows.extend(lease::rows());
    rows.extend(guard::rows());
    rows
}

/// What came of a row.
pub struct Report {
    name: &'static str,
    about: &'static str,
    expected: Promises,
    outcome: Outcome,
}

impl Report {
    fn new(row: &Row, outcome: Outcome) -> Report {
        Report {
            name: row.name,
            about: row.about,
            expected: row.expected,
            outcome,
        }
    }

    /// Whether every verdict is the expected one, and hits were possible at all.
    pub fn is_as_expected(&self) -> bool {
        self.outcome.hits && self.outcome.verdicts == self.expected
    }

    /// How long the row took.
    pub fn elapsed(&self) -> Duration {
        self.outcome.elapsed
    }

    /// The interleaving that broke `promise`, a line for each step.
    pub fn counterexample(&self, promise: Promise) -> Option<&[String]> {
        let mut found = self.outcome.counterexamples.iter();
        found
            .find(|(broken, _)| *broken == promise)
            .map(|(_, lines)| lines.as_slice())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}  {}  ({} states, {:.1} s)",
            self.name,
            self.about,
            self.outcome.states,
            self.outcome.elapsed.as_secs_f64()
        )?;
        if !self.outcome.hits {
            writeln!(f, "    no read was ever a hit: the row shows nothing")?;
        }
        for promise in Promise::ALL {
            let found = self.outcome.verdicts.of(promise);
            let expected = self.expected.of(promise);
            let word = match found {
                Verdict::Unchecked => continue,
                Verdict::Holds => "holds",
                Verdict::Fails => "fails",
            };
            write!(f, "    {word}  {}", promise.name())?;
            if let Some(lines) = self.counterexample(promise) {
                write!(f, " (after {} steps)", lines.len())?;
            }
            if found != expected {
                write!(f, "  <-- expected: {expected:?}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
