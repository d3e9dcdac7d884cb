//! The contract of `TaskRepository`.

pub mod add_dependencies;
pub mod board;
pub mod cancel;
pub mod cancel_descendants;
pub mod create;
pub mod cycles;
pub mod dropped_calls;
pub mod ends;
pub mod expected;
pub mod graph;
pub mod isolation;
pub mod list;
pub mod list_filter;
mod racing;
pub mod racing_cancels;
pub mod racing_dependencies;
pub mod racing_lists;
pub mod racing_plans;
pub mod racing_removal;
pub mod racing_updates;
pub mod refused_dependencies;
pub mod removal_batches;
pub mod remove_dependencies;
pub mod removed_tasks;
pub mod repeated_plan;
pub mod repeated_write;
pub mod resume;
pub mod retention;
pub mod update;
pub mod used_write_id;
pub mod values;

/// Generates one test per case, each on ports created by `$fresh`.
///
/// `$fresh` is an `async fn() -> (Orchestration, Guard)`. The guard can be of any type and is
/// dropped after the ports.
///
/// `tasks_suite!(fresh, without dropped_calls)` omits the cases that use the ports after one of
/// their calls was dropped. Use it for ports inside a transaction, because a dropped call aborts the
/// transaction.
#[macro_export]
macro_rules! tasks_suite {
    ($fresh:path) => {
        $crate::tasks_suite! { $fresh, with dropped_calls }
    };
    ($fresh:path, $with:ident dropped_calls) => {
        $crate::__orchestration_cases! {
            $with tasks $fresh;
            create:
                a_created_task_comes_back_as_planned,
                a_plan_is_answered_in_its_order,
                a_task_is_blocked_while_a_prerequisite_is_open,
                a_prerequisite_that_ended_counts_as_it_ended,
                a_task_skipped_at_creation_skips_those_that_need_it,
                an_open_task_is_unknown_to_the_history,
                a_parent_blocks_nothing,
                a_plan_with_an_unknown_prerequisite_is_refused,
                a_plan_with_an_unknown_parent_is_refused;
            repeated_plan:
                the_same_plan_again_returns_the_current_states,
                the_same_plan_is_known_after_changes,
                another_definition_of_a_task_is_a_conflict,
                a_plan_of_known_and_new_tasks_is_a_conflict,
                a_conflict_comes_before_unknown_references,
                spellings_of_a_definition_are_the_same_definition,
                another_owner_may_plan_the_same_ids;
            repeated_write:
                a_repeated_creation_returns_the_current_states,
                a_repeated_update_returns_the_first_answer,
                a_repeated_addition_returns_the_first_answer,
                a_repeated_removal_returns_the_first_answer,
                a_repeated_cancel_returns_the_first_answer,
                a_repeated_resume_returns_the_first_answer;
            used_write_id:
                an_id_used_for_another_task_is_a_conflict,
                an_id_used_for_another_method_is_a_conflict,
                a_write_that_changed_nothing_leaves_no_trace,
                the_same_write_id_under_another_owner_is_another_write;
            update:
                an_update_changes_the_fields_that_it_names,
                an_update_keeps_the_other_fields,
                an_update_to_equal_values_changes_nothing,
                an_update_that_expects_another_version_is_stale,
                an_ended_task_is_not_updated,
                a_task_is_updated_in_each_open_state,
                an_unknown_task_is_not_updated,
                a_new_priority_moves_the_task_in_the_queue,
                a_new_maximum_of_attempts_counts_at_the_next_end;
            add_dependencies:
                a_ready_task_is_blocked_by_an_open_prerequisite,
                a_blocked_task_may_wait_for_more,
                a_dependency_that_is_met_leaves_the_task_ready,
                a_dependency_that_cannot_be_met_skips_the_task,
                a_dependency_that_exists_changes_nothing;
            refused_dependencies:
                a_dependency_that_differs_is_refused,
                an_unknown_prerequisite_is_refused,
                dependencies_of_a_started_task_are_too_late,
                an_unknown_task_gets_no_dependencies,
                prerequisites_are_examined_in_the_order_given,
                a_task_has_at_most_1000_dependencies;
            remove_dependencies:
                a_task_is_ready_without_open_dependencies,
                a_task_stays_blocked_by_the_remaining_dependencies,
                a_ready_task_is_due_as_before,
                a_dependency_that_does_not_exist_is_ignored,
                a_removed_prerequisite_has_no_effect,
                a_removal_from_a_started_task_is_too_late,
                nothing_is_removed_from_an_unknown_task;
            cycles:
                a_task_cannot_depend_on_itself,
                a_cycle_is_refused_with_its_tasks,
                a_diamond_is_not_a_cycle,
                parents_close_no_cycle,
                a_cycle_through_an_ended_task_is_refused,
                a_removed_dependency_closes_no_cycle,
                a_cycle_over_10_000_levels_is_refused;
            ends:
                a_task_is_ready_when_its_last_prerequisite_ends,
                each_end_settles_the_dependants,
                a_task_is_skipped_while_other_prerequisites_are_open,
                skips_pass_on_through_all_levels,
                a_diamond_opens_level_by_level,
                many_dependants_become_ready_together,
                an_ended_task_is_finished_in_the_history,
                an_ended_task_keeps_its_steps,
                a_finish_in_the_history_alone_ends_nothing,
                added_dependencies_are_settled_alike;
            cancel:
                a_task_is_cancelled_in_each_open_state,
                an_ended_task_is_not_cancelled,
                an_unknown_task_is_not_cancelled,
                a_cancel_settles_the_dependants,
                a_cancel_frees_the_slot_of_the_agent,
                a_cancelled_attempt_is_not_counted,
                a_heartbeat_stops_the_attempt_of_a_cancelled_task,
                a_report_after_a_cancel_is_superseded,
                a_save_after_a_cancel_of_a_task_returns_cancelled;
            cancel_descendants:
                descendants_are_cancelled_in_each_open_state,
                a_cancel_leaves_parts_and_parent_alone,
                open_descendants_of_ended_parts_are_cancelled,
                dependants_of_all_are_settled_together,
                a_parent_that_needs_its_parts_is_cancelled,
                a_deep_tree_is_cancelled_whole,
                parts_of_another_owner_are_not_cancelled;
            resume:
                a_resumed_task_is_ready_with_the_answers,
                later_answers_replace_those_with_the_same_key,
                answers_that_are_not_an_object_are_replaced,
                equal_answers_do_not_increase_the_version,
                only_a_waiting_task_is_resumed,
                answers_that_are_too_large_are_refused,
                an_unknown_task_is_not_resumed;
            list:
                an_owner_without_tasks_has_an_empty_list,
                the_list_starts_with_the_latest_creation,
                a_listed_task_is_the_overview_of_the_task,
                pages_of_tasks_give_each_task_once,
                a_page_of_tasks_holds_100_by_default,
                a_cursor_of_tasks_need_not_match_a_task,
                paging_tasks_is_stable_while_tasks_are_written;
            list_filter:
                tasks_are_filtered_by_state,
                the_state_filter_uses_the_current_state,
                tasks_are_filtered_by_parent,
                tasks_are_filtered_by_creation,
                conditions_of_a_task_filter_combine;
            graph:
                an_unknown_task_has_an_empty_graph,
                a_single_task_is_its_own_graph,
                a_graph_has_prerequisites_and_dependants,
                a_graph_follows_changes_of_dependencies,
                a_graph_has_the_nearest_1000_tasks,
                tasks_are_counted_by_state;
            retention:
                only_tasks_that_ended_before_the_cutoff_are_removed,
                an_open_task_is_not_removed,
                tasks_in_other_states_are_kept,
                a_prerequisite_of_an_open_task_is_kept,
                a_parent_of_an_open_task_is_kept,
                a_removal_for_one_owner_keeps_the_tasks_of_others,
                expired_tasks_are_counted_without_removing_them;
            removed_tasks:
                a_task_is_removed_with_its_dependencies_and_executions,
                the_prerequisites_of_a_removed_task_can_end,
                the_id_of_a_removed_task_is_free;
            removal_batches:
                a_batch_examines_as_many_tasks_as_a_page_has,
                the_last_batch_of_tasks_has_no_next,
                a_kept_task_counts_as_examined,
                a_batch_of_tasks_starts_after_its_cursor,
                tasks_of_all_owners_are_removed_in_order,
                a_removal_of_tasks_can_restart;
            isolation:
                a_task_of_another_owner_does_not_exist,
                a_task_of_another_owner_is_no_prerequisite,
                the_same_ids_under_similar_owners_are_different_tasks,
                ids_of_tasks_may_hold_any_characters;
            values:
                definitions_may_be_as_large_as_the_limits,
                times_of_tasks_are_kept_to_the_microsecond,
                the_largest_plan_is_created_whole;
            racing_plans:
                a_plan_that_races_the_ends_of_its_prerequisites_is_settled,
                a_plan_that_races_a_cancel_is_settled,
                equal_plans_are_created_once,
                overlapping_plans_are_created_once;
            racing_dependencies:
                exactly_one_half_of_a_cycle_is_added,
                all_but_one_dependency_of_a_ring_are_added,
                an_addition_that_races_an_end_is_settled,
                a_removal_that_races_a_failure_is_in_time_or_too_late,
                an_addition_that_races_an_assignment_is_in_time_or_too_late,
                ends_and_removals_at_once_make_a_task_ready_once;
            racing_cancels:
                a_cancel_or_a_report_wins,
                a_cancel_that_races_an_assignment_frees_the_slot,
                ends_with_overlapping_dependants_skip_each_task_once,
                cancels_of_overlapping_trees_cancel_each_task_once,
                a_cancel_repeated_at_once_has_one_answer;
            racing_updates:
                exactly_one_of_updates_of_a_version_wins,
                updates_of_different_fields_are_all_kept,
                exactly_one_of_resumes_wins;
            racing_removal:
                concurrent_removals_remove_each_task_once,
                a_plan_that_races_a_removal_is_whole_or_refused,
                an_addition_that_races_a_removal_is_kept_or_refused,
                concurrent_removals_of_dependencies_remove_each_once;
            racing_lists:
                reading_tasks_during_writes_repeats_and_misses_nothing,
                counts_during_creations_have_whole_plans;
            dropped_calls:
                a_dropped_creation_leaves_all_or_nothing,
                a_dropped_cancel_leaves_all_or_nothing,
                a_dropped_change_of_dependencies_leaves_all_or_nothing,
                a_dropped_removal_of_tasks_leaves_all_or_nothing;
        }
    };
}
