//! The shapes in use on one table, with who uses them.

use std::sync::Arc;

use crate::shape::{Shape, ShapeList};

/// A claim on a shape: held by every entry and load that depends on it.
pub(super) type Use = Arc<()>;

/// The list of one table. A shape that nobody holds a claim on may leave it.
#[derive(Default)]
pub(super) struct TableShapes {
    list: Option<ShapeList>,
    // Invariant: one claim for each shape of the list, in its order.
    uses: Vec<Use>,
}

impl TableShapes {
    pub(super) fn list(&mut self) -> ShapeList {
        self.list.get_or_insert_with(ShapeList::empty).clone()
    }

    /// The shape to depend on, with a claim on it; "any row" needs none.
    pub(super) fn admit(&mut self, wanted: &Shape) -> (Shape, Option<Use>) {
        let mut admitted = self.list().admit(wanted);
        if admitted.shape != *wanted && self.leave() {
            admitted = self.list().admit(wanted);
        }
        if let Some(changed) = admitted.changed {
            self.uses.push(Use::default());
            self.list = Some(changed);
        }
        let list = self.list();
        debug_assert_eq!(list.shapes.len(), self.uses.len());
        let at = list
            .shapes
            .iter()
            .position(|shape| *shape == admitted.shape);
        let used = at.map(|at| self.uses[at].clone());
        (admitted.shape, used)
    }

    /// Lets shapes leave that nothing depends on; says whether any has left.
    ///
    /// No entry and no load can come to depend on one in between: claims are made here only, under
    /// the same lock. A writer that reads the list afterwards need not know the shape.
    fn leave(&mut self) -> bool {
        let list = self.list();
        let before = self.uses.len();
        let (shapes, uses) = list
            .shapes
            .iter()
            .cloned()
            .zip(std::mem::take(&mut self.uses))
            .filter(|(_, used)| Arc::strong_count(used) > 1)
            .unzip();
        self.uses = uses;
        if self.uses.len() == before {
            return false;
        }
        self.list = Some(ShapeList::of(shapes));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Columns, SHAPES_PER_TABLE_MAX};

    fn shape(pin: usize) -> Shape {
        Shape::new([format!("p{pin}")], Columns::set(["c"]))
    }

    #[test]
    fn a_shape_in_use_stays_and_an_unused_one_makes_room() {
        let mut table = TableShapes::default();
        let mut claims: Vec<_> = (0..SHAPES_PER_TABLE_MAX)
            .map(|pin| table.admit(&shape(pin)).1)
            .collect();
        assert!(table.admit(&shape(1000)).0.is_any_row(), "all are in use");
        claims[7] = None;
        assert_eq!(table.admit(&shape(1000)).0, shape(1000));
        let list = table.list();
        assert!(!list.shapes.contains(&shape(7)));
        assert!(list.shapes.contains(&shape(6)));
    }
}
