use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use smallvec::smallvec;

use super::Remote;
use super::sim::{Server, process};
use crate::entry::NewEntry;
use crate::shape::{Columns, Shape, TagValue};
use crate::store::{
    Claim, Insertion, Leases, Look, Lookup, Marks, Permit, Put, Store, Taken, Want,
};
use crate::value::ValueKind;
use crate::{Entry, Key, Moment, Namespace, Tag, TagState, Versions};

mod listing;
mod standing;
mod trips;
mod values;

const KEEP: Duration = Duration::from_secs(60);

/// One of the processes that share the servers.
struct Process {
    store: Remote,
    namespace: Namespace,
}

fn processes(servers: &[Arc<Server>]) -> [Process; 2] {
    let one = || Process {
        store: process(servers),
        namespace: Namespace::new("shop"),
    };
    [one(), one()]
}

fn key() -> Key {
    Key::new(("key", 1))
}

fn table() -> Tag {
    Tag::table("", "track")
}

fn by_genre() -> Shape {
    Shape::new(["genre_id"], Columns::set(["name"]))
}

/// What a read of one genre's tracks depends on, coarse first.
fn wants(genre: i64) -> Vec<Want> {
    vec![
        Want::Tag(Tag::namespace()),
        Want::Tag(Tag::root("")),
        Want::Tag(table()),
        Want::Shape {
            table: table(),
            shape: by_genre(),
            values: smallvec![TagValue::Int(genre)],
        },
    ]
}

fn genre_tag(genre: i64) -> Tag {
    Tag::shape(&table(), &by_genre(), &[TagValue::Int(genre)])
}

impl Process {
    async fn prepare(&self, genre: i64) -> Versions {
        let wants = wants(genre);
        self.store
            .prepare(&self.namespace, &wants)
            .await
            .expect("prepared")
    }

    async fn put(&self, value: u64, versions: Versions, permit: Option<Permit>) -> Put {
        let entry = Entry::new(NewEntry {
            value: ValueKind::serde().wrap(Arc::new(value), crate::Codec::default()),
            versions,
            written_at: Moment::default(),
            ttl: KEEP,
            weight: 8,
            group: None,
            origin: None,
        });
        let key = key();
        let mut item = Insertion::new(&key, entry, KEEP);
        item.permit = permit;
        let puts = self.store.insert(&self.namespace, smallvec![item]).await;
        puts.expect("stored").remove(0)
    }

    async fn fill(&self, value: u64, genre: i64) -> Put {
        let versions = self.prepare(genre).await;
        self.put(value, versions, None).await
    }

    async fn look(&self, genre: i64) -> Lookup {
        let (key, wants) = (key(), wants(genre));
        let looks = [Look {
            key: &key,
            wants: &wants,
        }];
        self.store
            .get(&self.namespace, &looks)
            .await
            .expect("found")
            .remove(0)
    }

    async fn served(&self, genre: i64) -> Option<u64> {
        match self.look(genre).await {
            Lookup::Found {
                entry,
                state: TagState::Current,
            } => ValueKind::<u64>::serde()
                .unwrap(entry.value())
                .map(|value| *value),
            _ => None,
        }
    }

    /// As a writer does it: bumps by the lists as they are after the bump.
    async fn write(&self, genre: i64) {
        let known = self
            .store
            .shapes(&self.namespace, &[table()])
            .await
            .expect("lists");
        let mut tags = vec![Tag::shape(&table(), &Shape::any_row(), &[])];
        tags.extend(
            known[0]
                .shapes
                .iter()
                .map(|shape| Tag::shape(&table(), shape, &[TagValue::Int(genre)])),
        );
        let after = self
            .store
            .bump(&self.namespace, &tags, &[table()])
            .await
            .expect("bumped");
        let new: Vec<Tag> = after[0]
            .shapes
            .iter()
            .map(|shape| Tag::shape(&table(), shape, &[TagValue::Int(genre)]))
            .filter(|tag| !tags.contains(tag))
            .collect();
        if !new.is_empty() {
            self.store
                .bump(&self.namespace, &new, &[])
                .await
                .expect("bumped");
        }
    }

