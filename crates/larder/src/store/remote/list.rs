//! Listing entries: what the servers keep, page by page.
//!
//! A name is a digest of its key, so that keys that begin alike have nothing in common there. Every
//! entry of the namespace is looked at: the beginning of its bytes, where the whole key and the
//! recorded versions stand. That the key belongs to the name shows that it was not made up, where
//! names are secret; the seal at the end is not looked at.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::look::{Seen, stamps};
use super::name::Names;
use super::node::{Failure, Node};
use crate::clock::Moment;
use crate::entry::envelope::{self, BEGINNING_BYTES_MAX};
use crate::error::Result;
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::{ListPlace, Listed, Told, Versions};
use crate::tag::Tag;

/// So many names a server looks at for one page, whoever they belong to.
const PAGE_NAMES: usize = 1_000;

/// So many pages are asked for of one server, which is a million names. Beyond, the list is not
/// complete.
const PAGES_MAX: usize = 1_000;

/// So many bytes of an entry are read at first.
const BEGINNING_BYTES: usize = 1_024;

/// Where key and tags take more, so many are read then; at last as many as they can take. Of the
/// value behind them never more than that.
const LONGER_BYTES: [usize; 2] = [16 * 1_024, BEGINNING_BYTES_MAX];

/// So many bytes are asked for at once.
const BYTES_AT_ONCE: usize = BEGINNING_BYTES_MAX;

/// What a page is asked for by.
pub(crate) struct PageAsk<'a> {
    /// What the names begin with. No character of it means another.
    pub(crate) prefix: &'a str,
    /// Where the page begins: zero, or what the page before said.
    pub(crate) cursor: u64,
    /// About how many names to look at.
    pub(crate) names: usize,
    /// How many bytes of each value to tell.
    pub(crate) bytes: usize,
}

/// A name, with the beginning of its value.
pub(crate) type Beginning = (String, Vec<u8>);

/// A part of what a server keeps.
#[derive(Default)]
pub(crate) struct Page {
    /// Where the next page begins; zero after the last one.
    pub(crate) next: u64,
    /// Names, each with the beginning of its value. One may come twice.
    pub(crate) values: Vec<Beginning>,
}

impl Inner {
    /// Three round trips for each page: names, beginnings, versions; more where key and tags are
    /// long. One page is held in memory at a time, and a digest of each key that was told.
    pub(super) async fn list(
        &self,
        namespace: &Namespace,
        prefix: &Key,
        from: Option<ListPlace>,
        told: &mut (dyn FnMut(Told) -> ControlFlow<()> + Send),
    ) -> Result<bool> {
        let names = self.names(namespace);
        let mut complete = true;
        // A page may tell what another has told, and so may a server of what has moved.
        let mut known: HashSet<Digest> = HashSet::new();
        let nodes = self.topology.nodes();
        let (first, begin) = from.map_or((0, 0), |place| (place.server, place.cursor));
        for (server, node) in nodes.iter().enumerate().skip(first) {
            let mut cursor = if server == first { begin } else { 0 };
            let mut pages = 0;
            loop {
                let page = page(node, &names, cursor)
                    .await
                    .map_err(Failure::into_error)?;
                let looked = page.values.len();
                let listed = read(node, &names, prefix, page.values).await;
                let mut listed = listed.map_err(Failure::into_error)?;
                listed.retain(|listed| known.insert(digest(&listed.key)));
                self.judge(&names, &mut listed).await?;
                for listed in listed {
                    if told(Told::Entry(listed)).is_break() {
                        return Ok(false);
                    }
                }
                (cursor, pages) = (page.next, pages + 1);
                let next = match cursor {
                    0 if server + 1 < nodes.len() => Some((server + 1, 0)),
                    0 => None,
                    cursor => Some((server, cursor)),
                };
                let next = next.map(|(server, cursor)| ListPlace { server, cursor });
                if told(Told::Page { looked, next }).is_break() {
                    return Ok(complete && next.is_none());
                }
                if cursor == 0 {
                    break;
                }
                if pages == PAGES_MAX {
                    complete = false;
                    break;
                }
            }
        }
        Ok(complete)
    }

