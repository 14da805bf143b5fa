//! Who listens to a cache, and publishes what it has heard.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use larder::{Cache, Clock, Event, Observer, Result, SystemClock};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::cause::{self, Cause};
use crate::fleet::Fleet;
use crate::hot;
use crate::recorder::Recorder;
use crate::report::{Act, Missed, Report, cut};
use crate::slots::{self, GROUP, PROCESSES_SHOWN_MAX};

/// One hit in so many is looked at, to find out what is asked for most.
pub const HITS_SAMPLED_ONE_IN: u32 = 64;

/// How often a process publishes its report.
pub const PUBLISHED_EVERY: Duration = Duration::from_secs(5);

/// How long a report stays when its process has ended without a word.
pub const REPORT_TTL: Duration = Duration::from_secs(60);

/// A longer report is told without its oldest parts.
pub const REPORT_BYTES_MAX: usize = 256 * 1024;

/// A load that takes longer is slow, if nobody says otherwise.
pub const SLOW_AFTER_DEFAULT: Duration = Duration::from_millis(100);

/// So many of the last causes are told.
const CAUSES_MAX: usize = 64;

/// So many of the last keys that were found invalidated are told.
const MISSED_MAX: usize = 64;

/// Listens to a cache: give it to [`CacheBuilder::observer`](larder::CacheBuilder::observer), and
/// [`start`](Reporter::start) it with the cache that was built. Cheap to clone.
#[derive(Clone)]
pub struct Reporter(Arc<Inner>);

struct Inner {
    recorder: Mutex<Recorder>,
    clock: Arc<dyn Clock>,
    process: String,
    name: String,
    first_slot: usize,
    started_at: u64,
    slow_after: Duration,
}

impl Default for Reporter {
    fn default() -> Self {
        Reporter::new()
    }
}

impl Reporter {
    /// One for this process, called by its number.
    pub fn new() -> Reporter {
        Reporter::with(
            &format!("process {}", std::process::id()),
            SLOW_AFTER_DEFAULT,
            SystemClock,
        )
    }

    /// One for this process under a name that people know it by, such as its host's.
    pub fn named(name: &str) -> Reporter {
        Reporter::with(name, SLOW_AFTER_DEFAULT, SystemClock)
    }

    /// One with settings: the name that people know the process by, after which time a load is slow, and
    /// the clock of the cache.
    pub fn with(name: &str, slow_after: Duration, clock: impl Clock) -> Reporter {
        let mut drawn = [0; 8];
        // Without random bytes two processes of a fleet might take each other for one; the time and the
        // process's number tell those apart as a rule.
        if getrandom::fill(&mut drawn).is_err() {
            let number = clock.now().as_nanos() ^ u64::from(std::process::id()).rotate_left(32);
            drawn = number.to_le_bytes();
        }
        let clock: Arc<dyn Clock> = Arc::new(clock);
        Reporter(Arc::new(Inner {
            recorder: Mutex::default(),
            process: drawn.iter().map(|byte| format!("{byte:02x}")).collect(),
            name: cut(name, 80),
            first_slot: usize::from(drawn[0]) % PROCESSES_SHOWN_MAX,
            started_at: millis(&*clock),
            slow_after,
            clock,
        }))
    }

    /// Publishes a report of this cache every few seconds, on a task of its own, until the last clone of
    /// what it gives is dropped.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(&self, cache: &Cache) -> Reporting {
        let inner = Arc::new(Running {
            reporter: self.clone(),
            cache: cache.clone(),
            slot: Mutex::new(None),
            publishing: tokio::sync::Mutex::new(()),
            others: tokio::sync::Mutex::new(None),
            task: Mutex::new(None),
        });
        let task = Handle::current().spawn(publish_on(Arc::downgrade(&inner)));
        *inner.task.lock() = Some(task);
        Reporting(inner)
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter")
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}

fn millis(clock: &dyn Clock) -> u64 {
    cause::millis(clock.now())
}

impl Inner {
    fn now(&self) -> u64 {
        millis(&*self.clock)
    }
}

impl Observer for Reporter {
    fn event(&self, event: &Event<'_>) {
        let inner = &*self.0;
        match event {
            Event::Hit { group, key } if hot::is_sampled() && *group != GROUP => {
                inner.recorder.lock().hot.sample(key);
            }
            Event::Loaded {
                group,
                key,
                elapsed,
            } => {
                let mut recorder = inner.recorder.lock();
                recorder.loaded(group, *elapsed);
                if *elapsed >= inner.slow_after {
                    recorder.slow(inner.now(), group, key, *elapsed);
                }
            }
            Event::LoadedMany { group, elapsed, .. } => {
                inner.recorder.lock().loaded(group, *elapsed);
            }
            Event::LoadFailed { group, how, .. } => {
                inner.trouble(&format!("a load of {group} failed: {how}"));
            }
            Event::StoreFailed { error } => inner.trouble(&format!("the store failed: {error}")),
            Event::BumpDelayed { error, .. } => inner.trouble(&format!(
                "an invalidation has not reached the store yet: {error}"
            )),
            Event::BumpLost { error, .. } => {
                inner.trouble(&format!("an invalidation was lost: {error}"));
            }
            _ => {}
        }
    }
}

impl Inner {
    fn trouble(&self, what: &str) {
        let now = self.now();
        self.recorder.lock().trouble(now, what);
    }
}

/// A reporter at work. Cheap to clone; when the last clone is dropped, the work ends, and the report
/// stays until its ttl has passed.
#[derive(Clone)]
pub struct Reporting(Arc<Running>);

