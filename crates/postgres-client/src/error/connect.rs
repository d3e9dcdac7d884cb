//! Why a connection could not be opened, and whether a later attempt may succeed.

use std::error::Error;
use std::io;
use std::time::Duration;

use diesel::ConnectionError;
use tasktrail_domain::repository::{ErrorChain, ErrorKind};
use tokio_postgres::error::SqlState;

use super::{OpenError, classify};

/// The database could not be reached when it was opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {address}")]
pub struct ConnectError {
    address: String,
    source: Box<dyn Error + Send + Sync>,
}

impl ConnectError {
    /// Creates the error for a database at `address`, which must not contain a password.
    #[must_use]
    pub fn new(address: String, source: Box<dyn Error + Send + Sync>) -> Self {
        Self { address, source }
    }

    /// Returns whether the same attempt may succeed later: no host could be reached, or the hosts
    /// that could be are starting up, shutting down, read-only or out of connections.
    ///
    /// False for what an operator must change: settings, passwords, roles, databases and
    /// certificates. If one of several hosts refuses for such a reason, this is false as well.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        is_transient(&*self.source)
    }
}

/// Why no host gave a connection.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ConnectFailure {
    message: String,
    is_transient: bool,
}

impl ConnectFailure {
    /// A failure that only a change of the configuration ends.
    pub(crate) fn lasting(message: String) -> Self {
        Self {
            message,
            is_transient: false,
        }
    }

    pub(crate) fn timed_out(limit: Duration) -> Self {
        Self {
            message: format!("no answer within {limit:?}"),
            is_transient: true,
        }
    }

    /// The failure of a handshake. Its message is that of the server, if there is one: the driver's
    /// own text is only "db error".
    pub(crate) fn of_driver(error: &tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(server) => Self {
                message: server.to_string(),
                is_transient: is_temporary_state(server.code())
                    || is_pooler_without_server(server.message()),
            },
            None => Self {
                message: ErrorChain(error).to_string(),
                is_transient: error.is_closed() || is_of_network(error),
            },
        }
    }

    /// The failure of the driver's own statements at the start of a session.
    pub(crate) fn of_setup(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::CouldntSetupConfiguration(error) => Self::of_session(error),
            other => Self {
                message: other.to_string(),
                is_transient: false,
            },
        }
    }

    /// The failure of a statement that configures the session.
    pub(crate) fn of_session(error: &diesel::result::Error) -> Self {
        Self {
            message: error.to_string(),
            is_transient: is_outage(error),
        }
    }

    /// The failure of all hosts, each with its name. It is transient if those of all hosts are: a
    /// host that refuses a password has to be reported, whatever the state of the others.
    pub(crate) fn of_hosts(failures: &[(String, Self)]) -> Self {
        let message = match failures {
            [(_host, only)] => only.message.clone(),
            several => {
                let each = several.iter();
                let each = each.map(|(host, failure)| format!("{host}: {}", failure.message));
                each.collect::<Vec<_>>().join("; ")
            }
        };
        Self {
            message,
            is_transient: failures.iter().all(|(_, failure)| failure.is_transient),
        }
    }
}

/// Whether the database was out of reach, and may be reached later without a change to the
/// configuration. Other errors than those of connections and statements are not transient.
#[must_use]
pub fn is_transient(error: &(dyn Error + 'static)) -> bool {
    let failure = match error.downcast_ref() {
        Some(OpenError::Refused(failure)) => Some(failure),
        Some(OpenError::Stale) => return true,
        None => error.downcast_ref::<ConnectFailure>(),
    };
    failure.is_some_and(|failure| failure.is_transient)
        || error.downcast_ref().is_some_and(is_outage)
}

fn is_outage(error: &diesel::result::Error) -> bool {
    classify::classify(error).0 == ErrorKind::Unavailable
}

/// Whether the server refuses connections for a reason that passes.
fn is_temporary_state(code: &SqlState) -> bool {
    [
        // Starting up, recovering or shutting down.
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::INSUFFICIENT_RESOURCES,
        SqlState::DISK_FULL,
        SqlState::OUT_OF_MEMORY,
        // Reported by poolers that cannot reach the server. They also report a missing database as
        // a protocol violation (08P01), so that code is not in this list.
        SqlState::CONNECTION_EXCEPTION,
        SqlState::CONNECTION_DOES_NOT_EXIST,
        SqlState::CONNECTION_FAILURE,
        SqlState::SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
    ]
    .contains(code)
}

/// Whether PgBouncer reports that it cannot reach the server. Its code is that of a protocol violation.
fn is_pooler_without_server(message: &str) -> bool {
    let reports = [
        "pgbouncer cannot connect to server",
        "server login has been failing",
    ];
    reports.iter().any(|report| message.starts_with(report))
}

/// Whether the network failed, or no host of this name exists yet. The driver also reports errors
/// of TLS and of authentication as I/O errors, but of other kinds.
fn is_of_network(error: &tokio_postgres::Error) -> bool {
    let Some(source) = error.source().and_then(|source| source.downcast_ref()) else {
        return false;
    };
    let source: &io::Error = source;
    match source.kind() {
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::Unsupported
        | io::ErrorKind::Other => false,
        // By the driver: the server is read-only. By the system: the socket may not be used.
        io::ErrorKind::PermissionDenied => source.raw_os_error().is_none(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(message: &str, is_transient: bool) -> (String, ConnectFailure) {
        let failure = ConnectFailure {
            message: message.to_owned(),
            is_transient,
        };
        ("db".to_owned(), failure)
    }

    #[test]
    fn states_of_a_server_that_pass_are_transient() {
        for code in ["57P03", "57P01", "53300", "08006"] {
            assert!(is_temporary_state(&SqlState::from_code(code)), "{code}");
        }
        // A wrong password, a missing role, database or privilege, and what PgBouncer reports for a
        // missing database.
        for code in ["28P01", "28000", "3D000", "42501", "08P01"] {
            assert!(!is_temporary_state(&SqlState::from_code(code)), "{code}");
        }
    }

    /// The texts are those of PgBouncer 1.24.
    #[test]
    fn pooler_whose_server_is_down_is_transient() {
        assert!(is_pooler_without_server(
            "server login has been failing, try again later (server_login_retry)"
        ));
        assert!(!is_pooler_without_server("no such database: tasks"));
    }

    #[test]
    fn one_lasting_failure_of_several_hosts_is_decisive() {
        let (down, wrong) = (failure("refused", true), failure("wrong password", false));

        let both = ConnectFailure::of_hosts(&[down.clone(), wrong]);
        let all_down = ConnectFailure::of_hosts(&[down.clone(), down]);

        assert_eq!(both.to_string(), "db: refused; db: wrong password");
        assert!(!is_transient(&both));
        assert!(is_transient(&OpenError::Refused(all_down)));
    }

    #[test]
    fn other_errors_are_not_transient() {
        let error = ConnectError::new("db/tasks".to_owned(), "no certificates".into());

        assert!(!error.is_transient());
    }
}
