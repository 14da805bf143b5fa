//! The memory store's tag cells: bumps, marks, and when a cell is freed.

#[allow(
    dead_code,
    reason = "the core uses more of the file than these tests do"
)]
#[path = "../../../crates/larder/src/store/memory/cells.rs"]
mod cells;

/// What `cells.rs` synchronises with.
mod sync {
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
    // Loom's own `Arc` cannot be the type of `self`. The standard one is correct on its own.
    pub(crate) use std::sync::Arc;
}

use std::sync::Arc;

use larder_interleavings::{Hasher, every_interleaving, every_likely_interleaving};
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use cells::{Cells, State};

/// The tag that a strict writer marks.
const TABLE: &str = "track";
/// The tag that it bumps.
const SHAPE: &str = "track(genre_id=1)";

/// Cells in one shard, so that all threads meet at its lock.
fn cells() -> Arc<Cells<&'static str, Hasher>> {
    Arc::new(Cells::new(1, Hasher::default()))
}

/// A database with one value: how many writers have committed.
fn database() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(0))
}

#[test]
fn a_bump_reaches_a_holder_that_came_while_the_last_one_left() {
    every_interleaving(|| {
        let cells = cells();
        let leaving = cells.hold([SHAPE]);
        let leaver = thread::spawn(move || drop(leaving));

        let holder = cells.hold([SHAPE]);
        cells.bump(&SHAPE);
        assert_eq!(holder.state(), State::Changed);

        leaver.join().unwrap();
        assert_eq!(holder.state(), State::Changed);
        drop(holder);
        assert_eq!(cells.len(), 0);
    });
}

#[test]
fn a_bump_reaches_a_holder_whatever_comes_and_goes_beside_it() {
    every_likely_interleaving(|| {
        let cells = cells();
        let holder = cells.hold([SHAPE]);
        let passers: Vec<_> = (0..2)
            .map(|_| {
                let cells = cells.clone();
                thread::spawn(move || drop(cells.hold([SHAPE])))
            })
            .collect();

        cells.bump(&SHAPE);
        assert_eq!(holder.state(), State::Changed);

        for passer in passers {
            passer.join().unwrap();
        }
        drop(holder);
        assert_eq!(cells.len(), 0);
    });
}

#[test]
fn two_holders_that_leave_at_once_free_the_cell() {
    every_interleaving(|| {
        let cells = cells();
        let (first, second) = (cells.hold([SHAPE]), cells.hold([SHAPE]));
        let leaver = thread::spawn(move || drop(first));
        drop(second);
        leaver.join().unwrap();
        assert_eq!(cells.len(), 0);
    });
}

#[test]
fn holders_that_come_and_go_at_once_leave_no_cell_behind() {
    every_interleaving(|| {
        let cells = cells();
        let passer = {
            let cells = cells.clone();
            thread::spawn(move || drop(cells.hold([TABLE, SHAPE])))
        };
        drop(cells.hold([TABLE, SHAPE]));
        passer.join().unwrap();
        assert_eq!(cells.len(), 0);
    });
}

#[test]
fn a_cell_is_not_freed_under_a_holder() {
    every_likely_interleaving(|| {
        let cells = cells();
        let leaving = cells.hold([SHAPE]);
        let leaver = thread::spawn(move || drop(leaving));
        let passer = {
            let cells = cells.clone();
            thread::spawn(move || drop(cells.hold([SHAPE])))
        };
        let holder = cells.hold([SHAPE]);
        leaver.join().unwrap();
        passer.join().unwrap();
        assert_eq!(cells.len(), 1);
        assert_eq!(holder.state(), State::Current);
        drop(holder);
        assert_eq!(cells.len(), 0);
    });
}

#[test]
fn versions_noted_before_a_load_never_cover_a_commit_that_the_load_missed() {
    every_interleaving(|| {
        let (cells, database) = (cells(), database());
        let writer = {
            let (cells, database) = (cells.clone(), database.clone());
            thread::spawn(move || {
                database.store(1, Ordering::SeqCst);
                cells.bump(&SHAPE);
            })
        };

        let noted = cells.hold([SHAPE]);
        let loaded = database.load(Ordering::SeqCst);

        writer.join().unwrap();
        if noted.state() == State::Current {
            assert_eq!(loaded, 1);
        }
    });
}

