use std::time::Duration;

use super::*;
use crate::clock::Moment;
use crate::counters::Group;
use crate::entry::NewEntry;
use crate::shape::{Columns, Shape};
use crate::value::Value;

fn ready<T>(reply: Reply<'_, Result<T>>) -> T {
    match reply.now() {
        Ok(answer) => answer.expect("memory does not fail"),
        Err(_) => panic!("memory answers at once"),
    }
}

fn entry(versions: Versions, weight: usize) -> Entry {
    Entry::new(NewEntry {
        value: Value::Typed {
            value: Arc::new(7u32),
            encode: None,
        },
        versions,
        written_at: Moment::default(),
        ttl: Duration::from_secs(60),
        weight,
        group: Some(Arc::new(Group::new("test"))),
        origin: None,
    })
}

fn put(memory: &Memory, namespace: &Namespace, key: &Key, tags: &[&str], weight: usize) -> Put {
    let wants: Vec<Want> = tags
        .iter()
        .map(|name| Want::Tag(Tag::named(name)))
        .collect();
    let versions = ready(memory.prepare(namespace, &wants));
    let item = Insertion::new(key, entry(versions, weight), Duration::from_secs(60));
    ready(memory.insert(namespace, smallvec![item])).remove(0)
}

fn look(memory: &Memory, namespace: &Namespace, key: &Key) -> Option<TagState> {
    match &ready(memory.get(namespace, &[Look { key, wants: &[] }]))[0] {
        Lookup::Absent | Lookup::Failed(_) => None,
        Lookup::Found { state, .. } => Some(*state),
    }
}

#[test]
fn cells_are_freed_when_nothing_holds_them() {
    let memory = Memory::new();
    let namespace = Namespace::new("shop");
    let keys: Vec<Key> = (0..100).map(|n| Key::new(("k", n))).collect();
    for (n, key) in keys.iter().enumerate() {
        put(&memory, &namespace, key, &["all", &format!("tag{n}")], 10);
    }
    assert_eq!(memory.tags(), 101);
    ready(memory.remove(&namespace, &keys[..50]));
    assert_eq!(memory.tags(), 51);
    ready(memory.bump(&namespace, &[Tag::named("all")], &[]));
    for key in &keys[50..] {
        assert_eq!(look(&memory, &namespace, key), Some(TagState::Changed));
        memory.discard(&namespace, key);
    }
    assert_eq!(
        memory.tags(),
        0,
        "invalidated entries leave when a read has seen them"
    );
    assert!(memory.is_empty());
}

#[test]
fn eviction_keeps_to_the_bytes_and_frees_cells() {
    let memory = Memory::bytes_max(1 << 20);
    let namespace = Namespace::new("shop");
    let mut evicted = 0;
    for n in 0..5_000 {
        let put = put(
            &memory,
            &namespace,
            &Key::new(n),
            &[&format!("tag{n}")],
            1_000,
        );
        if let Put::Stored { evicted: some } = put {
            evicted += some;
        }
        assert!(memory.bytes() <= 1 << 20, "{} bytes", memory.bytes());
    }
    assert_eq!(memory.len() + evicted, 5_000);
    assert_eq!(memory.tags(), memory.len());
    assert!(
        memory.len() > 500,
        "most of the room is used: {}",
        memory.len()
    );
}

#[test]
fn what_is_too_large_is_refused_and_ends_what_was_there() {
    let memory = Memory::bytes_max(1 << 20);
    let namespace = Namespace::new("shop");
    let key = Key::new("k");
    put(&memory, &namespace, &key, &[], 10);
    let put = put(&memory, &namespace, &key, &[], 1 << 20);
    assert!(
        matches!(put, Put::TooLarge { max, .. } if max < 1 << 20),
        "{put:?}"
    );
    assert_eq!(look(&memory, &namespace, &key), None);
}

#[test]
fn the_largest_entry_that_is_admitted_stays() {
    let memory = Memory::bytes_max(1 << 20);
    let namespace = Namespace::new("shop");
    let max = memory.0.entry_max as usize;
    let key = Key::new("k");
    put(
        &memory,
        &namespace,
        &key,
        &[],
        max - Entry::OVERHEAD - key.as_bytes().len(),
    );
    assert_eq!(look(&memory, &namespace, &key), Some(TagState::Current));
}

