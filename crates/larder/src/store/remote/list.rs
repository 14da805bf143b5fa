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
use super::batch::{self, Act};
use super::link::Answer;
use super::look::{Seen, stamps};
use super::name::{Name, Names};
use super::node::{Failure, Node};
use crate::clock::Moment;
use crate::entry::envelope::Beginning;
use crate::error::Result;
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::{Listed, Versions};
use crate::tag::Tag;

/// So many names a server looks at for one page, whoever they belong to.
const PAGE_NAMES: usize = 1_000;

/// So many pages are asked for of one server, which is a million names. Beyond, the list is not
/// complete.
const PAGES_MAX: usize = 1_000;

/// So many bytes of an entry are read at first. Where key and tags take more, all of it is.
const BEGINNING_BYTES: usize = 1_024;

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

/// A part of what a server keeps.
#[derive(Default)]
pub(crate) struct Page {
    /// Where the next page begins; zero after the last one.
    pub(crate) next: u64,
    /// Names, each with the beginning of its value. One may come twice.
    pub(crate) values: Vec<(String, Vec<u8>)>,
}

impl Inner {
    /// Three round trips for each page: names, beginnings, versions.
    pub(super) async fn list(
        &self,
        namespace: &Namespace,
        prefix: &Key,
        told: &mut (dyn FnMut(Listed) -> ControlFlow<()> + Send),
    ) -> Result<bool> {
        let names = self.names(namespace);
        let mut complete = true;
        // A page may tell what another has told, and so may a server of what has moved.
        let mut known: HashSet<Key> = HashSet::new();
        for node in self.topology.nodes() {
            let mut cursor = 0;
            let mut pages = 0;
            loop {
                let page = page(&node, &names, cursor)
                    .await
                    .map_err(Failure::into_error)?;
                let mut listed = self.read(&names, prefix, page.values).await;
                listed.retain(|listed| known.insert(listed.key.clone()));
                self.judge(&names, &mut listed).await?;
                for listed in listed {
                    if told(listed).is_break() {
                        return Ok(false);
                    }
                }
                (cursor, pages) = (page.next, pages + 1);
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

    /// The entries of a page that are below `prefix`. Their state is not known yet.
    async fn read(
        &self,
        names: &Names,
        prefix: &Key,
        values: Vec<(String, Vec<u8>)>,
    ) -> Vec<Listed> {
        let mut found = Vec::with_capacity(values.len());
        let mut longer: Vec<(Name, Act)> = Vec::new();
        for (name, bytes) in values {
            match entry(names, &name, prefix, &bytes) {
                Ok(entry) => found.extend(entry),
                Err(Cut) if bytes.len() >= BEGINNING_BYTES => {
                    let name = names.told(&name);
                    longer.extend(name.map(|name| (name.clone(), Act::Get)));
                }
                Err(Cut) => {}
            }
        }
        if !longer.is_empty() {
            let told = batch::run(&*self.topology, &longer).await;
            for ((name, _), told) in longer.iter().zip(told) {
                if let Ok((Answer::Found(value), _)) = told
                    && let Ok(entry) = entry(names, name.as_str(), prefix, &value.bytes)
                {
                    found.extend(entry);
                }
            }
        }
        found
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

/// The bytes are no beginning of an entry, or not enough of it.
struct Cut;

/// The entry that begins with these bytes, if it is one below `prefix`.
fn entry(names: &Names, name: &str, prefix: &Key, bytes: &[u8]) -> Result<Option<Listed>, Cut> {
    let beginning = Beginning::of(bytes).ok_or(Cut)?;
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
