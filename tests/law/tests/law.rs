//! No cached answer differs from a fresh one; and if the adapter had a bug, we would see it.

use larder_law::{Database, Options, run};

/// So many of the pairs must be at risk, or the others prove nothing.
const SHARE_AT_RISK_MIN: f64 = 0.2;
/// So many of the pairs must have a read that chooses its columns (CB-5).
const SHARE_LISTENING_MIN: f64 = 0.1;
/// So many schemas.
const SCHEMAS_MIN: u64 = 200;
/// So many pairs, which are those of two hundred schemas.
const PAIRS: u64 = 22_500;
/// Different statements of every class, each in ten pairs or more.
const STATEMENTS: u64 = 20;
/// A bug must be found in so many pairs, which is what a normal run has.
const BUG_PAIRS_MAX: u64 = 20_000;
/// On MariaDB a thread waits for the server most of the time.
const MARIADB_THREADS: usize = 4;
/// Where the runs of every day begin: a failure comes again.
const SEED: u64 = 20_261_122;

fn law(options: Options) {
    let tally = run(&options).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    println!("seed {}\n{tally}", options.seed);
    assert!(tally.pairs >= options.pairs);
    assert!(tally.schemas >= SCHEMAS_MIN, "{} schemas", tally.schemas);
    assert!(tally.schemas_refused * 20 <= tally.schemas, "{tally}");
    assert!(
        tally.share_at_risk() >= SHARE_AT_RISK_MIN,
        "{:.3} of the pairs are at risk",
        tally.share_at_risk()
    );
    let listening = tally.listening as f64 / tally.pairs as f64;
    assert!(
        listening >= SHARE_LISTENING_MIN,
        "{listening:.3} of the pairs choose their columns"
    );
    let rare: Vec<_> = tally
        .classes()
        .filter(|(_, count)| *count < options.statements)
        .collect();
    assert!(rare.is_empty(), "too few of {rare:?}");
}

#[test]
fn no_cached_answer_differs_from_a_fresh_one() {
    law(Options {
        seed: SEED,
        pairs: PAIRS,
        statements: STATEMENTS,
        ..Options::default()
    });
}

#[test]
fn no_cached_answer_differs_from_a_fresh_one_on_postgres() {
    law(Options {
        database: Database::Postgres,
        seed: SEED + 4,
        pairs: PAIRS,
        statements: STATEMENTS,
        ..Options::default()
    });
}

#[test]
fn no_cached_answer_differs_from_a_fresh_one_on_mariadb() {
    law(Options {
        database: Database::MariaDb,
        seed: SEED + 5,
        pairs: PAIRS,
        threads: MARIADB_THREADS,
        statements: STATEMENTS,
        ..Options::default()
    });
}

#[cfg(feature = "sqlite-hook")]
#[test]
fn no_cached_answer_differs_from_a_fresh_one_with_the_hook() {
    law(Options {
        seed: SEED + 1,
        pairs: PAIRS,
        statements: STATEMENTS,
        hook: true,
        ..Options::default()
    });
}

/// So many pairs over each store that two processes share: a round trip each, and less to find, as
/// statements and schemas are those of the run above.
const SHARED_PAIRS: u64 = 4_000;

/// Two processes read and write in turn, and have nothing in common but the store.
fn law_of_two(store: String, seed: u64) {
    let options = Options {
        seed,
        pairs: SHARED_PAIRS,
        statements: 0,
        store: Some(store),
        ..Options::default()
    };
    let tally = run(&options).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    println!("seed {seed}\n{tally}");
    assert!(tally.pairs >= SHARED_PAIRS);
    assert!(tally.share_at_risk() >= SHARE_AT_RISK_MIN);
}

#[test]
fn no_cached_answer_of_two_processes_differs_from_a_fresh_one_over_redis() {
    let redis = larder_servers::Redis::start();
    law_of_two(redis.url(), SEED + 2);
}

#[test]
fn no_cached_answer_of_two_processes_differs_from_a_fresh_one_over_memcached() {
    let memcached = larder_servers::Memcached::start();
    law_of_two(memcached.url(), SEED + 3);
}

/// Every bug that the adapter can have over this database is seen.
fn bugs_are_caught(database: Database) {
    for &bug in database.bugs() {
        let options = Options {
            database,
            seed: SEED,
            pairs: BUG_PAIRS_MAX,
            statements: 0,
            bug: Some(bug),
            ..Options::default()
        };
        match run(&options) {
            Ok(tally) => panic!("{bug:?} was not seen in {} pairs", tally.pairs),
            Err(mismatch) => println!(
                "{bug:?}: {}",
                mismatch.to_string().lines().next().unwrap_or_default()
            ),
        }
    }
}

#[test]
fn each_seeded_bug_is_caught() {
    bugs_are_caught(Database::Sqlite);
}

#[test]
fn each_seeded_bug_is_caught_on_postgres() {
    bugs_are_caught(Database::Postgres);
}

#[test]
fn each_seeded_bug_is_caught_on_mariadb() {
    bugs_are_caught(Database::MariaDb);
}
