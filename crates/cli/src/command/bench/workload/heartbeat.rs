use std::time::{Duration, Instant};

use tasktrail::RegisteredAgent;
use tasktrail::orchestration::agent::HeartbeatOutcome;

use super::Workload;
use super::orchestrated::{orchestrator, register};
use super::row::Row;
use crate::command::bench::callers::{Caller, WARM_UP, call_for};
use crate::command::bench::environment::BenchEnvironment;
use crate::failure::Failure;

/// Agents of each caller.
const AGENTS: u32 = 32;

/// Measures heartbeats of agents, each of which has no task.
pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    callers: u32,
    time: Duration,
) -> Result<Row, Failure> {
    environment.clear().await?;
    let manager = environment.open(true).await?;
    let orchestrator = orchestrator(&manager)?;
    let mut beating = Vec::new();
    for caller in 0..callers {
        let mut agents = Vec::new();
        for number in 0..AGENTS {
            agents.push(register(&orchestrator, caller * AGENTS + number).await?);
        }
        beating.push(HeartbeatCaller { agents, sent: 0 });
    }
    let (_warm_up, beating) = call_for(WARM_UP, beating).await?;
    let before = environment.statistics().await?;
    let (measured, _beating) = call_for(time, beating).await?;
    let after = environment.statistics().await?;
    manager.close().await;
    let log_bytes = after.log_bytes.saturating_sub(before.log_bytes);
    Ok(Row::of_changing(
        Workload::Heartbeat,
        callers,
        &measured,
        log_bytes,
    ))
}

struct HeartbeatCaller {
    agents: Vec<RegisteredAgent<'static>>,
    sent: usize,
}

impl Caller for HeartbeatCaller {
    fn prepare(&mut self, _now: Instant) -> Result<(), Failure> {
        self.sent += 1;
        Ok(())
    }

    async fn call(&mut self) -> Result<(), Failure> {
        let Some(agent) = self.agents.get(self.sent % self.agents.len()) else {
            return Ok(());
        };
        match agent.heartbeat().await? {
            HeartbeatOutcome::Accepted { .. } => Ok(()),
            other => Err(Failure::error(format!(
                "a heartbeat was not accepted: {other:?}"
            ))),
        }
    }
}
