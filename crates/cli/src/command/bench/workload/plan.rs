use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::orchestration::task::{PlanOutcome, TaskPlan};
use tasktrail::{Orchestrator, UserId};

use super::Workload;
use super::orchestrated::{orchestrator, owner, plan};
use super::row::Row;
use crate::command::bench::callers::{Caller, WARM_UP, call_for};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::measured::Measured;
use crate::failure::Failure;

/// Tasks of a plan.
const TASKS: u32 = 100;

/// Measures plans of 100 tasks. Counts tasks; a latency is that of a plan.
pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    callers: u32,
    time: Duration,
) -> Result<Row, Failure> {
    environment.clear().await?;
    let manager = environment.open(true).await?;
    let orchestrator = Arc::new(orchestrator(&manager)?);
    let planning = (0..callers).map(|number| PlanCaller {
        orchestrator: Arc::clone(&orchestrator),
        owner: None,
        number,
        created: 0,
        next: None,
    });
    let (_warm_up, planning) = call_for(WARM_UP, planning.collect()).await?;
    let before = environment.statistics().await?;
    let (measured, _planning) = call_for(time, planning).await?;
    let after = environment.statistics().await?;
    manager.close().await;
    let measured = Measured {
        count: measured.count * u64::from(TASKS),
        ..measured
    };
    let log_bytes = after.log_bytes.saturating_sub(before.log_bytes);
    Ok(Row::of_changing(
        Workload::Plan,
        callers,
        &measured,
        log_bytes,
    ))
}

struct PlanCaller {
    orchestrator: Arc<Orchestrator<'static>>,
    owner: Option<UserId>,
    number: u32,
    created: u64,
    next: Option<TaskPlan>,
}

impl Caller for PlanCaller {
    fn prepare(&mut self, _now: Instant) -> Result<(), Failure> {
        let name = format!("plan-{}-{}", self.number, self.created);
        self.next = Some(plan(&name, TASKS)?);
        self.owner = Some(owner()?);
        Ok(())
    }

    async fn call(&mut self) -> Result<(), Failure> {
        let (Some(owner), Some(plan)) = (&self.owner, &self.next) else {
            return Ok(());
        };
        let created = self.orchestrator.create(owner, plan).await?;
        self.created += 1;
        match created {
            PlanOutcome::Created { .. } => Ok(()),
            other => Err(Failure::error(format!(
                "the plan was not created: {other:?}"
            ))),
        }
    }
}
