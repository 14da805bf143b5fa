//! Runs schema after schema until there are pairs enough, or an answer is stale.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fastrand::Rng;
use larder_sea_orm::sabotage::{self, Bug};
use larder_sea_orm::trace::Outcome;

use crate::answer::{Answer, same, shown};
use crate::case::{Action, Case, push_act};
use crate::column::percent;
use crate::database::Database;
use crate::read::Read;
use crate::schema::Schema;
use crate::subject::{ENDLESS, Setting, Subject};
use crate::tally::Tally;
use crate::write::{self, Write};

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to run it on.
    pub database: Database,
    /// Where randomness begins: the same seed gives the same schemas, reads and writes.
    pub seed: u64,
    /// So many pairs of a read and a write, or some more.
    pub pairs: u64,
    /// So many different statements of every class, or some more.
    pub statements: u64,
    /// Only the schema with this number.
    pub schema: Option<u64>,
    /// Connections have the pre-update hook, in a build with the feature `sqlite-hook`.
    pub hook: bool,
    /// The address of a store that two processes share: each write is made by one of them in turn,
    /// and so is each read. In memory if there is none.
    pub store: Option<String>,
    /// A bug that the adapter is to have.
    pub bug: Option<Bug>,
    /// Threads that run schemas.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            database: Database::default(),
            seed: 1,
            pairs: 20_000,
            statements: 100,
            schema: None,
            hook: false,
            store: None,
            bug: None,
            threads: 2,
        }
    }
}

/// A class that is still rare after so many times the pairs that were asked for is not waited for.
const PAIRS_FACTOR_MAX: u64 = 10;
/// Reads of one schema.
const READS: usize = 10;
/// Writes of one schema.
const WRITES: usize = 10;

/// A stale answer, with all that is needed to see it again.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The schema's number.
    pub schema: u64,
    report: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}

/// Runs the law test.
///
/// # Errors
/// The first stale answer, or a database that could not be used.
///
/// # Panics
/// When no runtime can be made.
pub fn run(options: &Options) -> Result<Tally, Mismatch> {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let total = Mutex::new((Tally::of(options.database), None::<Mismatch>));
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        sabotage::seed(options.bug);
        while !stop.load(Ordering::Acquire) {
            let number = match options.schema {
                Some(number) => number,
                None => next.fetch_add(1, Ordering::Relaxed),
            };
            let done = runtime.block_on(one_schema(options, number));
            let mut total = total.lock().expect("no thread panicked with the tally");
            match done {
                Ok(tally) => {
                    total.0.add(tally);
                    let enough = total.0.pairs >= options.pairs
                        && (total
                            .0
                            .classes()
                            .all(|(_, count)| count >= options.statements)
                            || total.0.pairs >= options.pairs.saturating_mul(PAIRS_FACTOR_MAX));
                    if enough || options.schema.is_some() {
                        stop.store(true, Ordering::Release);
                    }
                }
                // The first by number, so that a seed tells the same story twice.
                Err(mismatch) => {
                    if total
                        .1
                        .as_ref()
                        .is_none_or(|other| other.schema > mismatch.schema)
                    {
                        total.1 = Some(mismatch);
                    }
                    stop.store(true, Ordering::Release);
                }
            }
        }
    };
    let threads = if options.schema.is_some() {
        1
    } else {
        options.threads
    };
    std::thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    match total
        .into_inner()
        .expect("no thread panicked with the tally")
    {
        (_, Some(mismatch)) => Err(mismatch),
        (tally, None) => Ok(tally),
    }
}

/// The class that comes up at `turn`, where classes are dealt like cards: each once a round, in
/// another order each round.
fn dealt(seed: u64, turn: usize, classes: usize) -> usize {
    let mut deck: Vec<usize> = (0..classes).collect();
    Rng::with_seed(seed ^ (turn / classes) as u64).shuffle(&mut deck);
    deck[turn % classes]
}

/// A read with what is known of its answer.
struct Known {
    read: Read,
    answer: Answer,
    /// The cache has it.
    cached: bool,
    /// Its text might be a write, for all that is understood of it, and drops what the cache has.
    drops: bool,
}

fn is_kept(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Hit | Outcome::Miss)
}