    async fn take(&self, seen: Option<&Entry>, keep_seen: bool) -> Taken {
        let key = key();
        let claims = [Claim {
            key: &key,
            seen,
            keep_seen,
            hold: Duration::from_secs(5),
        }];
        let taken = self.store.take(&self.namespace, &claims).await;
        taken.expect("asked").remove(0)
    }

    async fn lead(&self, seen: Option<&Entry>, keep_seen: bool) -> Permit {
        match self.take(seen, keep_seen).await {
            Taken::Led(permit) => permit,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn it_keeps_every_promise_of_a_store_on_one_server() {
    crate::store::conformance::run(|| Arc::new(process(&[Arc::default()]))).await;
}

#[tokio::test]
async fn it_keeps_every_promise_of_a_store_on_three_servers() {
    let servers = || [Arc::default(), Arc::default(), Arc::default()];
    crate::store::conformance::run(|| Arc::new(process(&servers()))).await;
}

#[tokio::test]
async fn what_one_process_stores_another_serves_until_a_row_changes() {
    let [one, two] = processes(&[Arc::default()]);
    one.fill(7, 1).await;
    assert_eq!(two.served(1).await, Some(7));
    two.write(2).await;
    assert_eq!(two.served(1).await, Some(7), "another genre");
    two.write(1).await;
    assert_eq!(one.served(1).await, None);
    assert_eq!(two.served(1).await, None);
}

#[tokio::test]
async fn h33_a_writer_that_does_not_know_a_shape_yet_bumps_it() {
    let [one, two] = processes(&[Arc::default()]);
    // The writer has seen the list while it was empty.
    two.write(1).await;
    one.fill(7, 1).await;
    two.write(1).await;
    assert_eq!(one.served(1).await, None);
}

#[tokio::test]
async fn a_read_is_one_round_trip_and_so_is_a_write() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    one.fill(7, 1).await;
    two.write(1).await;
    one.fill(7, 1).await;
    let before = server.trips.load(Ordering::SeqCst);
    assert_eq!(one.served(1).await, Some(7));
    assert_eq!(server.trips.load(Ordering::SeqCst), before + 1);
    two.write(1).await;
    assert_eq!(server.trips.load(Ordering::SeqCst), before + 2);
}

#[tokio::test]
async fn h18_a_server_that_restarts_with_old_values_serves_none_of_them() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    one.fill(7, 1).await;
    let old = server.save();
    two.write(1).await;
    server.load(old);
    server.restart(false);
    assert_eq!(one.served(1).await, None);
    assert_eq!(two.served(1).await, None);
    one.fill(8, 1).await;
    assert_eq!(two.served(1).await, Some(8));
}

#[tokio::test]
async fn h21_an_entry_whose_tags_were_evicted_is_a_miss() {
    for kind in [":t1:", ":e1:"] {
        let server = Arc::<Server>::default();
        let [one, two] = processes(std::slice::from_ref(&server));
        one.fill(7, 1).await;
        server.evict(|name| name.as_str().contains(kind));
        assert_eq!(two.served(1).await, None);
        two.write(1).await;
        one.fill(8, 1).await;
        assert_eq!(two.served(1).await, Some(8));
    }
}

#[tokio::test]
async fn a_bump_of_what_is_not_there_brings_no_tag_to_life() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    let tags = [Tag::root(""), table(), genre_tag(1)];
    two.store
        .bump(&two.namespace, &tags, &[])
        .await
        .expect("bumped");
    let current = |versions| async move {
        one.store
            .current(&Namespace::new("shop"), &versions)
            .await
            .expect("asked")
    };
    // Prepared over the voids that the bump has left.
    let versions = two.prepare(1).await;
    assert_eq!(current(versions).await, TagState::Current);
}

#[tokio::test]
async fn spoilt_bytes_are_a_miss_and_spoilt_tags_end_what_depends_on_them() {
    for at in 0..200 {
        let server = Arc::<Server>::default();
        let [one, two] = processes(std::slice::from_ref(&server));
        one.fill(7, 1).await;
        server.spoil(|bytes| {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0x55;
            }
        });
        two.write(1).await;
        assert_eq!(one.served(1).await, None, "byte {at}");
        one.fill(8, 1).await;
        assert_eq!(two.served(1).await, Some(8), "byte {at}");
        two.write(1).await;
        assert_eq!(one.served(1).await, None, "byte {at}");
    }
}

