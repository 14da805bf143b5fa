//! `larder rm`: deletes an entry, or a tree.

use larder::{Cache, Key, TREE_DEPTH_MAX};
use serde_json::json;

use crate::failure::Failure;
use crate::place::{self, Place, SIGNED_OTHERWISE};
use crate::say::{remark, say, say_json};

/// Arguments of `larder rm`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The key: its parts with commas between them, such as `"product, 7"`, or what `larder keys` prints.
    key: String,
    #[command(flatten)]
    place: Place,
    /// The entry and everything below its key: what begins with the same parts and goes on.
    #[arg(long)]
    tree: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Whether there was an entry, or a tree was removed, which nobody counts.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let key = place::key(&arguments.key)?;
    if key.as_bytes().is_empty() {
        return Err(Failure::new(
            "KEY is empty, and below it is everything: to drop everything, say `larder invalidate --all`",
        ));
    }
    if arguments.tree && key.depth() > TREE_DEPTH_MAX {
        return Err(Failure::new(format!(
            "KEY has more than {TREE_DEPTH_MAX} parts, and --tree would drop all that begins with the first \
             {TREE_DEPTH_MAX}: give those, or leave --tree out"
        )));
    }
    let cache = arguments.place.open().await?;
    // Whatever it says, the entry goes: it may come between.
    let looked = cache.inspect(&key).await;
    let was_there = looked.map_err(|error| place::failed(&error))?.is_some();
    remove(&cache, &key, arguments.tree).await.map_err(|error| {
        Failure::new(format!(
            "the store has not confirmed it, and may serve what was there before; repeat it: {error}"
        ))
    })?;
    if !was_there && let Some(stranger) = arguments.place.stranger(&cache).await? {
        return Err(Failure::new(stranger));
    }
    let typed = key.to_typed();
    if arguments.json {
        say_json(&json!({ "removed": typed, "was_there": was_there, "tree": arguments.tree }));
        return Ok(was_there || arguments.tree);
    }
    match (was_there, arguments.tree) {
        (_, true) => say(format!("removed: {typed} and what is below it")),
        (true, false) => say(format!("removed: {typed}")),
        (false, false) => remark(format!(
            "no entry was seen under {typed}: it was not there, {SIGNED_OTHERWISE} and is deleted now; `larder keys` \
             lists what is there"
        )),
    }
    Ok(was_there || arguments.tree)
}

async fn remove(cache: &Cache, key: &Key, tree: bool) -> larder::Result<()> {
    match tree {
        true => cache.remove_tree(key).await,
        false => cache.remove(key).await,
    }
}
