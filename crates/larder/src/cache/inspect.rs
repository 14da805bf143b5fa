//! Looking at one entry, for people and their tools.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};

use super::{AnyKey, Cache, Core};
use crate::clock::Moment;
use crate::entry::Entry;
use crate::error::Result;
use crate::freshness::TagState;
use crate::key::{IntoKey, Key};
use crate::store::{Look, Lookup, Versions};
use crate::tag::Tag;
use crate::value::{Beginning, Value};
use crate::version::Version;

/// A value that weighs more is not turned into text: somebody who looks at an entry must not cost
/// the process what the entry weighs, several times over.
pub const INSPECTED_WEIGHT_MAX: usize = 4 << 20;

/// A look at an entry to be awaited: see [`Cache::inspect`].
#[must_use = "a look does nothing unless it is awaited"]
pub struct Inspect<'a> {
    cache: &'a Cache,
    key: AnyKey<'a>,
    value_bytes_max: Option<usize>,
}

/// What is known of an entry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspected {
    /// Its key.
    pub key: Key,
    /// When it was written.
    pub written_at: Moment,
    /// How long ago that was.
    pub age: Duration,
    /// How long it is fresh after it was written.
    pub ttl: Duration,
    /// Its value's estimated bytes.
    pub weight: usize,
    /// How the store holds its value.
    pub form: ValueForm,
    /// Whether what it depends on is as it was before it was loaded.
    pub state: TagState,
    /// What it depends on, in the order in which a read checks it.
    pub tags: Vec<InspectedTag>,
    /// Its value as text, if that was asked for and can be.
    pub value: Option<ValueText>,
}

/// How a store holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueForm {
    /// The value itself, in this process's memory.
    Memory,
    /// Bytes.
    Bytes {
        /// The name of the codec that wrote them; nothing if this build does not know it.
        codec: Option<&'static str>,
        /// The mark of the value's type.
        fingerprint: u64,
        /// How many, as they are after decompression.
        len: usize,
    },
}

/// A tag of an entry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InspectedTag {
    /// The tag.
    pub tag: Tag,
    /// The version that it had before the entry was loaded, as people compare it.
    pub recorded: String,
    /// Whether it has that version still.
    pub state: TagState,
}

/// A value as JSON, cut where it was to end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueText {
    /// The text, or its beginning.
    pub text: String,
    /// How many bytes the whole text has.
    pub len: usize,
}

impl ValueText {
    /// Whether the text is only the beginning.
    pub fn is_cut(&self) -> bool {
        self.text.len() < self.len
    }
}

impl Cache {
    /// Looks at the entry under `key` without reading it: nothing is counted, nobody is told, and an
    /// entry that no read would be given is shown as what it is. For people and their tools.
    ///
    /// # Example: what an entry depends on
    ///
    /// ```
    /// use larder::{Cache, Tag, TagState};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = Cache::memory();
    /// cache.insert(("price", 7), 99).tags([Tag::named("prices")]).await?;
    /// cache.invalidate([Tag::named("prices")]).await?;
    ///
    /// let entry = cache.inspect(("price", 7)).value(1_000).await?.expect("its bytes are there still");
    /// let changed = entry.tags.iter().find(|tag| tag.state == TagState::Changed).unwrap();
    /// assert_eq!(changed.tag, Tag::named("prices"));
    /// assert_eq!(entry.value.unwrap().text, "99");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cost
    ///
    /// A round trip for the entry, and one for each of its tags, all at once.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn inspect<'a>(&'a self, key: impl IntoKey + 'a) -> Inspect<'a> {
        Inspect {
            cache: self,
            key: key.into_key(),
            value_bytes_max: None,
        }
    }

    /// Whether anything was kept, or invalidated, in the cache's namespace within
    /// the time for which its store remembers tags. If not, a tool that finds nothing there may have been given another
    /// namespace than the application. A store in memory is its process's own: there the answer is yes.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn is_in_use(&self) -> Result<bool> {
        // Every entry carries this tag.
        self.knows(Tag::namespace()).await
    }

    /// Whether anything that is kept may depend on a tag: it was recorded with an entry within the time for which the
    /// store remembers tags. To bump a tag that is not known does not make it known. A store in memory is its
    /// process's own: there the answer is yes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// use larder::{Cache, Tag};
    ///
    /// assert!(Cache::memory().knows(Tag::named("prices")).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn knows(&self, tag: Tag) -> Result<bool> {
        let core = self.core();
        if !core.remote {
            return Ok(true);
        }
        // No tag ever has this version: it is changed where the store has the tag.
        let never: Arc<[_]> = [(tag, Version::from_bytes([0; 16]))].into();
        let state = core.state_of(&Versions::recorded(never, false)).await?;
        Ok(state != TagState::Missing)
    }
}

