//! The suite that every store must pass: one named case for each promise of [`Store`].
//!
//! A store's author calls [`run`] from a test. Each case gets a store of its own from `make`, and
//! says which promise was broken when it panics.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use smallvec::{SmallVec, smallvec};

use super::{Insertion, Look, Lookup, Put, Store, Told, Versions, Want};
use crate::clock::Moment;
use crate::codec::Codec;
use crate::counters::Group;
use crate::entry::{Entry, NewEntry};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::shape::{Columns, SHAPES_PER_TABLE_MAX, Shape, TagValue};
use crate::tag::Tag;
use crate::value::ValueKind;

const KEEP: Duration = Duration::from_secs(60);

type Case = (
    &'static str,
    fn(Bench) -> Pin<Box<dyn Future<Output = ()> + Send>>,
);

macro_rules! cases {
    ($($name:ident)*) => {
        const CASES: &[Case] = &[$((stringify!($name), |bench| Box::pin($name(bench)))),*];
    };
}

cases! {
    an_absent_key_is_absent
    what_was_inserted_is_found_and_current
    a_second_insert_replaces_the_first
    a_removed_entry_is_absent
    removing_an_absent_entry_is_fine
    many_keys_are_answered_in_their_order
    keys_that_differ_only_in_type_do_not_meet
    namespaces_do_not_see_each_other
    a_bumped_tag_ends_every_entry_that_carries_it
    a_bump_of_another_tag_leaves_an_entry_alone
    a_bump_between_prepare_and_insert_wins
    a_bump_of_a_tag_that_nobody_carries_is_fine
    versions_never_come_back
    a_bump_reaches_one_namespace_only
    prepared_versions_tell_whether_they_are_current
    versions_name_their_tags_in_the_order_wanted
    many_loads_are_prepared_each_with_its_own_tags
    what_is_there_is_listed_if_the_store_can
    a_prepared_shape_is_in_the_list
    a_bump_reports_the_lists_after_it
    a_shape_is_registered_once
    too_many_shapes_become_any_row
    any_row_is_a_tag_without_being_listed
    a_version_of_the_list_changes_with_it
    marked_tags_are_neither_served_nor_filled
    a_mark_that_has_gone_serves_what_did_not_change
    two_marks_on_one_tag_count_twice
    a_bump_under_a_mark_is_kept
    a_value_that_is_too_large_ends_what_was_there
}

/// Runs every case on a store made by `make`.
///
/// # Panics
///
/// If the store breaks a promise; the message names the case and the promise.
pub async fn run(make: impl Fn() -> Arc<dyn Store>) {
    for (name, case) in CASES {
        let bench = Bench {
            case: name,
            store: make(),
            namespace: Namespace::new("conformance"),
        };
        case(bench).await;
    }
}

/// A store under test, with the shortest words for what the cases do to it.
struct Bench {
    case: &'static str,
    store: Arc<dyn Store>,
    namespace: Namespace,
}

impl Bench {
    async fn prepare(&self, wants: &[Want]) -> Versions {
        let versions = self.store.prepare(&self.namespace, wants).await;
        versions.unwrap_or_else(|error| panic!("{}: prepare failed: {error}", self.case))
    }

    async fn tagged(&self, tags: &[&str]) -> Versions {
        let wants: Vec<Want> = tags
            .iter()
            .map(|name| Want::Tag(Tag::named(name)))
            .collect();
        self.prepare(&wants).await
    }

    async fn insert(&self, key: &Key, value: u64, versions: Versions) -> Put {
        self.insert_weighing(key, value, versions, 8).await
    }

    async fn insert_weighing(
        &self,
        key: &Key,
        value: u64,
        versions: Versions,
        weight: usize,
    ) -> Put {
        let entry = Entry::new(NewEntry {
            value: ValueKind::serde().wrap(Arc::new(value), Codec::default()),
            versions,
            written_at: Moment::default(),
            ttl: KEEP,
            weight,
            group: Some(Arc::new(Group::new("conformance"))),
            origin: None,
        });
        let items = smallvec![Insertion::new(key, entry, KEEP)];
        let puts = self.store.insert(&self.namespace, items).await;
        let mut puts = puts.unwrap_or_else(|error| panic!("{}: insert failed: {error}", self.case));
        assert_eq!(puts.len(), 1, "{}: one answer for each entry", self.case);
        puts.remove(0)
    }

