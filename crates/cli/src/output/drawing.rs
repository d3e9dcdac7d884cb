use std::collections::{BTreeMap, BTreeSet};

use tasktrail::orchestration::TaskState;
use tasktrail::orchestration::task::{TaskGraph, TaskOverview, When};

use super::text::printable;

/// The lines of a graph: the tasks in an order in which each is below its prerequisites, indented by
/// the longest path to it.
pub(crate) fn drawing(graph: &TaskGraph) -> Vec<String> {
    let mut prerequisites: BTreeMap<&str, Vec<(&str, When)>> = BTreeMap::new();
    for edge in &graph.edges {
        let of_task = prerequisites.entry(edge.task.as_str()).or_default();
        of_task.push((edge.prerequisite.as_str(), edge.when));
    }
    let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left: BTreeMap<&str, &TaskOverview> = BTreeMap::new();
    for task in &graph.tasks {
        left.insert(task.key.task.as_str(), task);
    }
    let mut lines = Vec::with_capacity(graph.tasks.len());
    while !left.is_empty() {
        let next: BTreeSet<&str> = left
            .keys()
            .copied()
            .filter(|id| {
                let of_task = prerequisites.get(id).into_iter().flatten();
                of_task
                    .clone()
                    .all(|(before, _)| !left.contains_key(before))
            })
            .collect();
        for id in next {
            let of_task = prerequisites.get(id).map(Vec::as_slice).unwrap_or_default();
            let below = of_task.iter().filter_map(|(before, _)| levels.get(before));
            let level = below.max().map_or(0, |level| level + 1);
            levels.insert(id, level);
            if let Some(task) = left.remove(id) {
                lines.push(line(task, level, of_task));
            }
        }
    }
    lines
}

fn line(task: &TaskOverview, level: usize, prerequisites: &[(&str, When)]) -> String {
    let indent = "  ".repeat(level);
    let mark = mark(task.progress.state);
    let id = printable(task.key.task.as_str());
    let state = task.progress.state;
    let mut line = format!("{indent}{mark} {id}  {state}");
    let after: Vec<_> = prerequisites
        .iter()
        .map(|(before, when)| match when {
            When::Success => printable(before),
            When::End => format!("{} (end)", printable(before)),
        })
        .collect();
    if !after.is_empty() {
        line.push_str("  ← ");
        line.push_str(&after.join(", "));
    }
    line
}

fn mark(state: TaskState) -> char {
    match state {
        TaskState::Blocked => '◌',
        TaskState::Ready => '○',
        TaskState::Assigned | TaskState::Running | TaskState::Waiting => '◐',
        TaskState::Completed => '●',
        TaskState::Failed | TaskState::TimedOut => '✗',
        TaskState::Cancelled | TaskState::Skipped => '–',
    }
}
