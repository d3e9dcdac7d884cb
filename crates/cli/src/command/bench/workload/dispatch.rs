use std::time::{Duration, Instant};

use tasktrail::RegisteredAgent;
use tasktrail::orchestration::dispatch::{
    AttemptResult, ClaimLimit, ClaimOutcome, Report, ReportOutcome,
};

use super::Workload;
use super::orchestrated::{orchestrator, owner, plan, register};
use super::row::Row;
use crate::command::bench::callers::{Caller, WARM_UP, call_for};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

/// Tasks of a plan.
const TASKS: u32 = 1000;

/// Creates `tasks` tasks with two or three dependencies each, in plans of 1000.
pub(in crate::command::bench) async fn prepare(
    environment: &BenchEnvironment,
    tasks: u32,
    progress: &Progress,
) -> Result<(), Failure> {
    environment.clear().await?;
    progress.start_loading("tasks for dispatch", u64::from(tasks));
    let orchestrator = orchestrator(&environment.manager)?;
    for number in 0..tasks.div_ceil(TASKS) {
        let plan = plan(&format!("plan-{number}"), TASKS)?;
        orchestrator.create(&owner()?, &plan).await?;
        progress.advance(u64::from(TASKS));
    }
    Ok(())
}

/// Measures claims of one task, each with the report that completes it. A latency is that of both.
pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    callers: u32,
    time: Duration,
) -> Result<Row, Failure> {
    let manager = environment.open(true).await?;
    let orchestrator = orchestrator(&manager)?;
    let mut executing = Vec::new();
    for number in 0..callers {
        let agent = register(&orchestrator, number).await?;
        executing.push(DispatchCaller { agent });
    }
    let (_warm_up, executing) = call_for(WARM_UP, executing).await?;
    let before = environment.statistics().await?;
    let (measured, _executing) = call_for(time, executing).await?;
    let after = environment.statistics().await?;
    manager.close().await;
    let log_bytes = after.log_bytes.saturating_sub(before.log_bytes);
    Ok(Row::of_changing(
        Workload::Dispatch,
        callers,
        &measured,
        log_bytes,
    ))
}

struct DispatchCaller {
    agent: RegisteredAgent<'static>,
}

impl Caller for DispatchCaller {
    fn prepare(&mut self, _now: Instant) -> Result<(), Failure> {
        Ok(())
    }

    async fn call(&mut self) -> Result<(), Failure> {
        let claimed = self.agent.claim(ClaimLimit::DEFAULT).await?;
        let ClaimOutcome::Claimed { tasks } = claimed else {
            let message = "no task is ready: measure for less time, or with more --dispatch-tasks";
            return Err(Failure::error(message));
        };
        for task in &tasks {
            let report = Report::new(self.agent.attempt(task), AttemptResult::Completed);
            let reported = self.agent.report(&report).await?;
            if !matches!(reported, ReportOutcome::Recorded { .. }) {
                let message = format!("a report was not recorded: {reported:?}");
                return Err(Failure::error(message));
            }
        }
        Ok(())
    }
}
