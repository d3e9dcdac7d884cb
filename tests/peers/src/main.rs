//! `scripts/bench-peers`: compares Tasktrail with other programs that do the same work.

mod arguments;
mod case;
mod drive;
mod figures;
mod goals;
mod long;
mod machine;
mod measure;
mod output;
mod plan;
mod plot;
mod report;
mod section;
mod statement;
mod store;
mod workbench;
mod workload;

use std::path::Path;

use anyhow::{Context, Result};
use clap::Parser;

use crate::arguments::{Arguments, Group};
use crate::long::{big_store, bloat, cleanup, layouts};
use crate::output::{say, tell};
use crate::plan::Plan;
use crate::report::Report;
use crate::workbench::Workbench;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(file) = &arguments.write {
        // Fail before the measurements if the results cannot be written.
        section::replaced(&read(file)?, "")?;
    }
    let report = measure(&arguments).await?;
    tell(report.for_terminal())?;
    match &arguments.write {
        Some(file) => write(&report, file),
        None => Ok(()),
    }
}

async fn measure(arguments: &Arguments) -> Result<Report> {
    let bench = Workbench::start(arguments)?;
    let mut report = Report {
        number_of_rounds: arguments.rounds,
        seconds: arguments.seconds,
        entries: arguments.entries,
        minutes: arguments.minutes,
        has_original: arguments.aiecs.is_some(),
        has_loan_log: arguments.loan_log.is_some(),
        ..Report::default()
    };
    // Fail before the measurements if the setting cannot be determined.
    machine::setting(&bench, None).await?;
    let mut plan = Plan::new(&bench, arguments).await?;
    if !plan.is_empty() {
        for round in 1..=arguments.rounds {
            report.rounds.push(plan.round(round).await?);
        }
    }
    if arguments.has(Group::BigStore) {
        say("filling a store");
        report
            .rounds
            .append(big_store::measure(&bench, arguments).await?);
    }
    if arguments.has(Group::Bloat) {
        say(format_args!(
            "saves to the same tasks for {} minutes",
            arguments.minutes
        ));
        report.bloat = Some(bloat::measure(&bench, arguments.minutes).await?);
    }
    if arguments.has(Group::Cleanup) {
        let measured = cleanup::measure(&bench, arguments).await?;
        report.rounds.append(measured);
    }
    if arguments.has(Group::Layouts) {
        let (measured, dropped) = layouts::measure(&bench, arguments).await?;
        report.rounds.append(measured);
        report.dropped = Some(dropped);
    }
    report.setting = machine::setting(&bench, plan.original.as_deref()).await?;
    Ok(report)
}

/// Writes the results into a document, and the charts next to it.
fn write(report: &Report, file: &Path) -> Result<()> {
    let written = section::replaced(&read(file)?, &report.for_document())?;
    std::fs::write(file, written).with_context(|| format!("cannot write {}", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("")).join("images");
    plot::write(&folder, &report.rounds)
}

fn read(document: &Path) -> Result<String> {
    std::fs::read_to_string(document).with_context(|| format!("cannot read {}", document.display()))
}