#[test]
#[should_panic(expected = "a stale load under current versions")]
fn versions_noted_after_a_load_may_cover_a_commit_that_the_load_missed() {
    every_interleaving(|| {
        let (cells, database) = (cells(), database());
        let writer = {
            let (cells, database) = (cells.clone(), database.clone());
            thread::spawn(move || {
                database.store(1, Ordering::SeqCst);
                cells.bump(&SHAPE);
            })
        };

        let loaded = database.load(Ordering::SeqCst);
        let noted = cells.hold([SHAPE]);

        writer.join().unwrap();
        if noted.state() == State::Current {
            assert_eq!(loaded, 1, "a stale load under current versions");
        }
    });
}

#[test]
fn two_bumps_at_once_give_the_tag_a_version_that_nobody_has_noted() {
    every_interleaving(|| {
        let cells = cells();
        let before = cells.hold([SHAPE]);
        let bumper = {
            let cells = cells.clone();
            thread::spawn(move || cells.bump(&SHAPE))
        };
        cells.bump(&SHAPE);
        let between = cells.hold([SHAPE]);
        bumper.join().unwrap();

        assert_eq!(before.state(), State::Changed);
        let after = cells.hold([SHAPE]);
        assert_eq!(after.state(), State::Current);
        // Noted between the bumps or after both: a further bump is told either way.
        cells.bump(&SHAPE);
        assert_eq!(between.state(), State::Changed);
        assert_eq!(after.state(), State::Changed);
    });
}

/// A strict writer runs beside a reader that has an entry under these tags. Whenever the entry
/// is served, nothing had been committed when the reader began.
fn a_strict_writer_and_a_hit(tags: [&'static str; 2]) {
    let (cells, database) = (cells(), database());
    let entry = cells.hold(tags);
    let writer = {
        let (cells, database) = (cells.clone(), database.clone());
        thread::spawn(move || {
            let marker = cells.hold([TABLE]).mark().expect("few marks");
            database.store(1, Ordering::SeqCst);
            cells.bump(&SHAPE);
            drop(marker);
        })
    };

    let committed = database.load(Ordering::SeqCst);
    let is_hit = entry.state() == State::Current;
    assert!(!is_hit || committed == 0, "a hit older than the database");

    writer.join().unwrap();
    assert_eq!(entry.state(), State::Changed);
}

#[test]
fn with_marks_a_hit_is_never_older_than_the_database() {
    every_interleaving(|| a_strict_writer_and_a_hit([TABLE, SHAPE]));
}

#[test]
#[should_panic(expected = "a hit older than the database")]
fn with_marks_a_hit_may_be_older_if_the_fine_tag_is_compared_first() {
    every_interleaving(|| a_strict_writer_and_a_hit([SHAPE, TABLE]));
}

#[test]
fn what_was_noted_under_a_mark_is_not_current_when_the_mark_is_gone() {
    every_interleaving(|| {
        let cells = cells();
        let marker = cells.hold([TABLE]).mark().expect("few marks");
        let under_the_mark = cells.hold([TABLE]);
        assert!(under_the_mark.is_marked());
        let unmarker = thread::spawn(move || drop(marker));

        let noted = cells.hold([TABLE, SHAPE]);
        let was_marked = noted.is_marked();

        unmarker.join().unwrap();
        assert_eq!(noted.state() == State::Current, !was_marked);
        assert_ne!(under_the_mark.state(), State::Current);
    });
}

#[test]
fn versions_noted_beside_a_strict_writer_never_cover_a_commit_that_the_load_missed() {
    every_interleaving(|| {
        let (cells, database) = (cells(), database());
        let writer = {
            let (cells, database) = (cells.clone(), database.clone());
            thread::spawn(move || {
                let marker = cells.hold([TABLE]).mark().expect("few marks");
                database.store(1, Ordering::SeqCst);
                cells.bump(&SHAPE);
                drop(marker);
            })
        };

        let noted = cells.hold([TABLE, SHAPE]);
        let loaded = database.load(Ordering::SeqCst);

        writer.join().unwrap();
        if noted.state() == State::Current {
            assert_eq!(loaded, 1);
        }
    });
}

#[test]
fn marks_of_two_writers_and_a_bump_beside_them_leave_no_mark_behind() {
    every_likely_interleaving(|| {
        let cells = cells();
        let entry = cells.hold([TABLE]);
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let cells = cells.clone();
                thread::spawn(move || drop(cells.hold([TABLE]).mark().expect("few marks")))
            })
            .collect();
        cells.bump(&TABLE);
        for writer in writers {
            writer.join().unwrap();
        }
        assert_eq!(entry.state(), State::Changed);
        let noted = cells.hold([TABLE]);
        assert!(!noted.is_marked());
        assert_eq!(noted.state(), State::Current);
    });
}
