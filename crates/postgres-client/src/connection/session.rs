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
/// caller has `given` takes precedence, except over the schema. It is set here as well, because a
/// pooler may have dropped it.
pub(super) fn configure(schema: &str, statement_timeout: Duration, given: Option<&str>) -> String {
    let given = options(given.unwrap_or_default());
    let value = |name: &str, own: String| {
        let mut given = given.iter().rev();
        let given = given.find(|(given, _)| given.eq_ignore_ascii_case(name));
        given.map_or(own, |(_, value)| value.replace('\'', "''"))
    };
    let settings: Vec<_> = session_settings()
        .chain([IDLE_IN_TRANSACTION])
        .map(|(name, value)| (name, value.to_owned()))
        .chain([(
            STATEMENT_TIMEOUT,
            milliseconds(statement_timeout).to_string(),
        )])
        .map(|(name, own)| format!("SET {name} TO '{}'; ", value(name, own)))
        .collect();
    let settings = settings.concat();
    format!("{settings}SET search_path TO {schema}; SET {MARK} TO 'on'; {UNTRANSLATED}")
}

/// The settings in the startup parameter `options`: `-c name=value` or `--name=value`, where the
/// name may have dashes for underscores, and a backslash escapes a space.
fn options(given: &str) -> Vec<(String, String)> {
    let mut words = words(given).into_iter();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match (word.strip_prefix("--"), word.strip_prefix("-c")) {
            (Some(long), _) => long.to_owned(),
            (None, Some("")) => words.next().unwrap_or_default(),
            (None, Some(short)) => short.to_owned(),
            (None, None) => continue,
        };
        if let Some((name, value)) = setting.split_once('=') {
            settings.push((name.replace('-', "_"), value.to_owned()));
        }
    }
    settings
}

fn words(given: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut characters = given.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => word.extend(characters.next()),
            space if space.is_ascii_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_of_the_caller_takes_precedence() {
        let second = Duration::from_secs(1);

        let plain = configure("\"public\"", second, None);
        let given = configure("\"public\"", second, Some("-c statement_timeout=5'0"));

        assert!(
            plain.contains("SET statement_timeout TO '1000'; "),
            "{plain}"
        );
        assert!(
            given.contains("SET statement_timeout TO '5''0'; "),
            "{given}"
        );
    }

    #[test]
    fn option_of_another_name_changes_nothing() {
        let second = Duration::from_secs(1);

        let given = Some("-c x.statement_timeout=1 -c app=jit=on");

        assert_eq!(configure("s", second, given), configure("s", second, None));
    }

    #[test]
    fn options_are_read_as_the_server_does() {
        let read = |given: &str| -> Vec<String> {
            let pairs = options(given).into_iter();
            pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect()
        };

        assert_eq!(
            read("-c statement_timeout=5000 --lock-timeout=2s -cjit=on"),
            ["statement_timeout=5000", "lock_timeout=2s", "jit=on"]
        );
        assert_eq!(
            read(r"-c default_transaction_isolation=read\ committed -B 64"),
            ["default_transaction_isolation=read committed"]
        );
    }

    #[test]
    fn timeout_is_rounded_up_and_capped() {
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(Duration::MAX), i32::MAX);
        assert_eq!(milliseconds(Duration::ZERO), 0);
    }
}
