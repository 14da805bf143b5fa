//! What a write costs: without a cache, with one that nobody reads the table through, and with one
//! through which it is read in many ways.

use larder::Cache;
use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::{ColumnTrait, EntityTrait, ModelTrait, QueryFilter};

use super::change::Change;
use super::database::Place;
use super::entity::product::{self, Column};
use super::entity::{self, CATEGORIES, PRODUCTS};
use super::query::{Form, Question};
use super::table::Table;
use super::turn::{Times, timed};
use super::{Options, Result};

/// Times each write is made in each way.
const ROUNDS: usize = 200;

/// What queries pin beside what the shop's own do.
const PINNED: [&[Column]; 6] = [
    &[Column::CategoryId, Column::MakerId],
    &[Column::CategoryId, Column::Price],
    &[Column::MakerId, Column::Price],
    &[Column::Id, Column::CategoryId],
    &[Column::Name],
    &[Column::Price],
];

pub(crate) async fn rows(place: &Place, options: &Options) -> Result<()> {
    let plain = place.plain().await?;
    let quiet = place.cached(Cache::memory()).await?;
    let busy = place.cached(Cache::memory()).await?;
    let rounds = options.scale().of(ROUNDS);
    let title = format!(
        "{}: writes, microseconds (p50), and statements for each",
        place.kind().name()
    );
    let columns = [
        "write",
        "uncached",
        "cached, not read",
        "cached, read",
        "not read / uncached",
        "read / uncached",
        "statements, uncached",
        "not read",
        "read",
    ];
    let table = Table::new(options.json, &title, &columns);
    for (name, change) in CHANGES {
        let mut times = [Times::default(), Times::default(), Times::default()];
        let mut statements = [0; 3];
        for round in 0..rounds {
            let change = change(round as i32);
            read_in_many_ways(&busy, row_of(change)).await?;
            let (before, quiet_before, busy_before) =
                (plain.statements(), quiet.statements(), busy.statements());
            // Nobody is always behind the same neighbour.
            for turn in 0..3 {
                let which = (turn + round) % 3;
                let (done, time) = match which {
                    0 => timed(change.run(&plain.db)).await?,
                    1 => timed(change.run(&quiet)).await?,
                    _ => timed(change.run(&busy)).await?,
                };
                assert!(done, "there is something to change: {change:?}");
                times[which].add(time);
            }
            statements[0] += plain.statements() - before;
            statements[1] += quiet.statements() - quiet_before;
            statements[2] += busy.statements() - busy_before;
        }
        let [uncached, unread, read] = &times;
        let each = |which: usize| Some(statements[which] as f64 / rounds as f64);
        let cells = [
            uncached.p50(),
            unread.p50(),
            read.p50(),
            unread.over(uncached),
            read.over(uncached),
            each(0),
            each(1),
            each(2),
        ];
        table.row(name, &cells);
    }
    Ok(())
}

type Nth = fn(i32) -> Change;

/// In an order in which each finds its rows.
const CHANGES: [(&str, Nth); 5] = [
    ("insert", |n| Change::Insert {
        id: PRODUCTS + 1 + n,
    }),
    ("update by key", |n| Change::Reprice {
        id: 1 + n,
        price: 5 + n,
    }),
    ("update of an indexed column", |n| Change::Move {
        id: 1 + n,
        category: (n + 7) % CATEGORIES + 1,
    }),
    ("delete", |n| Change::Delete {
        id: PRODUCTS + 1 + n,
    }),
    ("update of 100 rows", |n| Change::Sale {
        category: n % CATEGORIES + 1,
    }),
];

/// The product that a change is about, or one of those.
fn row_of(change: Change) -> i32 {
    match change {
        Change::Insert { id }
        | Change::Reprice { id, .. }
        | Change::Move { id, .. }
        | Change::Delete { id } => id,
        Change::Sale { category } => category,
    }
}

/// Has answers in the cache that depend on a product, by eleven ways.
async fn read_in_many_ways(db: &CachedConnection, id: i32) -> Result<()> {
    let row = product::Entity::find_by_id(id).one(db).await?;
    let row = row.unwrap_or_else(|| entity::product(id));
    for form in Form::ALL {
        let about = match form {
            Form::Get => id,
            Form::Join => row.maker_id,
            Form::Filter | Form::Count | Form::Page => row.category_id,
        };
        Question { form, about }.cached(db).await?;
    }
    for columns in PINNED {
        let pinned = columns
            .iter()
            .fold(product::Entity::find(), |select, &column| {
                select.filter(column.eq(row.get(column)))
            });
        pinned.cached().all(db).await?;
    }
    Ok(())
}
