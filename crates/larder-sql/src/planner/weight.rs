//! What remembered plans take in memory, estimated from above.

use std::sync::Arc;

use crate::{
    ColumnSet, Conjunction, Footprint, Name, Plan, Planned, Reason, RowsNamed, Slot, TableRead,
    TableWrite, TransactionKind, Value,
};

/// What an allocation or a place in a map or tree takes beside what it holds.
const SLACK: usize = 32;

/// Something remembered.
pub(super) trait Weigh {
    /// Its estimated bytes, with what it owns. What is shared counts for each who shares it.
    fn weight(&self) -> usize;
}

impl Weigh for Planned {
    fn weight(&self) -> usize {
        size_of::<Self>() + all(&*self.slots) + self.plan.weight()
    }
}

impl Weigh for Arc<Plan> {
    fn weight(&self) -> usize {
        SLACK
            + size_of::<Plan>()
            + SLACK
            + self.text.len()
            + all(&self.constants)
            + self.footprint.weight()
    }
}

/// The bytes of all.
fn all<'a, T: Weigh + 'a>(items: impl IntoIterator<Item = &'a T>) -> usize {
    items.into_iter().map(Weigh::weight).sum()
}

/// Without its own size: that is the plan's.
impl Weigh for Footprint {
    fn weight(&self) -> usize {
        match self {
            Footprint::Read(read) => {
                all(&read.tables) + all(&read.uncacheable) + all(&read.widened)
            }
            Footprint::Write(write) => {
                all(&write.targets) + all(&write.reads) + all(&write.widened)
            }
            Footprint::Ddl(ddl) => all(&ddl.tables),
            Footprint::Unknown(reason) => reason.weight(),
            Footprint::Transaction(
                TransactionKind::Savepoint(name)
                | TransactionKind::Release(name)
                | TransactionKind::RollbackTo(name),
            ) => name.weight(),
            Footprint::Transaction(_) => 0,
        }
    }
}

impl Weigh for TableRead {
    fn weight(&self) -> usize {
        size_of::<Self>()
            + self.table.weight()
            + self.alias.weight()
            + all(&self.alternatives)
            + self.columns.weight()
    }
}

impl Weigh for TableWrite {
    fn weight(&self) -> usize {
        let unknown = match &self.rows {
            RowsNamed::Unknown(reason) => reason.weight(),
            RowsNamed::Keys { columns, rows } => {
                let rows = rows.iter().map(|key| key.capacity() * 8 + 24);
                all(columns) + rows.sum::<usize>()
            }
            _ => 0,
        };
        let returned = self.returning.as_ref().map_or(0, |info| all(&info.columns));
        size_of::<Self>()
            + self.table.weight()
            + self.columns.weight()
            + unknown
            + all(&self.alternatives)
            + all(&self.event.update)
            + returned
    }
}

impl Weigh for Conjunction {
    fn weight(&self) -> usize {
        let pins = self.pins.iter().map(|pin| SLACK + pin.column.weight());
        size_of::<Self>() + SLACK + pins.sum::<usize>()
    }
}

/// Without its own size.
impl Weigh for ColumnSet {
    fn weight(&self) -> usize {
        match self {
            ColumnSet::All => 0,
            ColumnSet::Set(columns) => all(columns),
        }
    }
}

impl Weigh for Name {
    fn weight(&self) -> usize {
        SLACK + size_of::<Self>() + self.len()
    }
}

impl Weigh for Reason {
    fn weight(&self) -> usize {
        SLACK + size_of::<Self>() + self.as_str().len()
    }
}

impl Weigh for Slot {
    fn weight(&self) -> usize {
        let owned = match self {
            Slot::Bind(_) => 0,
            Slot::Literal(Value::Number(text) | Value::Text(text)) => SLACK + text.len(),
            Slot::Literal(Value::Blob(bytes)) => SLACK + bytes.len(),
            Slot::Literal(Value::Null | Value::Bool(_) | Value::Integer(_)) => 0,
            Slot::List(slots) => SLACK + all(slots),
        };
        size_of::<Self>() + owned
    }
}