    /// Stores a value under tags, which are also what a look must name.
    async fn put(&self, key: &Key, value: u64, tags: &[&str]) -> Put {
        let versions = self.tagged(tags).await;
        self.insert(key, value, versions).await
    }

    async fn get(&self, key: &Key, tags: &[&str]) -> Option<(u64, TagState)> {
        let wants: Vec<Want> = tags
            .iter()
            .map(|name| Want::Tag(Tag::named(name)))
            .collect();
        let looks = [Look { key, wants: &wants }];
        let found = self.store.get(&self.namespace, &looks).await;
        let mut found = found.unwrap_or_else(|error| panic!("{}: get failed: {error}", self.case));
        assert_eq!(found.len(), 1, "{}: one answer for each look", self.case);
        value(found.pop())
    }

    async fn bump(&self, tags: &[&str]) {
        let tags: Vec<Tag> = tags.iter().map(|name| Tag::named(name)).collect();
        let bumped = self.store.bump(&self.namespace, &tags, &[]).await;
        bumped.unwrap_or_else(|error| panic!("{}: bump failed: {error}", self.case));
    }

    async fn remove(&self, keys: &[Key]) {
        let removed = self.store.remove(&self.namespace, keys).await;
        removed.unwrap_or_else(|error| panic!("{}: remove failed: {error}", self.case));
    }

    async fn shapes(&self, table: &Tag) -> crate::shape::ShapeList {
        let tables = std::slice::from_ref(table);
        let lists = self.store.shapes(&self.namespace, tables).await;
        let mut lists =
            lists.unwrap_or_else(|error| panic!("{}: shapes failed: {error}", self.case));
        assert_eq!(lists.len(), 1, "{}: one list for each table", self.case);
        lists.remove(0)
    }

    async fn state(&self, versions: &Versions) -> TagState {
        let state = self.store.current(&self.namespace, versions).await;
        state.unwrap_or_else(|error| panic!("{}: current failed: {error}", self.case))
    }

    /// What is served: the value of an entry whose tags are current.
    async fn served(&self, key: &Key, tags: &[&str]) -> Option<u64> {
        match self.get(key, tags).await {
            Some((value, TagState::Current)) => Some(value),
            _ => None,
        }
    }

    #[track_caller]
    fn same<T: PartialEq + std::fmt::Debug>(&self, got: T, expected: T) {
        assert_eq!(got, expected, "{}", self.case);
    }
}

fn value(found: Option<Lookup>) -> Option<(u64, TagState)> {
    match found? {
        Lookup::Absent | Lookup::Failed(_) => None,
        Lookup::Found { entry, state } => {
            let value = ValueKind::<u64>::serde().unwrap(entry.value());
            Some((*value.expect("the value is a u64"), state))
        }
    }
}

fn key(number: u64) -> Key {
    Key::new(("key", number))
}

async fn an_absent_key_is_absent(bench: Bench) {
    bench.same(bench.get(&key(1), &[]).await, None);
}

async fn what_was_inserted_is_found_and_current(bench: Bench) {
    let put = bench.put(&key(1), 7, &["a", "b"]).await;
    assert!(matches!(put, Put::Stored { .. }), "{}: {put:?}", bench.case);
    bench.same(
        bench.get(&key(1), &["a", "b"]).await,
        Some((7, TagState::Current)),
    );
}

async fn a_second_insert_replaces_the_first(bench: Bench) {
    bench.put(&key(1), 7, &["a"]).await;
    bench.put(&key(1), 8, &["b"]).await;
    bench.same(bench.served(&key(1), &["b"]).await, Some(8));
    bench.bump(&["a"]).await;
    bench.same(bench.served(&key(1), &["b"]).await, Some(8));
}

