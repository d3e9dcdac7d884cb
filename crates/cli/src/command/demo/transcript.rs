use serde::Serialize;
use tasktrail::UserId;
use tasktrail::task_history::{CancelOutcome, HistoryEntry, TaskStatus, TaskSummary};

use super::fingerprints::Answers;
use super::release::{ENTRIES, Release};
use crate::failure::Failure;
use crate::output::tables::{self, Entries};
use crate::output::{Output, drawing, printable};

/// The recorded tasks of the demo, as read back.
#[derive(Debug)]
pub(super) struct DemoTranscript {
    pub(super) folder: String,
    pub(super) user: UserId,
    pub(super) in_database: bool,
    pub(super) tasks: Vec<TaskSummary>,
    pub(super) survey: Vec<HistoryEntry>,
    pub(super) report: Vec<HistoryEntry>,
    pub(super) fingerprints: Vec<HistoryEntry>,
    pub(super) answers: Answers,
    pub(super) release: Release,
}

impl DemoTranscript {
    /// Prints the transcript as text.
    pub(super) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        self.introduce(output)?;

        chapter(output, "What is the status of the tasks?", "")?;
        self.command(output, "tasks", "")?;
        output.table(&tables::tasks(output.table_style(), &self.tasks))?;

        chapter(output, "What did a task do?", "")?;
        self.command(output, "history", " survey")?;
        entries(&self.survey, output)?;

        let trail = "Saving a step again adds a revision. The trail shows all revisions.\n\
                     Step 1 failed at first, because the folder for the report did not exist.";
        chapter(output, "Which attempts were made?", trail)?;
        self.command(output, "history", " report --trail")?;
        entries(&self.report, output)?;

        let title = "What happens if a task is cancelled while its worker is running?";
        chapter(output, title, &self.answers.describe())?;
        self.command(output, "history", " fingerprints")?;
        entries(&self.fingerprints, output)?;

        self.release(output)?;
        self.conclude(output)
    }

    /// Prints what two agents did with a plan.
    fn release(&self, output: &mut Output) -> Result<(), Failure> {
        let (release, style) = (&self.release, output.table_style());
        let owner = &release.owner;
        let intro =
            "Two agents share a plan of five tasks. They claim and report, but do no work here.";
        chapter(output, "Which agent executes which task?", intro)?;
        for event in &release.events {
            let title = format!("  {:18}", event.actor.to_string());
            let lines = style.wrapped(&title, &event.event);
            lines.iter().try_for_each(|line| output.line(line))?;
        }

        chapter(output, "What became of the plan?", "")?;
        output.line(format_args!("$ tasktrail work graph build --owner {owner}"))?;
        let lines = drawing(&release.graph);
        lines.iter().try_for_each(|line| output.line(line))?;
        output.line(format_args!("$ tasktrail work list --owner {owner}"))?;
        output.table(&tables::task_overviews(style, &release.tasks))?;

        chapter(output, "Who changed what?", "")?;
        output.line(format_args!(
            "$ tasktrail audit --owner {owner} --limit {ENTRIES}"
        ))?;
        output.table(&tables::audit_entries(style, &release.audit_entries))
    }

    fn introduce(&self, output: &mut Output) -> Result<(), Failure> {
        let place = if self.in_database {
            "in the database"
        } else {
            "in memory"
        };
        let folder = printable(&self.folder);
        output.heading(format_args!("Tasktrail demo in {folder}"))?;
        output.line("")?;
        output.line(format_args!(
            "Three tasks and a plan have run and were recorded {place}:"
        ))?;
        output.line("  survey        inspects the files in four steps")?;
        output.line("  report        writes a report; its second step fails and is retried")?;
        output.line("  fingerprints  hashes the files, and is cancelled while it runs")?;
        output.line("  plan          five tasks for two agents, of which one dies")?;
        output
            .line("Each section starts with the command that shows the same data from a database.")
    }

    /// Prints the command that shows the next output from a database.
    fn command(&self, output: &mut Output, command: &str, rest: &str) -> Result<(), Failure> {
        output.line(format_args!("$ tasktrail {command} {}{rest}", self.user))
    }

    fn conclude(&self, output: &mut Output) -> Result<(), Failure> {
        output.line("")?;
        if self.in_database {
            output.line("The tasks are in the database. Try the commands above.")
        } else {
            output
                .line("The tasks were only kept in memory. To record them in a database, run:")?;
            output.line("$ tasktrail demo --database-url postgres://user@host/database")
        }
    }

    /// Returns the transcript as a JSON document.
    pub(super) fn document(&self) -> impl Serialize + '_ {
        Document {
            user_id: &self.user,
            folder: &self.folder,
            in_database: self.in_database,
            tasks: &self.tasks,
            survey_history: &self.survey,
            report_trail: &self.report,
            fingerprints_history: &self.fingerprints,
            fingerprints: AnswersView {
                first_save: self.answers.first_save,
                cancelled: matches!(self.answers.cancel, CancelOutcome::Cancelled { .. }),
                late_save: self.answers.late_save,
                status: self.answers.status,
            },
            release: &self.release,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    user_id: &'a UserId,
    folder: &'a str,
    in_database: bool,
    tasks: &'a [TaskSummary],
    survey_history: &'a [HistoryEntry],
    report_trail: &'a [HistoryEntry],
    fingerprints_history: &'a [HistoryEntry],
    fingerprints: AnswersView,
    release: &'a Release,
}

/// The results of the calls on the cancelled task.
#[derive(Serialize)]
struct AnswersView {
    first_save: TaskStatus,
    cancelled: bool,
    late_save: TaskStatus,
    status: Option<TaskStatus>,
}

impl Answers {
    /// Describes the cancel and the saves of the worker.
    fn describe(self) -> String {
        let word = |status: Option<TaskStatus>| status.map_or("unknown", TaskStatus::as_str);
        let cancel = match self.cancel {
            CancelOutcome::Cancelled { previous } => {
                let previous = word(previous);
                format!("Another caller cancelled the task. Previous status: {previous}.")
            }
            CancelOutcome::AlreadyFinished { status } => {
                format!("Another caller could not cancel the task: it was already {status}.")
            }
        };
        format!(
            "The worker saved the first half. Returned status: {}.\n\
             {cancel}\n\
             The worker then saved the second half. Returned status: {}.\n\
             The second half is in the history, and the task remains {}.",
            self.first_save,
            self.late_save,
            word(self.status),
        )
    }
}

fn chapter(output: &mut Output, title: &str, text: &str) -> Result<(), Failure> {
    output.line("")?;
    output.heading(title)?;
    text.lines().try_for_each(|line| output.line(line))
}

fn entries(entries: &[HistoryEntry], output: &mut Output) -> Result<(), Failure> {
    let mut rows = Entries::default();
    for entry in entries {
        rows.add(entry);
    }
    output.table(&rows.table(output.table_style()))
}