struct Running {
    reporter: Reporter,
    cache: Cache,
    /// Where our report lies.
    slot: Mutex<Option<usize>>,
    /// Held while a report is published: two at once could take two slots.
    publishing: tokio::sync::Mutex<()>,
    /// What the others told when they were asked last. Held while they are asked: whoever comes meanwhile
    /// waits for that answer.
    others: tokio::sync::Mutex<Option<Others>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The reports of the other processes, or why there are none.
#[derive(Clone)]
struct Others {
    /// When they were read, in milliseconds since 1970.
    read_at: u64,
    reports: Result<Vec<Arc<Report>>, String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().take() {
            task.abort();
        }
    }
}

async fn publish_on(running: Weak<Running>) {
    loop {
        // Held for as long as it takes to publish, and not while we sleep.
        let Some(running) = running.upgrade() else {
            return;
        };
        // A store that is away has told so by an event of the cache's.
        let _ = running.publish().await;
        drop(running);
        tokio::time::sleep(PUBLISHED_EVERY).await;
    }
}

impl Reporting {
    /// The cache that it reports of.
    pub fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// What this process would tell now.
    pub fn report(&self) -> Report {
        self.0.report()
    }

    /// Publishes the report now, and not only in a few seconds.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn publish(&self) -> Result<()> {
        self.0.publish().await
    }

    /// The reports of all processes that share the store: this one's as it is now, the others' as they
    /// published them. A store that is away is no error: what is known is this process's then, and
    /// [`Fleet::unanswered`] says why.
    pub async fn fleet(&self) -> Fleet {
        self.fleet_as_of(Duration::ZERO).await
    }

    /// The same, with what the others have told at most so long ago: for pages that are looked at again and
    /// again, by many people at once. The store is asked once for all of them.
    ///
    /// # Concurrent calls
    ///
    /// One asks the store; the others wait for its answer, and take it if it is not too old for them. If the
    /// one that asks goes away, the next one asks.
    pub async fn fleet_as_of(&self, age_max: Duration) -> Fleet {
        let mut others = self.0.others.lock().await;
        // After the wait: this process tells what it knows now.
        let own = self.report();
        let age_max = u64::try_from(age_max.as_millis()).unwrap_or(u64::MAX);
        let is_young = |others: &&Others| {
            let age = own.written_at.checked_sub(others.read_at);
            age.is_some_and(|age| age < age_max)
        };
        let told = match others.as_ref().filter(is_young) {
            Some(others) => others.reports.clone(),
            None => {
                // What is known is not known any more if we go away meanwhile.
                *others = None;
                let read = slots::read(&self.0.cache, own.written_at).await;
                let reports = read.map_err(|error| error.to_string()).map(|reports| {
                    let theirs = reports.into_iter();
                    theirs
                        .filter(|report| report.process != own.process)
                        .map(Arc::new)
                        .collect::<Vec<_>>()
                });
                *others = Some(Others {
                    read_at: own.written_at,
                    reports: reports.clone(),
                });
                reports
            }
        };
        drop(others);
        match told {
            Ok(mut reports) => {
                reports.push(Arc::new(own));
                Fleet::new(reports, None)
            }
            Err(error) => Fleet::new(vec![Arc::new(own)], Some(error)),
        }
    }

    /// This process's report alone, for whoever has asked the store and knows why it said nothing.
    pub fn alone(&self, why: &str) -> Fleet {
        Fleet::new(vec![Arc::new(self.report())], Some(why.to_owned()))
    }

    /// Takes note of something that somebody did by hand, or was refused.
    pub fn note(&self, act: Act) {
        let inner = &self.0.reporter.0;
        inner.recorder.lock().act(inner.now(), act);
    }

    /// Ends the work, and takes the report away: for processes that end in order.
    ///
    /// # Errors
    ///
    /// The store failed. The report stays until its ttl has passed.
    pub async fn end(&self) -> Result<()> {
        let running = &*self.0;
        if let Some(task) = running.task.lock().take() {
            task.abort();
        }
        let _alone = running.publishing.lock().await;
        let slot = running.slot.lock().take();
        match slot {
            Some(slot) => slots::withdraw(&running.cache, slot).await,
            None => Ok(()),
        }
    }
}

impl Running {
    fn report(&self) -> Report {
        let inner = &self.reporter.0;
        let now = inner.now();
        let mut report = Report {
            process: inner.process.clone(),
            name: inner.name.clone(),
            started_at: inner.started_at,
            written_at: now,
            ..Report::default()
        };
        // The cache remembers both by itself, the newest first.
        let causes = self.cache.causes();
        report.causes = causes
            .iter()
            .take(CAUSES_MAX)
            .rev()
            .map(|cause| Cause::of(cause))
            .collect();
        let gone = self.cache.gone();
        let ours = gone
            .iter()
            .filter(|gone| gone.key().first_text() != Some(GROUP));
        report.missed = ours.take(MISSED_MAX).map(Missed::of).collect();
        report.missed.reverse();
        let mut recorder = inner.recorder.lock();
        recorder.count(&self.cache, now);
        recorder.tell(&mut report);
        report
    }

    async fn publish(&self) -> Result<()> {
        let _alone = self.publishing.lock().await;
        let report = self.report();
        let held = *self.slot.lock();
        let first = self.reporter.0.first_slot;
        let slot = slots::publish(&self.cache, &report, held, first).await?;
        *self.slot.lock() = slot;
        Ok(())
    }
}

impl fmt::Debug for Reporting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporting")
            .field("reporter", &self.0.reporter)
            .field("cache", &self.0.cache)
            .finish_non_exhaustive()
    }
}
