//! What a read costs: uncached, as a miss, as a hit.

use larder::Cache;

use super::database::Place;
use super::entity::{CATEGORIES, MAKERS, PRODUCTS};
use super::query::{Form, Question};
use super::table::Table;
use super::turn::{Times, timed};
use super::{Options, Result};

/// Times each read is made in each way.
const ROUNDS: usize = 500;

pub(crate) async fn rows(place: &Place, options: &Options) -> Result<()> {
    let plain = place.plain().await?;
    let db = place.cached(Cache::memory()).await?;
    let title = format!("{}: reads, microseconds (p50)", place.kind().name());
    let columns = [
        "read",
        "uncached",
        "miss",
        "hit",
        "miss / uncached",
        "uncached / hit",
    ];
    let table = Table::new(options.json, &title, &columns);
    for form in Form::ALL {
        let (mut uncached, mut miss, mut hit) =
            (Times::default(), Times::default(), Times::default());
        for round in 0..options.scale().of(ROUNDS) {
            let question = about(form, round);
            // Who has gone this way before finds it warm: they take turns.
            let own = async || timed(question.plain(&plain.db)).await;
            let (fresh, time) = match round % 2 {
                0 => own().await?,
                _ => (question.plain(&plain.db).await?, 0.0),
            };
            db.cache().clear().await?;
            let before = db.statements();
            let (loaded, missed) = timed(question.cached(&db)).await?;
            assert!(db.statements() > before, "nothing was kept");
            let before = db.statements();
            let (kept, found) = timed(question.cached(&db)).await?;
            assert_eq!(db.statements(), before, "it was a hit");
            let time = match round % 2 {
                0 => time,
                _ => own().await?.1,
            };
            uncached.add(time);
            miss.add(missed);
            hit.add(found);
            let fresh = fresh.text()?;
            assert_eq!(loaded.text()?, fresh);
            assert_eq!(kept.text()?, fresh);
        }
        let cells = [
            uncached.p50(),
            miss.p50(),
            hit.p50(),
            miss.over(&uncached),
            uncached.over(&hit),
        ];
        table.row(form.name(), &cells);
    }
    Ok(())
}

fn about(form: Form, round: usize) -> Question {
    let many = match form {
        Form::Get => PRODUCTS,
        Form::Join => MAKERS,
        Form::Filter | Form::Count | Form::Page => CATEGORIES,
    };
    Question {
        form,
        about: (round as i32 * 7) % many + 1,
    }
}
