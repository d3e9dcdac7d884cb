use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::orchestration::agent::Agent;
use tasktrail::orchestration::dispatch::{Execution, ExecutionFilter};
use tasktrail::repository::{PageRequest, PageSize};

use super::args::AgentArgs;
use crate::failure::Failure;
use crate::output::{Output, printable, tables};

/// Show an agent and its latest executions.
///
/// JSON: {"agent", "executions"}. Exits with 1 if the agent is not registered.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    agent: AgentArgs,

    /// Maximum number of executions to print: 1 to 1000.
    #[arg(long, value_name = "N", default_value = "10")]
    limit: PageSize,
}

#[derive(Serialize)]
struct Shown {
    agent: Agent,
    executions: Vec<Execution>,
}

pub(super) async fn run(
    args: &ShowArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let key = args.agent.key();
    let ports = manager.orchestration_ports()?;
    let Some(agent) = ports.agents.get(&key).await? else {
        output.line(format_args!(
            "{} is not registered",
            printable(key.agent.as_str())
        ))?;
        return Err(Failure::No);
    };
    let filter = ExecutionFilter::OfAgent(key.agent.clone());
    let page = PageRequest::first(args.limit);
    let executions = ports
        .dispatch
        .executions(&key.user, &filter, &page)
        .await?
        .items;
    if output.is_json() {
        return output.json(&Shown { agent, executions });
    }
    let style = output.table_style();
    output.table(&tables::agent(style, &agent, SystemClock.now()))?;
    if executions.is_empty() {
        return output.line("no executions");
    }
    output.table(&tables::executions(style, &executions))
}
