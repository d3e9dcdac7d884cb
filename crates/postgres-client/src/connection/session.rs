//! The settings of a session.

use std::time::Duration;

/// Every frequent statement is written for one plan: index ranges, read in order. These settings
/// keep the planner on that plan, whatever its statistics: on an empty table, with outdated
/// statistics, or for a user with a million tasks where the average is ten. Where a sort or a scan
/// cannot be avoided, they change only the estimated cost, which is why `jit` is off. `enable_sort`
/// alone leaves incremental sorts enabled, which read and sort all tasks of a user.
const PLANNING: [(&str, &str); 6] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_sort", "off"),
    ("enable_incremental_sort", "off"),
    ("jit", "off"),
];

/// The time zone of a session, and its default isolation level.
const SEMANTICS: [(&str, &str); 2] = [
    ("TimeZone", "UTC"),
    ("default_transaction_isolation", "read committed"),
];

/// The name of the limit for one statement, in milliseconds.
pub(super) const STATEMENT_TIMEOUT: &str = "statement_timeout";

/// The limit for a session that is idle in a transaction, in milliseconds.
pub const IDLE_IN_TRANSACTION: (&str, &str) = ("idle_in_transaction_session_timeout", "60000");

/// Reverts the planner settings until the end of a transaction, for statements that read whole
/// tables.
pub const PLANNING_FOR_MANY_ROWS: &str = "SET LOCAL plan_cache_mode = auto; SET LOCAL enable_seqscan = on; \
     SET LOCAL enable_bitmapscan = on; SET LOCAL enable_sort = on; \
     SET LOCAL enable_incremental_sort = on";

/// Errors are classified by the server's message, so it must be untranslated. Only superusers may
/// set this in a session; for other roles, configure the server or the database.
const UNTRANSLATED: &str = "SELECT set_config('lc_messages', 'C', false)
                            WHERE current_setting('is_superuser') = 'on'";

/// A setting that only sessions of Tasktrail have. A new connection that finds it has a session
/// that was another client's.
pub(super) const MARK: &str = "tasktrail.session";

/// The settings that every session has, with their values.
pub fn session_settings() -> impl Iterator<Item = (&'static str, &'static str)> {
    PLANNING.into_iter().chain(SEMANTICS)
}

/// Converts a timeout to a server setting: rounded up, because 0 means no timeout, and capped at
/// `i32::MAX`.
#[must_use]
pub fn milliseconds(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// Statements that configure a session.
///
/// They are not startup options, because a pooler refuses these or drops them. An option that the
/// caller has `given` takes precedence, except over the schema.
pub(super) fn configure(schema: &str, statement_timeout: Duration, given: Option<&str>) -> String {
    let given = given.unwrap_or_default().to_lowercase();
    let is_given = |name: &str| given.contains(&format!("{}=", name.to_lowercase()));
    let settings: Vec<_> = session_settings()
        .chain([IDLE_IN_TRANSACTION])
        .map(|(name, value)| (name, value.to_owned()))
        .chain([(
            STATEMENT_TIMEOUT,
            milliseconds(statement_timeout).to_string(),
        )])
        .filter(|(name, _)| !is_given(name))
        .map(|(name, value)| format!("SET {name} TO '{value}'; "))
        .collect();
    let settings = settings.concat();
    format!("{settings}SET search_path TO {schema}; SET {MARK} TO 'on'; {UNTRANSLATED}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_of_the_caller_takes_precedence() {
        let second = Duration::from_secs(1);
        let plain = configure("\"public\"", second, None);
        let given = configure("\"public\"", second, Some("-c statement_timeout=5000"));

        assert!(
            plain.contains("SET statement_timeout TO '1000'; "),
            "{plain}"
        );
        assert!(!given.contains("statement_timeout"), "{given}");
        assert_eq!(
            plain.replace("SET statement_timeout TO '1000'; ", ""),
            given
        );
    }

    #[test]
    fn timeout_is_rounded_up_and_capped() {
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(Duration::MAX), i32::MAX);
        assert_eq!(milliseconds(Duration::ZERO), 0);
    }
}
