//! Guards that stand: how a writer who was not told to be strict comes to know of them.

use std::sync::atomic::Ordering::SeqCst;

use super::*;
use crate::store::remote::{GUARD_BELIEVED_FOR, GUARD_RIPE_AFTER};

fn guards() -> [Tag; 1] {
    [Tag::guard(&table())]
}

impl Process {
    async fn sees_a_guard(&self) -> bool {
        !self
            .store
            .standing(&self.namespace, &guards())
            .await
            .is_empty()
    }

    /// What a strict read does before its load.
    async fn reads_strictly(&self) -> Versions {
        let prepared = self.store.prepare(&self.namespace, &strict_wants()).await;
        prepared.expect("prepared")
    }

    async fn bumps(&self) {
        let bumped = self
            .store
            .bump(&self.namespace, &[genre_tag(1)], &[table()])
            .await;
        bumped.expect("bumped");
    }
}

async fn pass(time: Duration) {
    tokio::time::advance(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_guard_is_ripe_only_when_no_writer_believes_that_there_is_none() {
    let server = Arc::<Server>::default();
    let [reader, writer] = processes(std::slice::from_ref(&server));
    assert!(!writer.sees_a_guard().await);
    let versions = reader.reads_strictly().await;
    assert!(versions.is_unconfirmed());
    // The writer believes its answer, and the reader knows that it may.
    pass(GUARD_BELIEVED_FOR - Duration::from_millis(1)).await;
    assert!(!writer.sees_a_guard().await);
    assert!(!reader.store.are_ripe(&versions));
    pass(Duration::from_millis(1)).await;
    assert!(writer.sees_a_guard().await, "asked again");
    assert!(!reader.store.are_ripe(&versions));
    pass(GUARD_RIPE_AFTER).await;
    assert!(reader.store.are_ripe(&versions));
}

#[tokio::test(start_paused = true)]
async fn a_process_counts_a_guards_age_from_when_it_saw_it_itself() {
    let server = Arc::<Server>::default();
    let [one, two] = processes(std::slice::from_ref(&server));
    assert!(!one.store.are_ripe(&one.reads_strictly().await));
    pass(GUARD_RIPE_AFTER).await;
    assert!(!two.store.are_ripe(&two.reads_strictly().await));
    assert!(one.store.are_ripe(&one.reads_strictly().await));
    // Another guard in the place of this one begins anew.
    server.evict(|name| name.as_str().contains(":t1:"));
    assert!(!one.store.are_ripe(&one.reads_strictly().await));
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_at_work_hears_of_guards_by_its_bumps_and_asks_nothing_more() {
    let server = Arc::<Server>::default();
    let [reader, writer] = processes(std::slice::from_ref(&server));
    assert!(!writer.sees_a_guard().await);
    for _ in 0..20 {
        pass(GUARD_BELIEVED_FOR * 3 / 4).await;
        let before = server.trips.load(SeqCst);
        assert!(!writer.sees_a_guard().await);
        assert_eq!(server.trips.load(SeqCst), before, "believed");
        writer.bumps().await;
        assert_eq!(server.trips.load(SeqCst), before + 1, "the bump's own trip");
    }
    let _unripe = reader.reads_strictly().await;
    pass(GUARD_BELIEVED_FOR * 3 / 4).await;
    writer.bumps().await;
    let before = server.trips.load(SeqCst);
    assert!(writer.sees_a_guard().await);
    assert_eq!(server.trips.load(SeqCst), before);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_leaves_standing_what_stood() {
    let server = Arc::<Server>::default();
    let [reader, writer] = processes(std::slice::from_ref(&server));
    let [stranger, _] = processes(std::slice::from_ref(&server));
    let _unripe = reader.reads_strictly().await;
    assert!(writer.sees_a_guard().await);
    server.set_down(true);
    pass(GUARD_BELIEVED_FOR * 10).await;
    assert!(writer.sees_a_guard().await);
    assert!(!stranger.sees_a_guard().await, "never heard of any");
    server.set_down(false);
    server.evict(|_| true);
    pass(Duration::from_secs(60)).await;
    assert!(!writer.sees_a_guard().await);
}