#[test]
fn a_full_list_widens_the_tag_to_any_row() {
    let memory = Memory::new();
    let namespace = Namespace::new("shop");
    let table = Tag::table("", "track");
    let want = |pin: usize| Want::Shape {
        table: table.clone(),
        shape: Shape::new([format!("p{pin}")], Columns::set(["c"])),
        values: smallvec![crate::shape::TagValue::Int(1)],
    };
    let held: Vec<Versions> = (0..crate::shape::SHAPES_PER_TABLE_MAX)
        .map(|pin| ready(memory.prepare(&namespace, &[want(pin)])))
        .collect();
    let widened = ready(memory.prepare(&namespace, &[want(1000)]));
    assert_eq!(widened.tags(), [Tag::shape(&table, &Shape::any_row(), &[])]);
    drop(held);
    let fits = ready(memory.prepare(&namespace, &[want(1000)]));
    assert_eq!(fits.tags()[0].to_string(), "track(p1000=1; c)");
}

#[test]
fn marks_are_limited_and_a_refused_mark_leaves_none() {
    let memory = Memory::new();
    let namespace = Namespace::new("shop");
    let tags = [Tag::named("a"), Tag::named("b")];
    let many: Vec<Mark> = (0..(1 << 16) - 1)
        .map(|_| ready(memory.mark(&namespace, &tags[1..])))
        .collect();
    match memory.mark(&namespace, &tags).now() {
        Ok(refused) => assert!(refused.expect_err("one too many").is_store()),
        Err(_) => panic!("memory answers at once"),
    }
    drop(many);
    assert_eq!(memory.tags(), 0);
    let versions = ready(memory.prepare(&namespace, &[Want::Tag(tags[0].clone())]));
    assert!(!versions.is_marked());
}

#[tokio::test]
async fn memory_keeps_every_promise_of_a_store() {
    super::super::conformance::run(|| Arc::new(Memory::new())).await;
}

#[test]
fn an_entry_weighs_its_tags() {
    let memory = Memory::new();
    let namespace = Namespace::new("shop");
    let weight = |key: &str, tags: usize| {
        let names: Vec<String> = (0..tags).map(|n| format!("{key}{n:03}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let before = memory.bytes();
        put(&memory, &namespace, &Key::new(key), &names, 10);
        memory.bytes() - before
    };
    let fine = Entry::TAG_OVERHEAD + Entry::FINE_TAG_OVERHEAD;
    let (none, many) = (weight("a", 0), weight("b", 256));
    assert!(many - none > 256 * fine as u64, "{none} and {many}");
    let entry_with = |wants: &[Want]| {
        let versions = ready(memory.prepare(&namespace, wants));
        entry(versions, 10).tags_weight()
    };
    let coarse = [Tag::namespace(), Tag::root(""), Tag::table("", "track")].map(Want::Tag);
    assert_eq!(entry_with(&coarse), 3 * Entry::TAG_OVERHEAD);
    assert_eq!(entry_with(&[]), 0);
}

#[test]
fn kc4_a_tree_of_many_entries_weighs_as_little_as_a_table() {
    let memory = Memory::new();
    let namespace = Namespace::new("shop");
    let mut held = Vec::new();
    let mut weight = |tree: &Tag| {
        let versions = ready(memory.prepare(&namespace, &[Want::Tag(tree.clone())]));
        let entry = entry(versions, 10);
        held.push(entry.clone());
        entry.tags_weight()
    };
    let (product, user) = (Tag::tree("product"), Tag::tree(("user", 7)));
    let full = crate::store::tag_weight(&product);
    let weights: Vec<usize> = (0..5).map(|_| weight(&product)).collect();
    let shared = Entry::TAG_OVERHEAD;
    assert_eq!(weights, [full, full, full, shared, shared]);
    assert!(weight(&user) > full, "a tree of its own");
}

#[test]
fn entries_of_many_tags_keep_to_the_bytes() {
    let memory = Memory::bytes_max(1 << 20);
    let namespace = Namespace::new("shop");
    for n in 0..200 {
        let names: Vec<String> = (0..256).map(|tag| format!("{n} {tag}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        put(&memory, &namespace, &Key::new(n), &names, 10);
    }
    assert!(!memory.is_empty());
    assert!(
        memory.tags() <= (1 << 20) / Entry::FINE_TAG_OVERHEAD,
        "{} tags",
        memory.tags()
    );
}
