//! Whether the audit log leads to the states of tasks.

use std::collections::BTreeMap;

use serde::Deserialize;
use tasktrail_domain::JsonText;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, AuditEntry, EntityKind};
use tasktrail_domain::write::WriteId;

use super::content::Content;

pub(super) fn assert_sound(content: &Content) {
    assert_ordinals(content);
    let mut states: BTreeMap<&str, TaskState> = BTreeMap::new();
    for entry in content.entries.iter().filter(|entry| has_states(entry)) {
        let id = entry.entity_id.as_str();
        let (before, after) = (state(entry.before.as_ref()), state(entry.after.as_ref()));
        let after = after.unwrap_or_else(|| panic!("no state after {entry:?}"));
        let last = states.insert(id, after);
        if entry.action == Action::TASK_CREATED {
            let removed = last.is_none_or(TaskState::is_ended);
            assert!(removed && before.is_none(), "{id} exists before {entry:?}");
            continue;
        }
        assert_eq!(before, last, "{id} before {entry:?}");
        let step = before.is_some_and(|before| before == after || before.may_become(after));
        assert!(step, "{id}: not allowed: {entry:?}");
    }
    for (id, record) in &content.tasks {
        let state = states.get(id.as_str()).copied();
        let current = Some(record.task.progress.state);
        assert_eq!(state, current, "{id} in the audit log");
    }
}

/// Panics unless the entries of each write are numbered from 0, at one time and by one actor.
fn assert_ordinals(content: &Content) {
    let mut writes: BTreeMap<WriteId, Vec<&AuditEntry>> = BTreeMap::new();
    for entry in &content.entries {
        writes.entry(entry.write_id).or_default().push(entry);
    }
    for (write, mut entries) in writes {
        entries.sort_by_key(|entry| entry.ordinal);
        let ordinals = entries.iter().map(|entry| entry.ordinal);
        let count = u32::try_from(entries.len()).unwrap();
        assert!(ordinals.eq(0..count), "{write}: {entries:?}");
        for entry in &entries {
            let first = entries[0];
            assert_eq!(
                (entry.at, &entry.actor),
                (first.at, &first.actor),
                "{write}"
            );
        }
    }
}

/// Returns whether an entry of a port has the state of a task.
fn has_states(entry: &AuditEntry) -> bool {
    let own = entry.action.as_str().starts_with("task.");
    let stateless = [Action::TASK_UPDATED, Action::TASK_REPORT_SUPERSEDED];
    entry.entity == EntityKind::Task && own && !stateless.contains(&entry.action)
}

fn state(fields: Option<&JsonText>) -> Option<TaskState> {
    #[derive(Deserialize)]
    struct Fields {
        state: TaskState,
    }
    let fields: Fields = fields?.deserialize().unwrap();
    Some(fields.state)
}
