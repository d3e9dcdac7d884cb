use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::InvalidValue;
use tasktrail::orchestration::audit::{
    Action, AuditCursor, AuditEntry, AuditFilter, EntityId, EntityKind,
};
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::timestamp::Timestamp;
use tasktrail::write::Actor;

use crate::args::{Global, OwnerArgs, time};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, tables};

/// Show who changed what in an owner's agents and tasks, latest first.
///
/// JSON: {"entries": […], "next": …}; pass `next` to --after. It is null on the last page.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail audit
  tasktrail audit --entity task:deploy
  tasktrail audit --actor agent:builder-1 --since 1h
  tasktrail audit --action task.cancelled --format json")]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    owner: OwnerArgs,

    /// Only entries about this: agent:ID, task:ID or other:ID.
    #[arg(long, value_name = "KIND:ID", value_parser = entity)]
    entity: Option<(EntityKind, EntityId)>,

    /// Only entries of this actor, such as agent:builder-1 or user:alice.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<Actor>,

    /// Only entries with this action, such as task.claimed.
    #[arg(long, value_name = "ACTION")]
    action: Option<Action>,

    /// Only entries at this time or later: 2026-01-31T12:00:00Z, 2026-01-31, today, yesterday, or how
    /// long ago: 24h, 7d. Days begin at midnight UTC.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,

    /// Only entries before this time, in the same forms.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,

    /// Maximum number of entries to print: 1 to 1000.
    #[arg(long, value_name = "N", default_value_t)]
    limit: PageSize,

    /// Print the entries after this cursor, which the previous page printed.
    #[arg(long, value_name = "CURSOR")]
    after: Option<AuditCursor>,
}

fn entity(text: &str) -> Result<(EntityKind, EntityId), InvalidValue> {
    let limit = "agent:, task: or other: and an id";
    let parts = text.split_once(':');
    let (kind, id) = parts.ok_or_else(|| InvalidValue::text("entity", limit, text))?;
    Ok((kind.parse()?, EntityId::new(id)?))
}

pub(crate) async fn run(
    args: &AuditArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| list(args, store, output).await).await
}

#[derive(Serialize)]
struct Listed {
    entries: Vec<AuditEntry>,
    next: Option<AuditCursor>,
}

async fn list(
    args: &AuditArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut filter = AuditFilter::default()
        .with_actor(args.actor.clone())
        .with_action(args.action.clone())
        .with_time(args.since, args.until);
    filter.entity.clone_from(&args.entity);
    let page = PageRequest {
        size: args.limit,
        after: args.after,
    };
    let audit_log = manager.orchestration_ports()?.audit_log;
    let listed = audit_log.list(&args.owner.owner, &filter, &page).await?;
    let (entries, next) = (listed.items, listed.next);
    if output.is_json() {
        return output.json(&Listed { entries, next });
    }
    if entries.is_empty() {
        return output.line("no entries");
    }
    let table = tables::audit_entries(output.table_style(), &entries);
    output.table(&table)?;
    match next {
        None => Ok(()),
        Some(next) => output.line(format_args!(
            "more entries: repeat the command with --after {next}"
        )),
    }
}
