//! Tags: what an entry depends on.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::encoding::{self, Bytes, Part, Parts};
use crate::key::{IntoKey, Key};
use crate::shape::{Shape, TagValue};

mod pattern;

/// Something an entry depends on: a name, a database, a table, rows of a table, a tree of keys. Cheap
/// to clone.
///
/// When a tag is invalidated, every entry that carries it is.
///
/// ```
/// use larder::{Columns, Shape, Tag, TagValue};
///
/// let track = Tag::table("", "track");
/// let by_genre = Shape::new(["genre_id"], Columns::set(["id", "name"]));
/// assert_eq!(track.to_string(), "track");
/// assert_eq!(Tag::shape(&track, &by_genre, &[TagValue::Int(1)]).to_string(), "track(genre_id=1; id, name)");
/// assert_eq!(Tag::shape(&track, &Shape::any_row(), &[]).to_string(), "track(; *)");
/// assert_eq!(Tag::root("shop").to_string(), "shop root");
/// ```
#[derive(Clone)]
pub struct Tag {
    hash: u64,
    /// The kind's byte, then typed parts.
    bytes: Arc<[u8]>,
}

/// What a tag stands for. Guards come first, then coarse kinds before fine ones: the order in which
/// a read checks its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagKind {
    /// What writers mark before they commit to a database or a table.
    Guard,
    /// Everything in a namespace.
    Namespace,
    /// Everything in a database.
    Root,
    /// Everything in a table.
    Table,
    /// Rows of a table.
    Shape,
    /// Whatever the application means by a name.
    Named,
    /// Everything whose key begins with certain parts.
    Tree,
}

/// So many first parts of a key are tags of its entry: what lies deeper is invalidated together
/// with the whole tree at this depth. Every tag costs a version in the entry and a comparison on a
/// hit.
pub const TREE_DEPTH_MAX: usize = 8;

/// First parts that take more bytes stand in their tag as a digest: a long text in a key does not
/// make each of its tags as long.
const TREE_BYTES_MAX: usize = 256;

impl Tag {
    /// The tag with a name of the application's choice.
    pub fn named(name: &str) -> Tag {
        Tag::named_parts(name)
    }

    /// The tag whose name has parts, like `("customer", 7)`.
    pub fn named_parts(parts: impl IntoKey) -> Tag {
        Tag::of_key(TagKind::Named, &parts.into_key())
    }

    /// The tag that every entry of a namespace carries: the cache adds it by itself.
    pub fn namespace() -> Tag {
        Tag::build(TagKind::Namespace, |_| {})
    }

    /// The tag that every read of a database carries. The default database's name is empty.
    pub fn root(database: &str) -> Tag {
        Tag::build(TagKind::Root, |out| encoding::text(out, database))
    }

    /// The tag that every read of a table carries.
    pub fn table(database: &str, table: &str) -> Tag {
        Tag::build(TagKind::Table, |out| {
            encoding::text(out, database);
            encoding::text(out, table);
        })
    }

    /// The tag that linearizable reads of a database or a table carry beside its own, and that
    /// writers mark before they commit to it. It is checked before all others, so that a change
    /// that is no longer marked is seen to be bumped.
    ///
    /// # Panics
    ///
    /// If `of` is neither a root's nor a table's tag.
    pub fn guard(of: &Tag) -> Tag {
        assert!(
            matches!(of.kind(), TagKind::Root | TagKind::Table),
            "a guard stands before a database or a table"
        );
        Tag::build(TagKind::Guard, |out| out.extend_from_slice(&of.bytes))
    }

    /// The tag before which a guard stands.
    pub fn guarded(&self) -> Option<Tag> {
        (self.kind() == TagKind::Guard).then(|| Tag {
            hash: encoding::hash(&self.bytes[1..]),
            bytes: self.bytes[1..].into(),
        })
    }

    /// The tag of the rows of a table that hold `values` in the pinned columns of `shape`.
    ///
    /// # Panics
    ///
    /// If `table` is not a table's tag, or there is not one value for each pin.
    pub fn shape(table: &Tag, shape: &Shape, values: &[TagValue]) -> Tag {
        assert_eq!(table.kind(), TagKind::Table, "a shape belongs to a table");
        assert_eq!(
            shape.pins().len(),
            values.len(),
            "a shape's tag has one value for each pin"
        );
        Tag::build(TagKind::Shape, |out| {
            out.extend_from_slice(&table.bytes[1..]);
            out.extend_from_slice(shape.encoded());
            for value in values {
                value.encode(out);
            }
        })
    }

