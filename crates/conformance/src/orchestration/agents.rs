//! The contract of `AgentRepository`.

pub mod apply;
mod calls;
pub mod commands;
pub mod description;
pub mod dropped_calls;
pub mod entries;
pub mod filter;
pub mod heartbeat;
pub mod held;
pub mod list;
pub mod presence;
pub mod racing_batches;
pub mod racing_registrations;
pub mod racing_takeovers;
pub mod register;
pub mod repetition;
pub mod retirement;
pub mod state;
pub mod takeover;
pub mod times;
pub mod update;
pub mod write_ids;

/// Generates one test per case of the port of agents, each on ports created by `$fresh`.
///
/// `$fresh` is an `async fn() -> (Orchestration, Guard)`. The guard can be of any type and is dropped
/// after the ports. Put each suite of orchestration into its own `mod`, because their cases may have
/// the same names.
///
/// `agents_suite!(fresh, without dropped_calls)` omits the cases that use the ports after one of
/// their calls was dropped. Use it for ports inside a transaction.
#[macro_export]
macro_rules! agents_suite {
    ($fresh:path) => {
        $crate::agents_suite! { $fresh, with dropped_calls }
    };
    ($fresh:path, $with:ident dropped_calls) => {
        $crate::__orchestration_cases! {
            $with agents $fresh;
            register:
                an_unknown_agent_becomes_active,
                a_retired_agent_becomes_active_again,
                a_draining_agent_that_registers_stays_draining,
                a_known_agent_takes_the_description_of_the_registration,
                each_difference_of_a_description_increases_the_version,
                the_same_description_keeps_the_version,
                a_registration_extends_the_lease_like_a_heartbeat,
                a_late_registration_does_not_shorten_the_lease,
                a_registration_takes_effect_at_once;
            takeover:
                the_instance_that_registered_last_is_the_one_that_gets_tasks,
                the_open_executions_of_the_previous_instance_are_lost,
                the_tasks_of_lost_executions_are_ready_again,
                a_lost_task_without_an_attempt_left_fails,
                a_lost_task_that_fails_settles_those_that_depend_on_it,
                lost_attempts_come_in_the_order_of_their_tasks,
                closed_executions_are_not_lost,
                the_executions_of_other_agents_are_not_lost,
                a_draining_agent_can_be_taken_over,
                the_same_instance_keeps_its_executions;
            heartbeat:
                a_heartbeat_extends_the_lease,
                a_late_heartbeat_does_not_shorten_the_lease,
                a_heartbeat_uses_the_current_lease_of_the_agent,
                a_heartbeat_after_the_end_of_the_lease_is_accepted,
                a_heartbeat_of_a_draining_agent_is_accepted,
                the_heartbeat_of_a_replaced_instance_changes_nothing,
                the_heartbeat_of_a_retired_agent_changes_nothing,
                the_heartbeat_of_an_unknown_agent_registers_nothing,
                a_heartbeat_changes_only_the_presence,
                a_heartbeat_has_no_entry;
            held:
                a_heartbeat_that_names_no_attempts_compares_nothing,
                open_executions_that_were_not_named_are_missing,
                attempts_that_are_not_open_must_stop,
                attempts_of_others_must_stop,
                a_superseded_attempt_must_stop_and_the_current_one_is_missing,
                executions_that_were_not_reaped_are_still_its_own,
                attempts_come_in_the_order_of_their_tasks;
            update:
                an_update_changes_the_fields_that_it_names,
                an_update_without_a_difference_changes_nothing,
                an_update_of_the_expected_version_is_applied,
                an_update_of_another_version_is_stale,
                an_unknown_agent_cannot_be_updated,
                an_agent_in_any_state_can_be_updated,
                a_capacity_below_the_open_executions_takes_nothing_away,
                a_new_lease_counts_from_the_next_heartbeat_on;
            state:
                an_agent_is_drained_and_resumed,
                an_idle_agent_is_retired,
                an_agent_in_the_requested_state_is_unchanged,
                a_retired_agent_is_neither_drained_nor_resumed,
                the_state_of_an_unknown_agent_cannot_be_changed,
                a_draining_agent_gets_no_new_tasks,
                a_draining_agent_finishes_its_tasks,
                a_change_of_the_state_keeps_the_version;
            retirement:
                a_busy_agent_is_not_retired,
                an_agent_is_retired_once_its_executions_are_closed,
                retiring_can_release_the_open_executions,
                released_tasks_are_ready_again_and_not_counted,
                released_attempts_come_in_the_order_of_their_tasks,
                retiring_an_idle_agent_releases_nothing;
            apply:
                a_whole_batch_is_applied_in_the_order_given,
                a_whole_batch_with_a_refused_command_changes_nothing,
                a_refused_batch_names_the_first_command_that_cannot_be_applied,
                a_refused_batch_loses_and_releases_nothing,
                a_batch_may_be_large;
            commands:
                each_command_of_an_itemised_batch_has_its_own_outcome,
                a_command_meets_the_effects_of_those_before_it,
                commands_have_the_effects_of_their_methods;
            description:
                an_unknown_agent_is_not_found,
                ids_and_names_may_hold_any_characters,
                documents_come_back_with_equal_values,
                the_greatest_documents_come_back,
                the_limits_of_numbers_and_times_come_back,
                the_same_id_under_two_owners_is_two_agents;
            list:
                an_owner_without_agents_has_an_empty_list,
                agents_are_listed_by_ascending_id,
                pages_of_agents_give_each_once,
                a_page_has_100_agents_by_default,
                a_cursor_need_not_match_an_agent,
                the_list_has_the_agents_as_get_returns_them,
                the_agents_of_another_owner_are_not_listed,
                paging_is_stable_while_agents_are_written;
            filter:
                agents_are_filtered_by_state,
                agents_are_filtered_by_type,
                an_agent_is_online_until_the_end_of_its_lease,
                agents_are_filtered_by_what_they_can_do,
                agents_are_filtered_by_their_type_as_a_capability,
                conditions_on_agents_combine,
                pages_of_filtered_agents_give_each_once;
            presence:
                the_number_of_open_executions_follows_each_call,
                a_refused_call_keeps_the_number_of_open_executions;
            entries:
                the_entry_of_a_new_agent_has_all_fields,
                the_entry_of_a_known_agent_has_what_changed,
                a_registration_that_changes_nothing_has_no_entry,
                a_takeover_has_an_entry_for_each_lost_attempt_and_what_follows,
                an_update_has_the_changed_fields,
                an_update_that_changes_nothing_has_no_entry,
                changes_of_the_state_have_their_own_actions,
                a_retirement_has_an_entry_for_each_released_attempt,
                a_batch_has_the_entries_of_its_commands_in_order,
                a_refused_change_has_no_entry,
                entries_have_the_context_of_their_write;
            times:
                times_are_those_of_the_context,
                a_clock_that_goes_back_is_taken_as_it_is;
            repetition:
                a_repeated_registration_returns_the_first_result,
                a_repeated_takeover_returns_the_attempts_that_were_lost,
                a_repeated_takeover_does_not_take_over_again,
                a_repeated_update_returns_the_first_result,
                a_repeated_change_of_the_state_returns_the_first_result,
                a_repeated_retirement_returns_the_attempts_that_were_released,
                a_repeated_batch_returns_the_first_outcomes,
                a_repeated_heartbeat_changes_nothing;
            write_ids:
                the_id_of_a_write_for_another_method_is_a_conflict,
                the_id_of_a_write_for_another_agent_is_a_conflict,
                the_id_of_a_write_of_another_port_is_a_conflict,
                the_id_of_a_batch_for_another_batch_is_a_conflict,
                a_conflict_changes_nothing,
                the_same_id_under_another_owner_is_another_write,
                a_write_that_changed_nothing_leaves_its_id_unused,
                a_refused_write_leaves_its_id_unused;
            racing_registrations:
                exactly_one_of_racing_registrations_is_new,
                a_registration_that_races_itself_is_applied_once,
                a_claim_that_races_a_retirement_wins_or_gets_nothing,
                racing_heartbeats_keep_the_latest_lease;
            racing_takeovers:
                each_execution_is_lost_to_one_of_racing_instances,
                heartbeats_that_race_a_takeover_do_not_undo_it,
                claims_that_race_a_takeover_leave_nothing_to_the_old_instance,
                a_report_that_races_a_takeover_is_recorded_or_superseded;
            racing_batches:
                exactly_one_of_racing_updates_of_a_version_is_applied,
                racing_updates_lose_nothing,
                batches_in_opposite_orders_do_not_deadlock,
                batches_of_unknown_agents_in_opposite_orders_do_not_deadlock,
                batches_race_heartbeats_and_claims,
                a_whole_batch_becomes_visible_atomically;
            dropped_calls:
                a_dropped_registration_leaves_all_or_nothing,
                a_dropped_batch_of_commands_leaves_all_or_nothing;
        }
    };
}
