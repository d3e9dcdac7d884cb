//! The one table that turns the driver's errors into kind and effect.
//!
//! diesel-async keeps the SQLSTATE of a few errors only; the rest are told by the server's message.
//! The messages must be the untranslated ones: a superuser's sessions set `lc_messages` themselves, for
//! other roles the server, the database or the role has to (an English locale will do as well).
//! In another language these errors are `Unexpected`; nothing else changes.
//! `classify/on_a_real_server.rs` provokes what can be provoked.

use diesel::result::{DatabaseErrorKind, Error};
use tasktrail_domain::repository::{Effect, ErrorKind};

const LOCK_TIMEOUT: &str = "canceling statement due to lock timeout";

/// What the server says, and what it means. The first row whose text begins the message counts.
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
    // The table of locks is full of those of others; the server answers everybody else.
    ("out of shared memory", ErrorKind::Contention),
    ("could not extend file", ErrorKind::Unavailable),
    ("could not write to", ErrorKind::Unavailable),
    ("could not fsync file", ErrorKind::Unavailable),
    ("permission denied", ErrorKind::Refused),
    ("cannot execute", ErrorKind::Unavailable),
];

/// Kind and effect of a failed statement.
///
/// What the server itself reports was rolled back; only when the connection is gone, or the server
/// could not write, can nobody tell what became of the statement.
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

/// Whether a statement waited for a lock for longer than `lock_timeout`.
pub(super) fn is_lock_timeout(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, information)
        if information.message().starts_with(LOCK_TIMEOUT))
}

/// Whether a table or a column does not exist.
pub(super) fn misses_the_schema(error: &Error) -> bool {
    let Error::DatabaseError(DatabaseErrorKind::Unknown, information) = error else {
        return false;
    };
    let message = information.message();
    let kinds = ["relation ", "column "];
    kinds.iter().any(|kind| message.starts_with(kind)) && message.ends_with("does not exist")
}

fn by_kind(kind: DatabaseErrorKind, message: &str) -> (ErrorKind, Effect) {
    match kind {
        DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
            (ErrorKind::Unavailable, Effect::Unknown)
        }
        DatabaseErrorKind::SerializationFailure => (ErrorKind::Contention, Effect::NotApplied),
        // A standby, or a primary that has just become one.
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

/// A server that cannot write its log stops, and may find the commit in it when it starts again.
fn effect(message: &str) -> Effect {
    if message.starts_with("could not write to") || message.starts_with("could not fsync file") {
        Effect::Unknown
    } else {
        Effect::NotApplied
    }
}

fn by_message(message: &str) -> ErrorKind {
    BY_MESSAGE
        .iter()
        .find(|(beginning, _)| message.starts_with(beginning))
        .map_or(ErrorKind::Unexpected, |(_, kind)| *kind)
}

#[cfg(test)]
mod on_a_real_server;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_by_how_it_begins() {
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

    #[test]
    fn no_row_hides_a_later_one() {
        for (index, (beginning, _)) in BY_MESSAGE.iter().enumerate() {
            let hidden = BY_MESSAGE[..index]
                .iter()
                .any(|(other, _)| beginning.starts_with(other));
            assert!(!hidden, "{beginning:?} is never reached");
        }
    }
}
