//! Tables of tasks, migrations and entries.

use comfy_table::{Cell, Table};
use tasktrail::MigrationStatus;
use tasktrail::task_history::{HistoryEntry, TaskStatus, TaskSummary};

use super::table_style::{TableStyle, number_cell, status_cell, task_status_cell};
use super::text::{grouped, json_line, moment, one_line, printable};

pub(crate) use super::table_of_audit_entries::audit_entries;
pub(crate) use super::tables_of_orchestration::{
    agent, agents, claimed_tasks, executions, planned_task, planned_tasks, queue_load,
    reaped_attempts, task_counts, task_overviews,
};

/// A table of the tasks of one user. IDs are never shortened, so that they can be copied. A narrow
/// table omits the finish time.
pub(crate) fn tasks<'a>(
    style: TableStyle,
    tasks: impl IntoIterator<Item = &'a TaskSummary>,
) -> Table {
    table_of_tasks(style, tasks, false)
}

/// A table of the tasks of several users.
pub(crate) fn tasks_of_users<'a>(
    style: TableStyle,
    tasks: impl IntoIterator<Item = &'a TaskSummary>,
) -> Table {
    table_of_tasks(style, tasks, true)
}

fn table_of_tasks<'a>(
    style: TableStyle,
    tasks: impl IntoIterator<Item = &'a TaskSummary>,
    with_user: bool,
) -> Table {
    const HEADER: [&str; 8] = [
        "user",
        "task",
        "status",
        "error",
        "step",
        "entries",
        "last activity (UTC)",
        "finished (UTC)",
    ];
    let skipped = usize::from(!with_user);
    let shown = HEADER.len() - skipped - usize::from(style.is_narrow());
    let flexible = [0, 1, 3, 6].map(|column: usize| column.saturating_sub(skipped));
    let mut table = style.table(HEADER.iter().skip(skipped).take(shown), &flexible);
    for task in tasks {
        let step = task.last_step.map(|step| step.to_string());
        let error = task
            .error_code
            .as_ref()
            .map(|code| printable(code.as_str()));
        let cells = [
            Cell::new_owned(printable(task.task.user.as_str())),
            Cell::new_owned(printable(task.task.task.as_str())),
            task_status_cell(task),
            Cell::new_owned(error.unwrap_or_default()),
            number_cell(step.unwrap_or_default()),
            number_cell(grouped(task.entries)),
            Cell::new_owned(moment(task.last_updated)),
            Cell::new_owned(task.finished_at.map(moment).unwrap_or_default()),
        ];
        table.add_row(cells.into_iter().skip(skipped).take(shown));
    }
    table
}

/// A table of migrations.
pub(crate) fn migrations(style: TableStyle, migrations: &[MigrationStatus]) -> Table {
    let header = ["version", "name", "state", "applied (UTC)"];
    let mut table = style.table(&header, &[1]);
    for migration in migrations {
        table.add_row([
            printable(&migration.version),
            migration.name.clone().unwrap_or_default(),
            migration.state.as_str().to_owned(),
            migration.applied_at.map(moment).unwrap_or_default(),
        ]);
    }
    table
}

/// A table of history entries. Message, error and result are on one shortened line each.
#[derive(Debug, Default)]
pub(crate) struct Entries(Vec<Row>);

#[derive(Debug)]
struct Row {
    step: String,
    status: TaskStatus,
    is_completed: bool,
    recorded: String,
    name: String,
    lines: Vec<String>,
}

/// Characters kept of a long text until the width of the table is known.
const KEPT: usize = 200;

/// Step names are shortened to this number of characters.
const MAX_NAME: usize = 30;

impl Entries {
    pub(crate) fn add(&mut self, entry: &HistoryEntry) {
        let result = &entry.step_result;
        let code = result.error_code().map(AsRef::as_ref);
        let error: Vec<&str> = code.into_iter().chain(result.error_message()).collect();
        let mut lines = vec![
            one_line(result.message(), KEPT),
            one_line(&error.join(": "), KEPT),
            json_line(result.result(), KEPT),
        ];
        lines.retain(|line| !line.is_empty());
        self.0.push(Row {
            step: entry.step.to_string(),
            status: result.status(),
            is_completed: result.is_completed(),
            recorded: moment(entry.recorded_at),
            name: one_line(result.step().as_str(), MAX_NAME),
            lines,
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn table(&self, style: TableStyle) -> Table {
        if style.is_narrow() {
            self.narrow_table(style)
        } else {
            self.wide_table(style)
        }
    }

    fn wide_table(&self, style: TableStyle) -> Table {
        const HEADER: [&str; 6] = [
            "step",
            "status",
            "done",
            "recorded (UTC)",
            "name",
            "message, error, result",
        ];
        let names = self.0.iter().map(|row| row.name.chars().count());
        let others = self.step_width()
            + "completed".len()
            + "done".len()
            + "2026-01-31 12:00:00".len()
            + names.max().unwrap_or(0).max("name".len());
        let room = style.room(HEADER.len(), others);
        let mut table = style.table(&HEADER, &[]);
        for row in &self.0 {
            let [step, status, done] = row.cells();
            let recorded = Cell::new(&row.recorded);
            let lines = shortened(&row.lines, room);
            table.add_row([step, status, done, recorded, Cell::new(&row.name), lines]);
        }
        table
    }

    /// Shows the name of a step as the first line of its texts, and splits times over two lines.
    fn narrow_table(&self, style: TableStyle) -> Table {
        const HEADER: [&str; 5] = [
            "step",
            "status",
            "done",
            "recorded\n(UTC)",
            "name, message,\nerror, result",
        ];
        let others = self.step_width() + "completed".len() + "done".len() + "2026-01-31".len();
        let room = style.room(HEADER.len(), others);
        let mut table = style.table(&HEADER, &[]);
        for row in &self.0 {
            let [step, status, done] = row.cells();
            let recorded = Cell::new_owned(row.recorded.replace(' ', "\n"));
            let lines = [std::slice::from_ref(&row.name), &row.lines].concat();
            table.add_row([step, status, done, recorded, shortened(&lines, room)]);
        }
        table
    }

    fn step_width(&self) -> usize {
        let widths = self.0.iter().map(|row| row.step.len());
        widths.max().unwrap_or(0).max("step".len())
    }
}

impl Row {
    fn cells(&self) -> [Cell; 3] {
        [
            number_cell(self.step.clone()),
            status_cell(self.status),
            Cell::new(if self.is_completed { "yes" } else { "no" }),
        ]
    }
}

fn shortened(lines: &[String], room: usize) -> Cell {
    let lines: Vec<_> = lines.iter().map(|line| one_line(line, room)).collect();
    Cell::new_owned(lines.join("\n"))
}
