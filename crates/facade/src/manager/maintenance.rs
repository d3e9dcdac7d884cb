//! Scheduled maintenance.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "postgres")]
use tasktrail_postgres_admin::Administrable;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{Instrument, info_span};

use super::{DatabaseManager, Result};
use crate::DatabaseError;
use crate::maintenance::{
    CleanupOptions, CleanupReport, MaintenanceFailure, MaintenanceHandle, MaintenanceRun,
    MaintenanceStep, OrchestrationCleanup, Runs,
};
use crate::maintenance_policy::{MaintenancePolicy, Schedule};
use crate::telemetry;

/// The clock is read again at least this often during a wait: it may have been set, or the machine
/// may have been suspended.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// The minimum interval between runs, so that an interval of zero does not loop without a pause.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

impl DatabaseManager {
    /// Starts scheduled maintenance: a background task that applies retention rules and creates
    /// partitions on the schedule of the policy, until you close the manager or drop the handle.
    /// Every few seconds it also [reaps](MaintenancePolicy::reap_every) the executions of lost
    /// agents.
    ///
    /// Only one process maintains a database at a time; the others skip their run, but reap. The result of
    /// each run is logged, and available from [`MaintenanceHandle::last_run`]. A failed run does
    /// not change the schedule.
    ///
    /// # Errors
    ///
    /// - [`NotConnected`](DatabaseError::NotConnected) or [`Closed`](DatabaseError::Closed).
    /// - [`NoRuntime`](DatabaseError::NoRuntime) outside of a tokio runtime: the task needs one.
    pub fn maintenance(&self, policy: MaintenancePolicy) -> Result<MaintenanceHandle> {
        // Subscribe before the check, so that a close between the two is not missed.
        let mut closed = self.0.closed.subscribe();
        self.0.state.connection()?;
        let runtime = Handle::try_current().map_err(|_none| DatabaseError::NoRuntime)?;
        let (sender, runs) = watch::channel(Runs::default());
        let manager = self.clone();
        let task = runtime.spawn(async move {
            tokio::select! {
                () = manager.maintain(&policy, &sender) => {}
                () = manager.reap_as(&policy) => {}
                // Never an error: the manager keeps the sender.
                _ = closed.changed() => {}
            }
        });
        Ok(MaintenanceHandle::new(task, runs))
    }

    /// Starts scheduled maintenance with the [configured](crate::DatabaseConfig::maintenance)
    /// policy: the settings `retention.…`, with which an operator decides. Returns `None`, and
    /// removes nothing, if no retention is configured, and in memory.
    ///
    /// # Errors
    ///
    /// As for [`maintenance`](Self::maintenance).
    #[cfg(feature = "postgres")]
    pub fn maintenance_as_configured(&self) -> Result<Option<MaintenanceHandle>> {
        let policy = self.0.store.maintenance_policy();
        policy
            .map(|policy| self.maintenance(policy.clone()))
            .transpose()
    }

