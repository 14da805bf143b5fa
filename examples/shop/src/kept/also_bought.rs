//! "Customers who bought this also bought": a cached function.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use larder::cached;
use sea_orm::{DbErr, EntityTrait, JoinType, QuerySelect, RelationTrait, prelude::*};

use super::sales;
use crate::{
    database::Db,
    entities::{invoice, invoice_line},
    trace::{self, Notes},
};

/// How many tracks are named.
const AT_MOST: usize = 5;

/// The tracks that customers bought who bought this one, those of most customers first.
///
/// # Errors
///
/// When the database refuses.
pub async fn also_bought(db: &Db, track_id: i32) -> Result<Vec<i32>, DbErr> {
    trace::kept(
        "what its buyers also bought",
        "ranked(track)",
        |notes| async move { ranked(db, track_id, &notes).await },
    )
    .await
}

/// Two reads and some counting, once for all visitors of all shops on one store, until something is
/// sold. `db` counts as the name of its database, and `notes` not at all.
#[cached(
    cache = db.cache(),
    ttl = "1d",
    map(db = db.database()),
    skip(notes),
    tags(sales(db))
)]
async fn ranked(db: &Db, track_id: i32, notes: &Notes) -> Result<Vec<i32>, DbErr> {
    notes
        .load(async {
            let buyers: Vec<i32> = invoice::Entity::find()
                .select_only()
                .column(invoice::Column::CustomerId)
                .distinct()
                .join_rev(JoinType::InnerJoin, invoice_line::Relation::Invoice.def())
                .filter(invoice_line::Column::TrackId.eq(track_id))
                .into_tuple()
                .all(db)
                .await?;
            if buyers.is_empty() {
                return Ok(Vec::new());
            }
            let bought: Vec<(i32, i32, i32)> = invoice_line::Entity::find()
                .select_only()
                .column(invoice_line::Column::TrackId)
                .column(invoice::Column::CustomerId)
                .column(invoice::Column::Id)
                .join(JoinType::InnerJoin, invoice_line::Relation::Invoice.def())
                .filter(invoice::Column::CustomerId.is_in(buyers))
                .into_tuple()
                .all(db)
                .await?;
            Ok(rank(track_id, &bought))
        })
        .await
}

/// Ranks tracks by how many customers bought them; of equal ones those come first that were bought
/// together with this one.
fn rank(track_id: i32, bought: &[(i32, i32, i32)]) -> Vec<i32> {
    let with_it: BTreeSet<i32> = bought
        .iter()
        .filter(|(track, ..)| *track == track_id)
        .map(|&(.., invoice)| invoice)
        .collect();
    let mut tracks: BTreeMap<i32, (BTreeSet<i32>, bool)> = BTreeMap::new();
    for &(track, customer, invoice) in bought {
        let (customers, together) = tracks.entry(track).or_default();
        customers.insert(customer);
        *together |= with_it.contains(&invoice);
    }
    tracks.remove(&track_id);
    let mut ranked: Vec<_> = tracks.into_iter().collect();
    ranked.sort_by_key(|(track, (customers, together))| {
        (Reverse(customers.len()), Reverse(*together), *track)
    });
    ranked
        .into_iter()
        .map(|(track, _)| track)
        .take(AT_MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_track_of_most_customers_is_first_and_the_track_itself_is_not_named() {
        // Track, customer, invoice.
        let bought = [
            (1, 10, 100),
            (2, 10, 101),
            (3, 10, 100),
            (1, 11, 110),
            (4, 11, 111),
            (4, 10, 102),
        ];
        assert_eq!(rank(1, &bought), [4, 3, 2]);
    }

    #[test]
    fn what_nobody_bought_names_nothing() {
        assert_eq!(rank(1, &[]), [0; 0]);
        assert_eq!(rank(1, &[(1, 10, 100)]), [0; 0]);
    }
}
