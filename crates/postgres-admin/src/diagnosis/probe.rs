//! Queries of the diagnosis, which may fail one by one.

use diesel::QueryableByName;
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Untyped;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_postgres_client::connection::{Connector, PLANNING_FOR_MANY_ROWS};

use super::finding::{Finding, FindingCode, Severity};
use super::{DiagnosisError, QUERY_TIMEOUT};

/// The connection of the diagnosis, and the findings so far.
pub(super) struct Probe {
    connection: AsyncPgConnection,
    /// The statement timeout of a session like those of the pool, in milliseconds; 0 if there is
    /// none.
    pub(super) statement_timeout: i64,
    findings: Vec<Finding>,
}

#[derive(QueryableByName)]
struct Limit {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    milliseconds: i64,
}

impl Probe {
    /// Opens a session with the settings of the pool, so that they can be read from it.
    pub(super) async fn open(connector: &Connector) -> Result<Self, DiagnosisError> {
        let limit = connector.config().statement_timeout();
        let opened = connector.open_alone(limit).await;
        let mut connection = opened.map_err(DiagnosisError::Connect)?;
        let effective: Limit = diesel::sql_query(
            "SELECT setting::bigint AS milliseconds FROM pg_settings WHERE name = 'statement_timeout'",
        )
        .get_result(&mut connection)
        .await
        .map_err(|error| DiagnosisError::Query(error.into()))?;
        Ok(Self {
            connection,
            statement_timeout: effective.milliseconds,
            findings: Vec::new(),
        })
    }

    /// Returns the rows; `None` if the query failed, which becomes a finding.
    ///
    /// Each query has the timeouts of the diagnosis, and the usual planner settings, because some
    /// read all rows of a table. These are set in its transaction: behind a pooler, the session is
    /// also used by others.
    pub(super) async fn query<R, Q>(
        &mut self,
        about: &str,
        query: Q,
    ) -> Result<Option<Vec<R>>, DiagnosisError>
    where
        R: FromSqlRow<Untyped, Pg> + Send + 'static,
        Q: diesel::query_builder::Query<SqlType = Untyped> + QueryFragment<Pg> + QueryId + Send,
    {
        let limits = format!(
            "{PLANNING_FOR_MANY_ROWS}; SET LOCAL statement_timeout = {0}; SET LOCAL lock_timeout = {0}",
            QUERY_TIMEOUT.as_millis()
        );
        let rows = self.connection.transaction(async |connection| {
            connection.batch_execute(&limits).await?;
            query.load(connection).await
        });
        match rows.await {
            Ok(rows) => Ok(Some(rows)),
            Err(Error::DatabaseError(kind, information))
                if kind != DatabaseErrorKind::ClosedConnection =>
            {
                self.findings.push(refused(about, information.message()));
                Ok(None)
            }
            Err(error) => Err(DiagnosisError::Query(error.into())),
        }
    }

    /// Adds findings.
    pub(super) fn found(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// Converts an error message of the server to a finding.
fn refused(about: &str, message: &str) -> Finding {
    if message.starts_with("permission denied") {
        return missing_privilege(
            about,
            message,
            "grant the privilege to the role of the diagnosis, or run the diagnosis as the owner of the tables",
        );
    }
    FindingCode::CheckFailed.finding(
        Severity::Notice,
        format!("the query for {about} failed"),
        message,
        "check by hand; on a loaded server the query may need more than the 5 seconds that it has here",
    )
}

/// The finding for facts that the role may not see.
pub(super) fn missing_privilege(about: &str, evidence: &str, advice: &str) -> Finding {
    FindingCode::MissingPrivilege.finding(
        Severity::Notice,
        format!("this role may not see {about}"),
        evidence,
        advice,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_query_becomes_a_notice_with_its_subject() {
        let denied = refused("the sizes", "permission denied for table task_history");
        let failed = refused("the sizes", "canceling statement due to statement timeout");

        assert_eq!(denied.code, FindingCode::MissingPrivilege);
        assert_eq!(denied.summary, "this role may not see the sizes");
        assert_eq!(failed.code, FindingCode::CheckFailed);
        assert_eq!(failed.severity, Severity::Notice);
    }
}
