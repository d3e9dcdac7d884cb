//! Maps driver errors to a kind and an effect.
//!
//! diesel-async exposes the SQLSTATE of only a few errors. The others are classified by the
//! server's message, which must be untranslated. Sessions of superusers set `lc_messages`
//! themselves. For other roles, set it for the server, the database or the role (an English locale
//! also works). With messages in another language, these errors become `Unexpected`, and the effect of
//! a commit that fails is unknown; nothing else changes.
//!
//! The tests in `classify/on_a_real_server.rs` provoke the errors that can be provoked.

use diesel::result::{DatabaseErrorKind, Error};
use tasktrail_domain::repository::{Effect, ErrorKind};

const LOCK_TIMEOUT: &str = "canceling statement due to lock timeout";

/// Message prefixes and their meaning. The first prefix that matches applies.
const BY_MESSAGE: &[(&str, ErrorKind)] = &[
    ("deadlock detected", ErrorKind::Contention),
    (LOCK_TIMEOUT, ErrorKind::Contention),
    ("could not serialize access", ErrorKind::Contention),
    ("could not obtain lock", ErrorKind::Contention),
    (
        "canceling statement due to conflict with recovery",
        ErrorKind::Contention,
    ),
    (
        "canceling statement due to statement timeout",
        ErrorKind::TimedOut,
    ),
    (
        "canceling statement due to user request",
        ErrorKind::TimedOut,
    ),
    ("terminating connection due to", ErrorKind::Unavailable),
    ("the database system is", ErrorKind::Unavailable),
    ("sorry, too many clients already", ErrorKind::Unavailable),
    (
        "remaining connection slots are reserved",
        ErrorKind::Unavailable,
    ),
    ("too many connections for", ErrorKind::Unavailable),
    // The lock table is full because of other transactions; the server itself is available.
    ("out of shared memory", ErrorKind::Contention),
    ("could not extend file", ErrorKind::Unavailable),
    ("could not write to", ErrorKind::Unavailable),
    ("could not fsync file", ErrorKind::Unavailable),
    ("permission denied", ErrorKind::Refused),
    // PgBouncer has lost the connection to the server, or has none.
    ("server conn crashed", ErrorKind::Unavailable),
    ("server login has been failing", ErrorKind::Unavailable),
    ("pgbouncer cannot connect", ErrorKind::Unavailable),
    ("query_wait_timeout", ErrorKind::Contention),
    ("query_timeout", ErrorKind::TimedOut),
    ("cannot execute", ErrorKind::Unavailable),
];

/// Kind and effect of a failed statement.
///
/// An error that the server reports means that the statement was rolled back. The effect is unknown
/// if the connection was lost, or if the server could not write.
pub(super) fn classify(error: &Error) -> (ErrorKind, Effect) {
    match error {
        Error::DatabaseError(kind, information) => by_kind(*kind, information.message()),
        Error::BrokenTransactionManager | Error::RollbackErrorOnCommit { .. } => {
            (ErrorKind::Unavailable, Effect::Unknown)
        }
        Error::DeserializationError(_) => (ErrorKind::Corrupt, Effect::Unknown),
        Error::SerializationError(_) | Error::QueryBuilderError(_) => {
            (ErrorKind::Unexpected, Effect::NotApplied)
        }
        _ => (ErrorKind::Unexpected, Effect::Unknown),
    }
}

/// Whether the statement exceeded `lock_timeout`.
pub(super) fn is_lock_timeout(error: &Error) -> bool {
    begins(error, LOCK_TIMEOUT)
}

/// Whether an earlier statement of the transaction failed, so that it accepts no other statement.
pub(super) fn is_failed_transaction(error: &Error) -> bool {
    begins(error, "current transaction is aborted")
}

/// Whether the setting of a transaction was not found, so that the transaction has ended.
pub(super) fn is_ended_transaction(error: &Error) -> bool {
    begins(error, "invalid input syntax for type boolean")
        || begins(error, "unrecognized configuration parameter")
}

