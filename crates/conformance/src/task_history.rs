//! The contract of `TaskHistoryRepository`.

pub mod batch;
pub mod count;
pub mod dropping;
pub mod filter;
pub mod finish;
pub mod finish_batch;
pub mod isolation;
pub mod list;
pub mod load;
pub mod newest_kept;
pub mod racing_readers;
pub mod racing_removal;
pub mod racing_writers;
pub mod removal;
pub mod results;
pub mod retention;
pub mod save;
pub mod status;
pub mod summary;
pub mod trail;
pub mod values;

/// Runs every case on the repositories that `$fresh` makes, each as a test of its own.
///
/// `$fresh` is an `async fn() -> (Repository, Guard)`; the guard, of any type, is dropped after the
/// repository.
///
/// `task_history_suite!(fresh, without dropping)` leaves out the cases that go on with a repository of
/// which a call was dropped: one inside a transaction is given up then.
#[macro_export]
macro_rules! task_history_suite {
    ($fresh:path) => {
        $crate::task_history_suite! { $fresh, with dropping }
    };
    ($fresh:path, $with:ident dropping) => {
        $crate::__task_history_cases! {
            $with $fresh;
            save:
                a_saved_entry_comes_back_as_it_was_given,
                a_save_tells_the_status_of_its_task,
                a_save_leaves_the_other_entries_alone,
                a_repeated_save_changes_nothing,
                a_repeated_save_tells_how_the_task_stands_now,
                a_repeated_save_keeps_the_first_time,
                a_repeated_save_does_not_become_the_newest_revision,
                an_id_cannot_stand_for_another_step,
                an_id_cannot_stand_for_another_task,
                an_id_cannot_stand_for_another_step_result,
                an_id_cannot_stand_for_another_form_of_a_number,
                the_same_id_under_another_user_is_another_entry;
            batch:
                an_empty_batch_is_saved_at_once,
                a_batch_tells_what_was_new_and_how_its_tasks_stand,
                a_batch_may_span_users,
                a_batch_is_accepted_in_the_order_given,
                the_last_revision_in_a_batch_is_the_newest,
                a_repeated_batch_changes_nothing,
                a_batch_and_a_single_save_repeat_each_other,
                a_repetition_within_a_batch_changes_nothing,
                a_conflict_with_a_stored_entry_refuses_the_whole_batch,
                a_contradiction_within_a_batch_refuses_it_whole,
                one_id_under_two_users_in_a_batch_is_two_entries,
                a_batch_tells_which_tasks_are_finished,
                a_batch_adds_up_to_what_its_entries_add_up_to,
                a_batch_may_be_large;
            load:
                an_unknown_task_has_no_steps,
                steps_come_in_ascending_order,
                the_newest_revision_is_what_was_accepted_last,
                pages_of_steps_give_each_step_once,
                pages_of_large_steps_give_each_step_once,
                a_page_of_steps_begins_behind_its_cursor,
                the_first_and_the_greatest_step_are_steps_like_others;
            trail:
                an_unknown_task_has_no_trail,
                a_trail_is_in_the_order_of_acceptance,
                pages_of_a_trail_give_each_revision_once,
                pages_of_large_revisions_give_each_once,
                a_trail_goes_on_with_what_was_saved_meanwhile,
                a_position_in_a_trail_can_be_kept_as_text;
            status:
                an_unknown_task_has_no_status,
                an_open_task_has_the_status_of_its_highest_step,
                an_open_task_has_the_status_of_the_newest_revision,
                a_terminal_step_does_not_finish_its_task;
            finish:
                a_task_is_finished_with_each_final_status,
                the_first_finish_wins,
                a_task_whose_last_step_is_done_can_be_finished,
                saves_after_a_finish_are_recorded,
                a_repeated_save_learns_that_its_task_was_finished,
                a_task_that_nobody_recorded_can_be_finished,
                a_finish_before_the_first_save_wins_as_well,
                the_first_save_finds_its_task_finished,
                a_finish_leaves_the_entries_alone,
                cancelling_is_finishing_with_cancelled;
            finish_batch:
                an_empty_batch_finishes_nothing,
                a_batch_tells_each_outcome_in_its_order,
                a_batch_finishes_tasks_of_several_users,
                a_batch_leaves_finished_tasks_alone,
                of_several_finishes_in_a_batch_the_first_counts,
                a_repeated_batch_of_finishes_changes_nothing,
                a_batch_of_finishes_may_be_large,
                of_batches_in_different_orders_one_finishes_each_task;
            summary:
                an_open_task_is_summed_up,
                a_task_finished_before_any_save_is_summed_up,
                a_summary_has_the_earliest_and_the_latest_time,
                a_finish_counts_as_activity,
                the_error_code_is_that_of_the_last_step,
                late_saves_change_all_but_the_finish,
                a_summary_equals_the_replay_of_its_trail;
            list:
                an_unknown_user_has_no_tasks,
                the_list_begins_with_the_latest_activity,
                at_the_same_instant_the_greatest_task_id_comes_first,
                pages_of_the_list_give_each_task_once,
                a_page_holds_100_tasks_by_default,
                a_cursor_of_the_list_can_be_kept_as_text,
                a_cursor_is_a_place_whether_or_not_a_task_is_there,
                a_walk_is_stable_while_tasks_are_written;
            filter:
                tasks_are_filtered_by_status,
                the_status_filter_sees_the_present_status_only,
                tasks_are_filtered_by_error_code,
                since_is_inclusive_and_until_is_exclusive,
                conditions_of_a_filter_combine;
            count:
                nothing_counts_zero,
                entries_steps_tasks_and_users_are_counted,
                a_user_is_counted_alone,
                a_finished_task_counts_under_its_final_status;
            retention:
                where_nothing_expired_nothing_is_removed,
                a_task_with_activity_at_the_cutoff_stays,
                a_live_task_keeps_its_early_entries,
                a_task_finished_after_the_cutoff_stays,
                a_task_goes_with_all_its_entries,
                a_removed_task_is_unknown,
                a_save_after_a_removal_begins_a_new_task,
                a_removed_task_can_be_finished_anew,
                tasks_of_other_statuses_stay,
                open_tasks_stay_if_only_finished_ones_go,
                the_newest_tasks_of_each_user_stay,
                what_expired_is_what_a_removal_removes;
            removal:
                a_removal_keeps_to_its_bound_on_tasks,
                a_removal_keeps_to_its_bound_on_entries,
                a_removal_without_room_goes_task_by_task,
                the_bounds_of_a_removal_may_be_huge,
                tasks_are_removed_in_the_order_of_their_keys,
                a_walk_removes_every_covered_task,
                a_removal_begins_behind_its_cursor,
                a_walk_may_be_begun_anew,
                a_task_that_became_active_during_the_walk_stays,
                the_last_batch_of_a_removal_has_no_next,
                removing_everything_reports_its_progress;
            newest_kept:
                the_newest_are_found_once_in_a_walk,
                a_task_touched_during_the_walk_is_kept,
                a_walk_keeps_the_newest_of_every_user,
                a_walk_behind_a_task_finds_the_newest,
                a_policy_that_keeps_none_goes_by_age,
                a_walk_that_races_saves_keeps_what_they_touch;
            isolation:
                another_users_task_is_unknown,
                the_same_task_id_under_two_users_is_two_tasks,
                similar_keys_are_different_tasks,
                a_removal_reaches_no_other_users_task;
            values:
                ids_may_hold_any_characters,
                messages_may_hold_any_characters,
                an_error_may_be_half_told,
                instants_are_kept_to_the_microsecond,
                the_first_and_the_last_instant_bound_everything,
                entry_ids_may_be_the_smallest_and_the_greatest,
                results_and_messages_may_be_as_large_as_the_limit;
            results:
                numbers_come_back_as_given,
                literals_of_numbers_come_back_as_given,
                literals_of_numbers_are_told_apart,
                lone_surrogates_come_back_as_given,
                spellings_of_a_result_are_the_same_result,
                texts_come_back_as_given,
                keys_come_back_as_given,
                look_alikes_come_back_as_given,
                small_values_come_back_as_given,
                deep_results_come_back_as_given,
                awkward_results_are_told_apart;
            racing_writers:
                writers_on_one_task_lose_nothing,
                an_entry_that_many_save_at_once_is_stored_once,
                a_batch_that_many_save_at_once_is_stored_once,
                overlapping_batches_do_not_block_each_other,
                overlapping_large_batches_do_not_block_each_other,
                batches_in_different_orders_are_stored_once,
                of_contradicting_entries_exactly_one_is_saved,
                a_cancel_that_races_saves_is_never_lost,
                a_save_that_begins_after_a_cancel_finds_it,
                of_finishes_that_race_exactly_one_wins;
            racing_readers:
                a_batch_is_seen_whole_or_not_at_all,
                a_trail_walked_while_others_write_repeats_nothing,
                a_list_walked_while_others_write_repeats_nothing;
            racing_removal:
                two_removals_at_once_remove_each_task_once,
                a_removal_that_races_saves_loses_no_live_entry,
                a_finish_that_races_a_removal_is_never_lost,
                a_removal_that_races_repeated_saves_leaves_no_orphan;
            dropping:
                a_dropped_save_leaves_all_or_nothing,
                a_dropped_batch_leaves_all_or_nothing,
                a_dropped_large_batch_leaves_all_or_nothing,
                a_dropped_finish_leaves_all_or_nothing,
                a_dropped_batch_of_finishes_leaves_all_or_nothing,
                a_dropped_removal_leaves_all_or_nothing,
                dropped_calls_leave_the_repository_usable;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __task_history_cases {
    ($with:ident $fresh:path; $($concern:ident: $($case:ident),+;)+) => {
        $($crate::__task_history_concern! { $with $concern $fresh: $($case)+ })+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __task_history_concern {
    (without dropping $fresh:path: $($case:ident)+) => {};
    ($with:ident $concern:ident $fresh:path: $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::run($fresh, $crate::task_history::$concern::$case);
            }
        )+
    };
}
