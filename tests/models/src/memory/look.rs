//! A look at the entry: two comparisons, one after the other.

use super::settings::Order;
use super::state::{Noted, State};

/// Whether the tag that comes first in this order is as noted.
pub(super) fn first_is_current(state: &State, noted: Noted, order: Order) -> bool {
    match order {
        Order::TableFirst => state.table.is(noted.table_version),
        Order::ShapeFirst => state.shape_version == noted.shape_version,
    }
}

/// Whether the tag that comes second in this order is as noted.
pub(super) fn second_is_current(state: &State, noted: Noted, order: Order) -> bool {
    match order {
        Order::TableFirst => state.shape_version == noted.shape_version,
        Order::ShapeFirst => state.table.is(noted.table_version),
    }
}
