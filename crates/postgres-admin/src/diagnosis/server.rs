//! Evaluates the health check.

use std::time::Duration;

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::health::{HealthError, ServerHealth, ServerRole};

use super::finding::{Finding, FindingCode, Severity};

/// Round trip from which the server counts as far away.
const FAR: Duration = Duration::from_millis(20);

pub(super) fn judge(server: &Result<ServerHealth, HealthError>) -> Vec<Finding> {
    match server {
        Ok(server) => writes(server)
            .into_iter()
            .chain(migrations(server))
            .chain(distance(server))
            .collect(),
        Err(error @ HealthError::InsufficientPrivilege(_)) => {
            vec![FindingCode::InsufficientPrivilege.finding(
                Severity::Critical,
                "this role may not read the schema of the store",
                ErrorChain(error).to_string(),
                "run the SQL that `tasktrail migrate roles` prints",
            )]
        }
        Err(error) => vec![FindingCode::Unresponsive.finding(
            Severity::Critical,
            "the health check failed",
            ErrorChain(error).to_string(),
            "check the load and the log of the server",
        )],
    }
}

fn writes(server: &ServerHealth) -> Option<Finding> {
    if server.role == ServerRole::Standby {
        return Some(FindingCode::NotPrimary.finding(
            Severity::Critical,
            "the server is a standby and does not accept writes",
            "pg_is_in_recovery() is true",
            "connect to the primary, or list all hosts: the one that accepts writes is found",
        ));
    }
    if !server.writable {
        return Some(FindingCode::ReadOnly.finding(
            Severity::Critical,
            "new transactions are read-only",
            "transaction_read_only = on",
            "set default_transaction_read_only = off for the server, the database or the role",
        ));
    }
    (!server.permitted).then(|| {
        FindingCode::InsufficientPrivilege.finding(
            Severity::Critical,
            "this role may not read and write the tables of the history",
            "the privilege SELECT, INSERT, UPDATE or DELETE is missing",
            "run the SQL that `tasktrail migrate roles` prints",
        )
    })
}

fn migrations(server: &ServerHealth) -> Option<Finding> {
    let schema = &server.schema;
    // Reported as a separate finding, for which migrating is no remedy.
    if server.refusal.is_some() {
        return None;
    }
    if schema.applied.is_empty() {
        return Some(FindingCode::SchemaMissing.finding(
            Severity::Critical,
            "the tables of the history do not exist",
            format!(
                "no migration has been applied in the schema {}",
                server.schema_name
            ),
            "run tasktrail migrate, or set `schema` to the schema of the store",
        ));
    }
    if !schema.pending.is_empty() {
        return Some(FindingCode::SchemaOld.finding(
            Severity::Critical,
            "the schema is older than this program",
            format!("pending: {}", schema.pending.join(", ")),
            "run tasktrail migrate",
        ));
    }
    (!schema.unknown.is_empty()).then(|| {
        FindingCode::SchemaNewer.finding(
            Severity::Warning,
            "the schema is newer than this program",
            format!("unknown migrations: {}", schema.unknown.join(", ")),
            "use the version of the program that migrated it",
        )
    })
}

fn distance(server: &ServerHealth) -> Option<Finding> {
    (server.round_trip >= FAR).then(|| {
        FindingCode::SlowRoundTrip.finding(
            Severity::Notice,
            "the server is far away: every save takes at least one round trip",
            format!("{:?} for a round trip", server.round_trip),
            "run the service near the database; if it is near, check the network",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tasktrail_postgres::SchemaState;

    fn server(change: impl FnOnce(&mut ServerHealth)) -> ServerHealth {
        let mut server = ServerHealth::default();
        (server.writable, server.permitted) = (true, true);
        server.schema.applied = vec!["1".to_owned()];
        change(&mut server);
        server
    }

    fn codes(server: ServerHealth) -> Vec<FindingCode> {
        let findings = judge(&Ok(server)).into_iter();
        findings.map(|found| found.code).collect()
    }

    #[test]
    fn each_obstacle_for_a_service_is_reported() {
        assert_eq!(codes(server(|_| {})), []);
        let standby =
            server(|server| (server.role, server.writable) = (ServerRole::Standby, false));
        assert_eq!(codes(standby), [FindingCode::NotPrimary]);
        let bare = server(|server| {
            server.permitted = false;
            server.schema = SchemaState::default();
        });
        assert_eq!(
            codes(bare),
            [
                FindingCode::InsufficientPrivilege,
                FindingCode::SchemaMissing
            ]
        );
        let refused = server(|server| {
            server.refusal = Some("the database has the encoding LATIN1".to_owned());
            server.schema = SchemaState::default();
        });
        assert_eq!(codes(refused), []);
        let read_only = server(|server| (server.writable, server.round_trip) = (false, FAR));
        assert_eq!(
            codes(read_only),
            [FindingCode::ReadOnly, FindingCode::SlowRoundTrip]
        );
        let denied = HealthError::InsufficientPrivilege("permission denied for table x".into());
        let denied = judge(&Err(denied));
        assert_eq!(
            denied.first().unwrap().code,
            FindingCode::InsufficientPrivilege
        );
        let silent = judge(&Err(HealthError::Unresponsive(FAR)));
        assert_eq!(silent.first().unwrap().code, FindingCode::Unresponsive);
    }
}
