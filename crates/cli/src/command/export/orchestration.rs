use std::time::Instant;

use serde::Serialize;
use tasktrail::{DatabaseManager, UserId};
use tokio::sync::mpsc;

use super::progress::OrchestrationProgress;
use super::target::Target;
use super::transfer::transfer;
use super::writing::{OrchestrationMessage, write_records};
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped};

#[derive(Serialize)]
struct Answer<'a> {
    file: &'a str,
    format: &'static str,
    agents: u64,
    tasks: u64,
    executions: u64,
    audit_entries: u64,
    /// Size of the stored file; `null` if the target is not a regular file.
    bytes: Option<u64>,
    seconds: f64,
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
    let answer = Answer {
        file: &name,
        format: "jsonl",
        agents: written.amount.agents,
        tasks: written.amount.tasks,
        executions: written.amount.executions,
        audit_entries: written.amount.audit_entries,
        bytes: written.bytes,
        seconds: began.elapsed().as_secs_f64(),
    };
    print(&answer, output)
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

fn print(answer: &Answer<'_>, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(answer);
    }
    let facts = [
        ("agents", grouped(answer.agents)),
        ("tasks", grouped(answer.tasks)),
        ("executions", grouped(answer.executions)),
        ("audit entries", grouped(answer.audit_entries)),
        (
            "bytes",
            answer.bytes.map_or_else(|| "?".to_owned(), grouped),
        ),
        ("seconds", format!("{:.1}", answer.seconds)),
    ];
    output.table(&output.table_style().facts(facts))
}