    /// The tag that every entry below `key` carries, as long as it was stored under its key by
    /// [`get_or_load`](crate::Cache::get_or_load), [`insert`](crate::Cache::insert) or one of their
    /// kind: those whose keys begin with the same parts and go on. What
    /// [`remove_tree`](crate::Cache::remove_tree) bumps.
    ///
    /// Other entries may carry it too, and then go with the tree.
    ///
    /// Of a key with more than [`TREE_DEPTH_MAX`] parts it is the tag of the first so many. Below
    /// the key without parts is everything: its tag is the namespace's.
    ///
    /// # Example: an entry elsewhere that goes with a tree
    ///
    /// ```
    /// use larder::{Cache, Tag};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = Cache::memory();
    /// let product = Tag::tree(("product", 123));
    /// cache.insert(("page", "/vinyl"), 200).tags([product]).await?;
    /// cache.remove_tree(("product", 123)).await?;
    /// assert_eq!(cache.get::<i32>(("page", "/vinyl")).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tree(key: impl IntoKey) -> Tag {
        let key = key.into_key();
        let bytes = key.as_bytes();
        match encoding::ends(bytes).take(TREE_DEPTH_MAX).last() {
            Some(end) => Tag::tree_of(&bytes[..end]),
            None => Tag::namespace(),
        }
    }

    /// The tags that the entry under `key` carries because of its key.
    pub(crate) fn trees_above(key: &Key) -> impl Iterator<Item = Tag> {
        key.above().take(TREE_DEPTH_MAX).map(Tag::tree_of)
    }

    fn tree_of(parts: &[u8]) -> Tag {
        Tag::build(TagKind::Tree, |out| match parts.len() {
            0..=TREE_BYTES_MAX => out.extend_from_slice(parts),
            _ => encoding::digest(out, parts),
        })
    }

    fn of_key(kind: TagKind, key: &Key) -> Tag {
        Tag::build(kind, |out| out.extend_from_slice(key.as_bytes()))
    }

    fn build(kind: TagKind, parts: impl FnOnce(&mut Bytes)) -> Tag {
        let mut bytes = Bytes::new();
        bytes.push(kind as u8);
        parts(&mut bytes);
        Tag {
            hash: encoding::hash(&bytes),
            bytes: bytes.as_slice().into(),
        }
    }

    /// What the tag stands for.
    pub fn kind(&self) -> TagKind {
        match self.bytes[0] {
            0 => TagKind::Guard,
            1 => TagKind::Namespace,
            2 => TagKind::Root,
            3 => TagKind::Table,
            4 => TagKind::Shape,
            5 => TagKind::Named,
            _ => TagKind::Tree,
        }
    }

    /// The encoded identity: equal tags have equal bytes, different tags different ones.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The database of a root's, a table's or a shape's tag.
    pub fn database(&self) -> Option<&str> {
        match (self.kind(), self.parts().next()) {
            (TagKind::Root | TagKind::Table | TagKind::Shape, Some(Part::Text(name))) => Some(name),
            _ => None,
        }
    }

    /// The table's name, of a table's or a shape's tag.
    pub fn table_name(&self) -> Option<&str> {
        match (self.kind(), self.parts().nth(1)) {
            (TagKind::Table | TagKind::Shape, Some(Part::Text(name))) => Some(name),
            _ => None,
        }
    }

    /// The tag with this encoded identity; nothing if the bytes begin with no kind of tag. Parts
    /// behind it that cannot be read are shown as missing.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Tag> {
        bytes.first().filter(|kind| **kind <= TagKind::Tree as u8)?;
        Some(Tag {
            hash: encoding::hash(bytes),
            bytes: bytes.into(),
        })
    }

    /// The encoded database and table of a table's or a shape's tag: the same for both.
    #[cfg_attr(not(any(feature = "redis", feature = "memcached")), expect(dead_code))]
    pub(crate) fn table_of(&self) -> &[u8] {
        let mut parts = self.parts();
        let _table = parts.nth(1);
        let end = self.bytes.len() - parts.rest().len();
        &self.bytes[1..end]
    }

    /// The tag without values, for logs: `track(genre_id=?; name)`, `('product', ?) tree`. What
    /// [`Display`](fmt::Display) shows has them, and they may be personal data.
    pub fn pattern(&self) -> String {
        pattern::of(self)
    }

    fn parts(&self) -> Parts<'_> {
        Parts::new(&self.bytes[1..])
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Tag) -> bool {
        self.hash == other.hash && self.bytes == other.bytes
    }
}

