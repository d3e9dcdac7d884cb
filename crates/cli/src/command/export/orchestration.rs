use std::time::Instant;

use serde::Serialize;
use tasktrail::{DatabaseManager, UserId};
use tokio::sync::mpsc;

use super::answer::Answer;
use super::progress::OrchestrationProgress;
use super::target::Target;
use super::transfer::transfer;
use super::writing::{OrchestrationMessage, write_records};
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Serialize)]
struct Counts {
    agents: u64,
    tasks: u64,
    executions: u64,
    audit_entries: u64,
}

/// Exports the agents, tasks, executions and audit log of an owner.
pub(super) async fn export(
    owner: &UserId,
    target: Target,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let began = Instant::now();
    let (name, is_stdout) = (target.to_string(), target.is_stdout());
    let read = async |messages| {
        connection::with_store(global, async |store| read(store, owner, &messages).await).await
    };
    let written = transfer(global, target, read, write_records).await?;
    if is_stdout {
        return Ok(());
    }
    let amount = &written.amount;
    let answer = Answer {
        file: &name,
        format: "jsonl",
        counts: Counts {
            agents: amount.agents,
            tasks: amount.tasks,
            executions: amount.executions,
            audit_entries: amount.audit_entries,
        },
        bytes: written.bytes,
        seconds: began.elapsed().as_secs_f64(),
    };
    let counts = [
        ("agents", amount.agents),
        ("tasks", amount.tasks),
        ("executions", amount.executions),
        ("audit entries", amount.audit_entries),
    ];
    answer.print(counts, output)
}

/// Reads the records and sends them to the writer.
async fn read(
    manager: &DatabaseManager,
    owner: &UserId,
    messages: &mpsc::Sender<OrchestrationMessage>,
) -> Result<(), Failure> {
    let mut export = manager.export_orchestration(owner).await?;
    let progress = OrchestrationProgress::of(&export);
    while let Some(records) = export.next_portion().await? {
        progress.show(export.read());
        if messages
            .send(OrchestrationMessage::Chunk(records))
            .await
            .is_err()
        {
            return Ok(());
        }
    }
    // If the writer is gone, it reports the error.
    let _sent = messages
        .send(OrchestrationMessage::End(export.read()))
        .await;
    Ok(())
}
