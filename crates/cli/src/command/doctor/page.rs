//! The diagnosis as text: the findings, then the facts behind them.

use std::collections::BTreeMap;

use tasktrail::diagnosis::{
    ConnectionFacts, Diagnosis, Finding, Growth, IndexFacts, Severity, StatementFacts, TableFacts,
};
use tasktrail::timestamp::Timestamp;

use crate::failure::Failure;
use crate::output::{
    Output, bytes, counted, counted_items, grouped, moment, number_cell, printable,
};

/// Maximum number of rows in the table of indexes, largest first.
const MAX_INDEXES: usize = 12;

pub(super) fn print(diagnosis: &Diagnosis, output: &mut Output) -> Result<(), Failure> {
    output.heading(verdict(&diagnosis.findings))?;
    for finding in &diagnosis.findings {
        print_finding(finding, output)?;
    }
    output.line("")?;
    if let Some(connection) = &diagnosis.connection {
        output.line(server(connection))?;
    }
    print_tables(&diagnosis.tables, output)?;
    print_indexes(&diagnosis.indexes, output)?;
    if let Some(statements) = &diagnosis.statements {
        print_statements(statements, output)?;
    }
    print_rest(diagnosis, output)?;
    for line in output.table_style().wrapped("checked: ", CHECKED) {
        output.line(line)?;
    }
    Ok(())
}

const CHECKED: &str = "connection, encryption, server settings, schema, number of connections, tables, \
                       indexes, statements, open transactions, replication, wraparound, growth";

fn verdict(findings: &[Finding]) -> String {
    let of = |severity, one: &str, many: &str| {
        let number = findings.iter().filter(|found| found.severity == severity);
        match number.count() {
            0 => None,
            1 => Some(format!("1 {one}")),
            number => Some(format!("{number} {many}")),
        }
    };
    let counts: Vec<_> = [
        of(Severity::Critical, "critical finding", "critical findings"),
        of(Severity::Warning, "warning", "warnings"),
        of(Severity::Notice, "notice", "notices"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if counts.is_empty() {
        "no problems found".to_owned()
    } else {
        counts.join(", ")
    }
}

/// Prints a finding. Control characters in text from the server are escaped.
fn print_finding(finding: &Finding, output: &mut Output) -> Result<(), Failure> {
    let Finding {
        severity,
        code,
        summary,
        evidence,
        advice,
        ..
    } = finding;
    output.line("")?;
    let summary = printable(summary);
    output.heading(format_args!("{}: {summary}  [{code}]", severity.as_str()))?;
    let style = output.table_style();
    for (title, text) in [("  evidence: ", evidence), ("  remedy:   ", advice)] {
        for line in style.wrapped(title, &printable(text)) {
            output.line(line)?;
        }
    }
    Ok(())
}

fn server(connection: &ConnectionFacts) -> String {
    let tls = match (&connection.protocol, connection.encrypted) {
        (Some(protocol), true) => protocol.clone(),
        (None, true) => "encrypted".to_owned(),
        (_, false) => "not encrypted".to_owned(),
    };
    let tls = if connection.through_pooler {
        format!("through a pooler ({tls} behind it)")
    } else {
        tls
    };
    let limit = match connection.statement_timeout_ms {
        0 => "no statement timeout".to_owned(),
        limit => format!("statement timeout {} s", seconds(limit)),
    };
    printable(&format!(
        "PostgreSQL {}, database {}, schema {}, role {}, {tls}, {} of {} connections, {limit}",
        connection.version,
        connection.database,
        connection.schema.as_deref().unwrap_or("none"),
        connection.role,
        connection.connections,
        connection.max_connections,
    ))
}

fn seconds(milliseconds: u64) -> String {
    let (whole, rest) = (milliseconds / 1000, milliseconds % 1000);
    if rest == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{rest:03}")
    }
}

fn print_tables(tables: &[TableFacts], output: &mut Output) -> Result<(), Failure> {
    if tables.is_empty() {
        return Ok(());
    }
    let header = [
        "table",
        "rows",
        "dead",
        "table size",
        "indexes",
        "vacuumed (UTC)",
        "analyzed (UTC)",
    ];
    let mut shown = output.table_style().table(&header, &[0]);
    let when = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), moment);
    for table in tables {
        let name = match table.partitions {
            0 => table.name.clone(),
            partitions => format!("{} ({partitions} partitions)", table.name),
        };
        shown.add_row([
            comfy_table::Cell::new_owned(name),
            number_cell(grouped(table.live_rows)),
            number_cell(grouped(table.dead_rows)),
            number_cell(bytes(table.table_bytes)),
            number_cell(bytes(table.index_bytes)),
            number_cell(when(table.last_vacuum)),
            number_cell(when(table.last_analyze)),
        ]);
    }
    output.table(&shown)
}