async fn a_removed_entry_is_absent(bench: Bench) {
    bench.put(&key(1), 7, &[]).await;
    bench.put(&key(2), 8, &[]).await;
    bench.put(&key(3), 9, &[]).await;
    bench.remove(&[key(1), key(3)]).await;
    bench.same(bench.get(&key(1), &[]).await, None);
    bench.same(bench.served(&key(2), &[]).await, Some(8));
    bench.same(bench.get(&key(3), &[]).await, None);
}

async fn removing_an_absent_entry_is_fine(bench: Bench) {
    bench.remove(&[key(1)]).await;
    bench.remove(&[]).await;
}

async fn many_keys_are_answered_in_their_order(bench: Bench) {
    bench.put(&key(1), 10, &[]).await;
    bench.put(&key(3), 30, &[]).await;
    let keys = [key(3), key(2), key(1)];
    let looks: Vec<Look<'_>> = keys.iter().map(|key| Look { key, wants: &[] }).collect();
    let found = bench
        .store
        .get(&bench.namespace, &looks)
        .await
        .expect("the store answers");
    let values: Vec<_> = found
        .into_iter()
        .map(|found| value(Some(found)).map(|(v, _)| v))
        .collect();
    bench.same(values, vec![Some(30), None, Some(10)]);
}

async fn keys_that_differ_only_in_type_do_not_meet(bench: Bench) {
    bench.put(&Key::new(("k", 1)), 1, &[]).await;
    bench.same(bench.get(&Key::new(("k", "1")), &[]).await, None);
    bench.same(bench.get(&Key::new(("k", true)), &[]).await, None);
    bench.same(bench.get(&Key::new("k"), &[]).await, None);
}

async fn namespaces_do_not_see_each_other(bench: Bench) {
    bench.put(&key(1), 7, &[]).await;
    let other = Bench {
        case: bench.case,
        store: bench.store.clone(),
        namespace: Namespace::new("conformance 2"),
    };
    other.same(other.get(&key(1), &[]).await, None);
    other.put(&key(1), 8, &[]).await;
    other.remove(&[key(1)]).await;
    bench.same(bench.served(&key(1), &[]).await, Some(7));
}

async fn a_bumped_tag_ends_every_entry_that_carries_it(bench: Bench) {
    bench.put(&key(1), 7, &["a", "b"]).await;
    bench.put(&key(2), 8, &["b", "c"]).await;
    bench.bump(&["b"]).await;
    bench.same(bench.served(&key(1), &["a", "b"]).await, None);
    bench.same(bench.served(&key(2), &["b", "c"]).await, None);
    bench.put(&key(1), 9, &["a", "b"]).await;
    bench.same(bench.served(&key(1), &["a", "b"]).await, Some(9));
}

async fn a_bump_of_another_tag_leaves_an_entry_alone(bench: Bench) {
    bench.put(&key(1), 7, &["a"]).await;
    bench.bump(&["b"]).await;
    bench.same(bench.served(&key(1), &["a"]).await, Some(7));
}

async fn a_bump_between_prepare_and_insert_wins(bench: Bench) {
    let versions = bench.tagged(&["a"]).await;
    bench.bump(&["a"]).await;
    bench.insert(&key(1), 7, versions).await;
    bench.same(bench.served(&key(1), &["a"]).await, None);
}

async fn a_bump_of_a_tag_that_nobody_carries_is_fine(bench: Bench) {
    bench.bump(&["nobody"]).await;
    bench.put(&key(1), 7, &["nobody"]).await;
    bench.same(bench.served(&key(1), &["nobody"]).await, Some(7));
}

async fn versions_never_come_back(bench: Bench) {
    let first = bench.tagged(&["a"]).await;
    for round in 0..20 {
        bench.bump(&["a"]).await;
        let now = bench.tagged(&["a"]).await;
        bench.same((round, bench.state(&now).await), (round, TagState::Current));
        assert_ne!(
            bench.state(&first).await,
            TagState::Current,
            "{}",
            bench.case
        );
    }
}

