//! The contract of `DispatchRepository`.

pub mod assign;
pub mod claim;
pub mod claim_order;
mod claimed;
pub mod consequences;
pub mod dropped_calls;
pub mod empty_claim;
pub mod execution_pages;
pub mod executions;
pub mod fitting;
pub mod load;
pub mod payloads;
pub mod racing_claims;
pub mod racing_ends;
pub mod racing_reports;
pub mod reap;
pub mod reaped;
pub mod repeated_claims;
pub mod repetition;
pub mod report;
pub mod start;
pub mod superseded;

/// Generates one test per case, each on the ports created by `$fresh`.
///
/// `$fresh` is an `async fn() -> (Orchestration, Guard)`. The guard can be of any type and is dropped
/// after the ports. Put each suite of orchestration into its own `mod`, because their cases may have
/// the same names.
///
/// `dispatch_suite!(fresh, without dropped_calls)` omits the cases that use the ports after one of
/// their calls was dropped. Use it for ports inside a transaction.
#[macro_export]
macro_rules! dispatch_suite {
    ($fresh:path) => {
        $crate::dispatch_suite! { $fresh, with dropped_calls }
    };
    ($fresh:path, $with:ident dropped_calls) => {
        $crate::__orchestration_cases! {
            $with dispatch $fresh;
            claim:
                a_claim_returns_the_definition_and_the_deadline,
                a_claimed_task_is_assigned_to_the_agent,
                a_claim_is_logged_in_the_order_of_its_tasks,
                a_claim_gets_tasks_up_to_its_limit,
                a_claim_gets_tasks_up_to_the_capacity_of_the_agent,
                an_agent_above_its_capacity_gets_no_task,
                a_claim_gets_tasks_that_are_due,
                a_claim_gets_only_ready_tasks,
                a_claim_gets_only_tasks_of_its_owner,
                a_task_that_is_claimed_again_has_the_next_attempt;
            fitting:
                a_claim_gets_only_tasks_that_the_agent_fits,
                tasks_that_the_agent_does_not_fit_delay_nothing,
                a_claim_goes_by_the_current_capabilities;
            claim_order:
                tasks_are_claimed_in_the_order_in_which_they_are_due,
                equal_places_are_claimed_in_the_order_of_the_ids,
                a_unit_of_priority_is_worth_a_minute,
                no_task_waits_forever,
                tasks_of_all_queues_are_in_one_order,
                a_released_task_is_placed_by_its_new_time;
            empty_claim:
                an_unknown_agent_gets_nothing,
                without_ready_tasks_a_claim_gets_nothing,
                a_replaced_instance_gets_nothing,
                a_draining_agent_gets_nothing,
                an_agent_whose_lease_ended_gets_nothing,
                a_claim_returns_the_first_reason,
                a_retired_agent_gets_nothing,
                a_repeated_empty_claim_is_new;
            assign:
                an_assigned_task_is_that_of_the_agent,
                an_assigned_task_need_not_be_due,
                unknown_tasks_and_agents_are_not_assigned,
                a_task_that_is_not_ready_is_not_assigned,
                an_unavailable_agent_is_not_given_a_task,
                an_agent_that_does_not_fit_is_not_given_a_task,
                a_full_agent_is_not_given_a_task,
                an_assignment_returns_the_first_reason;
            start:
                a_started_attempt_is_running,
                an_attempt_without_a_time_limit_has_no_deadline,
                a_start_is_optional,
                starting_a_running_attempt_changes_nothing,
                a_closed_attempt_is_not_started,
                an_unknown_attempt_is_not_started;
            report:
                a_completed_attempt_completes_its_task,
                a_failed_attempt_is_retried_at_the_given_time,
                a_retry_may_be_due_before_the_report,
                a_failed_attempt_without_a_retry_fails_its_task,
                a_released_attempt_is_not_counted,
                an_attempt_that_waits_is_not_counted,
                a_task_fails_with_the_last_counted_attempt,
                the_error_code_stays_until_another_replaces_it,
                a_report_without_a_start_is_logged_as_such,
                an_unknown_attempt_is_not_reported;
            consequences:
                a_completed_task_unlocks_those_that_waited_for_it,
                a_task_that_stays_blocked_waits_for_one_less,
                a_failed_task_skips_those_that_needed_its_success,
                consequences_are_logged_after_their_cause,
                a_task_that_goes_on_unlocks_nothing,
                ended_tasks_are_finished_in_the_history,
                a_finish_in_the_history_is_kept,
                many_tasks_are_skipped_at_once;
            superseded:
                the_first_report_wins,
                a_report_after_a_cancel_changes_nothing,
                a_report_of_a_lost_attempt_changes_nothing,
                a_report_of_a_retired_agent_changes_nothing;
            payloads:
                outputs_come_back_as_given,
                superseded_outputs_come_back_as_given,
                an_output_may_be_as_large_as_the_limit,
                each_result_may_have_an_output,
                errors_come_back_as_given,
                an_error_may_have_no_message,
                usage_comes_back_as_given;
            repeated_claims:
                a_repeated_claim_returns_the_same_tasks,
                a_repeated_claim_does_not_look_at_the_agent,
                a_repeated_claim_returns_the_current_definitions,
                a_repeated_claim_omits_removed_tasks;
            repetition:
                a_repeated_assignment_returns_the_same_attempt,
                a_repeated_refused_assignment_is_new,
                a_repeated_start_returns_the_same_deadline,
                a_repeated_report_returns_the_first_outcome,
                a_repeated_superseded_report_returns_the_first_outcome,
                an_id_of_a_write_is_used_once;
            reap:
                without_offline_agents_nothing_is_reaped,
                the_execution_of_an_offline_agent_is_lost,
                an_attempt_past_its_deadline_times_out,
                an_attempt_past_both_limits_is_lost,
                heartbeats_and_starts_keep_executions,
                the_execution_of_a_draining_agent_is_lost,
                closed_executions_are_not_reaped;
            reaped:
                a_task_without_attempts_left_ends,
                executions_of_all_owners_are_reaped,
                a_reap_respects_its_limit,
                a_reap_needs_a_new_id;
            executions:
                without_executions_the_list_is_empty,
                executions_are_listed_by_task_and_by_agent,
                all_lists_have_the_same_executions,
                at_the_same_instant_the_greatest_comes_first,
                executions_of_another_owner_are_not_listed;
            execution_pages:
                pages_of_executions_have_each_once,
                pages_of_large_outputs_have_each_once,
                a_page_has_100_executions_by_default,
                a_cursor_of_executions_round_trips_as_text,
                a_cursor_need_not_match_an_execution;
            load:
                without_ready_tasks_there_is_no_load,
                ready_tasks_are_counted_by_queue,
                the_load_follows_the_tasks,
                tasks_of_another_owner_are_not_counted;
            racing_claims:
                the_last_task_is_claimed_by_one_agent,
                racing_agents_get_each_task_once,
                racing_claims_of_an_agent_respect_its_capacity,
                the_last_slot_is_filled_once,
                a_task_is_assigned_or_claimed,
                equal_claims_at_once_get_the_same_tasks;
            racing_reports:
                one_of_racing_reports_is_recorded,
                equal_reports_at_once_return_the_same,
                prerequisites_that_complete_at_once_unlock_a_task,
                prerequisites_that_end_at_once_skip_a_task,
                a_start_that_races_a_report_is_whole;
            racing_ends:
                a_report_or_a_cancel_ends_a_task,
                a_report_or_a_reap_closes_an_attempt,
                racing_reaps_close_each_execution_once;
            dropped_calls:
                a_dropped_claim_leaves_all_or_nothing,
                a_dropped_assignment_leaves_all_or_nothing,
                a_dropped_report_leaves_all_or_nothing,
                a_dropped_reap_leaves_all_or_nothing;
        }
    };
}
