//! Maintenance in the background.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{Instrument, info_span};

use super::{DatabaseManager, Result};
use crate::DatabaseError;
use crate::maintenance::{
    CleanupOptions, CleanupReport, MaintenanceFailure, MaintenanceHandle, MaintenancePolicy,
    MaintenanceRun, MaintenanceStep, Runs, Schedule,
};
use crate::telemetry;
use tasktrail_postgres_admin::Administrable;

/// How long the clock is trusted. After that it is looked at again, for it may have been set, or the
/// machine may have slept.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// So that an interval of nothing does not keep a store busy for ever.
const SHORTEST: Duration = Duration::from_secs(1);

impl DatabaseManager {
    /// Has maintenance run in the background, as often as the policy says, until the manager is closed or
    /// what this gives is dropped.
    ///
    /// Of all processes that work on a database one is at it at a time; the others pass that run over. What
    /// a run came to is logged, and told by [`MaintenanceHandle::last_run`]; after one that failed the next one
    /// comes as if it had not.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`NoRuntime`](DatabaseError::NoRuntime) outside of a tokio runtime, on which it would run.
    pub fn maintenance(&self, policy: MaintenancePolicy) -> Result<MaintenanceHandle> {
        // Before the look, so that no close is missed.
        let mut closed = self.0.closed.subscribe();
        self.0.state.connection()?;
        let runtime = Handle::try_current().map_err(|_none| DatabaseError::NoRuntime)?;
        let (tell, runs) = watch::channel(Runs::default());
        let manager = self.clone();
        let task = runtime.spawn(async move {
            let work = manager.maintain(&policy, &tell);
            tokio::select! {
                () = work => {}
                // The manager keeps the sender.
                _ = closed.changed() => {}
            }
        });
        Ok(MaintenanceHandle::new(task, runs))
    }

    /// Runs maintenance once, now, and returns what it did.
    ///
    /// A step that fails does not keep the others from being done: it is logged and returned in
    /// [`MaintenanceRun::failures`].
    ///
    /// # Errors
    ///
    /// [`NotConnected`](DatabaseError::NotConnected), [`Closed`](DatabaseError::Closed), or
    /// [`Storage`](DatabaseError::Storage) if it cannot be found out whether another process is at it.
    ///
    /// # Cancel safety
    ///
    /// As for [`clean_up`](Self::clean_up).
    pub async fn run_maintenance(&self, policy: &MaintenancePolicy) -> Result<MaintenanceRun> {
        let began = Instant::now();
        let Some(_only_one) = self.take_turn().await? else {
            return Ok(MaintenanceRun {
                skipped: true,
                ..MaintenanceRun::default()
            });
        };
        let mut run = MaintenanceRun::default();
        run.cleaned_up.complete = true;
        for (index, rule) in policy.rules.iter().enumerate() {
            let options = CleanupOptions {
                time_budget: Some(policy.time_budget.saturating_sub(began.elapsed())),
                ..CleanupOptions::default()
            };
            let covered = rule.at(self.0.clock.now());
            let mut so_far = CleanupReport::default();
            let cleaned = self
                .clean_up(&covered, &options, |gone| so_far.clone_from(gone))
                .await;
            match cleaned {
                Ok(gone) => add(&mut run.cleaned_up, gone),
                Err(error) => {
                    add(&mut run.cleaned_up, so_far);
                    note(&mut run, MaintenanceStep::Rule(index), error)?;
                }
            }
        }
        run.cleaned_up.took = began.elapsed();
        match self.make_months(policy.months_ahead).await {
            Ok(Ok(made)) => run.made = made,
            Ok(Err(failure)) => run.failure = Some(failure),
            Err(error) => note(&mut run, MaintenanceStep::Months, error)?,
        }
        Ok(run)
    }

    async fn maintain(&self, policy: &MaintenancePolicy, tell: &watch::Sender<Runs>) {
        if let Schedule::Daily(_) = policy.schedule {
            self.wait(policy.schedule).await;
        }
        loop {
            let span = info_span!("tasktrail.maintenance");
            let run = self.run_maintenance(policy).instrument(span).await;
            match &run {
                Ok(run) if run.failures.is_empty() => {
                    tracing::info!(?run, "maintenance has run");
                }
                Ok(run) => {
                    tracing::warn!(?run, "maintenance has run, and some of its steps failed");
                }
                Err(DatabaseError::Closed) => return,
                Err(error) => tracing::warn!(
                    error = %tasktrail_domain::repository::ErrorChain(error),
                    "maintenance failed"
                ),
            }
            telemetry::maintained(&run);
            tell.send_modify(|runs| {
                runs.ended += 1;
                runs.last = Some(run);
            });
            self.wait(policy.schedule).await;
        }
    }

    async fn wait(&self, schedule: Schedule) {
        match schedule {
            Schedule::Every(interval) => tokio::time::sleep(interval.max(SHORTEST)).await,
            Schedule::Daily(at) => {
                let begin = self.0.clock.now();
                let until = begin.saturating_add(at.wait(begin));
                loop {
                    let now = self.0.clock.now();
                    let left = until.as_micros().saturating_sub(now.as_micros());
                    let left = Duration::from_micros(u64::try_from(left).unwrap_or_default());
                    if left.is_zero() {
                        return;
                    }
                    tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
                }
            }
        }
    }

    /// What is held while maintenance runs; `None` if another process has it.
    #[cfg(feature = "postgres")]
    async fn take_turn(&self) -> Result<Option<Turn>> {
        let turn = self
            .asked(async |database| database.admin().maintenance_lock().await)
            .await?;
        match turn {
            None => Ok(Some(Turn(None))),
            Some(Ok(turn)) => Ok(turn.map(|turn| Turn(Some(turn)))),
            Some(Err(error)) => Err(DatabaseError::Storage(error)),
        }
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "nobody else works in this memory")]
    async fn take_turn(&self) -> Result<Option<Turn>> {
        Ok(Some(Turn))
    }

    /// Makes partitions for the months to come, where there are partitions; tells what was made, or what was
    /// in the way. The owner of the tables has to, and nothing fails until then.
    #[cfg(feature = "postgres")]
    async fn make_months(
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
            Err(DatabaseError::Partition(error)) => Ok(Err(super::cleanup::told(&error))),
            Err(error) => Err(error),
        }
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "memory has no partitions")]
    async fn make_months(
        &self,
        _months_ahead: u32,
    ) -> Result<std::result::Result<Vec<String>, String>> {
        Ok(Ok(Vec::new()))
    }
}

fn add(total: &mut CleanupReport, gone: CleanupReport) {
    total.tasks += gone.tasks;
    total.entries += gone.entries;
    total.partitions.extend(gone.partitions);
    total.drop_failures.extend(gone.drop_failures);
    total.complete &= gone.complete;
}

/// Notes the failure of a step; returns it where no other step can be done.
fn note(run: &mut MaintenanceRun, step: MaintenanceStep, error: DatabaseError) -> Result<()> {
    if matches!(error, DatabaseError::Closed | DatabaseError::NotConnected) {
        return Err(error);
    }
    tracing::warn!(
        %step,
        error = %tasktrail_domain::repository::ErrorChain(&error),
        "a step of the maintenance failed"
    );
    run.failures.push(MaintenanceFailure {
        step,
        error: Arc::new(error),
    });
    Ok(())
}

#[cfg(feature = "postgres")]
struct Turn(
    #[expect(dead_code, reason = "held, not looked at")]
    Option<tasktrail_postgres_admin::MaintenanceLock>,
);

#[cfg(not(feature = "postgres"))]
struct Turn;