#[tokio::test]
async fn one_of_two_processes_leads_and_the_other_hears_of_it() {
    let [one, two] = processes(&[Arc::default()]);
    let permit = one.lead(None, false).await;
    assert!(matches!(two.take(None, false).await, Taken::Busy));
    assert!(matches!(two.look(1).await, Lookup::Absent));
    let versions = one.prepare(1).await;
    assert!(matches!(
        one.put(7, versions, Some(permit)).await,
        Put::Stored { .. }
    ));
    assert_eq!(two.served(1).await, Some(7));
    assert!(matches!(two.take(None, false).await, Taken::Changed));
}

#[tokio::test]
async fn a_lease_that_was_given_back_is_free() {
    let [one, two] = processes(&[Arc::default()]);
    let permit = one.lead(None, false).await;
    one.store
        .release(&one.namespace, std::slice::from_ref(&permit))
        .await
        .expect("released");
    let other = two.lead(None, false).await;
    assert!(
        !one.store
            .renew(&one.namespace, &permit, KEEP)
            .await
            .expect("asked")
    );
    assert!(
        two.store
            .renew(&two.namespace, &other, KEEP)
            .await
            .expect("asked")
    );
}

#[tokio::test]
async fn a_revived_leader_cannot_write_back() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    let first = one.lead(None, false).await;
    let old = one.prepare(1).await;
    // Its lease runs out.
    server.evict(|name| name.as_str().contains(":e1:"));
    let second = two.lead(None, false).await;
    assert_eq!(
        one.put(1, old.clone(), Some(first.clone())).await,
        Put::Fenced
    );
    let versions = two.prepare(1).await;
    two.put(2, versions, Some(second)).await;
    assert_eq!(one.put(1, old, Some(first)).await, Put::Fenced);
    assert_eq!(one.served(1).await, Some(2));
}

#[tokio::test]
async fn a_removal_and_an_insertion_during_a_load_win() {
    let [one, two] = processes(&[Arc::default()]);
    let permit = one.lead(None, false).await;
    let versions = one.prepare(1).await;
    two.store
        .remove(&two.namespace, &[key()])
        .await
        .expect("removed");
    assert_eq!(one.put(7, versions, Some(permit)).await, Put::Fenced);
    assert_eq!(two.served(1).await, None);

    let permit = one.lead(None, false).await;
    let versions = one.prepare(1).await;
    two.fill(9, 1).await;
    assert_eq!(one.put(7, versions, Some(permit)).await, Put::Fenced);
    assert_eq!(one.served(1).await, Some(9));
}

#[tokio::test]
async fn an_entry_past_its_ttl_stays_during_its_refresh() {
    let [one, two] = processes(&[Arc::default()]);
    one.fill(7, 1).await;
    let Lookup::Found { entry, .. } = one.look(1).await else {
        panic!("it is there");
    };
    let permit = one.lead(Some(&entry), true).await;
    assert!(matches!(two.take(Some(&entry), true).await, Taken::Busy));
    assert_eq!(two.served(1).await, Some(7));
    let versions = one.prepare(1).await;
    assert!(matches!(
        one.put(8, versions.clone(), Some(permit.clone())).await,
        Put::Stored { .. }
    ));
    assert_eq!(two.served(1).await, Some(8));
    // The entry that it was to replace is gone.
    assert_eq!(one.put(6, versions, Some(permit)).await, Put::Fenced);
    let Lookup::Found { entry, .. } = two.look(1).await else {
        panic!("it is there");
    };
    two.lead(Some(&entry), true).await;
}

#[tokio::test]
async fn an_entry_that_is_wrong_gives_its_place_to_the_lease() {
    let [one, two] = processes(&[Arc::default()]);
    one.fill(7, 1).await;
    two.write(1).await;
    let Lookup::Found { entry, .. } = one.look(1).await else {
        panic!("it is there");
    };
    one.lead(Some(&entry), false).await;
    assert!(matches!(two.take(Some(&entry), false).await, Taken::Busy));
}