async fn a_bump_reaches_one_namespace_only(bench: Bench) {
    bench.put(&key(1), 7, &["a"]).await;
    let tags = [Tag::named("a")];
    let other = Namespace::new("conformance 2");
    bench
        .store
        .bump(&other, &tags, &[])
        .await
        .expect("the store answers");
    bench.same(bench.served(&key(1), &["a"]).await, Some(7));
}

async fn prepared_versions_tell_whether_they_are_current(bench: Bench) {
    let versions = bench.tagged(&["a", "b"]).await;
    bench.same(bench.state(&versions).await, TagState::Current);
    bench.bump(&["c"]).await;
    bench.same(bench.state(&versions).await, TagState::Current);
    bench.bump(&["b"]).await;
    assert_ne!(
        bench.state(&versions).await,
        TagState::Current,
        "{}",
        bench.case
    );
}

async fn versions_name_their_tags_in_the_order_wanted(bench: Bench) {
    let versions = bench.tagged(&["c", "a", "b"]).await;
    bench.same(
        versions.tags(),
        vec![Tag::named("c"), Tag::named("a"), Tag::named("b")],
    );
}

fn table() -> Tag {
    Tag::table("", "track")
}

fn shape(pin: usize) -> Shape {
    Shape::new([format!("p{pin}")], Columns::set(["c"]))
}

fn want(shape: Shape) -> Want {
    let values = shape.pins().iter().map(|_| TagValue::Int(1)).collect();
    Want::Shape {
        table: table(),
        shape,
        values,
    }
}

async fn a_prepared_shape_is_in_the_list(bench: Bench) {
    bench.same(bench.shapes(&table()).await.shapes.len(), 0);
    let versions = bench.prepare(&[want(shape(1))]).await;
    bench.same(
        versions.tags(),
        vec![Tag::shape(&table(), &shape(1), &[TagValue::Int(1)])],
    );
    bench.same(bench.shapes(&table()).await.shapes.to_vec(), vec![shape(1)]);
}

async fn a_bump_reports_the_lists_after_it(bench: Bench) {
    let _held = bench.prepare(&[want(shape(1))]).await;
    let watch = [Tag::table("", "album"), table()];
    let lists = bench.store.bump(&bench.namespace, &[table()], &watch).await;
    let lists = lists.expect("the store answers");
    let counts: Vec<usize> = lists.iter().map(|list| list.shapes.len()).collect();
    bench.same(counts, vec![0, 1]);
}

async fn a_shape_is_registered_once(bench: Bench) {
    let _first = bench.prepare(&[want(shape(1))]).await;
    let _second = bench.prepare(&[want(shape(1)), want(shape(1))]).await;
    bench.same(bench.shapes(&table()).await.shapes.len(), 1);
}

async fn too_many_shapes_become_any_row(bench: Bench) {
    let mut held = Vec::new();
    for pin in 0..SHAPES_PER_TABLE_MAX {
        held.push(bench.prepare(&[want(shape(pin))]).await);
    }
    let widened = bench.prepare(&[want(shape(1000))]).await;
    bench.same(
        widened.tags(),
        vec![Tag::shape(&table(), &Shape::any_row(), &[])],
    );
    bench.same(
        bench.shapes(&table()).await.shapes.len(),
        SHAPES_PER_TABLE_MAX,
    );
}

async fn any_row_is_a_tag_without_being_listed(bench: Bench) {
    let want = Want::Shape {
        table: table(),
        shape: Shape::any_row(),
        values: smallvec![],
    };
    let versions = bench.prepare(&[want]).await;
    bench.same(bench.shapes(&table()).await.shapes.len(), 0);
    let any_row = [Tag::shape(&table(), &Shape::any_row(), &[])];
    bench
        .store
        .bump(&bench.namespace, &any_row, &[])
        .await
        .expect("the store answers");
    assert_ne!(
        bench.state(&versions).await,
        TagState::Current,
        "{}",
        bench.case
    );
}