impl Inspect<'_> {
    /// Gives the value too, as the first `bytes_max` bytes of its JSON. A value has such a text where
    /// it lies in memory and has serde's traits, and where its codec writes names (JSON, MessagePack);
    /// one that weighs more than [`INSPECTED_WEIGHT_MAX`] has none.
    pub fn value(mut self, bytes_max: usize) -> Self {
        self.value_bytes_max = Some(bytes_max);
        self
    }

    async fn look(self) -> Result<Option<Inspected>> {
        let core = self.cache.core();
        let look = Look {
            key: &self.key,
            wants: &[],
        };
        let found = core.look(&[look]).await.into_iter().next();
        let (entry, state) = match found {
            Some(Lookup::Found { entry, state }) => (entry, state),
            Some(Lookup::Failed(error)) => return Err(error),
            Some(Lookup::Absent) | None => return Ok(None),
        };
        Ok(Some(Inspected {
            key: self.key.into_owned(),
            written_at: entry.written_at(),
            age: core.clock.now().since(entry.written_at()),
            ttl: entry.ttl(),
            weight: entry.weight(),
            form: form(entry.value()),
            state,
            tags: tags(core, entry.versions()).await?,
            value: self.value_bytes_max.and_then(|max| text(&entry, max)),
        }))
    }
}

fn form(value: &Value) -> ValueForm {
    match value {
        Value::Typed { .. } => ValueForm::Memory,
        Value::Encoded(encoded) => ValueForm::Bytes {
            codec: encoded.codec_name(),
            fingerprint: encoded.fingerprint(),
            len: encoded.bytes().len(),
        },
    }
}

/// The states of tags, each asked for by itself.
async fn tags(core: &Core, versions: &Versions) -> Result<Vec<InspectedTag>> {
    let Some(stamps) = versions.stamps() else {
        // A store in memory: no bump waits for it.
        let each = versions.guard().map(|guard| guard.each());
        return Ok(each.unwrap_or_default());
    };
    let one = |(tag, version): &(Tag, Version)| {
        let alone: Arc<[_]> = [(tag.clone(), *version)].into();
        let recorded: String = version.to_bytes()[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let tag = tag.clone();
        async move {
            let state = core.state_of(&Versions::recorded(alone, false)).await?;
            Ok(InspectedTag {
                tag,
                recorded,
                state,
            })
        }
    };
    join_all(stamps.iter().map(one)).await.into_iter().collect()
}

impl InspectedTag {
    /// A tag of an entry, for a store that keeps versions in a form of its own.
    pub fn new(tag: Tag, recorded: impl Into<String>, state: TagState) -> InspectedTag {
        InspectedTag {
            tag,
            recorded: recorded.into(),
            state,
        }
    }
}

fn text(entry: &Entry, bytes_max: usize) -> Option<ValueText> {
    if entry.weight() > INSPECTED_WEIGHT_MAX {
        return None;
    }
    let Beginning { text, len } = entry.value().json(bytes_max)?;
    Some(ValueText { text, len })
}

impl fmt::Debug for Inspect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspect")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<'a> IntoFuture for Inspect<'a> {
    type Output = Result<Option<Inspected>>;
    type IntoFuture = BoxFuture<'a, Result<Option<Inspected>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.look())
    }
}
