use clap::Args;
use tasktrail::DatabaseManager;
use tasktrail::orchestration::TaskState;
use tasktrail::orchestration::task::{TaskGraph, When};

use super::args::TaskArgs;
use crate::failure::Failure;
use crate::output::{Output, drawing, printable};

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