async fn one_schema(options: &Options, number: u64) -> Result<Tally, Mismatch> {
    // Different numbers and seeds give unrelated streams.
    let mut rng =
        Rng::with_seed(Rng::with_seed(options.seed).u64(..) ^ Rng::with_seed(number).u64(..));
    let dialect = options.database.dialect();
    let schema = Schema::any(dialect, &mut rng);
    let setting = Setting {
        database: options.database,
        recursive_triggers: schema.recursive_triggers,
        hook: options.hook,
        store: options.store.clone(),
    };
    let mut case = Case::new(&schema, setting);
    let mut tally = Tally {
        schemas: 1,
        ..Tally::of(options.database)
    };
    tally.features.insert(
        "foreign keys".to_owned(),
        u64::from(schema.tables.iter().any(|t| !t.references.is_empty())),
    );
    for feature in &schema.features {
        *tally.features.entry(feature.clone()).or_default() += 1;
    }
    let failed = |report: String| Mismatch {
        schema: number,
        report,
    };
    let subject = match case.open().await {
        Ok(subject) => subject,
        // A table that its database has a rule against: nothing was asked of it.
        Err(error) if error.contains("CREATE TABLE") => {
            return Ok(Tally {
                schemas_refused: 1,
                ..Tally::of(options.database)
            });
        }
        Err(error) => return Err(failed(format!("schema {number}: {error}"))),
    };
    let mut reads = Vec::new();
    for place in 0..READS {
        let class = dealt(
            options.seed,
            number as usize * READS + place,
            dialect.reads().len(),
        );
        let known = some_read(&subject, &schema, &mut rng, class, &mut case, &mut tally).await;
        reads.push(known.map_err(|(read, cached, fresh)| {
            failed(format!(
                "seed {}, schema {number}: read first\n{}\ncached {}\nfresh {}",
                options.seed,
                read.text.sql,
                shown(&cached),
                shown(&fresh)
            ))
        })?);
    }
    // Those that drop the others are looked at once: they are never kept, and what a write finds in the
    // cache has to be what was read before it.
    let all = reads.len();
    reads.retain(|known| !known.drops);
    if reads.len() < all {
        for known in &reads {
            let _ = subject.cached(&known.read).await;
        }
    }
    // In the middle of it, rows that were deleted come back.
    for place in (0..WRITES / 2).chain([WRITES]).chain(WRITES / 2..WRITES) {
        let class = dealt(
            !options.seed,
            number as usize * WRITES + place,
            dialect.writes().len(),
        );
        let write = match place == WRITES {
            true => Write::put_back(&schema),
            false => some_write(&subject, &schema, &mut rng, class, &reads).await,
        };
        let Some(checked) =
            check(&subject, &schema, &mut reads, &write, &mut case, &mut tally).await
        else {
            break;
        };
        if let Err(stale) = checked {
            subject.close().await;
            let report = report(options, number, case, &write, stale).await;
            return Err(failed(report));
        }
    }
    subject.close().await;
    Ok(tally)
}

/// A write of the class: rather one that changes several of the answers.
async fn some_write(
    subject: &Subject,
    schema: &Schema,
    rng: &mut Rng,
    class: usize,
    reads: &[Known],
) -> Write {
    let known: Vec<(&Read, &Answer)> = reads
        .iter()
        .map(|known| (&known.read, &known.answer))
        .collect();
    let mut best = Write::of_class(rng, schema, class);
    if best.fails {
        return best;
    }
    let Some(mut changes) = subject.trial(&best.act, &known, &schema.tables).await else {
        return best;
    };
    if changes >= 0 && percent(rng, UNCHOSEN_PERCENT) {
        return best;
    }
    for _ in 0..WRITE_TRIES_MAX {
        if changes >= CHANGES_WANTED {
            break;
        }
        let write = Write::of_class(rng, schema, class);
        if let Some(more) = subject.trial(&write.act, &known, &schema.tables).await
            && more > changes
        {
            (best, changes) = (write, more);
        }
    }
    if changes == ENDLESS {
        let harmless = schema
            .dialect
            .writes()
            .iter()
            .position(|(name, _)| *name == "CREATE and DROP INDEX");
        return Write::of_class(rng, schema, harmless.unwrap_or_default());
    }
    best
}

/// So many of a hundred writes are taken as they come.
const UNCHOSEN_PERCENT: u8 = 5;
/// A write that changes so many answers will do.
const CHANGES_WANTED: i32 = 5;
/// No more writes are tried for one.
const WRITE_TRIES_MAX: usize = 12;

/// A read of the class that the database accepts, read for the first time.
async fn some_read(
    subject: &Subject,
    schema: &Schema,
    rng: &mut Rng,
    class: usize,
    case: &mut Case,
    tally: &mut Tally,
) -> Result<Known, (Read, Answer, Answer)> {
    let mut tries = 0;
    loop {
        tries += 1;
        let read = Read::of_class(rng, schema, class);
        let answer = subject.fresh(&read).await;
        let counts = tally.reads.entry(read.class).or_default();
        if let Err(error) = &answer {
            counts.refused += 1;
            *tally.reasons.entry(reason(read.class, error)).or_default() += 1;
            if tries < READ_TRIES_MAX {
                continue;
            }
        } else if tries < READ_TRIES_MAX
            && answer.as_ref().is_ok_and(|rows| rows.rows.is_empty())
            && percent(rng, 80)
        {
            continue;
        } else {
            counts.statements += 1;
        }
        let (cached, outcome) = subject.cached(&read).await;
        if !same(&read, &cached, &answer) {
            return Err((read, cached, answer));
        }
        if let Outcome::Uncached(why) = &outcome {
            *tally
                .reasons
                .entry(format!("{}: {why}", read.class))
                .or_default() += 1;
        }
        case.actions.push(Action::Read(read.clone()));
        return Ok(Known {
            read,
            answer,
            cached: is_kept(&outcome),
            drops: outcome == Outcome::Write,
        });
    }
}