/// The indexes of all partitions of a table are combined in one row.
fn print_indexes(indexes: &[IndexFacts], output: &mut Output) -> Result<(), Failure> {
    if indexes.is_empty() {
        return Ok(());
    }
    let mut families: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for index in indexes {
        let (size, gaps, scans) = families.entry(&index.family).or_default();
        *size += index.bytes;
        *gaps += index.gap_bytes();
        *scans += index.scans;
    }
    let mut families: Vec<_> = families.into_iter().collect();
    families.sort_by_key(|(_, (size, ..))| std::cmp::Reverse(*size));
    let header = ["index", "size", "free space, about", "scans"];
    let mut shown = output.table_style().table(&header, &[0]);
    let smaller = families.split_off(families.len().min(MAX_INDEXES));
    for (name, (size, gaps, scans)) in families {
        shown.add_row([
            comfy_table::Cell::new_owned(printable(name)),
            number_cell(bytes(size)),
            number_cell(bytes(gaps)),
            number_cell(grouped(scans)),
        ]);
    }
    output.table(&shown)?;
    if smaller.is_empty() {
        return Ok(());
    }
    let total = smaller.iter().map(|(_, (size, ..))| size).sum();
    let count = counted_items(&smaller, "smaller index", "smaller indexes");
    output.line(format_args!("{count}: {}", bytes(total)))
}

fn print_statements(statements: &[StatementFacts], output: &mut Output) -> Result<(), Failure> {
    if statements.is_empty() {
        return Ok(());
    }
    let header = ["statement of", "calls", "mean ms", "longest ms", "total s"];
    let mut shown = output.table_style().table(&header, &[0]);
    for statement in statements {
        shown.add_row([
            comfy_table::Cell::new(statement.operation),
            number_cell(grouped(statement.calls)),
            number_cell(format!("{:.2}", statement.mean_ms)),
            number_cell(format!("{:.1}", statement.longest_ms)),
            number_cell(format!("{:.1}", statement.total_ms / 1000.0)),
        ]);
    }
    output.table(&shown)
}

fn print_rest(diagnosis: &Diagnosis, output: &mut Output) -> Result<(), Failure> {
    for replica in &diagnosis.replicas {
        let lag = bytes(replica.lag_bytes);
        let name = printable(&replica.name);
        let (state, sync) = (&replica.state, &replica.sync_state);
        output.line(format_args!(
            "standby {name}: {state}, {sync}, {lag} behind"
        ))?;
    }
    for slot in &diagnosis.slots {
        let state = if slot.active { "active" } else { "inactive" };
        let (name, kept) = (printable(&slot.name), bytes(slot.kept_bytes));
        output.line(format_args!(
            "slot {name}: {state}, {kept} of write-ahead log retained"
        ))?;
    }
    if let Some(wraparound) = &diagnosis.wraparound {
        let (used, left) = (grouped(wraparound.transactions), grouped(wraparound.left));
        output.line(format_args!(
            "transaction IDs: {used} used since the last freeze, {left} left"
        ))?;
    }
    match &diagnosis.growth {
        Some(growth) => output.line(grows(growth)),
        None => Ok(()),
    }
}

fn grows(growth: &Growth) -> String {
    let size = bytes(growth.bytes_per_entry);
    let entries = counted(growth.entries, "entry", "entries");
    let per_day = growth.entries_per_day.zip(growth.bytes_per_day);
    let Some((per_day, daily)) = per_day else {
        return format!(
            "growth: about {entries} of {size}; the oldest is too recent to estimate a rate"
        );
    };
    if per_day == 0 {
        return format!("growth: about {entries} of {size}; none in the last 7 days");
    }
    let full = match growth.days_until_full {
        Some(days) => format!(
            "at this rate, the disk is full in {}",
            counted(days, "day", "days")
        ),
        None => "pass --disk-free to estimate when the disk is full".to_owned(),
    };
    format!(
        "growth: about {entries} of {size}; recently {} and {} per day; {full}",
        counted(per_day, "entry", "entries"),
        bytes(daily)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_timeout_is_shown_in_seconds() {
        assert_eq!([30_000, 1_500, 7].map(seconds), ["30", "1.500", "0.007"]);
    }

    #[test]
    fn no_findings_means_no_problems() {
        assert_eq!(verdict(&[]), "no problems found");
    }
}
