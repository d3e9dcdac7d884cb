//! Evaluates the health check and the schema.

use std::time::Duration;

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::MigrateError;
use tasktrail_postgres::health::{HealthError, ServerHealth, ServerRole};
use tasktrail_postgres::schema_check::SchemaDifference;

use super::finding::{Finding, FindingCode, Severity};
use super::tables::TableFacts;

/// Round trip from which the server counts as far away.
const FAR: Duration = Duration::from_millis(20);

pub(super) fn judge_server(server: &Result<ServerHealth, HealthError>) -> Vec<Finding> {
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

/// Converts the error for a database or schema that cannot hold the store.
fn refusal(error: &MigrateError) -> Option<Finding> {
    let (code, summary, advice) = match error {
        MigrateError::Encoding { .. } => (
            FindingCode::Encoding,
            "the database has an encoding that cannot store every character",
            "create a database with ENCODING 'UTF8' TEMPLATE template0, and keep the store there",
        ),
        MigrateError::Foreign { .. } => (
            FindingCode::ForeignTable,
            "a table in the schema of the store does not belong to Tasktrail",
            "set `schema` to another schema",
        ),
        MigrateError::OtherStore { .. } => (
            FindingCode::OtherStore,
            "no schema is configured, and a store exists in a schema other than the default",
            "set `schema` to the schema of the store",
        ),
        _ => return None,
    };
    Some(code.finding(Severity::Critical, summary, error.to_string(), advice))
}

pub(super) fn judge_differences(
    differences: &Result<Vec<SchemaDifference>, MigrateError>,
    tables: &[TableFacts],
) -> Vec<Finding> {
    if let Some(refusal) = differences.as_ref().err().and_then(refusal) {
        return vec![refusal];
    }
    match differences {
        Ok(differences) => {
            let differences = differences.iter().filter(|found| !is_invalid_index(found));
            differences
                .map(|found| judge_difference(found, tables))
                .collect()
        }
        Err(error) => vec![FindingCode::CheckFailed.finding(
            Severity::Notice,
            "the tables could not be compared with those that the migrations create",
            ErrorChain(error).to_string(),
            "run tasktrail migrate check",
        )],
    }
}

/// Reported with the indexes instead.
fn is_invalid_index(difference: &SchemaDifference) -> bool {
    let found = difference.found.as_deref();
    difference.object.starts_with("index ")
        && found.is_some_and(|found| found.ends_with(" INVALID"))
}

fn judge_difference(difference: &SchemaDifference, tables: &[TableFacts]) -> Finding {
    let object = &difference.object;
    if let (Some(index), Some(definition), None) = (
        object.strip_prefix("index "),
        &difference.expected,
        &difference.found,
    ) {
        return FindingCode::MissingIndex.finding(
            Severity::Warning,
            format!(
                "the {object} is missing: some reads are slow, and get slower as the store grows"
            ),
            format!("expected {definition}"),
            creation(index, definition, tables),
        );
    }
    // Saves fail without these tables, columns and keys. An additional one is usually harmless.
    let vital = ["table ", "column "]
        .iter()
        .any(|kind| object.starts_with(kind))
        || object.ends_with("_pkey");
    let severity = match (&difference.expected, vital) {
        (Some(_), true) => Severity::Critical,
        (None, _) => Severity::Notice,
        (Some(_), false) if object.starts_with("comment ") => Severity::Notice,
        (Some(_), false) => Severity::Warning,
    };
    FindingCode::SchemaDrift.finding(
        severity,
        format!("the {object} differs from the one that the migrations create"),
        difference.to_string(),
        "find out who changed it, and undo the change; tasktrail migrate check lists all differences",
    )
}

/// The statement that creates the index `table.index`, without blocking saves if possible.
fn creation(index: &str, definition: &str, tables: &[TableFacts]) -> String {
    let (table, name) = index.split_once('.').unwrap_or_default();
    let facts = tables.iter().find(|facts| facts.name == table);
    let qualified = facts.map_or(table, |facts| &facts.qualified);
    if facts.is_some_and(|facts| facts.partitions > 0) {
        // CREATE INDEX CONCURRENTLY does not support partitioned tables, but a partitioned index
        // uses matching indexes of the partitions.
        format!(
            "first create the index on each partition (CREATE INDEX CONCURRENTLY with the same definition), \
             or saves wait for the build; then: CREATE INDEX {name} ON {qualified} USING {definition}"
        )
    } else {
        format!("CREATE INDEX CONCURRENTLY {name} ON {qualified} USING {definition}")
    }
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
        let findings = judge_server(&Ok(server)).into_iter();
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
        let denied = judge_server(&Err(denied));
        assert_eq!(
            denied.first().unwrap().code,
            FindingCode::InsufficientPrivilege
        );
        let silent = judge_server(&Err(HealthError::Unresponsive(FAR)));
        assert_eq!(silent.first().unwrap().code, FindingCode::Unresponsive);
    }

    #[test]
    fn severity_of_a_difference_depends_on_what_it_breaks() {
        let judged = |object: &str, expected: Option<&str>, found: Option<&str>| {
            let judged = judge_difference(
                &SchemaDifference {
                    object: object.to_owned(),
                    expected: expected.map(str::to_owned),
                    found: found.map(str::to_owned),
                },
                &[],
            );
            (judged.code, judged.severity)
        };
        let (is, was) = (Some("one"), Some("other"));

        assert_eq!(
            judged("index task_summary.task_summary_list_idx", is, None),
            (FindingCode::MissingIndex, Severity::Warning)
        );
        let differs = |severity| (FindingCode::SchemaDrift, severity);
        assert_eq!(judged("column a.b", is, was), differs(Severity::Critical));
        assert_eq!(
            judged("constraint a.a_pkey", is, None),
            differs(Severity::Critical)
        );
        assert_eq!(
            judged("constraint a.b", is, None),
            differs(Severity::Warning)
        );
        assert_eq!(judged("comment a", is, was), differs(Severity::Notice));
        assert_eq!(judged("column a.c", None, was), differs(Severity::Notice));
    }
}
