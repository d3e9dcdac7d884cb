//! The results as text: two tables, and a chart for each.

use comfy_table::{Cell, Table};

use super::workload::Workload;
use super::workload::row::Row;
use crate::failure::Failure;
use crate::output::{Output, TableStyle, counted, grouped, number_cell};

const MIB: u64 = 1 << 20;

/// Width of the tables with all columns.
const FULL_WIDTH: u16 = 95;

pub(super) fn print(rows: &[Row], output: &mut Output) -> Result<(), Failure> {
    let (writes, reads): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.wal_bytes.is_some());
    let style = output.table_style();
    if !writes.is_empty() {
        output.line("")?;
        output.heading("Writes")?;
        output.table(&written(style, &writes))?;
    }
    if !reads.is_empty() {
        output.line("")?;
        output.heading("Reads")?;
        output.table(&read(style, &reads))?;
    }
    let saves = writes
        .into_iter()
        .filter(|row| row.workload == Workload::Save);
    chart("Saves per second", saves, output)?;
    chart("Reads per second", reads.into_iter(), output)
}

fn written(style: TableStyle, rows: &[&Row]) -> Table {
    const HEADER: [&str; 11] = [
        "workload",
        "callers",
        "group\ncommit",
        "per\nsecond",
        "p50\nms",
        "p95\nms",
        "p99\nms",
        "max\nms",
        "WAL\nbytes",
        "dead\nrows",
        "memory\nMiB",
    ];
    let mut table = style.table(shown(style, HEADER.iter(), [5, 10]), &[]);
    for row in rows {
        let dead = row.dead_rows.map(|rows| format!("{rows:.2}"));
        let cells = [
            Cell::new(row.workload.name()),
            number_cell(grouped(row.callers.into())),
            Cell::new(group_commit(row)),
            number_cell(whole(row.per_second)),
            number_cell(three_digits(row.p50_ms)),
            number_cell(three_digits(row.p95_ms)),
            number_cell(three_digits(row.p99_ms)),
            number_cell(three_digits(row.max_ms)),
            number_cell(row.wal_bytes.map(whole).unwrap_or_default()),
            number_cell(dead.unwrap_or_default()),
            number_cell(memory(row)),
        ];
        table.add_row(shown(style, cells, [5, 10]));
    }
    table
}

fn read(style: TableStyle, rows: &[&Row]) -> Table {
    const HEADER: [&str; 10] = [
        "workload",
        "callers",
        "tasks of\nthe user",
        "only",
        "per\nsecond",
        "p50\nms",
        "p95\nms",
        "p99\nms",
        "max\nms",
        "memory\nMiB",
    ];
    let mut table = style.table(shown(style, HEADER.iter(), [6, 9]), &[]);
    for row in rows {
        let cells = [
            Cell::new(row.workload.name()),
            number_cell(grouped(row.callers.into())),
            number_cell(tasks(row).unwrap_or_default()),
            Cell::new(row.filter.map_or("", |status| status.as_str())),
            number_cell(whole(row.per_second)),
            number_cell(three_digits(row.p50_ms)),
            number_cell(three_digits(row.p95_ms)),
            number_cell(three_digits(row.p99_ms)),
            number_cell(three_digits(row.max_ms)),
            number_cell(memory(row)),
        ];
        table.add_row(shown(style, cells, [6, 9]));
    }
    table
}

/// Omits the less important columns if the terminal is too narrow.
fn shown<T>(
    style: TableStyle,
    columns: impl IntoIterator<Item = T>,
    less_important: [usize; 2],
) -> impl Iterator<Item = T> {
    let all = style.has_room_for(FULL_WIDTH);
    let numbered = columns.into_iter().enumerate();
    numbered
        .filter(move |(number, _)| all || !less_important.contains(number))
        .map(|(_, column)| column)
}

fn group_commit(row: &Row) -> &'static str {
    match row.group_commit {
        Some(true) => "on",
        Some(false) => "off",
        None => "",
    }
}

fn tasks(row: &Row) -> Option<String> {
    row.tasks.map(|tasks| grouped(tasks.into()))
}

fn memory(row: &Row) -> String {
    let bytes = row.resident_bytes;
    bytes.map_or_else(String::new, |bytes| grouped(bytes.div_ceil(MIB)))
}

fn chart<'a>(
    title: &str,
    rows: impl Iterator<Item = &'a Row>,
    output: &mut Output,
) -> Result<(), Failure> {
    let bars: Vec<_> = rows
        .map(|row| (label(row), row.per_second, whole(row.per_second)))
        .collect();
    if bars.is_empty() {
        return Ok(());
    }
    output.line("")?;
    output.heading(title)?;
    for line in output.table_style().bars(&bars) {
        output.line(line)?;
    }
    Ok(())
}

fn label(row: &Row) -> String {
    let callers = counted(row.callers.into(), "caller", "callers");
    let what = match (row.group_commit, tasks(row), row.filter) {
        (Some(true), ..) => "group commit".to_owned(),
        (Some(false), ..) => "no group commit".to_owned(),
        (None, Some(tasks), Some(status)) => format!("list of {tasks} ({status})"),
        (None, Some(tasks), None) => format!("list of {tasks}"),
        (None, None, _) => row.workload.name().to_owned(),
    };
    format!("{what}, {callers}")
}

/// Formats a number without its fraction, with grouped digits.
fn whole(number: f64) -> String {
    let rounded = format!("{number:.0}");
    rounded.parse().map_or(rounded, grouped)
}

/// Formats a number with three significant digits, or with all digits before the decimal point.
fn three_digits(number: f64) -> String {
    if number < 9.995 {
        format!("{number:.2}")
    } else if number < 99.95 {
        format!("{number:.1}")
    } else {
        whole(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_have_three_significant_digits() {
        assert_eq!(
            [0.0, 0.657, 9.996, 12.34, 99.96, 1234.5].map(three_digits),
            ["0.00", "0.66", "10.0", "12.3", "100", "1 234"]
        );
    }
}
