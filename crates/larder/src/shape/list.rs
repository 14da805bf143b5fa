//! The shapes in use on one table.

use std::sync::Arc;

use super::{Columns, Shape};
use crate::version::Version;

/// So many shapes a table may have. Beyond, a read depends on the table's "any row".
pub const SHAPES_PER_TABLE_MAX: usize = 64;

/// So many column sets may stand beside each other for the same pins. Beyond, they merge into
/// their union: a read then depends on more columns than it reads.
pub const COLUMN_SETS_PER_PIN_MAX: usize = 8;

/// The shapes in use on one table: what a writer of the table must bump.
///
/// [`Shape::any_row`] belongs to every list without standing in it.
#[derive(Clone, Debug)]
pub struct ShapeList {
    /// Changes whenever the list does.
    pub version: Version,
    /// The shapes, in the order in which they came.
    pub shapes: Arc<[Shape]>,
}

/// What a list makes of a shape that a read wants to depend on.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The shape to depend on: the wanted one or a wider one.
    pub shape: Shape,
    /// The new list, if the shape was not in the old one.
    pub changed: Option<ShapeList>,
}

impl ShapeList {
    /// The list of a table that no read depends on yet.
    pub fn empty() -> ShapeList {
        ShapeList::of(Vec::new())
    }

    pub(crate) fn of(shapes: Vec<Shape>) -> ShapeList {
        ShapeList {
            version: Version::unique(),
            shapes: shapes.into(),
        }
    }

    /// Which shape a read that wants `wanted` depends on. Pure; old shapes stay in the list,
    /// because entries may depend on them.
    #[must_use]
    pub fn admit(&self, wanted: &Shape) -> Admitted {
        if wanted.is_any_row() || self.shapes.contains(wanted) {
            return Admitted {
                shape: wanted.clone(),
                changed: None,
            };
        }
        let same_pins = || {
            self.shapes
                .iter()
                .filter(|shape| shape.pins() == wanted.pins())
        };
        let shape = if same_pins().count() < COLUMN_SETS_PER_PIN_MAX {
            wanted.clone()
        } else {
            let columns = same_pins()
                .map(Shape::columns)
                .fold(wanted.columns().clone(), |union: Columns, columns| {
                    union.union(columns)
                });
            Shape::new(wanted.pins().iter().cloned(), columns)
        };
        if self.shapes.contains(&shape) {
            return Admitted {
                shape,
                changed: None,
            };
        }
        if self.shapes.len() >= SHAPES_PER_TABLE_MAX {
            return Admitted {
                shape: Shape::any_row(),
                changed: None,
            };
        }
        let mut shapes = self.shapes.to_vec();
        shapes.push(shape.clone());
        Admitted {
            shape,
            changed: Some(ShapeList::of(shapes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(pins: &[&str], columns: &[&str]) -> Shape {
        Shape::new(pins.iter().copied(), Columns::set(columns.iter().copied()))
    }

    fn admitted(list: &mut ShapeList, wanted: &Shape) -> Shape {
        let admitted = list.admit(wanted);
        if let Some(changed) = admitted.changed {
            assert_ne!(
                changed.version, list.version,
                "a changed list has a new version"
            );
            *list = changed;
        }
        admitted.shape
    }

    #[test]
    fn a_new_shape_is_added_once() {
        let mut list = ShapeList::empty();
        let wanted = shape(&["genre_id"], &["name"]);
        assert_eq!(admitted(&mut list, &wanted), wanted);
        assert_eq!(admitted(&mut list, &wanted), wanted);
        assert_eq!(list.shapes.len(), 1);
    }

    #[test]
    fn any_row_is_in_every_list_without_standing_there() {
        let mut list = ShapeList::empty();
        assert!(admitted(&mut list, &Shape::any_row()).is_any_row());
        assert!(list.shapes.is_empty());
    }

    #[test]
    fn too_many_column_sets_of_one_pin_merge_into_their_union() {
        let mut list = ShapeList::empty();
        let mut names: Vec<String> = Vec::new();
        for index in 0..COLUMN_SETS_PER_PIN_MAX {
            let name = format!("c{index}");
            let wanted = shape(&["id"], &[&name]);
            assert_eq!(admitted(&mut list, &wanted), wanted);
            names.push(name);
        }
        names.push("one_more".into());
        let merged = admitted(&mut list, &shape(&["id"], &["one_more"]));
        assert_eq!(merged, Shape::new(["id"], Columns::set(names)));
        let before = list.shapes.len();
        assert_eq!(admitted(&mut list, &shape(&["id"], &["c0", "c1"])), merged);
        assert_eq!(list.shapes.len(), before, "the union is used again");
        let other = shape(&["name"], &["c0"]);
        assert_eq!(
            admitted(&mut list, &other),
            other,
            "other pins are not merged"
        );
    }

    #[test]
    fn a_full_list_gives_any_row() {
        let mut list = ShapeList::empty();
        for index in 0..SHAPES_PER_TABLE_MAX {
            let wanted = shape(&[&format!("p{index}")], &["c"]);
            assert_eq!(admitted(&mut list, &wanted), wanted);
        }
        assert!(admitted(&mut list, &shape(&["one_more"], &["c"])).is_any_row());
        assert_eq!(list.shapes.len(), SHAPES_PER_TABLE_MAX);
    }

    #[test]
    fn a_merge_with_all_columns_is_all_columns() {
        let mut list = ShapeList::empty();
        let _ = admitted(&mut list, &Shape::new(["id"], Columns::All));
        for index in 1..COLUMN_SETS_PER_PIN_MAX {
            let _ = admitted(&mut list, &shape(&["id"], &[&format!("c{index}")]));
        }
        let merged = admitted(&mut list, &shape(&["id"], &["one_more"]));
        assert_eq!(merged, Shape::new(["id"], Columns::All));
    }
}
