use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use tasktrail::DatabaseManager;
use tasktrail::orchestration::TaskState;
use tasktrail::orchestration::task::{TaskGraph, TaskOverview, When};

use super::args::TaskArgs;
use crate::failure::Failure;
use crate::output::{Output, printable};

/// Draw what a task depends on, and what depends on it.
///
/// Each task is below the tasks that it depends on, indented once more than the first of them. A
/// task that depends on several is drawn once, with all of them after an arrow. A dependency that
/// waits for the end of a task, whatever its state, is marked with `(end)`.
///
/// JSON: {"tasks": […], "edges": [{"task", "prerequisite", "when"}], "truncated"}.
#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// Print the graph in the language of Graphviz.
    #[arg(long)]
    dot: bool,
}

pub(super) async fn run(
    args: &GraphArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let key = args.task.key();
    let graph = manager.orchestration_ports()?.tasks.graph(&key).await?;
    if graph.tasks.is_empty() {
        output.line(format_args!(
            "there is no task {}",
            printable(key.task.as_str())
        ))?;
        return Err(Failure::No);
    }
    if args.dot {
        return print(dot(&graph), output);
    }
    if output.is_json() {
        return output.json(&graph);
    }
    print(drawing(&graph), output)?;
    if graph.truncated {
        let most = TaskGraph::MAX_TASKS;
        output.line(format_args!(
            "more than {most} tasks: only the nearest are drawn"
        ))?;
    }
    Ok(())
}

fn print(lines: Vec<String>, output: &mut Output) -> Result<(), Failure> {
    lines.into_iter().try_for_each(|line| output.line(line))
}

/// The tasks in an order in which each is below its prerequisites, indented by the longest path to
/// it.
fn drawing(graph: &TaskGraph) -> Vec<String> {
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

fn dot(graph: &TaskGraph) -> Vec<String> {
    let mut lines = vec![
        "digraph tasks {".to_owned(),
        "  rankdir=LR; node [shape=box, style=filled];".to_owned(),
    ];
    for task in &graph.tasks {
        let id = dot_text(task.key.task.as_str());
        let label = format!("{}\n{}", task.title, task.progress.state);
        let colour = colour(task.progress.state);
        lines.push(format!(
            "  {id} [label={}, fillcolor={colour}];",
            dot_text(&label)
        ));
    }
    for edge in &graph.edges {
        let style = match edge.when {
            When::Success => "",
            When::End => " [style=dashed]",
        };
        let [from, to] = [&edge.prerequisite, &edge.task].map(|task| dot_text(task.as_str()));
        lines.push(format!("  {from} -> {to}{style};"));
    }
    lines.push("}".to_owned());
    lines
}

/// A quoted text of Graphviz, in which only quotes and backslashes have a meaning.
fn dot_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

const fn colour(state: TaskState) -> &'static str {
    match state {
        TaskState::Blocked => "white",
        TaskState::Ready => "lightyellow",
        TaskState::Assigned | TaskState::Running | TaskState::Waiting => "lightblue",
        TaskState::Completed => "palegreen",
        TaskState::Failed | TaskState::TimedOut => "lightcoral",
        TaskState::Cancelled | TaskState::Skipped => "lightgrey",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped_in_graphviz() {
        assert_eq!(dot_text("a \"b\"\\\nc"), r#""a \"b\"\\\nc""#);
    }
}
