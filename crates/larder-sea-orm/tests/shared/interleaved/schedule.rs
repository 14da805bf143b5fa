//! Schedules by chance.

use fastrand::Rng;
use sea_orm::{ConnectionTrait, DbBackend};

use super::Ground;
use super::reads::Reads;
use super::steps::{self, End, RESET, Step};
use super::writer::{Told, Writer};
use crate::shop::BACKEND;

/// So many schedules, unless `LARDER_SCHEDULES` says otherwise: two thousand on the three databases
/// together, more where a lock is waited for less long.
const SCHEDULES: u64 = match BACKEND {
    DbBackend::Sqlite => 700,
    DbBackend::Postgres => 800,
    _ => 500,
};
/// Where seeds begin, unless `LARDER_SEED` says otherwise.
const SEED: u64 = 20_261_128;
/// Steps of one schedule.
const STEPS: usize = 18;
/// Reads after each step.
const READS: usize = 3;
/// How many of a hundred steps go to a writer that will likely wait for the other: SQLite has one
/// lock for all.
const WAITING_PERCENT: u8 = match BACKEND {
    DbBackend::Sqlite => 6,
    _ => 60,
};

fn number(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(otherwise)
}

/// What came of one schedule.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    steps: u64,
    waited: u64,
    refused: u64,
    checked: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn h1_h5_h7_h8_h27_two_writers_by_chance_leave_nothing_old() {
    let ground = Ground::new().await;
    let first = number("LARDER_SEED", SEED);
    let schedules = number("LARDER_SCHEDULES", SCHEDULES);
    let mut all = Counts::default();
    for seed in first..first + schedules {
        let mut done = Vec::new();
        match one(&ground, seed, &mut done).await {
            Ok(counts) => {
                all.steps += counts.steps;
                all.waited += counts.waited;
                all.refused += counts.refused;
                all.checked += counts.checked;
            }
            Err(wrong) => panic!("LARDER_SEED={seed}: {wrong}\n{}", done.join("\n")),
        }
    }
    println!("{schedules} schedules: {all:?}");
    assert!(all.checked >= schedules * STEPS as u64, "{all:?}");
    assert!(all.waited > 0, "nobody waited: {all:?}");
}

async fn one(ground: &Ground, seed: u64, done: &mut Vec<String>) -> Result<Counts, String> {
    let mut rng = Rng::with_seed(seed);
    let mut counts = Counts::default();
    let reset = ground.writers[0].execute_unprepared(RESET).await;
    reset.map_err(|error| error.to_string())?;
    let mut writers = ground.writers.clone().map(Writer::new);
    quiet(ground, &mut counts).await?;
    for _ in 0..STEPS {
        let (who, step) = next(&mut rng, &writers);
        done.push(format!("writer {who}: {step:?}"));
        counts.steps += 1;
        let told = writers[who].step(step).await;
        judged(told, &mut counts)?;
        counts.waited += u64::from(writers[who].waits.is_some());
        // Whoever waited for this step goes on.
        let other = &mut writers[1 - who];
        if other.waits.is_some() {
            let ended = tokio::time::timeout(super::writer::WAITS_AFTER, other.ended()).await;
            judged(ended.ok(), &mut counts)?;
        }
        let committing = writers.iter().any(Writer::is_committing);
        for _ in 0..READS {
            let (db, place) = (&ground.writers[rng.usize(0..2)], rng.usize(0..Reads::COUNT));
            if committing {
                // Either answer is right now; what is kept of it is looked at later.
                let _ = Reads::kept(db, place).await;
                continue;
            }
            counts.checked += 1;
            ground.reads.check(db, place).await?;
        }
    }
    ended(&mut writers, &mut rng, done, &mut counts).await?;
    quiet(ground, &mut counts).await?;
    for writer in writers {
        writer.close().await;
    }
    Ok(counts)
}

/// Ends what is open. One that waits for the other goes on when that has ended.
async fn ended(
    writers: &mut [Writer; 2],
    rng: &mut Rng,
    done: &mut Vec<String>,
    counts: &mut Counts,
) -> Result<(), String> {
    let first = usize::from(writers[0].waits.is_some());
    for who in [first, 1 - first] {
        if writers[who].waits.is_some() {
            let told = writers[who].ended().await;
            judged(Some(told), counts)?;
        }
        if writers[who].depth.is_some() {
            let step = Step::End(End::any(rng));
            done.push(format!("writer {who}: {step:?}"));
            if writers[who].step(step).await.is_none() {
                let told = writers[who].ended().await;
                judged(Some(told), counts)?;
            }
        }
    }
    Ok(())
}

fn judged(told: Option<Told>, counts: &mut Counts) -> Result<(), String> {
    match told {
        Some(Told::Wrong(wrong)) => Err(wrong),
        Some(Told::Refused) => {
            counts.refused += 1;
            Ok(())
        }
        Some(Told::Done) | None => Ok(()),
    }
}

/// Nobody writes: every read is right, on both connections.
async fn quiet(ground: &Ground, counts: &mut Counts) -> Result<(), String> {
    for place in 0..Reads::COUNT {
        counts.checked += 1;
        ground
            .reads
            .check(&ground.writers[place % 2], place)
            .await?;
    }
    Ok(())
}

/// Who does what next.
fn next(rng: &mut Rng, writers: &[Writer; 2]) -> (usize, Step) {
    let mut who = rng.usize(0..2);
    let waiting = writers.iter().position(|writer| writer.waits.is_some());
    if let Some(waiting) = waiting {
        // The other must not wait for it in turn: it reads, or ends. Not of all levels of isolation
        // do two reads see the same while somebody commits.
        who = 1 - waiting;
        let still = !writers[waiting].is_committing();
        return match (writers[who].depth, rng.u8(0..10)) {
            (Some(_), 0..=2) if still => (who, Step::Read(rng.usize(0..Reads::COUNT))),
            (Some(_), _) => (who, Step::End(End::any(rng))),
            (None, _) => (who, Step::Pause),
        };
    }
    // Where the other has a transaction open, this one rather lets it go on.
    if writers[1 - who].depth.is_some() && rng.u8(0..100) >= WAITING_PERCENT {
        who = 1 - who;
    }
    let step = match (writers[who].depth, rng.u8(0..20)) {
        (None, 0..=8) => Step::Begin,
        (None, _) => Step::Write(steps::write(rng)),
        (Some(_), 0..=7) => Step::Write(steps::write(rng)),
        (Some(_), 8..=11) => Step::Read(rng.usize(0..Reads::COUNT)),
        (Some(0 | 1), 12..=13) => Step::Savepoint,
        (Some(1..), 12..=16) => Step::Release(rng.bool()),
        (Some(_), _) => Step::End(End::any(rng)),
    };
    (who, step)
}
