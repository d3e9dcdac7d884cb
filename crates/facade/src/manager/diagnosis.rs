//! Diagnosis and table maintenance of a database; no-ops in memory.

use tasktrail_postgres::{ExplainRequest, Explanation};
use tasktrail_postgres_admin::diagnosis::{
    Diagnosis, DiagnosisOptions, FindingCode, IndexFacts, Severity,
};
use tasktrail_postgres_admin::{Administrable, AnalyzedTable, ReindexPlan, Reindexing};
use tasktrail_resilience::CircuitBreaker;

use super::{DatabaseManager, Result};
use crate::DatabaseError;
use crate::health::evaluate;

impl DatabaseManager {
    /// Checks the database and returns the findings, most severe first; `None` in memory.
    /// `docs/DIAGNOSIS.md` describes every finding.
    ///
    /// Read-only. Each query runs on a separate connection for at most 5 seconds. The privileges of
    /// the runtime role are enough; checks that it is not permitted to run are reported as
    /// findings.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Diagnosis`](DatabaseError::Diagnosis) if the server cannot be queried at all.
    pub async fn diagnose(&self, options: &DiagnosisOptions) -> Result<Option<Diagnosis>> {
        let diagnosis = self
            .query(async |database| database.admin().diagnose(options).await)
            .await?;
        let mut diagnosis = diagnosis.transpose().map_err(DatabaseError::Diagnosis)?;
        let connection = self.0.state.connection()?;
        let policy = connection.database().map(|database| &database.policy);
        let breaker = policy.and_then(|policy| policy.breaker().map(CircuitBreaker::state));
        let not_closed = breaker.and_then(evaluate::breaker);
        if let (Some(diagnosis), Some((_, evidence))) = (&mut diagnosis, not_closed) {
            diagnosis.add(FindingCode::BreakerOpen.finding(
                Severity::Warning,
                "the circuit breaker of this process rejects calls",
                evidence,
                "check the log for the errors; the breaker closes when a probe succeeds",
            ));
        }
        Ok(diagnosis)
    }

    /// Returns the query plans of the statements that an operation of the port runs, on the live
    /// data; `None` in memory. Statements that write are never executed.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Repository`](DatabaseError::Repository).
    pub async fn explain(&self, request: &ExplainRequest) -> Result<Option<Explanation>> {
        let explanation = self
            .query(async |database| database.task_history().explain(request).await)
            .await?;
        Ok(explanation.transpose()?)
    }

    /// Runs `ANALYZE` on the tables, or `VACUUM ANALYZE` if `vacuum` is set, and returns the
    /// statistics before and after. The service keeps running. Does nothing in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`TableMaintenance`](DatabaseError::TableMaintenance), for example if the role does not own the tables.
    ///
    /// # Cancel safety
    ///
    /// After the future is dropped, the server still finishes the current table.
    pub async fn analyze(&self, vacuum: bool) -> Result<Vec<AnalyzedTable>> {
        let analyzed = self
            .query(async |database| database.admin().analyze(vacuum).await)
            .await?;
        let analyzed = analyzed
            .transpose()
            .map_err(DatabaseError::TableMaintenance)?;
        Ok(analyzed.unwrap_or_default())
    }

    /// Returns what a [`reindex`](Self::reindex) of the indexes named in `only`, or of all indexes
    /// if `only` is empty, would do. Any role can call it. Empty in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`TableMaintenance`](DatabaseError::TableMaintenance), for example if an index does not exist.
    pub async fn plan_reindex(&self, only: &[String]) -> Result<ReindexPlan> {
        let plan = self
            .query(async |database| database.admin().plan_reindex(only).await)
            .await?;
        let plan = plan.transpose().map_err(DatabaseError::TableMaintenance)?;
        Ok(plan.unwrap_or_default())
    }

    /// Rebuilds the indexes named in `only`, or all indexes if `only` is empty, one after the
    /// other. Also removes the leftovers of interrupted runs. The service keeps running. Does
    /// nothing in memory.
    ///
    /// `progress` is called with each index before it is rebuilt. When `stop` completes, the
    /// current statement is cancelled on the server, no further index is started, and the indexes
    /// rebuilt so far are returned.
    ///
    /// # Errors
    ///
    /// As for [`analyze`](Self::analyze). Indexes that were rebuilt before the error stay rebuilt.
    ///
    /// # Cancel safety
    ///
    /// After the future is dropped, the server still finishes the current index.
    pub async fn reindex(
        &self,
        only: &[String],
        progress: impl FnMut(&IndexFacts) + Send,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Reindexing> {
        let reindexing = self
            .query(async |database| database.admin().reindex(only, progress, stop).await)
            .await?;
        let reindexing = reindexing
            .transpose()
            .map_err(DatabaseError::TableMaintenance)?;
        Ok(reindexing.unwrap_or_default())
    }
}
