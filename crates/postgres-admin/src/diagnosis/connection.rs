//! The connection and the server behind it.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use serde::Serialize;
use tasktrail_postgres_client::config::Pooler;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::tls::TlsMode;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;

/// The connection of the diagnosis, and its server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectionFacts {
    /// The version of the server, such as `15.14`.
    pub version: String,
    /// The role of the diagnosis.
    pub role: String,
    /// The database.
    pub database: String,
    /// The schema of the store, or the one in which a migration would create it; `None` if the
    /// search path has none.
    pub schema: Option<String>,
    /// Whether the connection passes a pooler in transaction mode, according to the configuration.
    /// Encryption and addresses are then those of the pooler's connection to the server.
    pub through_pooler: bool,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// The version of TLS, such as `TLSv1.3`; `None` if the connection is not encrypted.
    pub protocol: Option<String>,
    /// Whether the connection leaves the machine, judged by its addresses.
    pub remote: bool,
    /// Open connections of the server, in all databases.
    pub connections: u64,
    /// How many connections the server accepts from roles that are not superusers.
    pub max_connections: u64,
    /// The statement timeout of a service, in milliseconds; 0 if there is none.
    pub statement_timeout_ms: u64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Nullable<Text>)]
    schema: Option<String>,
    #[diesel(sql_type = Bool)]
    encrypted: bool,
    #[diesel(sql_type = Nullable<Text>)]
    protocol: Option<String>,
    #[diesel(sql_type = Bool)]
    remote: bool,
    #[diesel(sql_type = BigInt)]
    connections: i64,
    #[diesel(sql_type = BigInt)]
    max_connections: i64,
}

pub(super) async fn look(
    probe: &mut Probe,
    connector: &Connector,
) -> Result<Option<ConnectionFacts>, DiagnosisError> {
    let query = diesel::sql_query(include_str!("sql/connection.sql"));
    let rows: Option<Vec<Row>> = probe.query("the connection", query).await?;
    let Some(row) = rows.and_then(|rows| rows.into_iter().next()) else {
        return Ok(None);
    };
    let facts = ConnectionFacts {
        version: row.version,
        role: row.role,
        database: row.database,
        schema: row.schema,
        through_pooler: connector.config().pooler() == Pooler::Transaction,
        encrypted: row.encrypted,
        protocol: row.protocol,
        remote: row.remote,
        connections: unsigned(row.connections),
        max_connections: unsigned(row.max_connections),
        statement_timeout_ms: unsigned(probe.statement_timeout),
    };
    probe.found(judge(&facts, connector.config().tls_mode()));
    Ok(Some(facts))
}

/// Share of the server's connections in use from which they are near the limit, in percent.
const SCARCE: u64 = 80;
const VERY_SCARCE: u64 = 95;

fn judge(facts: &ConnectionFacts, mode: TlsMode) -> Vec<Finding> {
    let mut findings = Vec::new();
    if facts.remote && facts.through_pooler && !facts.encrypted {
        findings.push(FindingCode::Unencrypted.finding(
            Severity::Warning,
            "the pooler's connection to the server is not encrypted, so the network can read the data",
            "pg_stat_ssl of the server",
            "turn ssl on at the server, and set the pooler to verify it (server_tls_sslmode in PgBouncer)",
        ));
    } else if facts.through_pooler {
        // The server sees only the pooler, so nothing is known about the client's own connection.
    } else if facts.remote && !facts.encrypted {
        findings.push(FindingCode::Unencrypted.finding(
            Severity::Warning,
            "the connection is not encrypted, so the network can read the data",
            format!("sslmode={mode}"),
            "turn ssl on at the server, and set sslmode=verify-full in the client",
        ));
    } else if facts.remote && matches!(mode, TlsMode::Disable | TlsMode::Prefer | TlsMode::Require)
    {
        findings.push(FindingCode::UnverifiedServer.finding(
            Severity::Notice,
            "the client does not verify the server, so another machine could impersonate it",
            format!(
                "the connection is encrypted with sslmode={mode}, which accepts any certificate"
            ),
            "set sslmode=verify-full, and sslrootcert for a private certificate authority",
        ));
    }
    let (used, most) = (facts.connections, facts.max_connections);
    let percent = used.saturating_mul(100) / most.max(1);
    if percent >= SCARCE {
        let severity = if percent >= VERY_SCARCE {
            Severity::Critical
        } else {
            Severity::Warning
        };
        findings.push(FindingCode::ConnectionsNearLimit.finding(
            severity,
            "the server has few connections left",
            format!("{used} of {most} are in use, {percent} %"),
            "use smaller pools in the services, put a pooler in front of the server, or raise max_connections",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> ConnectionFacts {
        ConnectionFacts {
            version: "17.2".to_owned(),
            role: "app".to_owned(),
            database: "tasks".to_owned(),
            schema: None,
            through_pooler: false,
            encrypted: true,
            protocol: None,
            remote: true,
            connections: 10,
            max_connections: 100,
            statement_timeout_ms: 30_000,
        }
    }

    fn codes(facts: &ConnectionFacts, mode: TlsMode) -> Vec<(FindingCode, Severity)> {
        let findings = judge(facts, mode).into_iter();
        findings.map(|found| (found.code, found.severity)).collect()
    }

    #[test]
    fn remote_connection_should_be_encrypted_and_verified() {
        let plain = ConnectionFacts {
            encrypted: false,
            ..facts()
        };
        let local = ConnectionFacts {
            remote: false,
            ..plain.clone()
        };

        assert_eq!(
            codes(&plain, TlsMode::Prefer),
            [(FindingCode::Unencrypted, Severity::Warning)]
        );
        assert_eq!(codes(&local, TlsMode::Prefer), []);
        assert_eq!(
            codes(&facts(), TlsMode::Require),
            [(FindingCode::UnverifiedServer, Severity::Notice)]
        );
        assert_eq!(codes(&facts(), TlsMode::VerifyFull), []);
    }

    #[test]
    fn behind_a_pooler_only_its_connection_to_the_server_is_checked() {
        let mut behind = ConnectionFacts {
            through_pooler: true,
            ..facts()
        };
        assert_eq!(codes(&behind, TlsMode::Prefer), []);

        behind.encrypted = false;
        let findings = judge(&behind, TlsMode::VerifyFull);
        assert_eq!(findings[0].code, FindingCode::Unencrypted);
        assert!(findings[0].advice.contains("pooler"), "{findings:?}");
    }

    #[test]
    fn severity_grows_with_the_share_of_used_connections() {
        let used = |connections| ConnectionFacts {
            connections,
            ..facts()
        };
        let scarce = |severity| vec![(FindingCode::ConnectionsNearLimit, severity)];

        assert_eq!(codes(&used(79), TlsMode::VerifyFull), []);
        assert_eq!(
            codes(&used(80), TlsMode::VerifyFull),
            scarce(Severity::Warning)
        );
        assert_eq!(
            codes(&used(95), TlsMode::VerifyFull),
            scarce(Severity::Critical)
        );
    }
}
