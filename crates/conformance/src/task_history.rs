//! The contract of `TaskHistoryRepository`.

pub mod batch;
pub mod count;
pub mod dropped_calls;
pub mod expired;
pub mod filter;
pub mod finish;
pub mod finish_batch;
pub mod isolation;
pub mod list;
pub mod list_all;
pub mod load;
pub mod newest_kept;
pub mod numbers;
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
pub mod users;
pub mod values;

/// Generates one test per case, each on a repository created by `$fresh`.
///
/// `$fresh` is an `async fn() -> (Repository, Guard)`. The guard can be of any type and is dropped
/// after the repository.
///
/// `task_history_suite!(fresh, without dropped_calls)` omits the cases that use a repository after one
/// of its calls was dropped. Use it for a repository inside a transaction, because a dropped call
/// aborts the transaction.
#[macro_export]
macro_rules! task_history_suite {
    ($fresh:path) => {
        $crate::task_history_suite! { $fresh, with dropped_calls }
    };
    ($fresh:path, $with:ident dropped_calls) => {
        $crate::__task_history_cases! {
            $with $fresh;
            save:
                a_saved_entry_comes_back_as_it_was_given,
                a_save_returns_the_status_of_its_task,
                a_save_leaves_other_entries_unchanged,
                a_repeated_save_changes_nothing,
                a_repeated_save_returns_the_current_status,
                a_repeated_save_keeps_the_original_time,
                a_repeated_save_does_not_become_the_newest_revision,
                an_id_reused_for_another_step_is_a_conflict,
                an_id_reused_for_another_task_is_a_conflict,
                an_id_reused_for_another_step_result_is_a_conflict,
                an_id_reused_for_another_number_literal_is_a_conflict,
                the_same_id_under_another_user_is_another_entry;
            batch:
                an_empty_batch_saves_nothing,
                a_batch_returns_the_number_added_and_the_statuses,
                a_batch_may_span_users,
                a_batch_is_accepted_in_the_order_given,
                the_last_revision_in_a_batch_is_the_newest,
                a_repeated_batch_changes_nothing,
                a_batch_and_a_single_save_repeat_each_other,
                a_duplicate_within_a_batch_changes_nothing,
                a_conflict_with_a_stored_entry_refuses_the_whole_batch,
                a_conflict_within_a_batch_refuses_the_whole_batch,
                one_id_under_two_users_in_a_batch_is_two_entries,
                a_batch_returns_the_final_status_of_finished_tasks,
                a_batch_gives_the_same_summaries_as_single_saves,
                a_batch_may_be_large;
            load:
                an_unknown_task_has_no_steps,
                steps_come_in_ascending_order,
                the_newest_revision_is_the_last_accepted,
                pages_of_steps_give_each_step_once,
                pages_of_large_steps_give_each_step_once,
                a_page_of_steps_starts_after_its_cursor,
                the_lowest_and_highest_step_numbers_are_supported;
            trail:
                an_unknown_task_has_no_trail,
                a_trail_is_in_the_order_of_acceptance,
                pages_of_a_trail_give_each_revision_once,
                pages_of_large_revisions_give_each_once,
                the_next_page_of_a_trail_includes_new_saves,
                a_trail_cursor_round_trips_as_text;
            status:
                an_unknown_task_has_no_status,
                an_open_task_has_the_status_of_its_highest_step,
                an_open_task_has_the_status_of_the_newest_revision,
                a_terminal_step_does_not_finish_its_task;
            finish:
                a_task_is_finished_with_each_final_status,
                the_first_finish_wins,
                a_task_whose_last_step_is_terminal_can_be_finished,
                saves_after_a_finish_are_recorded,
                a_repeated_save_returns_the_final_status,
                an_unknown_task_can_be_finished,
                a_finish_before_the_first_save_wins,
                the_first_save_after_a_finish_returns_the_final_status,
                a_finish_leaves_entries_unchanged,
                cancelling_is_finishing_with_cancelled;
            finish_batch:
                an_empty_batch_finishes_nothing,
                a_batch_returns_its_outcomes_in_order,
                a_batch_finishes_tasks_of_several_users,
                a_batch_leaves_finished_tasks_unchanged,
                the_first_of_several_finishes_in_a_batch_wins,
                a_repeated_batch_of_finishes_changes_nothing,
                a_batch_of_finishes_may_be_large,
                batches_in_different_orders_finish_each_task_once;
            summary:
                an_unknown_task_has_no_summary,
                the_summary_of_a_task_is_the_one_in_the_list,
                an_open_task_has_a_summary,
                a_task_finished_before_any_save_has_a_summary,
                a_summary_has_the_earliest_and_the_latest_time,
                a_finish_counts_as_activity,
                the_error_code_is_that_of_the_last_step,
                late_saves_do_not_change_the_finish,
                a_summary_equals_the_replay_of_its_trail;
            list:
                an_unknown_user_has_no_tasks,
                the_list_starts_with_the_latest_activity,
                at_the_same_instant_the_greatest_task_id_comes_first,
                pages_of_the_list_give_each_task_once,
                a_page_holds_100_tasks_by_default,
                a_list_cursor_round_trips_as_text,
                a_list_cursor_need_not_match_a_task,
                paging_is_stable_while_tasks_are_written;
            filter:
                tasks_are_filtered_by_status,
                the_status_filter_uses_the_current_status_only,
                tasks_are_filtered_by_finish,
                tasks_are_filtered_by_error_code,
                since_is_inclusive_and_until_is_exclusive,
                conditions_of_a_filter_combine;
            list_all:
                an_empty_store_lists_no_tasks_of_any_user,
                the_list_of_all_users_is_sorted_by_user,
                only_users_with_the_prefix_are_included,
                a_filter_applies_to_the_tasks_of_all_users,
                a_cursor_of_all_users_round_trips_as_text,
                a_cursor_of_all_users_need_not_match_a_task,
                paging_all_users_is_stable_while_tasks_are_written,
                open_tasks_without_recent_activity_are_found;
            users:
                users_are_listed_in_ascending_order,
                users_are_filtered_by_prefix,
                a_page_of_users_starts_after_its_cursor,
                a_user_is_listed_while_they_have_a_task;
            count:
                empty_store_counts_zero,
                entries_steps_tasks_and_users_are_counted,
                the_count_of_a_user_excludes_other_users,
                a_finished_task_counts_under_its_final_status,
                open_tasks_are_counted_by_status;
            retention:
                without_expired_tasks_nothing_is_removed,
                a_task_with_activity_at_the_cutoff_is_kept,
                an_active_task_keeps_its_early_entries,
                a_task_finished_after_the_cutoff_is_kept,
                a_task_is_removed_with_all_its_entries,
                a_removed_task_is_unknown,
                a_save_after_a_removal_starts_a_new_task,
                a_removed_task_can_be_finished_again,
                tasks_with_other_statuses_are_kept,
                a_policy_can_keep_unfinished_tasks,
                the_newest_tasks_of_each_user_are_kept;
            expired:
                expired_counts_match_the_removal;
            removal:
                a_removal_respects_its_task_limit,
                a_removal_respects_its_entry_limit,
                an_entry_limit_of_zero_removes_one_task_at_a_time,
                removal_limits_may_be_huge,
                tasks_are_removed_in_the_order_of_their_keys,
                following_the_cursor_removes_every_covered_task,
                a_removal_starts_after_its_cursor,
                removal_can_restart_from_the_beginning,
                a_task_that_becomes_active_during_a_removal_is_kept,
                the_last_batch_of_a_removal_has_no_next,
                removing_everything_reports_its_progress;
            newest_kept:
                the_newest_tasks_are_determined_once_per_removal,
                a_task_updated_during_a_removal_is_kept,
                a_removal_keeps_the_newest_tasks_of_every_user,
                a_removal_with_a_cursor_keeps_the_newest_tasks,
                keep_newest_zero_removes_by_age_only,
                a_removal_that_races_saves_keeps_updated_tasks;
            isolation:
                another_users_task_is_unknown,
                the_same_task_id_under_two_users_is_two_tasks,
                similar_keys_are_different_tasks,
                a_removal_for_one_user_does_not_affect_others;
            values:
                ids_may_hold_any_characters,
                messages_may_hold_any_characters,
                error_code_and_message_are_independent,
                instants_are_kept_to_the_microsecond,
                the_first_and_last_instants_work_as_bounds,
                entry_ids_may_be_the_smallest_and_the_greatest,
                results_and_messages_may_be_as_large_as_the_limit;
            numbers:
                numbers_come_back_as_given,
                literals_of_numbers_come_back_as_given,
                results_with_different_number_literals_are_distinct;
            results:
                lone_surrogates_come_back_as_given,
                spellings_of_a_result_are_the_same_result,
                texts_come_back_as_given,
                keys_come_back_as_given,
                look_alikes_come_back_as_given,
                small_values_come_back_as_given,
                deep_results_come_back_as_given,
                similar_results_are_distinct;
            racing_writers:
                concurrent_writers_on_one_task_lose_nothing,
                an_entry_saved_concurrently_is_stored_once,
                a_batch_saved_concurrently_is_stored_once,
                overlapping_batches_do_not_block_each_other,
                overlapping_large_batches_do_not_block_each_other,
                batches_in_different_orders_are_stored_once,
                exactly_one_of_conflicting_entries_is_saved,
                a_cancel_that_races_saves_is_never_lost,
                a_save_after_a_cancel_returns_cancelled,
                exactly_one_of_racing_finishes_wins;
            racing_readers:
                a_batch_becomes_visible_atomically,
                reading_a_trail_during_writes_repeats_nothing,
                reading_a_list_during_writes_repeats_nothing;
            racing_removal:
                two_concurrent_removals_remove_each_task_once,
                a_removal_that_races_saves_loses_no_live_entry,
                a_finish_that_races_a_removal_is_never_lost,
                a_removal_that_races_repeated_saves_leaves_no_orphan;
            dropped_calls:
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
    (without dropped_calls $fresh:path: $($case:ident)+) => {};
    ($with:ident $concern:ident $fresh:path: $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::run(
                    $fresh,
                    $crate::History::of,
                    $crate::task_history::$concern::$case,
                );
            }
        )+
    };
}