    /// Finds out the states of entries: one round trip for all their tags.
    async fn judge(&self, names: &Names, listed: &mut [Listed]) -> Result<()> {
        let mut known: HashSet<&Tag> = HashSet::new();
        let mut tags: Vec<Tag> = Vec::new();
        for (tag, _) in listed.iter().flat_map(|listed| stamps(&listed.versions)) {
            if known.insert(tag) {
                tags.push(tag.clone());
            }
        }
        if tags.is_empty() {
            return Ok(());
        }
        let mut seen = Seen::default();
        self.sight(names, &mut seen, tags).await;
        for listed in listed {
            listed.state = seen.state(stamps(&listed.versions))?;
        }
        Ok(())
    }
}

/// What is remembered of a key that was told.
type Digest = [u8; 16];

fn digest(key: &Key) -> Digest {
    let mut digest = Digest::default();
    let hash = blake3::hash(key.as_bytes());
    digest.copy_from_slice(&hash.as_bytes()[..size_of::<Digest>()]);
    digest
}

/// The entries of a page that are below `prefix`. Their state is not known yet.
async fn read(
    node: &Arc<Node>,
    names: &Names,
    prefix: &Key,
    values: Vec<Beginning>,
) -> Result<Vec<Listed>, Failure> {
    let mut found = Vec::with_capacity(values.len());
    let mut cut: Vec<String> = Vec::new();
    let mut sort = |values: Vec<Beginning>, bytes: usize, cut: &mut Vec<String>| {
        for (name, head) in values {
            match entry(names, &name, prefix, &head) {
                Ok(entry) => found.extend(entry),
                Err(Cut) if head.len() >= bytes => cut.push(name),
                Err(Cut) => {}
            }
        }
    };
    sort(values, BEGINNING_BYTES, &mut cut);
    for bytes in LONGER_BYTES {
        let asked = std::mem::take(&mut cut);
        for some in asked.chunks(BYTES_AT_ONCE / bytes) {
            sort(beginnings(node, some, bytes).await?, bytes, &mut cut);
        }
    }
    Ok(found)
}

/// A link that broke may have been broken for long: a page is asked for twice.
async fn page(node: &Arc<Node>, names: &Names, cursor: u64) -> Result<Page, Failure> {
    let prefix = names.entries();
    let ask = PageAsk {
        prefix: &prefix,
        cursor,
        names: PAGE_NAMES,
        bytes: BEGINNING_BYTES,
    };
    match node.lane().await?.page(&ask).await {
        Err(Failure::Broken(_)) => node.lane().await?.page(&ask).await,
        page => page,
    }
}

/// As for a page.
async fn beginnings(
    node: &Arc<Node>,
    names: &[String],
    bytes: usize,
) -> Result<Vec<Beginning>, Failure> {
    match node.lane().await?.beginnings(names, bytes).await {
        Err(Failure::Broken(_)) => node.lane().await?.beginnings(names, bytes).await,
        told => told,
    }
}

/// The bytes are no beginning of an entry, or not enough of it.
struct Cut;

/// The entry that begins with these bytes, if it is one below `prefix`.
fn entry(names: &Names, name: &str, prefix: &Key, bytes: &[u8]) -> Result<Option<Listed>, Cut> {
    let beginning = envelope::Beginning::of(bytes).ok_or(Cut)?;
    if !beginning.key.starts_with(prefix.as_bytes()) {
        return Ok(None);
    }
    let Some(key) = Key::decode(beginning.key) else {
        return Ok(None);
    };
    if names.entry(&key).as_str() != name {
        return Ok(None);
    }
    let stamps: Option<Vec<_>> = beginning
        .tags
        .iter()
        .map(|(tag, version)| Some((Tag::decode(tag)?, *version)))
        .collect();
    let written_at = Duration::from_millis(beginning.written_at_millis);
    Ok(stamps.map(|stamps| Listed {
        key,
        versions: Versions::recorded(stamps, false),
        state: TagState::Missing,
        written_at: Moment::from_nanos(0).after(written_at),
        ttl: beginning.ttl,
        weight: beginning.length,
    }))
}