#[tokio::test(start_paused = true)]
async fn a_mark_whose_writer_died_ends_and_takes_what_depends_on_it_along() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    one.fill(7, 1).await;
    let tags = [table()];
    let mark = two.store.mark(&two.namespace, &tags).await.expect("marked");
    // The writer's process is gone, its mark is not.
    std::mem::forget(mark);
    assert_eq!(one.served(1).await, None);
    assert!(one.prepare(1).await.is_marked());
    tokio::time::advance(super::MARK_AGE_MAX).await;
    assert!(!one.prepare(1).await.is_marked());
    assert_eq!(one.served(1).await, None, "the writer may have committed");
    one.fill(8, 1).await;
    assert_eq!(two.served(1).await, Some(8));
}

#[tokio::test]
async fn a_tag_that_was_made_for_its_mark_goes_with_it() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    let tags = [table()];
    let mark = two.store.mark(&two.namespace, &tags).await.expect("marked");
    let versions = one.prepare(1).await;
    assert!(versions.is_marked());
    drop(mark);
    while one.prepare(1).await.is_marked() {
        tokio::task::yield_now().await;
    }
    let state = one
        .store
        .current(&one.namespace, &versions)
        .await
        .expect("asked");
    assert_ne!(state, TagState::Current);
}

#[tokio::test]
async fn bc6_a_server_that_is_down_fails_the_looks_that_it_keeps_and_no_other() {
    let servers: Vec<Arc<Server>> = (0..3).map(|_| Arc::default()).collect();
    let [one, _] = processes(&servers);
    let keys: Vec<Key> = (0..64).map(|n| Key::new(("k", n))).collect();
    let namespace_tag = [Want::Tag(Tag::namespace())];
    for key in &keys {
        let versions = one
            .store
            .prepare(&one.namespace, &namespace_tag)
            .await
            .expect("prepared");
        let entry = Entry::new(NewEntry {
            value: ValueKind::serde().wrap(Arc::new(1u64), crate::Codec::default()),
            versions,
            written_at: Moment::default(),
            ttl: KEEP,
            weight: 8,
            group: None,
            origin: None,
        });
        let items = smallvec![Insertion::new(key, entry, KEEP)];
        one.store
            .insert(&one.namespace, items)
            .await
            .expect("stored");
    }
    let looks: Vec<Look<'_>> = keys
        .iter()
        .map(|key| Look {
            key,
            wants: &namespace_tag,
        })
        .collect();
    // How many are found, and how many failed; none is absent.
    let told = async || {
        let found = one.store.get(&one.namespace, &looks).await.expect("told");
        let hit = |found: &&Lookup| {
            let current = TagState::Current;
            matches!(found, Lookup::Found { state, .. } if *state == current)
        };
        let failed = |found: &&Lookup| matches!(found, Lookup::Failed(error) if error.is_store());
        let counts = [
            found.iter().filter(hit).count(),
            found.iter().filter(failed).count(),
        ];
        assert_eq!(counts.iter().sum::<usize>(), 64, "{counts:?}");
        counts
    };
    assert_eq!(told().await, [64, 0]);
    let mut found = 0;
    for server in &servers {
        server.set_down(true);
        let [hits, failed] = told().await;
        assert!(failed > 0, "a server that is down keeps something");
        found += hits;
        server.set_down(false);
    }
    // Only the server with the tag that every entry carries costs more than its own keys.
    assert!(found > 0);
    servers.iter().for_each(|server| server.set_down(true));
    assert_eq!(told().await, [0, 64]);
}

/// What a linearizable read of one genre's tracks depends on.
fn strict_wants() -> Vec<Want> {
    let mut all = vec![Want::Tag(Tag::guard(&table()))];
    all.extend(wants(1));
    all
}