impl Eq for Tag {}

impl Hash for Tag {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.database().unwrap_or_default();
        match self.kind() {
            TagKind::Guard => match self.guarded() {
                Some(tag) => write!(f, "{tag} guard"),
                None => f.write_str("guard"),
            },
            TagKind::Namespace => f.write_str("namespace"),
            TagKind::Root if database.is_empty() => f.write_str("root"),
            TagKind::Root => write!(f, "{database} root"),
            TagKind::Table | TagKind::Shape => {
                if !database.is_empty() {
                    write!(f, "{database}.")?;
                }
                f.write_str(self.table_name().unwrap_or_default())?;
                if self.kind() == TagKind::Shape {
                    let mut parts = self.parts();
                    let _ = parts.nth(1);
                    write_shape(f, &mut parts)?;
                }
                Ok(())
            }
            TagKind::Named => {
                let mut parts = self.parts();
                match (parts.next(), parts.rest().is_empty()) {
                    (Some(Part::Text(name)), true) => f.write_str(name),
                    _ => encoding::write_parts(f, &self.bytes[1..], 0),
                }
            }
            TagKind::Tree => {
                encoding::write_parts(f, &self.bytes[1..], 0)?;
                f.write_str(" tree")
            }
        }
    }
}

/// Writes `(genre_id=1; id, name)`. The pins' names come first in the encoding, their values last.
fn write_shape(f: &mut fmt::Formatter<'_>, parts: &mut Parts<'_>) -> fmt::Result {
    let pins = names(parts);
    let columns = names(parts);
    f.write_str("(")?;
    for (index, pin) in pins.iter().flatten().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{pin}=")?;
        encoding::write_part(f, parts, 0)?;
    }
    match columns {
        None => f.write_str("; *)"),
        Some(columns) if columns.is_empty() => f.write_str(";)"),
        Some(columns) => write!(f, "; {})", columns.join(", ")),
    }
}

