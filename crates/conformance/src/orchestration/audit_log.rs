//! The contract of `AuditLogRepository`.

pub mod filter;
pub mod isolation;
pub mod kept;
pub mod list;
pub mod racing;
pub mod record;
pub mod repetition;
pub mod values;

/// Generates one test per case of the port of the audit log, each on ports created by `$fresh`.
///
/// `$fresh` is an `async fn() -> (Orchestration, Guard)`. The guard can be of any type and is dropped
/// after the ports. Put each suite of orchestration into its own `mod`, because their cases may have
/// the same names.
///
/// The entries that the other ports write are checked by their own suites.
#[macro_export]
macro_rules! audit_log_suite {
    ($fresh:path) => {
        $crate::__orchestration_cases! {
            audit_log $fresh;
            record:
                a_recorded_entry_is_listed_as_it_was_given,
                an_entry_may_be_about_anything,
                an_entry_may_have_fields_before_or_after_or_none,
                a_null_is_not_a_missing_field,
                a_recorded_entry_changes_nothing_else,
                entries_are_accepted_in_the_order_of_their_positions;
            repetition:
                a_repeated_record_adds_nothing,
                the_id_of_a_record_for_another_subject_is_a_conflict,
                the_id_of_another_write_for_a_record_is_a_conflict;
            list:
                a_log_without_entries_is_empty,
                the_latest_entries_come_first,
                entries_of_one_time_come_in_descending_order_of_acceptance,
                pages_of_the_log_give_each_entry_once,
                a_page_has_100_entries_by_default,
                pages_of_large_entries_give_each_once,
                an_audit_cursor_round_trips_as_text,
                an_audit_cursor_need_not_match_an_entry,
                paging_is_stable_while_entries_are_added;
            filter:
                entries_are_filtered_by_their_subject,
                entries_are_filtered_by_their_actor,
                entries_are_filtered_by_their_action,
                since_is_inclusive_and_until_is_exclusive,
                conditions_on_entries_combine,
                pages_of_filtered_entries_give_each_once;
            isolation:
                the_entries_of_another_owner_are_not_listed,
                the_same_write_id_under_two_owners_is_two_writes,
                similar_owners_have_different_logs;
            values:
                any_json_comes_back_as_given,
                texts_of_entries_may_hold_any_characters,
                entries_may_be_as_large_as_the_limit,
                times_are_kept_to_the_microsecond;
            kept:
                no_write_changes_or_removes_an_entry,
                the_entries_of_removed_tasks_are_kept;
            racing:
                concurrent_records_are_all_kept,
                a_record_that_races_itself_is_added_once,
                reading_the_log_during_writes_repeats_nothing;
        }
    };
}
