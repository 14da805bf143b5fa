//! Every quick row of the protocol's table, as a test of its own.
//!
//! A test fails if a promise that must hold has a counterexample, if one that must fail has
//! none, or if no read was ever a hit. `cargo run --release -p larder-models -- all` checks the
//! rows that are too long for here.

use larder_models::{Effort, Row, rows};

/// One thread for each row: the tests themselves run side by side.
const THREADS: usize = 1;

/// A test for each row, and the list of them.
macro_rules! rows {
    ($($sentence:ident: $name:literal,)*) => {
        const TESTED: &[&str] = &[$($name),*];

        $(
            #[test]
            fn $sentence() {
                check($name);
            }
        )*
    };
}

rows! {
    versions_read_at_the_fill_serve_stale_entries: "00",
    a_query_that_overlaps_the_look_serves_stale_entries: "01",
    the_base_is_regular_but_not_linearizable: "02",
    unique_versions_survive_eviction: "03",
    counted_versions_do_not_survive_eviction: "04",
    a_writer_that_dies_before_its_bump_leaves_a_stale_entry: "05",
    a_failover_revives_stale_entries: "06",
    a_failover_revives_nothing_if_incarnations_are_compared: "07",
    looks_at_a_lagging_copy_of_the_store_are_not_regular: "08",
    a_snapshot_older_than_the_look_fills_stale_entries: "09",
    loads_from_a_replica_fill_stale_entries: "10",
    loads_from_a_replica_that_has_replayed_the_tags_position_are_regular: "11",
    looks_in_two_steps_entry_first_are_regular: "12",
    looks_in_two_steps_tag_first_are_regular: "13",
    one_flag_as_mark_is_linearizable_with_one_writer: "20",
    one_flag_as_mark_is_not_linearizable_with_two_writers: "21",
    a_set_of_marks_is_linearizable: "22",
    a_set_of_marks_is_linearizable_with_looks_in_two_steps_entry_first: "23",
    a_set_of_marks_is_linearizable_with_looks_in_two_steps_tag_first: "24",
    a_lost_mark_costs_linearizability_and_no_more: "25",
    naive_probation_fails_when_marks_are_lost_twice_and_the_tag_is_evicted: "26",
    naive_probation_fails_when_a_mark_is_lost: "26a",
    naive_probation_fails_with_two_readers: "26b",
    naive_probation_fails_when_marks_are_lost_twice: "26c",
    if_only_probation_makes_a_tag_live_a_mark_may_be_lost: "26d",
    if_only_probation_makes_a_tag_live_a_mark_may_be_lost_with_two_readers: "26e",
    if_only_probation_makes_a_tag_live_marks_and_tag_may_be_lost: "26f",
    a_failover_costs_linearizability_if_only_incarnations_are_compared: "27",
    a_failover_is_linearizable_if_only_probation_makes_a_tag_live: "28",
    a_writer_may_die_after_its_commit_if_its_mark_runs_out: "29",
    marks_do_not_help_against_a_snapshot_older_than_the_look: "30",
    all_remedies_together_stand_all_faults_together: "31",
    probation_until_writers_have_ended_stands_losses: "40",
    probation_until_writers_have_ended_stands_repeated_losses: "41",
    probation_until_writers_have_ended_stands_all_faults_together: "42",
    probation_until_writers_have_ended_stands_three_writers: "43",

    shapes_read_before_the_commit_miss_a_shape_registered_meanwhile: "s1",
    shapes_read_after_the_commit_miss_none: "s2",
    an_evicted_list_of_shapes_leaves_stale_entries_if_it_is_no_tag: "s3",
    an_evicted_list_of_shapes_is_a_miss_if_it_is_a_tag: "s4",
    a_new_shape_used_at_once_is_not_linearizable: "s5",
    a_new_shape_that_waits_for_writers_is_linearizable: "s6",
    an_evicted_list_forgets_which_writers_to_wait_for: "s7",
    an_evicted_list_on_probation_is_linearizable: "s8",

    the_memory_store_is_linearizable_with_marks: "m1",
    the_memory_store_is_linearizable_with_a_writer_that_widens: "m2",
    comparing_the_shape_before_the_table_is_not_linearizable: "m3",
    taking_marks_away_before_the_bump_is_not_linearizable: "m4",
    a_follower_that_joins_any_flight_gets_older_values_in_spite_of_marks: "m5",
    a_follower_that_compares_the_shape_first_is_not_linearizable: "m6",
    a_follower_that_shares_a_second_look_gets_older_values_in_spite_of_marks: "m7",
    in_strict_too_writers_must_read_the_shapes_after_their_commit: "m8",
    the_memory_store_is_regular_without_marks: "m9",
    a_follower_that_joins_any_flight_gets_older_values: "m10",
    a_writer_that_reads_the_shapes_before_its_commit_leaves_stale_entries: "m11",
    the_memory_store_is_regular_with_a_writer_that_widens: "m12",
    a_follower_that_shares_a_second_look_gets_older_values: "m13",
    versions_noted_after_the_load_leave_stale_entries: "m14",

    the_remote_store_is_regular: "r1",
    a_remembered_list_that_is_not_read_again_leaves_stale_entries: "r2",
    shapes_registered_without_comparing_heads_get_lost: "r7a",
    marks_on_the_tables_cell_are_linearizable_if_it_is_read_first: "r3",
    marks_on_the_tables_cell_are_not_linearizable_if_it_is_read_last: "r4",
    a_mark_taken_off_a_cell_before_the_bump_is_not_linearizable: "r5",
    bumps_in_place_and_swaps_by_the_head_lose_nothing: "r6",
    swaps_that_do_not_compare_lose_bumps_and_marks: "r7",
    a_void_is_nothing_and_is_written_over: "r8",
    a_void_is_nothing_without_marks_too: "r8a",
    a_void_taken_for_a_tag_forgets_marks: "r9",
    a_void_taken_for_a_tag_does_no_harm_without_marks: "r9a",
    a_promoted_replica_revives_nothing: "r10",
    a_promoted_replica_revives_entries_if_its_life_is_not_compared: "r10a",
    a_master_that_comes_back_revives_entries_if_told_by_its_run_id_alone: "r10b",
    a_master_that_comes_back_revives_nothing_if_told_by_its_replication_id_too: "r10c",
    looks_over_a_link_that_outlives_a_demotion_are_not_regular: "r10d",
    a_promoted_replica_is_linearizable_with_probation: "r10e",
    a_bump_in_place_that_writes_the_incarnation_revives_a_cell_without_its_marks: "r10f",
    a_bump_in_place_that_writes_the_incarnation_does_no_harm_without_marks: "r10g",
    a_dead_writers_mark_is_taken_away_with_a_fresh_version: "r17",
    a_dead_writers_mark_taken_away_without_a_fresh_version_revives_entries: "r18",
    a_mark_that_is_over_before_a_slow_commit_is_not_linearizable: "r19",
    a_mark_that_is_over_before_a_slow_commit_is_linearizable_with_probation: "r19a",
    probation_stands_lost_marks_and_evictions_too: "r19b",
    a_bump_sent_again_with_a_fresh_version_is_regular: "r20",
    a_bump_sent_again_with_the_same_version_revives_entries: "r20a",
    an_undelivered_bump_that_leaves_its_mark_is_linearizable: "r21",
    an_undelivered_bump_whose_mark_is_taken_away_leaves_stale_entries: "r21a",

    what_was_loaded_under_a_lease_that_ended_is_not_stored: "r11",
    a_lease_in_the_place_of_an_old_entry_fences_too: "r11a",
    an_insertion_during_a_load_wins: "r11b",
    after_a_failover_nothing_is_stored_under_an_older_lease: "r11c",
    an_entry_that_takes_the_life_of_its_server_revives_what_was_removed: "r11d",
    a_load_that_is_written_over_whatever_is_there_revives_what_was_removed: "r12",
    a_lease_that_is_only_compared_beside_the_entry_revives_what_was_removed: "r12a",
    a_load_without_a_lease_that_is_stored_revives_what_was_removed: "r12b",

    guards_that_are_evicted_with_marks_and_without_are_linearizable: "g1",
    guards_are_linearizable_with_two_readers: "g1a",
    guards_are_linearizable_with_several_writers_at_a_time: "g2",
    guards_off_which_old_marks_are_taken_are_linearizable: "g3",
    a_delayed_bump_whose_mark_stays_is_linearizable: "g4",
    guards_marked_by_writers_that_find_them_are_linearizable: "g14",
    a_guard_that_ripens_while_writers_believe_that_there_is_none_is_linearizable: "g15",
    a_guard_that_ripens_is_linearizable_with_several_writers_at_a_time: "g15a",
    guards_are_linearizable_beside_a_reader_that_is_not_strict: "g5",
    a_guard_confirmed_without_waiting_for_writers_is_not_linearizable: "g6",
    a_guard_noted_after_the_writers_were_asked_for_is_not_linearizable: "g6a",
    a_load_before_the_wait_for_writers_is_not_linearizable: "g7",
    a_mark_before_the_lock_is_not_linearizable: "g8",
    a_guard_confirmed_while_writers_believe_that_there_is_none_is_not_linearizable: "g16",
    a_guard_read_after_the_tag_is_not_linearizable: "g9",
    what_was_stored_without_a_guard_is_not_linearizable: "g10",
    a_guard_made_good_by_a_writer_is_not_linearizable: "g11",
    a_dead_writers_mark_on_a_guard_taken_away_without_a_fresh_version_revives_entries: "g12",
    a_delayed_bump_whose_mark_is_taken_away_leaves_stale_entries: "g13",
}

#[test]
fn every_quick_row_has_a_test() {
    let quick = |row: &Row| row.effort == Effort::Quick;
    let names: Vec<&str> = rows().iter().filter(|r| quick(r)).map(|r| r.name).collect();
    assert_eq!(names, TESTED);
}

#[track_caller]
fn check(name: &str) {
    let row = rows().into_iter().find(|row| row.name == name);
    let row = row.expect("the row is in the table");
    let report = row.check(THREADS);
    println!("{report}");
    assert!(report.is_as_expected(), "{report}");
}