    /// Runs maintenance once, now, and returns what it did.
    ///
    /// If a step fails, the others still run: the failure is logged and returned in
    /// [`MaintenanceRun::failures`]. If another process is maintaining the database, the run is
    /// [skipped](MaintenanceRun::skipped).
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Storage`](DatabaseError::Storage) if the lock that excludes other processes cannot be
    /// requested.
    ///
    /// # Cancel safety
    ///
    /// As for [`clean_up`](Self::clean_up).
    pub async fn run_maintenance(&self, policy: &MaintenancePolicy) -> Result<MaintenanceRun> {
        let began = Instant::now();
        let Some(_lock) = self.try_lock().await? else {
            return Ok(MaintenanceRun {
                skipped: true,
                ..MaintenanceRun::default()
            });
        };
        let mut run = MaintenanceRun::default();
        self.apply_rules(policy, began, &mut run).await?;
        self.apply_orchestration_rules(policy, began, &mut run)
            .await?;
        match self.create_partitions(policy.months_ahead).await {
            Ok(Ok(made)) => run.made = made,
            Ok(Err(failure)) => run.failure = Some(failure),
            Err(error) => record_failure(&mut run, MaintenanceStep::Months, error)?,
        }
        Ok(run)
    }

    async fn apply_rules(
        &self,
        policy: &MaintenancePolicy,
        began: Instant,
        run: &mut MaintenanceRun,
    ) -> Result<()> {
        run.cleaned_up.complete = true;
        for (index, rule) in policy.rules.iter().enumerate() {
            let options = what_is_left(policy, began);
            let retention = rule.at(self.0.clock.now());
            let mut progress = CleanupReport::default();
            let cleaned_up = self
                .clean_up(&retention, &options, |report| progress.clone_from(report))
                .await;
            match cleaned_up {
                Ok(report) => add(&mut run.cleaned_up, report),
                Err(error) => {
                    add(&mut run.cleaned_up, progress);
                    record_failure(run, MaintenanceStep::Rule(index), error)?;
                }
            }
        }
        run.cleaned_up.took = began.elapsed();
        Ok(())
    }

    async fn apply_orchestration_rules(
        &self,
        policy: &MaintenancePolicy,
        began: Instant,
        run: &mut MaintenanceRun,
    ) -> Result<()> {
        let rules_began = Instant::now();
        let mut total = OrchestrationCleanup {
            complete: true,
            ..OrchestrationCleanup::default()
        };
        for (index, rule) in policy.orchestration_rules.iter().enumerate() {
            let options = what_is_left(policy, began);
            let retention = rule.at(self.0.clock.now());
            let mut progress = OrchestrationCleanup::default();
            let cleaned_up = self
                .clean_up_orchestration(&retention, &options, |report| progress = *report)
                .await;
            let report = match cleaned_up {
                Ok(report) => report,
                Err(error) => {
                    record_failure(run, MaintenanceStep::OrchestrationRule(index), error)?;
                    progress
                }
            };
            total.tasks += report.tasks;
            total.complete &= report.complete;
        }
        total.took = rules_began.elapsed();
        run.orchestration = total;
        Ok(())
    }

    /// Returns only when the manager is closed.
    async fn reap_as(&self, policy: &MaintenancePolicy) {
        match policy.reap_every {
            Some(interval) => self.reap_every(interval).await,
            None => std::future::pending().await,
        }
    }

    async fn maintain(&self, policy: &MaintenancePolicy, runs: &watch::Sender<Runs>) {
        if let Schedule::Daily(_) = policy.schedule {
            self.wait(policy.schedule).await;
        }
        loop {
            let span = info_span!("tasktrail.maintenance");
            let run = self.run_maintenance(policy).instrument(span).await;
            match &run {
                Ok(run) if run.failures.is_empty() => {
                    tracing::info!(?run, "maintenance finished");
                }
                Ok(run) => {
                    tracing::warn!(?run, "maintenance finished with failed steps");
                }
                Err(DatabaseError::Closed) => return,
                Err(error) => tracing::warn!(
                    error = %tasktrail_domain::repository::ErrorChain(error),
                    "maintenance failed"
                ),
            }
            telemetry::maintained(&run);
            runs.send_modify(|runs| {
                runs.ended += 1;
                runs.last = Some(run);
            });
            self.wait(policy.schedule).await;
        }
    }

    async fn wait(&self, schedule: Schedule) {
        match schedule {
            Schedule::Every(interval) => tokio::time::sleep(interval.max(MIN_INTERVAL)).await,
            Schedule::Daily(at) => {
                let start = self.0.clock.now();
                let until = start.saturating_add(at.wait(start));
                loop {
                    let now = self.0.clock.now();
                    let left = until.as_micros().saturating_sub(now.as_micros());
                    let left = Duration::from_micros(u64::try_from(left).unwrap_or_default());
                    if left.is_zero() {
                        return;
                    }
                    tokio::time::sleep(left.min(MAX_SLEEP)).await;
                }
            }
        }
    }

    /// Locks the store for maintenance until the result is dropped; `None` if another process holds
    /// the lock.
    #[cfg(feature = "postgres")]
    async fn try_lock(&self) -> Result<Option<Lock>> {
        let lock = self
            .query(async |database| database.admin().maintenance_lock().await)
            .await?;
        match lock {
            None => Ok(Some(Lock(None))),
            Some(Ok(lock)) => Ok(lock.map(|lock| Lock(Some(lock)))),
            Some(Err(error)) => Err(DatabaseError::Storage(error)),
        }
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "no other process shares this memory")]
    async fn try_lock(&self) -> Result<Option<Lock>> {
        Ok(Some(Lock))
    }

    /// Creates partitions for the months ahead if the table of entries is partitioned. Returns
    /// their names, or why they could not be created. The latter is no error: only the owner of the
    /// tables can create them, and saves use the open-ended partition until then.
    #[cfg(feature = "postgres")]
    async fn create_partitions(
        &self,
        months_ahead: u32,
    ) -> Result<std::result::Result<Vec<String>, String>> {
        let made = match self.partitions().await {
            Ok(None) => return Ok(Ok(Vec::new())),
            Ok(Some(_)) => self.partition(months_ahead).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(made) => Ok(Ok(made
                .into_iter()
                .map(|partition| partition.name)
                .collect())),
            Err(DatabaseError::Partition(error)) => Ok(Err(super::cleanup::describe(&error))),
            Err(error) => Err(error),
        }
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "the in-memory store has no partitions")]
    async fn create_partitions(
        &self,
        _months_ahead: u32,
    ) -> Result<std::result::Result<Vec<String>, String>> {
        Ok(Ok(Vec::new()))
    }
}

/// The options of the next cleanup in a run that began at `began`.
fn what_is_left(policy: &MaintenancePolicy, began: Instant) -> CleanupOptions {
    let left = policy.time_budget.saturating_sub(began.elapsed());
    CleanupOptions::default().with_time_budget(left)
}

fn add(total: &mut CleanupReport, report: CleanupReport) {
    total.tasks += report.tasks;
    total.entries += report.entries;
    total.partitions.extend(report.partitions);
    total.drop_failures.extend(report.drop_failures);
    total.complete &= report.complete;
}

/// Records the failure of a step; returns it if the other steps cannot run either.
fn record_failure(
    run: &mut MaintenanceRun,
    step: MaintenanceStep,
    error: DatabaseError,
) -> Result<()> {
    if matches!(error, DatabaseError::Closed | DatabaseError::NotConnected) {
        return Err(error);
    }
    tracing::warn!(
        %step,
        error = %tasktrail_domain::repository::ErrorChain(&error),
        "maintenance step failed"
    );
    run.failures.push(MaintenanceFailure {
        step,
        error: Arc::new(error),
    });
    Ok(())
}

#[cfg(feature = "postgres")]
struct Lock(
    #[expect(dead_code, reason = "held, not read")]
    Option<tasktrail_postgres_admin::MaintenanceLock>,
);

#[cfg(not(feature = "postgres"))]
struct Lock;