/// A list of names, or nothing where all columns are meant.
fn names<'a>(parts: &mut Parts<'a>) -> Option<Vec<&'a str>> {
    let Some(Part::List(count)) = parts.next() else {
        return None;
    };
    Some(
        parts
            .take(count)
            .map(|part| match part {
                Part::Text(name) => name,
                _ => "?",
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Columns;

    #[track_caller]
    fn shown(tag: &Tag, expected: &str) {
        assert_eq!(tag.to_string(), expected);
    }

    #[test]
    fn tags_are_shown_as_people_write_them() {
        let track = Tag::table("", "track");
        shown(&track, "track");
        shown(&Tag::table("shop", "track"), "shop.track");
        shown(&Tag::root(""), "root");
        shown(&Tag::root("shop"), "shop root");
        shown(&Tag::guard(&track), "track guard");
        shown(&Tag::guard(&Tag::root("")), "root guard");
        shown(&Tag::named("prices"), "prices");
        shown(&Tag::named_parts(("customer", 7)), "('customer', 7)");
        shown(&Tag::tree("product"), "('product') tree");
        shown(&Tag::tree(("product", 7)), "('product', 7) tree");
        let shape = Shape::new(["b", "a"], Columns::set(["n"]));
        let values = [TagValue::Text("o'k".into()), TagValue::Null];
        shown(
            &Tag::shape(&track, &shape, &values),
            "track(a='o''k', b=NULL; n)",
        );
        let id = Shape::new(<[&str; 0]>::default(), Columns::set(["id"]));
        shown(&Tag::shape(&track, &id, &[]), "track(; id)");
    }

    #[test]
    fn kinds_and_names_keep_tags_apart() {
        let tags = [
            Tag::namespace(),
            Tag::root("track"),
            Tag::guard(&Tag::root("track")),
            Tag::guard(&Tag::table("", "track")),
            Tag::table("", "track"),
            Tag::table("track", ""),
            Tag::named("track"),
            Tag::named_parts(("", "track")),
            Tag::tree("track"),
            Tag::tree(("", "track")),
            Tag::shape(&Tag::table("", "track"), &Shape::any_row(), &[]),
        ];
        for (index, left) in tags.iter().enumerate() {
            for right in &tags[index + 1..] {
                assert_ne!(left, right);
            }
        }
    }

    #[test]
    fn values_of_different_types_give_different_tags() {
        let track = Tag::table("", "track");
        let shape = Shape::new(["a"], Columns::All);
        let tag = |value| Tag::shape(&track, &shape, &[value]);
        assert_ne!(tag(TagValue::Int(1)), tag(TagValue::Text("1".into())));
        assert_ne!(tag(TagValue::Int(0)), tag(TagValue::Null));
        assert_ne!(tag(TagValue::Int(1)), tag(TagValue::Real(1f64.to_bits())));
        assert_ne!(
            tag(TagValue::Text("a".into())),
            tag(TagValue::Blob(b"a".as_slice().into()))
        );
    }

    /// The tags of an entry by its key, as people write them.
    #[track_caller]
    fn above(key: impl IntoKey, expected: &[&str]) {
        let key = key.into_key();
        let shown: Vec<String> = Tag::trees_above(&key).map(|tag| tag.to_string()).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn kc4_an_entry_carries_the_tree_of_each_beginning_of_its_key() {
        above("product", &[]);
        above(Key::builder().build(), &[]);
        above(("product", 7), &["('product') tree"]);
        above(
            ("product", 7, "reviews"),
            &["('product') tree", "('product', 7) tree"],
        );
        // What belongs together is one part, however it is nested.
        above(
            (("a", ("b", 1)), Some(Some("c")), 2),
            &[
                "(('a', ('b', 1))) tree",
                "(('a', ('b', 1)), some some 'c') tree",
            ],
        );
        above((Key::new(("a", "b")), 2), &["(key ('a', 'b')) tree"]);
        above(("a", (), None::<u8>), &["('a') tree", "('a', ()) tree"]);
        above(
            ("a", [[1, 2], [3, 4]], 5),
            &["('a') tree", "('a', ((1, 2), (3, 4))) tree"],
        );
        // Names are one part, so that none of them is above another.
        above(
            crate::key!("ship", weight = (1, 2), country = "ch"),
            &["('ship') tree"],
        );
    }

    #[test]
    fn kc4_trees_tell_parts_apart_as_keys_do() {
        assert_eq!(Tag::tree(("product", 123)), Tag::tree(("product", 123u64)));
        assert_ne!(Tag::tree(("product", 123)), Tag::tree(("product", 1234)));
        assert_ne!(Tag::tree(("product", 123)), Tag::tree(("product", "123")));
        assert_ne!(Tag::tree(("product", 123)), Tag::tree("product"));
        assert_eq!(Tag::tree(Key::builder().build()), Tag::namespace());
    }

    #[test]
    fn kc4_a_deep_key_carries_the_first_trees_only() {
        let deep = |parts: usize| {
            let mut key = Key::builder();
            (0..parts).for_each(|part| key.push(part));
            key.build()
        };
        let count = |parts| Tag::trees_above(&deep(parts)).count();
        assert_eq!(count(TREE_DEPTH_MAX), TREE_DEPTH_MAX - 1);
        assert_eq!(count(TREE_DEPTH_MAX + 1), TREE_DEPTH_MAX);
        assert_eq!(count(1_000), TREE_DEPTH_MAX);
        // Whoever asks for a deeper tree gets the one that is carried.
        let last = Tag::trees_above(&deep(1_000)).last();
        assert_eq!(last, Some(Tag::tree(deep(TREE_DEPTH_MAX))));
        assert_eq!(Tag::tree(deep(20)), Tag::tree(deep(TREE_DEPTH_MAX)));
        assert_ne!(
            Tag::tree(deep(TREE_DEPTH_MAX)),
            Tag::tree(deep(TREE_DEPTH_MAX - 1))
        );
    }

    #[test]
    fn kc4_a_long_part_does_not_make_the_tags_long() {
        let long = "x".repeat(10_000);
        let key = Key::new((long.as_str(), 1, 2));
        let tags: Vec<Tag> = Tag::trees_above(&key).collect();
        assert!(
            tags.iter()
                .all(|tag| tag.as_bytes().len() <= 1 + TREE_BYTES_MAX)
        );
        assert_eq!(
            tags,
            [Tag::tree(long.as_str()), Tag::tree((long.as_str(), 1))]
        );
        assert_ne!(Tag::tree(long.as_str()), Tag::tree("x".repeat(9_999)));
        assert!(tags[0].to_string().len() < 40, "{}", tags[0]);
    }

    #[test]
    #[should_panic(expected = "one value for each pin")]
    fn a_shape_without_its_values_is_refused() {
        let _ = Tag::shape(&Tag::table("", "t"), &Shape::new(["a"], Columns::All), &[]);
    }
}