#[tokio::test]
async fn a_new_guard_is_good_only_when_it_is_confirmed() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    let namespace = Namespace::new("shop");
    let prepare = async || {
        one.store
            .prepare(&namespace, &strict_wants())
            .await
            .expect("prepared")
    };
    let versions = prepare().await;
    assert!(versions.is_unconfirmed());
    assert_eq!(
        one.store
            .current(&namespace, &versions)
            .await
            .expect("asked"),
        TagState::Missing
    );
    assert!(prepare().await.is_unconfirmed(), "also for the next one");
    // A writer that comes now finds the guard and marks it.
    let guard = [Tag::guard(&table())];
    let mark = two.store.mark(&namespace, &guard).await.expect("marked");
    assert!(
        !one.store
            .confirm(&namespace, &versions)
            .await
            .expect("asked")
    );
    mark.release().await;
    let versions = prepare().await;
    assert!(
        one.store
            .confirm(&namespace, &versions)
            .await
            .expect("asked")
    );
    assert_eq!(
        one.store
            .current(&namespace, &versions)
            .await
            .expect("asked"),
        TagState::Current
    );
    assert!(!prepare().await.is_unconfirmed());
}

#[tokio::test]
async fn h14_a_mark_that_was_evicted_with_its_guard_leaves_no_guard_that_entries_may_depend_on() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    let namespace = Namespace::new("shop");
    let prepare = async || {
        one.store
            .prepare(&namespace, &strict_wants())
            .await
            .expect("prepared")
    };
    let versions = prepare().await;
    assert!(
        one.store
            .confirm(&namespace, &versions)
            .await
            .expect("asked")
    );
    let guard = [Tag::guard(&table())];
    let mark = two.store.mark(&namespace, &guard).await.expect("marked");
    server.evict(|name| name.as_str().contains(":t1:"));
    // The writer is about to commit, and nothing shows it.
    let versions = prepare().await;
    assert!(versions.is_unconfirmed() && !versions.is_marked());
    mark.release().await;
}

#[tokio::test]
async fn a_removal_that_a_fail_over_has_undone_stays_done_where_tags_are_on_other_servers() {
    let servers: Vec<Arc<Server>> = (0..8).map(|_| Arc::default()).collect();
    let [one, two] = processes(&servers);
    one.fill(7, 1).await;
    let old: Vec<_> = servers.iter().map(|server| server.save()).collect();
    two.store
        .remove(&two.namespace, &[key()])
        .await
        .expect("removed");
    for (server, old) in servers.iter().zip(old) {
        // The server that kept the entry, if it kept nothing else.
        if old.keys().any(|name| name.as_str().contains(":e1:")) {
            server.load(old);
            server.restart(false);
        }
    }
    assert_eq!(one.served(1).await, None);
    assert_eq!(two.served(1).await, None);
}

#[tokio::test]
async fn h36_a_bump_that_is_repeated_does_not_bring_its_first_version_back() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    one.fill(7, 1).await;
    // The bump is done, and its answer is lost.
    server.lose_answer();
    let tags = [genre_tag(1)];
    two.store
        .bump(&two.namespace, &tags, &[])
        .await
        .expect("repeated");
    let first = server.kept_when_lost().expect("its answer was lost");
    assert_ne!(
        first,
        server.save(),
        "the second attempt wrote another version"
    );
}

#[tokio::test]
async fn leases_of_servers_that_answer_are_taken_beside_one_that_does_not() {
    let servers: Vec<Arc<Server>> = (0..3).map(|_| Arc::default()).collect();
    let [one, two] = processes(&servers);
    servers[0].set_down(true);
    let keys: Vec<Key> = (0..64).map(|n| Key::new(("k", n))).collect();
    let claim = |key| Claim {
        key,
        seen: None,
        keep_seen: false,
        hold: KEEP,
    };
    let claims: Vec<Claim<'_>> = keys.iter().map(claim).collect();
    let taken = one.store.take(&one.namespace, &claims).await;
    let taken = taken.expect("two servers answer");
    let failed = |taken: &&Taken| matches!(taken, Taken::Failed(error) if error.is_store());
    let led = |taken: &&Taken| matches!(taken, Taken::Led(_));
    let (failed, led) = (
        taken.iter().filter(failed).count(),
        taken.iter().filter(led).count(),
    );
    assert!(
        failed > 0 && led > 0 && failed + led == 64,
        "{failed} failed, {led} led"
    );
    let others = two
        .store
        .take(&two.namespace, &claims)
        .await
        .expect("asked");
    let busy = others
        .iter()
        .filter(|taken| matches!(taken, Taken::Busy))
        .count();
    assert_eq!(busy, led);
}
