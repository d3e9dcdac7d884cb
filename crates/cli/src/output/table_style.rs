//! The style of tables.

use std::io::{IsTerminal, Stdout};

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, ContentLineStyle,
    LineStyle, Table, TableStyle as LineStyles,
};
use tasktrail::task_history::{TaskStatus, TaskSummary};

use super::text::task_status;

const ROUNDED: LineStyles = LineStyles::new()
    .top_border(LineStyle::new('╭', '─', '┬', '╮'))
    .header_lines(ContentLineStyle::new('│', '│', '│'))
    .header_separator(LineStyle::new('├', '─', '┼', '┤'))
    .content_lines(ContentLineStyle::new('│', '│', '│'))
    .bottom_border(LineStyle::new('╰', '─', '┴', '╯'));

/// The width of tables if standard output is not a terminal.
const PIPED_WIDTH: u16 = 120;

/// Minimum width of tables, even on a narrower terminal.
const MIN_WIDTH: u16 = 72;

/// Below this width, tables omit less important columns.
const NARROW: u16 = 110;

/// Minimum width of a shortened text, in characters.
const MIN_ROOM: usize = 20;

/// The style of tables on standard output: their width, and whether they have colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableStyle {
    pub(super) colours: bool,
    pub(super) width: u16,
}

impl TableStyle {
    pub(super) fn of(stdout: &Stdout) -> Self {
        let terminal = Table::new().width().filter(|_| stdout.is_terminal());
        Self {
            colours: super::terminal::has_colours(stdout),
            width: terminal.unwrap_or(PIPED_WIDTH).max(MIN_WIDTH),
        }
    }

    /// Wraps a text after a title.
    pub(crate) fn wrapped(self, title: &str, text: &str) -> Vec<String> {
        super::text::wrapped(title, text, usize::from(self.width))
    }

    /// Whether only the most important columns fit.
    pub(super) fn is_narrow(self) -> bool {
        self.width < NARROW
    }

    /// Whether `columns` characters fit in a line.
    pub(crate) fn has_room_for(self, columns: u16) -> bool {
        self.width >= columns
    }

    /// The width of the last one of `columns` table columns, in characters, if the other columns
    /// have `others` characters together.
    pub(super) fn room(self, columns: usize, others: usize) -> usize {
        let borders = columns + 1 + 2 * columns;
        let left = usize::from(self.width).saturating_sub(borders + others);
        left.max(MIN_ROOM)
    }

    /// Creates an empty table. The columns in `flexible` shrink if the table is too wide. The
    /// others keep the width of their content.
    pub(crate) fn table<'a>(
        self,
        header: impl IntoIterator<Item = &'a &'a str>,
        flexible: &[usize],
    ) -> Table {
        let mut table = self.bare();
        let titles: Vec<_> = header.into_iter().map(|title| self.title(title)).collect();
        table.set_header(titles);
        for (index, column) in table.column_iter_mut().enumerate() {
            if !flexible.contains(&index) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table
    }

    /// Creates a table with two columns, names and values.
    pub(crate) fn facts<'a>(self, facts: impl IntoIterator<Item = (&'a str, String)>) -> Table {
        let mut table = self.bare();
        for (name, value) in facts {
            table.add_row([self.title(name), number_cell(value)]);
        }
        table
    }

    fn bare(self) -> Table {
        let mut table = Table::new();
        table
            .load_style(ROUNDED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width)
            .force_no_tty();
        if self.colours {
            table.enforce_styling();
        }
        table
    }

    fn title(self, title: &str) -> Cell {
        if self.colours {
            Cell::new(title).add_attribute(Attribute::Bold)
        } else {
            Cell::new(title)
        }
    }
}

/// A right-aligned cell.
pub(crate) fn number_cell(value: String) -> Cell {
    Cell::new_owned(value).set_alignment(CellAlignment::Right)
}

/// A cell with the status of a task, in the colour of the status.
pub(crate) fn task_status_cell(task: &TaskSummary) -> Cell {
    let shown = task_status(task.status, task.is_finished());
    Cell::new_owned(shown).fg(colour(task.status))
}

/// A cell with the status of a step, in the colour of the status.
pub(crate) fn status_cell(status: TaskStatus) -> Cell {
    Cell::new(status).fg(colour(status))
}

fn colour(status: TaskStatus) -> Color {
    match status {
        TaskStatus::Pending => Color::DarkGrey,
        TaskStatus::Running => Color::Cyan,
        TaskStatus::Completed => Color::Green,
        TaskStatus::Cancelled => Color::Yellow,
        TaskStatus::TimedOut => Color::Magenta,
        TaskStatus::Failed => Color::Red,
    }
}
