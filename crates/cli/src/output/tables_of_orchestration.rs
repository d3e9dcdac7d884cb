//! Tables of agents, planned tasks and executions.

use comfy_table::{Cell, Color, Table};
use tasktrail::orchestration::agent::Agent;
use tasktrail::orchestration::dispatch::{ClaimedTask, Execution, QueueLoad, ReapedAttempt};
use tasktrail::orchestration::task::{PlannedTask, Task, TaskCounts, TaskOverview, When};
use tasktrail::orchestration::{AgentState, TaskState};
use tasktrail::timestamp::Timestamp;

use super::table_style::{TableStyle, number_cell};
use super::text::{grouped, json_line, moment, one_line, printable};

/// Characters that are kept of a text in a table.
const KEPT: usize = 60;

/// A table of agents. A narrow table omits the heartbeat.
pub(crate) fn agents(style: TableStyle, agents: &[Agent], now: Timestamp) -> Table {
    const HEADER: [&str; 7] = [
        "agent",
        "type",
        "state",
        "online",
        "tasks",
        "name",
        "heartbeat (UTC)",
    ];
    let shown = HEADER.len() - usize::from(style.is_narrow());
    let mut table = style.table(HEADER.iter().take(shown), &[0, 1, 5]);
    for agent in agents {
        let cells = [
            text_cell(agent.key.agent.as_str()),
            text_cell(agent.description.agent_type.as_str()),
            agent_state_cell(agent.state),
            Cell::new(yes_or_no(agent.presence.is_online(now))),
            number_cell(busy(agent)),
            Cell::new_owned(one_line(agent.description.name.as_str(), KEPT)),
            Cell::new_owned(moment(agent.presence.heartbeat_at)),
        ];
        table.add_row(cells.into_iter().take(shown));
    }
    table
}

/// The facts about one agent.
pub(crate) fn agent(style: TableStyle, agent: &Agent, now: Timestamp) -> Table {
    let description = &agent.description;
    style.facts([
        ("agent", printable(agent.key.agent.as_str())),
        ("name", one_line(description.name.as_str(), KEPT)),
        ("type", printable(description.agent_type.as_str())),
        ("state", agent.state.to_string()),
        (
            "online",
            yes_or_no(agent.presence.is_online(now)).to_owned(),
        ),
        ("tasks", busy(agent)),
        (
            "capabilities",
            one_line(description.capabilities.as_str(), KEPT),
        ),
        ("lease", format!("{} s", description.lease)),
        ("heartbeat (UTC)", moment(agent.presence.heartbeat_at)),
        ("registered (UTC)", moment(agent.registered_at)),
        ("instance", agent.presence.instance.to_string()),
        ("version", agent.version.to_string()),
    ])
}

/// The open executions of an agent, and its capacity: `1 of 3`.
fn busy(agent: &Agent) -> String {
    let open = agent.presence.open_executions;
    format!("{open} of {}", agent.description.capacity)
}

/// A table of the tasks of a plan.
pub(crate) fn planned_tasks(style: TableStyle, tasks: &[PlannedTask]) -> Table {
    let mut table = style.table(&["task", "state"], &[0]);
    for task in tasks {
        table.add_row([text_cell(task.task.as_str()), state_cell(task.state)]);
    }
    table
}

/// A table of tasks. A narrow table omits the priority and the time of the creation.
pub(crate) fn task_overviews(style: TableStyle, tasks: &[TaskOverview]) -> Table {
    const HEADER: [&str; 7] = [
        "task",
        "state",
        "agent",
        "attempts",
        "title",
        "priority",
        "created (UTC)",
    ];
    let shown = HEADER.len() - if style.is_narrow() { 2 } else { 0 };
    let mut table = style.table(HEADER.iter().take(shown), &[0, 2, 4]);
    for task in tasks {
        let progress = &task.progress;
        let agent = progress.agent.as_ref();
        let cells = [
            text_cell(task.key.task.as_str()),
            state_cell(progress.state),
            text_cell(agent.map_or("", |agent| agent.as_str())),
            number_cell(progress.attempts.to_string()),
            Cell::new_owned(one_line(task.title.as_str(), KEPT)),
            number_cell(task.priority.to_string()),
            Cell::new_owned(moment(progress.created_at)),
        ];
        table.add_row(cells.into_iter().take(shown));
    }
    table
}

/// The facts about one task.
pub(crate) fn planned_task(style: TableStyle, task: &Task) -> Table {
    let (definition, progress) = (&task.definition, &task.progress);
    let attempts = format!(
        "{} of {}",
        progress.counted_attempts, definition.max_attempts
    );
    let tags: Vec<_> = definition
        .tags
        .iter()
        .map(|tag| printable(tag.as_str()))
        .collect();
    let mut facts = vec![
        ("task", printable(task.key.task.as_str())),
        ("title", one_line(definition.title.as_str(), KEPT)),
        ("state", progress.state.to_string()),
        ("counted attempts", attempts),
        ("priority", definition.priority.to_string()),
        ("created (UTC)", moment(progress.created_at)),
        ("changed (UTC)", moment(progress.changed_at)),
    ];
    let optional = [
        (
            "agent",
            progress
                .agent
                .as_ref()
                .map(|agent| printable(agent.as_str())),
        ),
        ("due (UTC)", progress.due_at.map(moment)),
        (
            "error",
            progress
                .error_code
                .as_ref()
                .map(|code| printable(code.as_str())),
        ),
        (
            "part of",
            definition
                .parent
                .as_ref()
                .map(|parent| printable(parent.as_str())),
        ),
        (
            "time limit",
            definition.time_limit.map(|limit| format!("{limit} s")),
        ),
        ("depends on", shown(dependencies(task))),
        (
            "description",
            shown(one_line(definition.description.as_str(), KEPT)),
        ),
        ("tags", shown(tags.join(", "))),
        ("requirements", shown_document(&definition.requirements)),
        (
            "requires",
            shown_document(&definition.required_capabilities),
        ),
        ("context", shown_document(&definition.context)),
    ];
    facts.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    style.facts(facts)
}

