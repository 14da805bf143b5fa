//! Shapes: which columns of a table a cached read pins, and which it reads.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::encoding::{self, Bytes};

mod list;

pub use list::{Admitted, COLUMN_SETS_PER_PIN_MAX, SHAPES_PER_TABLE_MAX, ShapeList};

/// The name of a column or a table.
pub type Name = Arc<str>;

/// Which columns of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Columns {
    /// All of them, also those that nobody knows of.
    All,
    /// These; sorted, each once.
    Set(Arc<[Name]>),
}

impl Columns {
    /// The columns named, in any order.
    pub fn set<N: Into<Name>>(names: impl IntoIterator<Item = N>) -> Columns {
        Columns::Set(sorted(names))
    }

    /// Whether the column is one of them.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Columns::All => true,
            Columns::Set(names) => names.binary_search_by(|own| (**own).cmp(name)).is_ok(),
        }
    }

    /// The columns of both.
    pub fn union(&self, other: &Columns) -> Columns {
        match (self, other) {
            (Columns::Set(left), Columns::Set(right)) => {
                Columns::set(left.iter().chain(right.iter()).cloned())
            }
            _ => Columns::All,
        }
    }
}

fn sorted<N: Into<Name>>(names: impl IntoIterator<Item = N>) -> Arc<[Name]> {
    let names: BTreeSet<Name> = names.into_iter().map(Into::into).collect();
    names.into_iter().collect()
}

/// Which columns of a table a cached read pins to values, and which columns it reads, filters or
/// sorts by. With values for the pins a shape becomes a tag. Cheap to clone.
///
/// ```
/// use larder::{Columns, Shape};
///
/// let shape = Shape::new(["genre_id"], Columns::set(["name", "id"]));
/// assert_eq!(shape.to_string(), "(genre_id; id, name)");
/// assert_eq!(Shape::any_row().to_string(), "(; *)");
/// ```
#[derive(Clone)]
pub struct Shape(Arc<Parts>);

struct Parts {
    pins: Arc<[Name]>,
    columns: Columns,
    /// Both, as they stand in a tag.
    encoded: Bytes,
}

impl Shape {
    /// The shape of a read that pins `pins` and depends on `columns`. Names come in any order.
    pub fn new<N: Into<Name>>(pins: impl IntoIterator<Item = N>, columns: Columns) -> Shape {
        let pins = sorted(pins);
        let mut encoded = Bytes::new();
        encoding::list(&mut encoded, pins.len());
        for pin in pins.iter() {
            encoding::text(&mut encoded, pin);
        }
        match &columns {
            Columns::All => encoding::null(&mut encoded),
            Columns::Set(names) => {
                encoding::list(&mut encoded, names.len());
                for name in names.iter() {
                    encoding::text(&mut encoded, name);
                }
            }
        }
        Shape(Arc::new(Parts {
            pins,
            columns,
            encoded,
        }))
    }

    /// The shape that every row and every column meets. It is part of every table's list without
    /// being named there: writers always bump it.
    pub fn any_row() -> Shape {
        Shape::new(<[Name; 0]>::default(), Columns::All)
    }

    /// Whether this is [`Shape::any_row`].
    pub fn is_any_row(&self) -> bool {
        self.0.pins.is_empty() && self.0.columns == Columns::All
    }

    /// The pinned columns, sorted. Values of a tag stand in this order.
    pub fn pins(&self) -> &[Name] {
        &self.0.pins
    }

    /// The columns whose change matters.
    pub fn columns(&self) -> &Columns {
        &self.0.columns
    }

    /// Whether a change of these columns in a row can matter to a read of this shape.
    pub fn meets(&self, changed: &Columns) -> bool {
        match (changed, self.columns()) {
            (Columns::All, _) | (_, Columns::All) => true,
            (Columns::Set(changed), columns) => changed
                .iter()
                .any(|name| columns.contains(name) || self.pins().contains(name)),
        }
    }

    pub(crate) fn encoded(&self) -> &[u8] {
        &self.0.encoded
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Shape) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.encoded == other.0.encoded
    }
}

impl Eq for Shape {}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.encoded.hash(state);
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({};", self.pins().join(", "))?;
        write_columns(f, self.columns())
    }
}

/// ` id, name)` after the semicolon; nothing but the parenthesis where there is no column.
fn write_columns(f: &mut fmt::Formatter<'_>, columns: &Columns) -> fmt::Result {
    match columns {
        Columns::All => f.write_str(" *)"),
        Columns::Set(names) if names.is_empty() => f.write_str(")"),
        Columns::Set(names) => write!(f, " {})", names.join(", ")),
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shape{self}")
    }
}

/// A column's value in its canonical form: equal exactly if the database calls the values equal.
///
/// Bringing values into that form is the adapter's part; here equality is byte equality.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TagValue {
    /// No value.
    Null,
    /// An integer; truth values are 0 and 1.
    Int(i64),
    /// The bits of a floating-point number.
    Real(u64),
    /// Text.
    Text(Arc<str>),
    /// Bytes.
    Blob(Arc<[u8]>),
}

impl TagValue {
    pub(crate) fn encode(&self, out: &mut Bytes) {
        match self {
            TagValue::Null => encoding::null(out),
            TagValue::Int(value) => encoding::int(out, (*value).into()),
            TagValue::Real(bits) => encoding::real(out, *bits),
            TagValue::Text(value) => encoding::text(out, value),
            TagValue::Blob(value) => encoding::bytes(out, value),
        }
    }
}
