use clap::Args;
use serde::Serialize;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::orchestration::agent::{Agent, AgentFilter, AgentType};
use tasktrail::orchestration::{AgentId, AgentState};
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::{DatabaseManager, Document};

use crate::args::OwnerArgs;
use crate::failure::Failure;
use crate::output::{Output, printable, tables};

/// List agents, by ascending ID.
///
/// JSON: {"agents": […], "next": …}; pass `next` to --after. It is null on the last page.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    owner: OwnerArgs,

    /// Only agents in this state: active, draining or retired.
    #[arg(long, value_name = "STATE")]
    state: Option<AgentState>,

    /// Only agents of this type.
    #[arg(long = "type", value_name = "TYPE")]
    agent_type: Option<AgentType>,

    /// Only agents whose lease has not ended.
    #[arg(long, conflicts_with = "offline")]
    online: bool,

    /// Only agents whose lease has ended.
    #[arg(long)]
    offline: bool,

    /// Only agents that can do this.
    #[arg(
        long,
        value_name = "JSON",
        help = r#"Only agents that can do this, such as {"languages": ["rust"]}"#
    )]
    capabilities: Option<Document>,

    /// Maximum number of agents to print: 1 to 1000.
    #[arg(long, value_name = "N", default_value_t)]
    limit: PageSize,

    /// Print the agents after this one.
    #[arg(long, value_name = "AGENT")]
    after: Option<AgentId>,
}

#[derive(Serialize)]
struct Listed {
    agents: Vec<Agent>,
    next: Option<AgentId>,
}

pub(super) async fn run(
    args: &ListArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    let mut filter = AgentFilter::default()
        .with_state(args.state)
        .with_agent_type(args.agent_type.clone())
        .with_capabilities(args.capabilities.clone());
    if args.online || args.offline {
        filter = filter.with_online(args.online, now);
    }
    let page = PageRequest {
        size: args.limit,
        after: args.after.clone(),
    };
    let ports = manager.orchestration_ports()?;
    let listed = ports.agents.list(&args.owner.owner, &filter, &page).await?;
    let (agents, next) = (listed.items, listed.next);
    if output.is_json() {
        return output.json(&Listed { agents, next });
    }
    if agents.is_empty() {
        output.line("no agents")?;
    } else {
        let table = tables::agents(output.table_style(), &agents, now);
        output.table(&table)?;
    }
    match next {
        None => Ok(()),
        Some(next) => output.line(format_args!(
            "more agents: repeat the command with --after {}",
            printable(next.as_str())
        )),
    }
}