/// Whether neither the kind nor the message of an error is known here.
pub(super) fn is_unrecognized(error: &Error) -> bool {
    classify(error).0 == ErrorKind::Unexpected
}

fn begins(error: &Error, message: &str) -> bool {
    matches!(error, Error::DatabaseError(_, information)
        if information.message().starts_with(message))
}

/// The tables that repositories use. A missing table of another name, such as one that a trigger of
/// the host uses, is no missing schema.
const TABLES: [&str; 11] = [
    "task_history",
    "task_summary",
    "agent",
    "agent_presence",
    "task",
    "task_state",
    "task_dependency",
    "task_execution",
    "task_queue",
    "task_graph",
    "audit_log",
];

/// Whether a table or a column of a repository does not exist.
pub(super) fn is_missing_schema(error: &Error) -> bool {
    let Error::DatabaseError(DatabaseErrorKind::Unknown, information) = error else {
        return false;
    };
    let message = information.message();
    let is_ours = |table: &str| {
        message.starts_with(&format!("relation \"{table}\""))
            || message.starts_with(&format!("column {table}."))
    };
    let missing = message.starts_with("column \"") || TABLES.into_iter().any(is_ours);
    missing && message.ends_with("does not exist")
}

fn by_kind(kind: DatabaseErrorKind, message: &str) -> (ErrorKind, Effect) {
    match kind {
        DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
            (ErrorKind::Unavailable, Effect::Unknown)
        }
        DatabaseErrorKind::SerializationFailure => (ErrorKind::Contention, Effect::NotApplied),
        // A standby, or a former primary that has become one.
        DatabaseErrorKind::ReadOnlyTransaction => (ErrorKind::Unavailable, Effect::NotApplied),
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::RestrictViolation
        | DatabaseErrorKind::ExclusionViolation => (ErrorKind::Refused, Effect::NotApplied),
        _ => (by_message(message), effect(message)),
    }
}

/// Errors after which a statement may have been applied. A server that cannot write its log shuts
/// down, and may replay the commit when it restarts. PgBouncer reports that it has lost a server, or
/// has not waited for it.
const OF_UNKNOWN_EFFECT: [&str; 4] = [
    "could not write to",
    "could not fsync file",
    "server conn crashed",
    "query_timeout",
];

fn effect(message: &str) -> Effect {
    if OF_UNKNOWN_EFFECT
        .iter()
        .any(|begin| message.starts_with(begin))
    {
        Effect::Unknown
    } else {
        Effect::NotApplied
    }
}

fn by_message(message: &str) -> ErrorKind {
    BY_MESSAGE
        .iter()
        .find(|(prefix, _)| message.starts_with(prefix))
        .map_or(ErrorKind::Unexpected, |(_, kind)| *kind)
}

#[cfg(test)]
mod on_a_real_server;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_classified_by_its_prefix() {
        assert_eq!(by_message("deadlock detected"), ErrorKind::Contention);
        assert_eq!(
            by_message("the database system is starting up"),
            ErrorKind::Unavailable
        );
        assert_eq!(
            by_message("relation \"x\" does not exist"),
            ErrorKind::Unexpected
        );
    }

    /// The texts are those of PgBouncer 1.24.
    #[test]
    fn statement_may_have_been_applied_if_a_pooler_loses_the_server() {
        let verdict = |message| by_kind(DatabaseErrorKind::Unknown, message);

        let lost = verdict("server conn crashed?");
        assert_eq!(lost, (ErrorKind::Unavailable, Effect::Unknown));
        let late = verdict("query_timeout");
        assert_eq!(late, (ErrorKind::TimedOut, Effect::Unknown));
        let queued = verdict("query_wait_timeout");
        assert_eq!(queued, (ErrorKind::Contention, Effect::NotApplied));
    }

    #[test]
    fn no_prefix_hides_a_later_one() {
        for (index, (prefix, _)) in BY_MESSAGE.iter().enumerate() {
            let hidden = BY_MESSAGE[..index]
                .iter()
                .any(|(other, _)| prefix.starts_with(other));
            assert!(!hidden, "{prefix:?} is never reached");
        }
    }
}
