//! What invalidated something, as it is told to other processes.

use larder::{Moment, Tag, TagKind};
use serde::{Deserialize, Serialize};

use crate::report::cut;

/// Longer statements are cut.
pub const CAUSE_CHARS_MAX: usize = 500;

/// So many tags of a cause are told by name; of further ones only how many there are.
pub const CAUSE_TAGS_MAX: usize = 16;

/// So many tags of a cause are remembered as marks.
const CAUSE_MARKS_MAX: usize = 64;

/// The name of a tag is cut after so many characters.
const TAG_CHARS_MAX: usize = 160;

/// A write, or an act, and the tags that it bumped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Cause {
    /// When, in milliseconds since 1970, by the clock of the process that did it.
    pub at: u64,
    /// The statements without their values, or what was called.
    pub text: String,
    /// The first of its tags.
    pub tags: Vec<CauseTag>,
    /// How many tags there are.
    pub tags_count: usize,
    /// Marks of its tags, to be compared with those of entries.
    pub marks: Vec<u64>,
}

/// A tag of a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CauseTag {
    /// The tag as people write it.
    pub text: String,
    /// Its table, if it has one, with the database before it.
    pub table: Option<String>,
    /// Whether it stands for everything in its table, its database or its namespace.
    pub is_coarse: bool,
}

impl Cause {
    /// What the cache itself remembers of a write.
    pub(crate) fn of(cause: &larder::Cause) -> Cause {
        Cause {
            at: millis(cause.at()),
            text: cut(&cause.statements().join("; "), CAUSE_CHARS_MAX),
            tags: cause
                .tags()
                .iter()
                .take(CAUSE_TAGS_MAX)
                .map(CauseTag::new)
                .collect(),
            tags_count: cause.tags_count(),
            marks: marks(cause.tags()),
        }
    }
}

/// A moment in milliseconds since 1970.
pub(crate) fn millis(at: Moment) -> u64 {
    at.as_nanos() / 1_000_000
}

/// Marks of the first of these tags.
pub(crate) fn marks(tags: &[Tag]) -> Vec<u64> {
    tags.iter().take(CAUSE_MARKS_MAX).map(mark).collect()
}

impl CauseTag {
    fn new(tag: &Tag) -> CauseTag {
        CauseTag {
            text: cut(&tag.to_string(), TAG_CHARS_MAX),
            table: table_of(tag),
            is_coarse: matches!(
                tag.kind(),
                TagKind::Namespace | TagKind::Root | TagKind::Table
            ),
        }
    }
}

fn table_of(tag: &Tag) -> Option<String> {
    let table = tag.table_name()?;
    Some(match tag.database() {
        None | Some("") => cut(table, TAG_CHARS_MAX),
        Some(database) => cut(&format!("{database}.{table}"), TAG_CHARS_MAX),
    })
}

/// A short mark of a tag, the same in every process. Two tags may share one, which misleads nobody but
/// whoever looks.
fn mark(tag: &Tag) -> u64 {
    // FNV-1a.
    tag.as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
