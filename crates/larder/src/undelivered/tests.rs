use super::*;
use crate::shape::{Columns, Shape, TagValue};
use crate::store::Marked;

fn versions(tags: &[Tag]) -> Versions {
    let stamps: Vec<(Tag, Version)> = tags
        .iter()
        .map(|tag| (tag.clone(), Version::unique()))
        .collect();
    Versions::recorded(stamps, false)
}

/// Whether a read that begins now would be kept from an entry with these tags.
fn met(undelivered: &Undelivered, tags: &[Tag]) -> bool {
    undelivered
        .watch()
        .is_some_and(|watch| undelivered.meets(watch, &versions(tags)))
}

fn settle_all(undelivered: &Undelivered, batch: &Batch) {
    let delivered = Delivered {
        tags: batch.tags.clone(),
        tables: batch.tables.clone(),
    };
    undelivered.settle(batch, &delivered);
}

fn row(id: i64) -> Tag {
    let shape = Shape::new(["id"], Columns::All);
    Tag::shape(&Tag::table("shop", "track"), &shape, &[TagValue::Int(id)])
}

#[test]
fn what_waits_is_met_until_it_is_delivered() {
    let undelivered = Undelivered::default();
    assert!(!met(&undelivered, &[row(1)]));
    undelivered.add(Owed::tags(&[row(1)]));
    assert!(met(&undelivered, &[Tag::namespace(), row(1)]));
    assert!(!met(&undelivered, &[Tag::namespace(), row(2)]));
    let batch = undelivered.batch();
    assert_eq!(batch.tags, [row(1)]);
    settle_all(&undelivered, &batch);
    assert!(undelivered.is_empty());
    assert!(!met(&undelivered, &[row(1)]));
}

#[test]
fn a_tag_that_comes_again_during_its_delivery_stays() {
    let undelivered = Undelivered::default();
    undelivered.add(Owed::tags(&[row(1), row(2)]));
    let batch = undelivered.batch();
    undelivered.add(Owed::tags(&[row(2)]));
    settle_all(&undelivered, &batch);
    assert!(!met(&undelivered, &[row(1)]));
    assert!(met(&undelivered, &[row(2)]));
}

#[test]
fn what_one_server_does_not_take_waits_alone() {
    let undelivered = Undelivered::default();
    undelivered.add(Owed::tags(&[row(1), row(2)]));
    let batch = undelivered.batch();
    let delivered = Delivered {
        tags: vec![row(1)],
        tables: Vec::new(),
    };
    undelivered.settle(&batch, &delivered);
    assert!(!met(&undelivered, &[row(1)]));
    assert!(met(&undelivered, &[row(2)]));
    assert_eq!(undelivered.batch().tags, [row(2)]);
}

#[test]
fn a_look_that_a_delivery_overtakes_is_not_trusted() {
    let undelivered = Undelivered::default();
    undelivered.add(Owed::tags(&[row(1)]));
    let watch = undelivered.watch().expect("something waits");
    // The look happens here, and finds the old version.
    settle_all(&undelivered, &undelivered.batch());
    assert!(undelivered.meets(watch, &versions(&[row(1)])));
}

#[test]
fn a_table_whose_shapes_decide_is_met_by_everything_in_it() {
    let undelivered = Undelivered::default();
    let (table, list) = (Tag::table("shop", "track"), Version::unique());
    undelivered.add(Owed {
        tags: vec![row(1)],
        tables: vec![(table.clone(), list)],
    });
    assert!(met(&undelivered, &[table.clone(), row(2)]));
    assert!(undelivered.batch().knows(0, list));
    assert!(!undelivered.batch().knows(0, Version::unique()));
    undelivered.add(Owed {
        tags: vec![row(2)],
        tables: vec![(table, Version::unique())],
    });
    assert!(!undelivered.batch().knows(0, list), "found by two lists");
}

#[test]
fn too_many_tags_become_the_root_or_the_namespace() {
    let undelivered = Undelivered::default();
    let rows: Vec<Tag> = (0..=RETRY_TAGS_MAX as i64).map(row).collect();
    undelivered.add(Owed::tags(&rows));
    assert_eq!(undelivered.batch().tags, [Tag::root("shop")]);
    let named: Vec<Tag> = (0..=RETRY_TAGS_MAX)
        .map(|number| Tag::named_parts(("customer", number)))
        .collect();
    undelivered.add(Owed::tags(&named));
    assert_eq!(undelivered.batch().tags, [Tag::namespace()]);
    assert!(met(&undelivered, &[Tag::namespace(), row(1)]));
}

#[test]
fn one_at_a_time_delivers() {
    let undelivered = Undelivered::default();
    assert!(!undelivered.claim(), "nothing waits");
    undelivered.add(Owed::tags(&[row(1)]));
    assert!(undelivered.claim());
    assert!(!undelivered.claim());
    undelivered.unclaim();
    assert!(undelivered.claim());
}

#[test]
fn a_mark_is_kept_while_something_waits_that_it_stands_over() {
    struct Bell(std::sync::Arc<AtomicUsize>);
    impl Drop for Bell {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    impl Marked for Bell {
        fn release(self: Box<Self>) -> futures_util::future::BoxFuture<'static, ()> {
            Box::pin(async {})
        }

        fn abandon(self: Box<Self>) {
            std::mem::forget(self);
        }
    }
    let gone = std::sync::Arc::new(AtomicUsize::new(0));
    let undelivered = Undelivered::default();
    let guard = |of: &Tag| [Tag::guard(of)];
    let own = guard(&Tag::table("shop", "track"));
    let bell = || Mark::new(Bell(gone.clone()));
    let back = undelivered.keep(&own, bell());
    assert!(back.is_some(), "nothing waits");
    drop(back);
    undelivered.add(Owed::tags(&[row(1)]));
    let other = undelivered.keep(&guard(&Tag::table("shop", "other")), bell());
    assert!(other.is_some(), "another table's mark");
    drop(other);
    assert_eq!(gone.load(Ordering::SeqCst), 2);
    assert!(undelivered.keep(&own, bell()).is_none());
    assert!(
        undelivered
            .keep(&guard(&Tag::root("shop")), bell())
            .is_none()
    );
    assert_eq!(gone.load(Ordering::SeqCst), 2);
    settle_all(&undelivered, &undelivered.batch());
    assert_eq!(gone.load(Ordering::SeqCst), 4);

    // A bump that is lost with its process leaves its mark standing.
    undelivered.add(Owed::tags(&[row(1)]));
    assert!(undelivered.keep(&own, bell()).is_none());
    drop(undelivered);
    assert_eq!(gone.load(Ordering::SeqCst), 4);
}