async fn a_version_of_the_list_changes_with_it(bench: Bench) {
    let empty = bench.shapes(&table()).await.version;
    bench.same(bench.shapes(&table()).await.version, empty);
    let _held = bench.prepare(&[want(shape(1))]).await;
    assert_ne!(
        bench.shapes(&table()).await.version,
        empty,
        "{}",
        bench.case
    );
}

async fn marked_tags_are_neither_served_nor_filled(bench: Bench) {
    let Some(marks) = bench.store.marks() else {
        return bench.same(bench.store.capability().marks, false);
    };
    bench.same(bench.store.capability().marks, true);
    bench.put(&key(1), 7, &["a", "b"]).await;
    let before = bench.tagged(&["a"]).await;
    let mark = marks
        .mark(&bench.namespace, &[Tag::named("a")])
        .await
        .expect("the store marks");
    bench.same(bench.served(&key(1), &["a", "b"]).await, None);
    bench.same(bench.state(&before).await, TagState::Marked);
    let under = bench.tagged(&["a"]).await;
    bench.same(under.is_marked(), true);
    mark.release().await;
    // Prepared under the mark: the load may have read before the commit.
    bench.insert(&key(2), 8, under).await;
    bench.same(bench.served(&key(2), &["a"]).await, None);
}

async fn a_mark_that_has_gone_serves_what_did_not_change(bench: Bench) {
    let Some(marks) = bench.store.marks() else {
        return;
    };
    bench.put(&key(1), 7, &["a"]).await;
    let mark = marks
        .mark(&bench.namespace, &[Tag::named("a")])
        .await
        .expect("the store marks");
    mark.release().await;
    bench.same(bench.served(&key(1), &["a"]).await, Some(7));
    bench.same(bench.tagged(&["a"]).await.is_marked(), false);
}

async fn two_marks_on_one_tag_count_twice(bench: Bench) {
    let Some(marks) = bench.store.marks() else {
        return;
    };
    bench.put(&key(1), 7, &["a"]).await;
    let tags = [Tag::named("a")];
    let first = marks
        .mark(&bench.namespace, &tags)
        .await
        .expect("the store marks");
    let second = marks
        .mark(&bench.namespace, &tags)
        .await
        .expect("the store marks");
    first.release().await;
    bench.same(bench.served(&key(1), &["a"]).await, None);
    second.release().await;
    bench.same(bench.served(&key(1), &["a"]).await, Some(7));
}

async fn a_bump_under_a_mark_is_kept(bench: Bench) {
    let Some(marks) = bench.store.marks() else {
        return;
    };
    bench.put(&key(1), 7, &["a"]).await;
    let mark = marks
        .mark(&bench.namespace, &[Tag::named("a")])
        .await
        .expect("the store marks");
    bench.bump(&["a"]).await;
    bench.same(bench.served(&key(1), &["a"]).await, None);
    mark.release().await;
    bench.same(bench.served(&key(1), &["a"]).await, None);
}

async fn a_value_that_is_too_large_ends_what_was_there(bench: Bench) {
    let Some(bytes) = bench.store.capability().bytes_max else {
        return;
    };
    bench.put(&key(1), 7, &[]).await;
    let versions = bench.tagged(&[]).await;
    let put = bench
        .insert_weighing(&key(1), 8, versions, bytes as usize)
        .await;
    assert!(
        matches!(put, Put::TooLarge { .. }),
        "{}: {put:?}",
        bench.case
    );
    bench.same(bench.get(&key(1), &[]).await, None);
}

