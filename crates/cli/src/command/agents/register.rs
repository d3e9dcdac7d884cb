use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use tasktrail::orchestration::agent::{
    AgentDescription, AgentName, AgentType, Capacity, Lease, Registered,
};
use tasktrail::orchestration::{AgentId, AgentKey, Instance};
use tasktrail::{DatabaseManager, Document};

use crate::args::{ActorArgs, OwnerArgs, read_document};
use crate::failure::Failure;
use crate::output::{Output, counted_items, printable};

/// Register an agent, or a new process of a known agent.
///
/// The description is a JSON document, see below. The agent may take tasks whose required
/// capabilities are contained in its capabilities. It may have `capacity` tasks at the same time,
/// and counts as alive for `lease` seconds after a heartbeat.
/// A new process takes over: the tasks of the previous one become ready again.
///
/// JSON: {"instance", "registered": {"new", "version", "lost"}}.
#[derive(Debug, Args)]
#[command(
    after_help = r#"A description (only the first three members are required):
  {"agent_id": "builder-1", "agent_type": "code", "name": "Builder",
   "capabilities": {}, "metadata": {}, "capacity": 1, "lease": 60}

Example:
  tasktrail agents register builder-1.json --owner acme"#
)]
pub(super) struct RegisterArgs {
    /// File with the description; - for standard input.
    file: PathBuf,

    #[command(flatten)]
    owner: OwnerArgs,

    #[command(flatten)]
    actor: ActorArgs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    agent_id: AgentId,
    agent_type: AgentType,
    name: AgentName,
    #[serde(default)]
    capabilities: Document,
    #[serde(default)]
    metadata: Document,
    #[serde(default)]
    capacity: Capacity,
    #[serde(default)]
    lease: Lease,
}

#[derive(Serialize)]
struct Answer {
    instance: Instance,
    registered: Registered,
}

pub(super) async fn run(
    args: &RegisterArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let given: Description = read_document(&args.file)?;
    let key = AgentKey {
        user: args.owner.owner.clone(),
        agent: given.agent_id,
    };
    let description = AgentDescription::new(given.agent_type, given.name)
        .with_capabilities(given.capabilities)
        .with_metadata(given.metadata)
        .with_capacity(given.capacity)
        .with_lease(given.lease);
    let orchestrator = args.actor.orchestrator(manager)?;
    let (agent, registered) = orchestrator.register(&key, description).await?;
    let instance = agent.instance();
    if output.is_json() {
        return output.json(&Answer {
            instance,
            registered,
        });
    }
    let shown = printable(key.agent.as_str());
    let known = if registered.new { "new" } else { "known" };
    output.line(format_args!(
        "registered {shown} ({known}), instance {instance}"
    ))?;
    if registered.lost.is_empty() {
        return Ok(());
    }
    let lost = counted_items(&registered.lost, "task", "tasks");
    output.line(format_args!("the previous process lost {lost}"))
}
