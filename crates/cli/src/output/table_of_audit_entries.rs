use comfy_table::{Cell, Table};
use tasktrail::orchestration::audit::AuditEntry;

use super::table_style::TableStyle;
use super::text::{json_line, moment, one_line, printable};

/// Characters that are kept of a text.
const KEPT: usize = 60;

/// A table of audit entries.
pub(crate) fn audit_entries(style: TableStyle, entries: &[AuditEntry]) -> Table {
    if style.is_narrow() {
        narrow_table(style, entries)
    } else {
        wide_table(style, entries)
    }
}

fn wide_table(style: TableStyle, entries: &[AuditEntry]) -> Table {
    let header = ["time (UTC)", "actor", "action", "entity", "after, note"];
    let mut table = style.table(&header, &[1, 3, 4]);
    for entry in entries {
        table.add_row([
            Cell::new_owned(moment(entry.at)),
            Cell::new_owned(printable(&entry.actor.to_string())),
            Cell::new_owned(printable(entry.action.as_str())),
            Cell::new_owned(entity(entry)),
            Cell::new_owned(after_and_note(entry, KEPT).join("\n")),
        ]);
    }
    table
}

/// Shows the entity below the actor, and the fields below the action.
fn narrow_table(style: TableStyle, entries: &[AuditEntry]) -> Table {
    let header = ["time\n(UTC)", "actor,\nentity", "action,\nafter, note"];
    let mut table = style.table(&header, &[1, 2]);
    // The column with the actors gets at most a third of the line.
    let room = style.room(
        header.len(),
        "2026-01-31".len() + usize::from(style.width) / 3,
    );
    for entry in entries {
        let action = printable(entry.action.as_str());
        let who = printable(&entry.actor.to_string());
        let what = [vec![action], after_and_note(entry, room.min(KEPT))].concat();
        table.add_row([
            Cell::new_owned(moment(entry.at).replace(' ', "\n")),
            Cell::new_owned(format!("{who}\n{}", entity(entry))),
            Cell::new_owned(what.join("\n")),
        ]);
    }
    table
}

fn entity(entry: &AuditEntry) -> String {
    printable(&format!("{}:{}", entry.entity, entry.entity_id))
}

fn after_and_note(entry: &AuditEntry, room: usize) -> Vec<String> {
    let after = entry.after.as_ref().map(|after| json_line(after, room));
    let note = entry.note.as_ref();
    let note = note.map(|note| one_line(note.as_str(), room));
    let lines = after.into_iter().chain(note);
    lines.filter(|line| !line.is_empty()).collect()
}
