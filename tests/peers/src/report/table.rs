//! A table for the terminal and for Markdown.

use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

/// The style of the tables of `tasktrail`.
const ROUNDED: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('╭', '─', '┬', '╮'))
    .header_lines(ContentLineStyle::new('│', '│', '│'))
    .header_separator(LineStyle::new('├', '─', '┼', '┤'))
    .content_lines(ContentLineStyle::new('│', '│', '│'))
    .bottom_border(LineStyle::new('╰', '─', '┴', '╯'));

/// A table with six columns of text.
#[derive(Clone, Debug)]
pub(super) struct Table {
    header: [&'static str; 6],
    rows: Vec<[String; 6]>,
}

impl Table {
    pub(super) fn new(header: [&'static str; 6]) -> Self {
        Self {
            header,
            rows: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, row: [String; 6]) {
        self.rows.push(row);
    }

    pub(super) fn for_terminal(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(ROUNDED);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.header);
        table.add_rows(&self.rows);
        table.to_string()
    }

    /// Formats the table as Markdown.
    pub(super) fn for_document(&self) -> String {
        let rule = ["---"; 6].join(" | ");
        let mut lines = vec![
            format!("| {} |", self.header.join(" | ")),
            format!("| {rule} |"),
        ];
        let rows = self
            .rows
            .iter()
            .map(|row| format!("| {} |", row.join(" | ")));
        lines.extend(rows);
        lines.join("\n")
    }
}
