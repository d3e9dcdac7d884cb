//! The graph of a task, and the counts.

use tasktrail_domain::orchestration::task::{
    CancelScope, TaskCounts, TaskEdge, TaskGraph, TaskOverview, When,
};
use tasktrail_domain::orchestration::{TaskState, TaskStateSet};

use super::board::Board;
use crate::fixture::{task, task_of, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan_of, task_id};

/// The graph of a task that does not exist is empty.
pub async fn an_unknown_task_has_an_empty_graph(ports: &Orchestration) {
    assert_eq!(ports.graph(&task("a")).await, TaskGraph::default());
}

/// The graph of a task without dependencies and dependants has only the task.
pub async fn a_single_task_is_its_own_graph(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([new_task("a"), new_task("part").part_of("a")])
        .await;

    let expected = TaskGraph::new(vec![TaskOverview::of(&board.get("a").await)], vec![], false);
    assert_eq!(ports.graph(&task("a")).await, expected);
}

/// The graph has all tasks that the task depends on, directly or not, and all that depend on it,
/// and the dependencies among them, each sorted. It has no tasks that are related otherwise.
pub async fn a_graph_has_prerequisites_and_dependants(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("root"),
            new_task("left").after("root"),
            new_task("right").after("root"),
            new_task("join")
                .after("left")
                .after_end_of("right")
                .after("root"),
            new_task("leaf")
                .after_end_of("join")
                .after("left")
                .after("aside"),
            new_task("aside"),
            new_task("below aside").after("aside"),
            new_task("of leaf").part_of("leaf"),
        ])
        .await;
    board.cancel("right").await;

    let graph = ports.graph(&task("left")).await;

    let tasks = ["join", "leaf", "left", "root"];
    assert_eq!(ids(&graph), tasks);
    for (overview, id) in graph.tasks.iter().zip(tasks) {
        assert_eq!(*overview, TaskOverview::of(&board.get(id).await));
    }
    let edges = [
        edge("join", "left", When::Success),
        edge("join", "root", When::Success),
        edge("leaf", "join", When::End),
        edge("leaf", "left", When::Success),
        edge("left", "root", When::Success),
    ];
    assert_eq!(graph.edges, edges);
    assert!(!graph.truncated);
    let whole = ["aside", "join", "leaf", "left", "right", "root"];
    assert_eq!(ids(&ports.graph(&task("leaf")).await), whole);
}

/// The graph shows added and removed dependencies.
pub async fn a_graph_follows_changes_of_dependencies(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([new_task("a"), new_task("b").after("a"), new_task("c")])
        .await;

    board.remove("b", ["a"]).await;
    board.add("b", [super::expected::end("c")]).await;

    let graph = ports.graph(&task("c")).await;
    assert_eq!(ids(&graph), ["b", "c"]);
    assert_eq!(graph.edges, [edge("b", "c", When::End)]);
}

/// A graph has at most 1000 tasks, the nearest first, and says that more belong to it.
pub async fn a_graph_has_the_nearest_1000_tasks(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let ids_of_chain: Vec<String> = (0..1002).map(|level| format!("{level:04}")).collect();
    let chain =
        (1..1002).map(|level| new_task(&ids_of_chain[level]).after(&ids_of_chain[level - 1]));
    board.given(chain.chain([new_task("0000")])).await;

    let graph = ports.graph(&task("0000")).await;
    assert_eq!(ids(&graph), ids_of_chain[..TaskGraph::MAX_TASKS]);
    assert_eq!(graph.edges.len(), TaskGraph::MAX_TASKS - 1);
    assert!(graph.truncated);

    let graph = ports.graph(&task("1001")).await;
    assert_eq!(ids(&graph), ids_of_chain[2..]);
    assert!(graph.truncated);

    board.remove("1000", ["0999"]).await;
    let graph = ports.graph(&task("0999")).await;
    assert_eq!(ids(&graph), ids_of_chain[..TaskGraph::MAX_TASKS]);
    assert!(!graph.truncated);
}

/// The counts have the number of tasks in each state, without states that no task is in.
pub async fn tasks_are_counted_by_state(ports: &Orchestration) {
    let board = Board::of(ports).await;
    assert_eq!(ports.counts(&user("alice")).await, TaskCounts::new());
    for state in TaskStateSet::ALL.iter() {
        board.given_in(state, state.as_str()).await;
    }
    board.given(["a", "b"].map(new_task)).await;
    ports
        .create(&board.next(), &user("bob"), &plan_of(["a"]))
        .await;

    let mut expected: TaskCounts = TaskStateSet::ALL.iter().map(|state| (state, 1)).collect();
    // The task that the blocked one waits for, the one that the skipped one needed, and two more.
    expected.insert(TaskState::Ready, 4);
    expected.insert(TaskState::Failed, 2);
    assert_eq!(ports.counts(&user("alice")).await, expected);
    let one = TaskCounts::from([(TaskState::Ready, 1)]);
    assert_eq!(ports.counts(&user("bob")).await, one);
    let key = task_of("bob", "a");
    ports.cancel(&board.next(), &key, CancelScope::Task).await;
    let one = TaskCounts::from([(TaskState::Cancelled, 1)]);
    assert_eq!(ports.counts(&user("bob")).await, one);
}

fn ids(graph: &TaskGraph) -> Vec<String> {
    graph
        .tasks
        .iter()
        .map(|task| task.key.task.to_string())
        .collect()
}

fn edge(task: &str, prerequisite: &str, when: When) -> TaskEdge {
    let (task, prerequisite) = (task_id(task), task_id(prerequisite));
    TaskEdge {
        task,
        prerequisite,
        when,
    }
}
