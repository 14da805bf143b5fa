//! What a run has looked at, counted.

use std::collections::BTreeMap;
use std::fmt;

use crate::database::Database;

/// Counts of one run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Whose.
    pub database: Database,
    /// Schemas.
    pub schemas: u64,
    /// Schemas that their database would not have.
    pub schemas_refused: u64,
    /// Pairs of a cached read and a write.
    pub pairs: u64,
    /// Pairs whose write changed the answer.
    pub at_risk: u64,
    /// Pairs whose read chooses the columns by which it hears of changes.
    pub listening: u64,
    /// Entries that had to be dropped, and were.
    pub dropped_rightly: u64,
    /// Entries that were dropped although their answer had not changed.
    pub dropped_wrongly: u64,
    /// Pairs with a read that is never cached, which count nowhere else.
    pub uncached: u64,
    /// Writes that changed the schema: all entries are dropped, and count nowhere as dropped.
    pub definitions: u64,
    pub(crate) reads: BTreeMap<&'static str, Class>,
    pub(crate) writes: BTreeMap<&'static str, Class>,
    pub(crate) features: BTreeMap<String, u64>,
    /// Why reads were not cached, and statements refused that were not meant to be.
    pub(crate) reasons: BTreeMap<String, u64>,
}

/// Counts of one class of statements.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Class {
    /// Different statements that ran as they were meant to.
    pub(crate) statements: u64,
    /// Statements that the database refused, though they were not meant to be.
    pub(crate) refused: u64,
    pub(crate) pairs: u64,
    pub(crate) at_risk: u64,
    /// Entries dropped that had to be, and that need not have been.
    pub(crate) dropped_rightly: u64,
    pub(crate) dropped_wrongly: u64,
}

impl Tally {
    /// No counts yet.
    pub(crate) fn of(database: Database) -> Tally {
        Tally {
            database,
            ..Tally::default()
        }
    }

    /// Adds another run's counts.
    pub(crate) fn add(&mut self, other: Tally) {
        self.schemas += other.schemas;
        self.schemas_refused += other.schemas_refused;
        self.pairs += other.pairs;
        self.at_risk += other.at_risk;
        self.listening += other.listening;
        self.dropped_rightly += other.dropped_rightly;
        self.dropped_wrongly += other.dropped_wrongly;
        self.uncached += other.uncached;
        self.definitions += other.definitions;
        for (mine, theirs) in [
            (&mut self.reads, other.reads),
            (&mut self.writes, other.writes),
        ] {
            for (name, class) in theirs {
                let sum = mine.entry(name).or_default();
                sum.statements += class.statements;
                sum.refused += class.refused;
                sum.pairs += class.pairs;
                sum.at_risk += class.at_risk;
                sum.dropped_rightly += class.dropped_rightly;
                sum.dropped_wrongly += class.dropped_wrongly;
            }
        }
        for (mine, theirs) in [
            (&mut self.features, other.features),
            (&mut self.reasons, other.reasons),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
    }

    /// The share of pairs whose write changed the answer.
    pub fn share_at_risk(&self) -> f64 {
        self.at_risk as f64 / self.pairs.max(1) as f64
    }

    /// Entries dropped that need not be, over those that must.
    pub fn over_invalidation(&self) -> f64 {
        self.dropped_wrongly as f64 / self.dropped_rightly.max(1) as f64
    }

    /// Classes of statements, reads and writes, with how many different ones ran.
    pub fn classes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let dialect = self.database.dialect();
        let reads = dialect
            .reads()
            .iter()
            .map(|(name, _)| (*name, count(&self.reads, name)));
        let writes = dialect
            .writes()
            .iter()
            .map(|(name, _)| (*name, count(&self.writes, name)));
        reads.chain(writes)
    }
}

fn count(classes: &BTreeMap<&'static str, Class>, name: &str) -> u64 {
    classes.get(name).map_or(0, |class| class.statements)
}

/// A line for each class.
fn show(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    names: impl Iterator<Item = &'static str>,
    all: &BTreeMap<&'static str, Class>,
) -> fmt::Result {
    writeln!(
        f,
        "{title:<36} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "statements", "refused", "pairs", "at risk", "dropped", "in vain"
    )?;
    for name in names {
        let Class {
            statements,
            refused,
            pairs,
            at_risk,
            dropped_rightly,
            dropped_wrongly,
        } = all.get(name).copied().unwrap_or_default();
        let share = 100.0 * at_risk as f64 / pairs.max(1) as f64;
        writeln!(
            f,
            "  {name:<34} {statements:>10} {refused:>8} {pairs:>8} {share:>7.0}% {dropped_rightly:>8} {dropped_wrongly:>8}"
        )?;
    }
    Ok(())
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dialect = self.database.dialect();
        show(
            f,
            "reads",
            dialect.reads().iter().map(|(name, _)| *name),
            &self.reads,
        )?;
        show(
            f,
            "writes",
            dialect.writes().iter().map(|(name, _)| *name),
            &self.writes,
        )?;
        writeln!(f, "schemas with")?;
        self.features
            .iter()
            .try_for_each(|(name, count)| writeln!(f, "  {name:<34} {count:>10}"))?;
        writeln!(f, "not cached, or refused unasked, because")?;
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (reason, count) in reasons.into_iter().take(REASONS_SHOWN_MAX) {
            writeln!(f, "  {count:>8}  {reason}")?;
        }
        writeln!(
            f,
            "{} schemas ({} more were refused), {} pairs of a cached read and a write, {} of them at risk ({:.1} %), {} by chosen columns, {} uncached pairs beside",
            self.schemas,
            self.schemas_refused,
            self.pairs,
            self.at_risk,
            100.0 * self.share_at_risk(),
            self.listening,
            self.uncached
        )?;
        write!(
            f,
            "over-invalidation {:.2}: {} entries dropped that need not be, {} that must ({} changes of the schema aside)",
            self.over_invalidation(),
            self.dropped_wrongly,
            self.dropped_rightly,
            self.definitions
        )
    }
}

/// More reasons than these are not shown.
const REASONS_SHOWN_MAX: usize = 60;
