use serde::Serialize;
use tasktrail::task_history::{CancelOutcome, HistoryEntry, TaskStatus, TaskSummary, UserId};

use super::fingerprints::Answers;
use crate::failure::Failure;
use crate::output::tables::{self, Entries};
use crate::output::{Output, printable};
use crate::view::{EntryView, TaskView};

/// What the demo did, as it was read back.
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
}

impl DemoTranscript {
    /// Prints it for a person.
    pub(super) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        self.introduce(output)?;

        chapter(output, "Where do the tasks stand?", "")?;
        self.command(output, "tasks", "")?;
        output.table(&tables::tasks(output.table_style(), &self.tasks))?;

        chapter(output, "What did a task do?", "")?;
        self.command(output, "history", " survey")?;
        entries(&self.survey, output)?;

        let trail = "A step that is saved again gets a new revision, and the trail keeps them all.\n\
                     Here step 1 failed at first: the folder to write to did not exist.";
        chapter(output, "What happened on the way?", trail)?;
        self.command(output, "history", " report --trail")?;
        entries(&self.report, output)?;

        let title = "What if somebody cancels a task that is being worked on?";
        chapter(output, title, &self.answers.describe())?;
        self.command(output, "history", " fingerprints")?;
        entries(&self.fingerprints, output)?;

        self.conclude(output)
    }

    fn introduce(&self, output: &mut Output) -> Result<(), Failure> {
        let place = if self.in_database {
            "in the database"
        } else {
            "in memory"
        };
        let folder = printable(&self.folder);
        output.heading(format_args!("Tasktrail at work on {folder}"))?;
        output.line("")?;
        output.line(format_args!("Three tasks have just run, recorded {place}:"))?;
        output.line("  survey        looks at the files in four steps")?;
        output.line("  report        writes a report; its second step fails and is tried again")?;
        output.line("  fingerprints  hashes the files, and is cancelled while it does")?;
        output.line("Above each answer stands the command that gives it from a database.")
    }

    /// The command that shows from a database what is shown next.
    fn command(&self, output: &mut Output, command: &str, rest: &str) -> Result<(), Failure> {
        output.line(format_args!("$ tasktrail {command} {}{rest}", self.user))
    }

    fn conclude(&self, output: &mut Output) -> Result<(), Failure> {
        output.line("")?;
        if self.in_database {
            output.line("All of it is in the database: try the commands above.")
        } else {
            output.line("The memory ends here. To keep what is recorded, name a database:")?;
            output.line("$ tasktrail demo --database-url postgres://user@host/database")
        }
    }

    /// The same for a program.
    pub(super) fn document(&self) -> impl Serialize + '_ {
        Document {
            user_id: &self.user,
            folder: &self.folder,
            in_database: self.in_database,
            tasks: self.tasks.iter().map(TaskView::of).collect(),
            survey_history: self.survey.iter().map(EntryView::of).collect(),
            report_trail: self.report.iter().map(EntryView::of).collect(),
            fingerprints_history: self.fingerprints.iter().map(EntryView::of).collect(),
            fingerprints: AnswersView {
                first_save: self.answers.first_save,
                cancelled: matches!(self.answers.cancel, CancelOutcome::Cancelled { .. }),
                late_save: self.answers.late_save,
                status: self.answers.status,
            },
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    user_id: &'a UserId,
    folder: &'a str,
    in_database: bool,
    tasks: Vec<TaskView<'a>>,
    survey_history: Vec<EntryView<'a>>,
    report_trail: Vec<EntryView<'a>>,
    fingerprints_history: Vec<EntryView<'a>>,
    fingerprints: AnswersView,
}

/// How the statuses went that the worker of a cancelled task was told.
#[derive(Serialize)]
struct AnswersView {
    first_save: TaskStatus,
    cancelled: bool,
    late_save: TaskStatus,
    status: Option<TaskStatus>,
}

impl Answers {
    /// How the cancel and the worker's saves went, for a person.
    fn describe(self) -> String {
        let word = |status: Option<TaskStatus>| status.map_or("unknown", TaskStatus::as_str);
        let cancel = match self.cancel {
            CancelOutcome::Cancelled { previous } => {
                format!("cancelled; the answer: it was {}", word(previous))
            }
            CancelOutcome::AlreadyFinished { status } => {
                format!("to be cancelled; the answer: it was {status} before")
            }
        };
        format!(
            "The worker saved one half; the answer: {}.\n\
             From elsewhere the task was {cancel}.\n\
             The worker did not know, and saved the other half; the answer: {}.\n\
             What it did is in the history, and the task stays {}.",
            self.first_save,
            self.late_save,
            word(self.status),
        )
    }
}

fn chapter(output: &mut Output, title: &str, words: &str) -> Result<(), Failure> {
    output.line("")?;
    output.heading(title)?;
    words.lines().try_for_each(|line| output.line(line))
}

fn entries(entries: &[HistoryEntry], output: &mut Output) -> Result<(), Failure> {
    let mut rows = Entries::default();
    for entry in entries {
        rows.add(entry);
    }
    output.table(&rows.table(output.table_style()))
}