async fn many_loads_are_prepared_each_with_its_own_tags(bench: Bench) {
    let want = |name: &str| Want::Tag(Tag::named(name));
    let track = Tag::table("", "track");
    let row = |id| Want::Shape {
        table: track.clone(),
        shape: Shape::new(["id"], Columns::All),
        values: smallvec![TagValue::Int(id)],
    };
    let sets = [
        vec![want("all"), want("a")],
        vec![want("all"), want("b")],
        Vec::new(),
        vec![row(1)],
        vec![row(2)],
        vec![want("all"), want("a")],
    ];
    let prepared = bench.store.prepare_each(&bench.namespace, &sets).await;
    assert_eq!(
        prepared.len(),
        sets.len(),
        "{}: one answer each",
        bench.case
    );
    let mut versions = Vec::new();
    for (prepared, wants) in prepared.into_iter().zip(&sets) {
        let prepared = prepared.unwrap_or_else(|error| panic!("{}: {error}", bench.case));
        assert_eq!(
            prepared.tags().len(),
            wants.len(),
            "{}: its own",
            bench.case
        );
        versions.push(prepared);
    }
    bench.bump(&["a"]).await;
    let mut current = Vec::new();
    for versions in &versions {
        let state = bench.store.current(&bench.namespace, versions).await;
        current.push(state.is_ok_and(|state| state == TagState::Current));
    }
    assert_eq!(
        current,
        [false, true, true, true, true, false],
        "{}",
        bench.case
    );
    // What was prepared together is stored one by one.
    for (at, versions) in versions.into_iter().enumerate() {
        bench.insert(&Key::new(("many", at)), 1, versions).await;
    }
    let shape = Shape::new(["id"], Columns::All);
    let first = Tag::shape(&track, &shape, &[TagValue::Int(1)]);
    let bumped = bench.store.bump(&bench.namespace, &[first], &[]).await;
    bumped.unwrap_or_else(|error| panic!("{}: bump failed: {error}", bench.case));
    let mut found = Vec::new();
    for (at, wants) in sets.iter().enumerate() {
        let key = Key::new(("many", at));
        let looks = [Look { key: &key, wants }];
        let mut answer = bench.store.get(&bench.namespace, &looks).await;
        let answer = answer.as_mut().map(SmallVec::pop);
        found.push(matches!(
            answer,
            Ok(Some(Lookup::Found {
                state: TagState::Current,
                ..
            }))
        ));
    }
    assert_eq!(
        found,
        [false, true, true, false, true, false],
        "{}",
        bench.case
    );
}

async fn what_is_there_is_listed_if_the_store_can(bench: Bench) {
    let listing = bench.store.listing();
    assert_eq!(
        listing.is_some(),
        bench.store.capability().lists_keys,
        "{}: a store does what it says",
        bench.case
    );
    let Some(listing) = listing else {
        return;
    };
    for (key, tag) in [(1, "a"), (2, "b"), (3, "a")] {
        bench.put(&Key::new(("listed", key)), 1, &[tag]).await;
    }
    bench.put(&Key::new(("other", 1)), 1, &["a"]).await;
    bench.bump(&["b"]).await;
    let (mut listed, mut looked_all) = (Vec::new(), 0);
    let mut told = |told: Told| {
        match told {
            Told::Entry(entry) if entry.state == TagState::Current => {
                listed.push((entry.key.readable(), entry.versions.tags(), entry.ttl));
            }
            Told::Entry(_) => {}
            Told::Page { looked, .. } => looked_all += looked,
        }
        ControlFlow::Continue(())
    };
    let prefix = Key::new("listed");
    let all = listing.list(&bench.namespace, &prefix, None, &mut told);
    let all = all.await;
    assert!(
        all.is_ok_and(|all| all),
        "{}: the list is whole",
        bench.case
    );
    listed.sort_by(|left, right| left.0.cmp(&right.0));
    let expected = |key: &str| (key.to_owned(), vec![Tag::named("a")], KEEP);
    assert_eq!(
        listed,
        [expected("('listed', 1)"), expected("('listed', 3)")],
        "{}: what is current",
        bench.case
    );
    let mut enough = |_: Told| ControlFlow::Break(());
    let all = listing.list(&bench.namespace, &prefix, None, &mut enough);
    let all = all.await;
    assert!(
        all.is_ok_and(|all| !all),
        "{}: it says that there is more",
        bench.case
    );
}
