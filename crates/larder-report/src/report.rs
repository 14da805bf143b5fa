//! What one process tells.

use std::time::Duration;

use larder::{Gone, Key};
use serde::{Deserialize, Serialize};

use crate::cause::{Cause, marks, millis};
use crate::counts::Counts;
use crate::latencies::Latencies;

/// What is counted together: ten seconds.
pub const SLICE: Duration = Duration::from_secs(10);

/// So many slices are kept: ten minutes.
pub const SLICES_MAX: usize = 60;

/// Longer readable keys are cut.
pub const KEY_CHARS_MAX: usize = 200;

/// A key whose opaque text is longer is told without it: nobody can follow it then. A key of more bytes has
/// no shorter text, and none is made of it.
const KEY_OPAQUE_MAX: usize = 2_048;

/// What one process tells of a cache. As text it is JSON; fields that a build does not know are passed
/// over, those that it misses are empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Report {
    /// What tells the process from every other one: drawn when it began.
    pub process: String,
    /// What people call it.
    pub name: String,
    /// When it began, in milliseconds since 1970.
    pub started_at: u64,
    /// When the report was made, in milliseconds since 1970.
    pub written_at: u64,
    /// Names of groups.
    pub groups: Vec<String>,
    /// What happened in the last minutes, oldest first.
    pub slices: Vec<Slice>,
    /// The last causes, oldest first.
    pub causes: Vec<Cause>,
    /// The last keys that were found invalidated, oldest first.
    pub missed: Vec<Missed>,
    /// The last slow loads, oldest first.
    pub slow: Vec<Slow>,
    /// What is asked for most, of late.
    pub hot: Vec<Hot>,
    /// What people have done by hand, oldest first.
    pub acts: Vec<Act>,
    /// What people were refused, oldest first.
    pub refused: Vec<Act>,
    /// What went wrong, oldest first.
    pub troubles: Vec<Trouble>,
}

/// What happened in ten seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Slice {
    /// When it began, in milliseconds since 1970; a multiple of [`SLICE`].
    pub at: u64,
    /// Counts of groups, by their place in [`Report::groups`].
    pub counts: Vec<(usize, Counts)>,
    /// How many tags were bumped.
    pub bumps: u64,
    /// How long loads took.
    pub latencies: Latencies,
    /// The same by group, by their place in [`Report::groups`].
    pub group_latencies: Vec<(usize, Latencies)>,
}

/// A key, for people and for links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct KeyText {
    /// Its readable form, cut.
    pub readable: String,
    /// Its opaque form, if it is short enough to be carried about.
    pub opaque: Option<String>,
}

impl KeyText {
    /// The texts of a key.
    pub fn new(key: &Key) -> KeyText {
        // As many bytes as the longest text of so many characters has.
        let readable = key.readable_start(KEY_CHARS_MAX * 4);
        let opaque = (key.as_bytes().len() <= KEY_OPAQUE_MAX).then(|| key.to_opaque());
        KeyText {
            readable: cut(&readable, KEY_CHARS_MAX),
            opaque: opaque.filter(|text| text.len() <= KEY_OPAQUE_MAX),
        }
    }
}

/// A key whose entry was found invalidated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Missed {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The key.
    pub key: KeyText,
    /// Marks of the tag that had changed, or of all that its entry depended on.
    pub marks: Vec<u64>,
}

impl Missed {
    /// What the cache itself remembers of a miss.
    pub(crate) fn of(gone: &Gone) -> Missed {
        Missed {
            at: millis(gone.at()),
            key: KeyText::new(gone.key()),
            marks: marks(gone.tags()),
        }
    }
}

/// A load that took long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Slow {
    /// When it ended, in milliseconds since 1970.
    pub at: u64,
    /// The key's group.
    pub group: String,
    /// The key.
    pub key: KeyText,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// A key that is asked for often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Hot {
    /// The key.
    pub key: KeyText,
    /// About how many hits it had of late.
    pub hits: u64,
}

/// Something that somebody did by hand, or was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Act {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who, as the application knows them.
    pub who: String,
    /// What. No values are in it.
    pub what: String,
    /// What became of it.
    pub outcome: ActOutcome,
}

/// What became of an act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ActOutcome {
    /// It was done.
    #[default]
    Done,
    /// It was not allowed.
    Refused(String),
    /// It was allowed, and did not work.
    Failed(String),
}

/// Something that went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Trouble {
    /// When last, in milliseconds since 1970.
    pub at: u64,
    /// What.
    pub what: String,
    /// How often it was told of in a row.
    pub times: u64,
}

impl Act {
    /// Whether it was not allowed.
    pub fn is_refused(&self) -> bool {
        matches!(self.outcome, ActOutcome::Refused(_))
    }

    /// An act that has just happened; the recorder says when.
    pub fn new(who: &str, what: &str, outcome: ActOutcome) -> Act {
        const CHARS_MAX: usize = 200;
        let short = |text: &str| cut(text, CHARS_MAX);
        Act {
            at: 0,
            who: short(who),
            what: short(what),
            outcome: match outcome {
                ActOutcome::Done => ActOutcome::Done,
                ActOutcome::Refused(why) => ActOutcome::Refused(short(&why)),
                ActOutcome::Failed(why) => ActOutcome::Failed(short(&why)),
            },
        }
    }
}

/// The first so many characters, with an ellipsis where there were more.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
