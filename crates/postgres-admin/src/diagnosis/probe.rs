//! Questions to the server, each with its own fate.

use diesel::QueryableByName;
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Untyped;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_postgres_client::connection::{Connector, PLANNING_FOR_MANY_ROWS};

use super::finding::{Finding, FindingCode, Severity};
use super::{DiagnosisError, QUESTION_LIMIT};

/// A connection to ask on, and what was found so far.
pub(super) struct Probe {
    connection: AsyncPgConnection,
    /// What a statement of a service may take on a session like those of the pool, in milliseconds;
    /// 0 if there is no limit.
    pub(super) statement_timeout: i64,
    findings: Vec<Finding>,
}

#[derive(QueryableByName)]
struct Limit {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    milliseconds: i64,
}

impl Probe {
    /// The session is set up as those of the pool are, so that their settings can be read from it;
    /// then a limit of its own holds for each question, and the planner is free.
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
        // Some questions are about all rows of a table.
        let limits = format!(
            "{PLANNING_FOR_MANY_ROWS}; SET statement_timeout = {0}; SET lock_timeout = {0}",
            QUESTION_LIMIT.as_millis()
        );
        connection
            .batch_execute(&limits)
            .await
            .map_err(|error| DiagnosisError::Query(error.into()))?;
        Ok(Self {
            connection,
            statement_timeout: effective.milliseconds,
            findings: Vec::new(),
        })
    }

    /// The rows of the answer; `None` if there was none, which is then among the findings.
    pub(super) async fn query<R, Q>(
        &mut self,
        about: &str,
        question: Q,
    ) -> Result<Option<Vec<R>>, DiagnosisError>
    where
        R: FromSqlRow<Untyped, Pg> + Send + 'static,
        Q: diesel::query_builder::Query<SqlType = Untyped> + QueryFragment<Pg> + QueryId + Send,
    {
        match question.load(&mut self.connection).await {
            Ok(rows) => Ok(Some(rows)),
            Err(Error::DatabaseError(kind, words))
                if kind != DatabaseErrorKind::ClosedConnection =>
            {
                self.findings.push(refused(about, words.message()));
                Ok(None)
            }
            Err(error) => Err(DiagnosisError::Query(error.into())),
        }
    }

    /// Keeps what was found.
    pub(super) fn found(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// What a refusal or a failure of the server means.
fn refused(about: &str, words: &str) -> Finding {
    if words.starts_with("permission denied") {
        return missing_privilege(
            about,
            words,
            "grant what is named to the role that diagnoses, or diagnose as the owner of the tables",
        );
    }
    FindingCode::CheckFailed.finding(
        Severity::Notice,
        format!("the server did not tell {about}"),
        words,
        "look into it by hand; a server under load may need more time than a question has here",
    )
}

/// That the role does not see all of it.
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
    fn a_refusal_is_a_notice_that_names_what_was_refused() {
        let denied = refused("the sizes", "permission denied for table task_history");
        let failed = refused("the sizes", "canceling statement due to statement timeout");

        assert_eq!(denied.code, FindingCode::MissingPrivilege);
        assert_eq!(denied.summary, "this role may not see the sizes");
        assert_eq!(failed.code, FindingCode::CheckFailed);
        assert_eq!(failed.severity, Severity::Notice);
    }
}
