//! Names of values on a server: short, printable, and the same in every process.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use smallvec::SmallVec;

use crate::key::Key;
use crate::namespace::Namespace;
use crate::tag::{Tag, TagKind};

/// So many bytes a name has at most.
pub(crate) const NAME_BYTES_MAX: usize = 200;

/// Room for a name while it is built.
const NAME_ROOM: usize = 256;

/// The name of a stored value. Cheap to clone.
///
/// `shop:e1:…` is an entry, `shop:l1:…` the lease of one that stays during its load, and
/// `shop:t1:{…}…` a tag. What stands in braces decides on which of several servers the value is, so
/// that a table's tag and the tags of its rows are read together. User data is in it as a keyed
/// hash only; the number is the format's, so that formats do not meet.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(Arc<str>);

impl Name {
    /// The text, `[!-~]{1,200}`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of the text that decides on the server: what stands in braces, or all of it.
    pub(crate) fn route(&self) -> &str {
        let text = self.as_str();
        let inside = text
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'));
        inside.map_or(text, |(inside, _)| inside)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives names to what a namespace keeps.
pub(crate) struct Names {
    prefix: Box<str>,
    secret: [u8; 32],
    /// What every look asks for anew. Never held across an await.
    known: RwLock<Known>,
}

/// Names and parts of names that are remembered: a digest costs more than the rest of a name.
#[derive(Default)]
struct Known {
    /// The names of coarse tags.
    coarse: HashMap<Tag, Name, ahash::RandomState>,
    /// The routes of tables, by what [`Tag::table_of`] gives.
    tables: HashMap<Box<[u8]>, Route, ahash::RandomState>,
}

/// So many coarse tags and tables are remembered. Beyond, all are forgotten.
const KNOWN_MAX: usize = 10_000;

/// A digest's characters: of five bits each.
const DIGEST_CHARS: usize = 26;

type Digest = [u8; DIGEST_CHARS];

/// What stands in braces: the first half of a digest.
type Route = [u8; DIGEST_CHARS / 2];

impl Names {
    /// The names of a namespace. With a secret nobody can tell from a name whether a guess of the
    /// key is right.
    pub(crate) fn new(namespace: &Namespace, secret: Option<&[u8]>) -> Names {
        let mut hasher = blake3::Hasher::new_derive_key("larder 1 names");
        hasher.update(&(namespace.name().len() as u64).to_le_bytes());
        hasher.update(namespace.name().as_bytes());
        hasher.update(secret.unwrap_or_default());
        Names {
            prefix: printable(namespace.name()),
            secret: *hasher.finalize().as_bytes(),
            known: RwLock::default(),
        }
    }

    /// What all names of the namespace begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The name of an entry.
    pub(crate) fn entry(&self, key: &Key) -> Name {
        self.build("e1:", None, &self.digest(key.as_bytes()))
    }

    /// What the names of all entries begin with, and no others. Of its characters none means another
    /// in a pattern.
    pub(crate) fn entries(&self) -> String {
        format!("{}:e1:", self.prefix)
    }

    /// The name of the lease of an entry that stays during its load.
    pub(crate) fn lease(&self, key: &Key) -> Name {
        self.build("l1:", None, &self.digest(key.as_bytes()))
    }

    /// The name of a tag.
    pub(crate) fn tag(&self, tag: &Tag) -> Name {
        match tag.kind() {
            TagKind::Shape => {
                let digest = self.digest(tag.as_bytes());
                self.build("t1:", Some(self.table(tag.table_of())), &digest)
            }
            TagKind::Named | TagKind::Tree => self.own_route(tag),
            TagKind::Guard | TagKind::Namespace | TagKind::Root | TagKind::Table => {
                self.coarse(tag)
            }
        }
    }

    /// A name whose route is its own digest.
    fn own_route(&self, tag: &Tag) -> Name {
        let digest = self.digest(tag.as_bytes());
        self.build("t1:", Some(route(&digest)), &digest)
    }

    fn coarse(&self, tag: &Tag) -> Name {
        if let Some(name) = self.known.read().coarse.get(tag) {
            return name.clone();
        }
        let guarded = tag.guarded();
        let routed = guarded.as_ref().unwrap_or(tag);
        let name = if routed.kind() == TagKind::Table {
            let digest = self.digest(tag.as_bytes());
            self.build("t1:", Some(self.table(routed.table_of())), &digest)
        } else if guarded.is_some() {
            let route = route(&self.digest(routed.as_bytes()));
            self.build("t1:", Some(route), &self.digest(tag.as_bytes()))
        } else {
            self.own_route(tag)
        };
        let mut known = self.known.write();
        known.make_room();
        known.coarse.insert(tag.clone(), name.clone());
        name
    }

    /// The route of a table's tag, and of the tags of its rows.
    fn table(&self, table: &[u8]) -> Route {
        if let Some(route) = self.known.read().tables.get(table) {
            return *route;
        }
        let route = route(&self.digest(table));
        let mut known = self.known.write();
        known.make_room();
        known.tables.insert(table.into(), route);
        route
    }

    fn build(&self, kind: &str, route: Option<Route>, digest: &Digest) -> Name {
        let mut text: SmallVec<[u8; NAME_ROOM]> = SmallVec::new();
        text.extend_from_slice(self.prefix.as_bytes());
        text.push(b':');
        text.extend_from_slice(kind.as_bytes());
        if let Some(route) = route {
            text.push(b'{');
            text.extend_from_slice(&route);
            text.push(b'}');
        }
        text.extend_from_slice(digest);
        assert!(
            text.len() <= NAME_BYTES_MAX && text.iter().all(|byte| (b'!'..=b'~').contains(byte)),
            "a name is printable and short"
        );
        let text = str::from_utf8(&text).expect("what is printable is text");
        Name(text.into())
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let hash = blake3::keyed_hash(&self.secret, bytes);
        let (half, _) = hash.as_bytes().split_first_chunk().expect("32 bytes");
        let mut number = u128::from_le_bytes(*half);
        std::array::from_fn(|_| {
            let digit = DIGITS[(number & 31) as usize];
            number >>= 5;
            digit
        })
    }
}

fn route(digest: &Digest) -> Route {
    *digest.first_chunk().expect("a route is half a digest")
}

impl Known {
    fn make_room(&mut self) {
        if self.coarse.len() + self.tables.len() >= KNOWN_MAX {
            *self = Known::default();
        }
    }
}

/// The namespace itself where every character is harmless, else a digest of it.
fn printable(namespace: &str) -> Box<str> {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !namespace.is_empty() && namespace.bytes().all(harmless) {
        return namespace.into();
    }
    format!("~{}", &blake3::hash(namespace.as_bytes()).to_hex()[..32]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Columns, Shape, TagValue};

    #[test]
    fn names_are_printable_and_tell_everything_apart() {
        let names = Names::new(&Namespace::new("shop"), None);
        let strange = Names::new(&Namespace::new("a shop\r\n{x}"), None);
        let secret = Names::new(&Namespace::new("shop"), Some(b"secret"));
        let key = Key::new(("product", 1));
        let all = [
            names.entry(&key),
            names.lease(&key),
            names.entry(&Key::new(("product", "1"))),
            strange.entry(&key),
            secret.entry(&key),
        ];
        for (index, left) in all.iter().enumerate() {
            for right in &all[index + 1..] {
                assert_ne!(left, right);
            }
        }
        assert_eq!(
            names.entry(&key),
            Names::new(&Namespace::new("shop"), None).entry(&key)
        );
        assert!(names.entry(&key).as_str().starts_with("shop:e1:"));
    }

    #[test]
    fn a_table_and_its_rows_have_one_route() {
        let names = Names::new(&Namespace::new("shop"), None);
        let table = Tag::table("", "track");
        let shape = Shape::new(["id"], Columns::All);
        let row = |id| names.tag(&Tag::shape(&table, &shape, &[TagValue::Int(id)]));
        assert_eq!(row(1).route(), names.tag(&table).route());
        assert_eq!(row(1).route(), row(2).route());
        let guard = |tag| names.tag(&Tag::guard(tag));
        assert_eq!(guard(&table).route(), names.tag(&table).route());
        let root = Tag::root("");
        assert_eq!(guard(&root).route(), names.tag(&root).route());
        assert_ne!(row(1), row(2));
        assert_ne!(
            names.tag(&Tag::table("", "album")).route(),
            names.tag(&table).route()
        );
    }

    #[test]
    fn a_remembered_name_is_the_name() {
        let names = Names::new(&Namespace::new("shop"), None);
        let table = |number: usize| Tag::table("", &format!("table {number}"));
        let row = |number| Tag::shape(&table(number), &Shape::any_row(), &[]);
        let all = |number| [table(number), Tag::guard(&table(number)), row(number)];
        // More than are remembered: some are forgotten and made again.
        for number in (0..KNOWN_MAX).chain([0, 1, KNOWN_MAX - 1]) {
            for tag in all(number) {
                names.tag(&tag);
            }
        }
        for number in [0, 1, KNOWN_MAX / 2, KNOWN_MAX - 1] {
            for tag in all(number) {
                let new = Names::new(&Namespace::new("shop"), None);
                assert_eq!(names.tag(&tag), names.tag(&tag));
                assert_eq!(names.tag(&tag), new.tag(&tag));
            }
        }
        let known = names.known.read();
        assert!(known.coarse.len() + known.tables.len() <= KNOWN_MAX);
    }
}
