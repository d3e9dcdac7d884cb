//! Looking into the database, and caring for its tables. Histories in memory have neither.

use tasktrail_postgres::{ExplainRequest, Explanation};
use tasktrail_postgres_admin::diagnosis::{
    Diagnosis, DiagnosisOptions, Finding, FindingCode, IndexFacts, Severity,
};
use tasktrail_postgres_admin::{Administrable, AnalyzedTable, ReindexPlan, Reindexing};
use tasktrail_resilience::CircuitBreaker;

use super::{DatabaseManager, Result};
use crate::DatabaseError;
use crate::health::evaluate;

impl DatabaseManager {
    /// What the database is like, and what somebody should do about it, the worst first; `None` for
    /// histories in memory. `docs/DIAGNOSIS.md` tells of each finding.
    ///
    /// Only looks, on connections of its own, 5 seconds for a question at most. A role that may do no
    /// more than the ports need is enough; what it may not see is told among the findings.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Diagnosis`](DatabaseError::Diagnosis) if the server cannot be asked at all.
    pub async fn diagnose(&self, options: &DiagnosisOptions) -> Result<Option<Diagnosis>> {
        let asked = self
            .asked(async |database| database.admin().diagnose(options).await)
            .await?;
        let mut diagnosis = asked.transpose().map_err(DatabaseError::Diagnosis)?;
        let connection = self.0.state.connection()?;
        let policy = connection.database().map(|database| &database.policy);
        let breaker = policy.and_then(|policy| policy.breaker().map(CircuitBreaker::state));
        let refusing = breaker.and_then(evaluate::breaker);
        if let (Some(diagnosis), Some((_, evidence))) = (&mut diagnosis, refusing) {
            diagnosis.add(Finding {
                severity: Severity::Warning,
                code: FindingCode::BreakerOpen,
                summary: "calls are refused: too many have failed".to_owned(),
                evidence,
                advice: "look at the log for what failed; the breaker closes when a probe succeeds"
                    .to_owned(),
            });
        }
        Ok(diagnosis)
    }

    /// The plans of the statements that an operation of the port runs, on the live data; `None` for
    /// histories in memory. Statements that write are never executed.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Repository`](DatabaseError::Repository).
    pub async fn explain(&self, request: &ExplainRequest) -> Result<Option<Explanation>> {
        let asked = self
            .asked(async |database| database.task_history().explain(request).await)
            .await?;
        Ok(asked.transpose()?)
    }

    /// Collects what the planner knows of the tables anew, and removes dead rows as well if `vacuum`, and
    /// tells what that changed. The service goes on meanwhile. Nothing is to be done in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Care`](DatabaseError::Care), also if the role is not the owner of the tables.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server at work on the table at hand.
    pub async fn analyze(&self, vacuum: bool) -> Result<Vec<AnalyzedTable>> {
        let asked = self
            .asked(async |database| database.admin().analyze(vacuum).await)
            .await?;
        let analyzed = asked.transpose().map_err(DatabaseError::Care)?;
        Ok(analyzed.unwrap_or_default())
    }

    /// What a [`reindex`](Self::reindex) of all indexes, or those called `only`, would work on. Any role may
    /// ask. Nothing in memory.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Care`](DatabaseError::Care), also if there is no index of such a name.
    pub async fn plan_reindex(&self, only: &[String]) -> Result<ReindexPlan> {
        let asked = self
            .asked(async |database| database.admin().plan_reindex(only).await)
            .await?;
        let plan = asked.transpose().map_err(DatabaseError::Care)?;
        Ok(plan.unwrap_or_default())
    }

    /// Builds indexes anew, one after the other, while the service goes on, and removes what an
    /// interrupted run has left behind. All of them, or those called `only`.
    ///
    /// `told` hears of each index before it is worked on. When `stop` is ready no other begins, the
    /// statement at hand is cancelled on the server, and what was done so far is the answer.
    ///
    /// # Errors
    ///
    /// As for [`analyze`](Self::analyze). The indexes that were done stay done.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server at work on the index at hand.
    pub async fn reindex(
        &self,
        only: &[String],
        told: impl FnMut(&IndexFacts) + Send,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Reindexing> {
        let asked = self
            .asked(async |database| database.admin().reindex(only, told, stop).await)
            .await?;
        let reindexing = asked.transpose().map_err(DatabaseError::Care)?;
        Ok(reindexing.unwrap_or_default())
    }
}
