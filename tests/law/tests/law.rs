//! No cached answer differs from a fresh one; and if the adapter had a bug, we would see it.

use larder_law::{Bug, Options, run};

/// So many of the pairs must be at risk, or the others prove nothing.
const SHARE_AT_RISK_MIN: f64 = 0.2;
/// So many schemas.
const SCHEMAS_MIN: u64 = 200;
/// A bug must be found in so many pairs, which is what a normal run has.
const BUG_PAIRS_MAX: u64 = 20_000;
/// Where the runs of every day begin: a failure comes again.
const SEED: u64 = 20_261_122;

fn law(options: Options) {
    let tally = run(&options).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    println!("seed {}\n{tally}", options.seed);
    assert!(tally.pairs >= options.pairs);
    assert!(tally.schemas >= SCHEMAS_MIN, "{} schemas", tally.schemas);
    assert!(
        tally.share_at_risk() >= SHARE_AT_RISK_MIN,
        "{:.3} of the pairs are at risk",
        tally.share_at_risk()
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
        ..Options::default()
    });
}

#[cfg(feature = "sqlite-hook")]
#[test]
fn no_cached_answer_differs_from_a_fresh_one_with_the_hook() {
    law(Options {
        seed: SEED + 1,
        hook: true,
        ..Options::default()
    });
}

#[test]
fn each_seeded_bug_is_caught() {
    for bug in Bug::ALL {
        let options = Options {
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