/// After so many reads of one class that are refused, or empty, such a one will do.
const READ_TRIES_MAX: usize = 6;

/// Why, without the names and values that differ each time.
fn reason(class: &str, error: &str) -> String {
    let error = error.rsplit(") ").next().unwrap_or(error);
    let said = error.split_once("from database: ");
    let error = said.map_or(error, |(_, said)| said);
    let short = error.split([':', '"']).next().unwrap_or(error);
    format!("{class}: {short}")
}

/// A stale answer.
struct Stale {
    read: Read,
    cached: Answer,
    fresh: Answer,
    before: Answer,
    meanwhile: bool,
}

/// Runs a write, and then every read both ways. `None`: there are too many rows now to go on.
async fn check(
    subject: &Subject,
    schema: &Schema,
    reads: &mut [Known],
    write: &Write,
    case: &mut Case,
    tally: &mut Tally,
) -> Option<Result<(), Box<Stale>>> {
    let plain: Vec<Read> = reads.iter().map(|known| known.read.clone()).collect();
    let done = subject.write(&write.act, &plain).await;
    case.actions.push(Action::Write(write.clone()));
    if subject.is_too_full(&schema.tables).await {
        return None;
    }
    let counts = tally.writes.entry(write.class).or_default();
    match done.refused.is_empty() || write.fails || write.is_transaction() {
        true => counts.statements += u64::from(!write.fails || !done.refused.is_empty()),
        false => {
            counts.refused += 1;
            *tally
                .reasons
                .entry(reason(write.class, &done.refused[0]))
                .or_default() += 1;
        }
    }
    for (place, cached, fresh) in done.meanwhile {
        let known = &reads[place];
        if !same(&known.read, &cached, &fresh) {
            let (read, before) = (known.read.clone(), known.answer.clone());
            return Some(Err(Box::new(Stale {
                read,
                cached,
                fresh,
                before,
                meanwhile: true,
            })));
        }
    }
    let definition = write::is_definition(write.class);
    tally.definitions += u64::from(definition);
    for known in reads {
        let (cached, outcome) = subject.cached(&known.read).await;
        let fresh = subject.fresh(&known.read).await;
        if !same(&known.read, &cached, &fresh) {
            let (read, before) = (known.read.clone(), known.answer.clone());
            return Some(Err(Box::new(Stale {
                read,
                cached,
                fresh,
                before,
                meanwhile: false,
            })));
        }
        case.actions.push(Action::Read(known.read.clone()));
        let changed = !same(&known.read, &known.answer, &fresh);
        known.answer = fresh;
        if !std::mem::replace(&mut known.cached, is_kept(&outcome)) {
            tally.uncached += 1;
            continue;
        }
        let dropped = !definition && outcome != Outcome::Hit;
        tally.pairs += 1;
        tally.at_risk += u64::from(changed);
        tally.listening += u64::from(!known.read.on.is_empty());
        for (classes, name) in [
            (&mut tally.reads, known.read.class),
            (&mut tally.writes, write.class),
        ] {
            let counts = classes.entry(name).or_default();
            counts.pairs += 1;
            counts.at_risk += u64::from(changed);
            if dropped {
                counts.dropped_rightly += u64::from(changed);
                counts.dropped_wrongly += u64::from(!changed);
            }
        }
        if dropped {
            tally.dropped_rightly += u64::from(changed);
            tally.dropped_wrongly += u64::from(!changed);
        }
    }
    Some(Ok(()))
}

async fn report(
    options: &Options,
    number: u64,
    case: Case,
    write: &Write,
    stale: Box<Stale>,
) -> String {
    let Stale {
        read,
        cached,
        fresh,
        before,
        meanwhile,
    } = *stale;
    let mut did = String::new();
    push_act(&mut did, &write.act);
    let mut report = format!(
        "STALE: seed {}, schema {number}, {} after {}{}\nread:\n  {}\n  {:?} listening to {:?}\nwrite:\n{did}before {}\ncached {}\nfresh {}\n",
        options.seed,
        read.class,
        write.class,
        if meanwhile {
            " (inside its transaction)"
        } else {
            ""
        },
        read.text.sql,
        read.text.values,
        read.on,
        shown(&before),
        shown(&cached),
        shown(&fresh),
    );
    if options.bug.is_some() {
        return report;
    }
    let whole = case.script(&read);
    match case.smallest(&read).await {
        Some((case, cached, fresh)) => {
            let script = case.script(&read);
            report.push_str(&format!(
                "\nsmallest:\n{script}cached {}\nfresh {}\n",
                shown(&cached),
                shown(&fresh)
            ));
        }
        None => report.push_str(&format!("\ndone again, it is not stale\n{whole}")),
    }
    report.push_str(&format!(
        "\nagain: cargo run --release -p larder-law -- --database {} --seed {} --schema {number}",
        options.database.name(),
        options.seed
    ));
    report
}
