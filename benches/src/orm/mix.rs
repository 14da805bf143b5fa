//! A shop's load: mostly reads, some of them asked much more often than others, and some writes. The
//! same steps are taken with the cache and without it, in turn, and every answer is compared.

use std::collections::HashMap;

use larder::Cache;
use larder_sea_orm::CachedConnection;

use super::database::{Place, Plain};
use super::query::Question;
use super::table::Table;
use super::turn::timed;
use super::{Options, Result};
use costs::Costs;
use steps::{Step, Steps};

mod costs;
mod steps;

/// Steps of one load.
const STEPS: usize = 10_000;
/// Writes among a hundred steps.
const WRITES: [u32; 5] = [0, 1, 5, 10, 20];
/// The same steps in every run.
const SEED: u64 = 2_026;

const COLUMNS: [&str; 11] = [
    "writes",
    "steps/s, uncached",
    "steps/s, cached",
    "cached / uncached",
    "statements, uncached",
    "statements, cached",
    "hits, %",
    "perfect, %",
    "hits / perfect",
    "break-even, %",
    "with the writes, %",
];

pub(crate) async fn rows(place: &Place, options: &Options) -> Result<()> {
    over(place, options, "memory", async || Ok(Cache::memory())).await?;
    if !options.redis {
        return Ok(());
    }
    let server = larder_servers::Redis::start();
    over(place, options, "Redis", async || {
        server.flush();
        let store = larder::Redis::connect(&server.url()).await?;
        Ok(Cache::builder().namespace("bench").store(store).build()?)
    })
    .await
}

async fn over<F>(place: &Place, options: &Options, store: &str, cache: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Result<Cache>>,
{
    let title = format!("{}: a mixed load, {store}", place.kind().name());
    let table = Table::new(options.json, &title, &COLUMNS);
    for writes in WRITES {
        let plain = place.plain().await?;
        let db = place.cached(cache().await?).await?;
        let steps = Steps::new(SEED, writes).take(options.scale().of(STEPS));
        let costs = run(steps, &plain, &db).await?;
        table.row(&format!("{writes} %"), &costs.cells());
    }
    Ok(())
}

async fn run(
    steps: impl Iterator<Item = Step>,
    plain: &Plain,
    db: &CachedConnection,
) -> Result<Costs> {
    let mut costs = Costs::default();
    let mut last: HashMap<Question, String> = HashMap::new();
    let before = (plain.statements(), db.statements());
    for (n, step) in steps.enumerate() {
        // Nobody is always behind the other.
        let cache_first = n % 2 == 0;
        match step {
            Step::Read(question) => {
                let read = async || {
                    let before = db.statements();
                    let read = timed(question.cached(db)).await?;
                    Result::Ok((read, db.statements() == before))
                };
                let own = async || Result::Ok(timed(question.plain(&plain.db)).await?);
                let (((kept, cached), hit), (fresh, uncached)) = match cache_first {
                    true => (read().await?, own().await?),
                    false => {
                        let own = own().await?;
                        (read().await?, own)
                    }
                };
                let fresh = fresh.text()?;
                assert_eq!(kept.text()?, fresh, "{question:?} at step {n}");
                // Who drops only what has really changed has it still, if it is the same as before.
                let perfect = last.get(&question) == Some(&fresh);
                last.insert(question, fresh);
                costs.read(question.form, uncached, cached, hit, perfect);
            }
            Step::Write(change) => {
                let (with, without) = match cache_first {
                    true => {
                        let with = timed(change.run(db)).await?;
                        (with, timed(change.run(&plain.db)).await?)
                    }
                    false => {
                        let without = timed(change.run(&plain.db)).await?;
                        (timed(change.run(db)).await?, without)
                    }
                };
                assert_eq!(with.0, without.0, "{change:?} at step {n}");
                costs.write(without.1, with.1);
            }
        }
    }
    costs.statements(plain.statements() - before.0, db.statements() - before.1);
    Ok(costs)
}