fn dependencies(task: &Task) -> String {
    let each = task.dependencies.iter().map(|dependency| {
        let id = printable(dependency.prerequisite.as_str());
        match dependency.when {
            When::Success => id,
            When::End => format!("{id} (end)"),
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

fn shown(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn shown_document(document: &tasktrail::Document) -> Option<String> {
    let text = document.as_str();
    (text != "{}").then(|| one_line(text, KEPT))
}

/// A table of tasks that an agent claimed.
pub(crate) fn claimed_tasks(style: TableStyle, tasks: &[ClaimedTask]) -> Table {
    let mut table = style.table(&["task", "attempt", "deadline (UTC)", "title"], &[0, 3]);
    for task in tasks {
        table.add_row([
            text_cell(task.task.as_str()),
            number_cell(task.attempt.to_string()),
            Cell::new_owned(task.deadline.map(moment).unwrap_or_default()),
            Cell::new_owned(one_line(task.definition.title.as_str(), KEPT)),
        ]);
    }
    table
}

/// A table of executions.
pub(crate) fn executions(style: TableStyle, executions: &[Execution]) -> Table {
    let header = [
        "task",
        "attempt",
        "agent",
        "state",
        "assigned (UTC)",
        "error, output",
    ];
    let mut table = style.table(&header, &[0, 2, 5]);
    for execution in executions {
        let error = execution.error.as_ref();
        let error = error.map(|error| format!("{}: {}", error.code, error.message));
        let output = execution.output.as_ref();
        let output = output.map(|output| json_line(output.as_json(), KEPT));
        let result = error.map(|error| one_line(&error, KEPT)).or(output);
        table.add_row([
            text_cell(execution.key.task.task.as_str()),
            number_cell(execution.key.attempt.to_string()),
            text_cell(execution.agent.as_str()),
            Cell::new(execution.state),
            Cell::new_owned(moment(execution.assigned_at)),
            Cell::new_owned(result.unwrap_or_default()),
        ]);
    }
    table
}

/// A table of reaped attempts.
pub(crate) fn reaped_attempts(style: TableStyle, reaped: &[ReapedAttempt]) -> Table {
    let header = [
        "owner",
        "task",
        "attempt",
        "agent",
        "execution",
        "task state",
    ];
    let mut table = style.table(&header, &[0, 1, 3]);
    for attempt in reaped {
        let key = &attempt.attempt;
        table.add_row([
            text_cell(key.task.user.as_str()),
            text_cell(key.task.task.as_str()),
            number_cell(key.attempt.to_string()),
            text_cell(attempt.agent.as_str()),
            Cell::new(attempt.end),
            state_cell(attempt.state),
        ]);
    }
    table
}

/// A table of the number of tasks in each state.
pub(crate) fn task_counts(style: TableStyle, counts: &TaskCounts) -> Table {
    let mut table = style.table(&["state", "tasks"], &[]);
    for (state, count) in counts {
        table.add_row([state_cell(*state), number_cell(grouped(*count))]);
    }
    table
}

/// A table of the ready tasks of each queue.
pub(crate) fn queue_load(style: TableStyle, load: &QueueLoad) -> Table {
    let header = ["required capabilities", "ready", "due", "due since (UTC)"];
    let mut table = style.table(&header, &[0]);
    for queue in &load.queues {
        table.add_row([
            Cell::new_owned(one_line(queue.required_capabilities.as_str(), KEPT)),
            number_cell(grouped(queue.ready)),
            number_cell(grouped(queue.due)),
            Cell::new_owned(queue.due_since.map(moment).unwrap_or_default()),
        ]);
    }
    table
}

fn text_cell(text: &str) -> Cell {
    Cell::new_owned(printable(text))
}

const fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn agent_state_cell(state: AgentState) -> Cell {
    Cell::new(state).fg(match state {
        AgentState::Active => Color::Green,
        AgentState::Draining => Color::Yellow,
        AgentState::Retired => Color::DarkGrey,
    })
}

fn state_cell(state: TaskState) -> Cell {
    Cell::new(state).fg(match state {
        TaskState::Blocked | TaskState::Skipped => Color::DarkGrey,
        TaskState::Ready => Color::White,
        TaskState::Assigned | TaskState::Running => Color::Cyan,
        TaskState::Waiting => Color::Blue,
        TaskState::Completed => Color::Green,
        TaskState::Cancelled => Color::Yellow,
        TaskState::TimedOut => Color::Magenta,
        TaskState::Failed => Color::Red,
    })
}
