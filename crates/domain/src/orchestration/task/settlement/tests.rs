use TaskState::{Blocked, Cancelled, Completed, Failed, Ready, Skipped, TimedOut};
use proptest::prelude::*;

use super::*;

fn id(text: &str) -> TaskId {
    text.parse().unwrap()
}

/// Edges, each written as the task, the prerequisite and what the task waits for.
fn graph(edges: &[(&str, &str, When)]) -> Dependants {
    let mut dependants = Dependants::new();
    for (task, prerequisite, when) in edges {
        let edge = (id(task), *when);
        dependants.entry(id(prerequisite)).or_default().push(edge);
    }
    dependants
}

fn blocked(tasks: &[(&str, u32)]) -> BTreeMap<TaskId, Dependant> {
    let dependant = |open_dependencies| Dependant {
        state: Blocked,
        open_dependencies,
    };
    let entries = tasks
        .iter()
        .map(|(task, open)| (id(task), dependant(*open)));
    entries.collect()
}

fn settled(task: &str, to: TaskState, open_dependencies: u32) -> Settled {
    Settled {
        task: id(task),
        from: Blocked,
        to,
        open_dependencies,
    }
}

#[test]
fn task_is_created_blocked_ready_or_skipped() {
    use When::{End, Success};
    for (dependencies, created) in [
        (vec![], (Ready, 0)),
        (vec![(Success, Completed), (End, Failed)], (Ready, 0)),
        (vec![(Success, Ready), (End, Completed)], (Blocked, 1)),
        (
            vec![(Success, Blocked), (End, TaskState::Running)],
            (Blocked, 2),
        ),
        (
            vec![(End, TaskState::Waiting), (Success, Skipped)],
            (Skipped, 0),
        ),
        (vec![(Success, TimedOut), (Success, Ready)], (Skipped, 0)),
    ] {
        assert_eq!(
            state_at_creation(dependencies.clone()),
            created,
            "{dependencies:?}"
        );
    }
}

#[test]
fn last_open_dependency_makes_a_task_ready() {
    let dependants = graph(&[
        ("c", "a", When::Success),
        ("c", "b", When::Success),
        ("d", "a", When::End),
    ]);
    let tasks = blocked(&[("c", 2), ("d", 1)]);

    assert_eq!(
        settle([(id("a"), Completed)], &dependants, &tasks),
        [settled("c", Blocked, 1), settled("d", Ready, 0)]
    );
    assert_eq!(
        settle(
            [(id("b"), Completed), (id("a"), Completed)],
            &dependants,
            &tasks
        ),
        [settled("c", Ready, 0), settled("d", Ready, 0)]
    );
}

#[test]
fn unsuccessful_end_skips_all_that_needed_success() {
    let dependants = graph(&[
        ("b", "a", When::Success),
        ("c", "b", When::Success),
        ("d", "b", When::End),
        ("e", "a", When::End),
        ("e", "c", When::Success),
    ]);
    let tasks = blocked(&[("b", 1), ("c", 1), ("d", 1), ("e", 2)]);

    for end in [Failed, Cancelled, TimedOut, Skipped] {
        assert_eq!(
            settle([(id("a"), end)], &dependants, &tasks),
            [
                settled("b", Skipped, 0),
                settled("c", Skipped, 0),
                settled("d", Ready, 0),
                settled("e", Skipped, 0),
            ]
        );
    }
}

#[test]
fn skipped_task_is_skipped_whatever_else_ends() {
    let dependants = graph(&[("c", "a", When::Success), ("c", "b", When::Success)]);
    let tasks = blocked(&[("c", 2)]);

    for order in [["a", "b"], ["b", "a"]] {
        let ended = order.map(|task| (id(task), if task == "a" { Failed } else { Completed }));
        assert_eq!(
            settle(ended, &dependants, &tasks),
            [settled("c", Skipped, 0)]
        );
    }
}

#[test]
fn only_blocked_tasks_that_are_not_among_the_ended_change() {
    let dependants = graph(&[("b", "a", When::Success), ("c", "a", When::Success)]);
    let mut tasks = blocked(&[("b", 1), ("c", 1)]);

    let ended = [(id("a"), Cancelled), (id("b"), Cancelled)];
    assert_eq!(
        settle(ended, &dependants, &tasks),
        [settled("c", Skipped, 0)]
    );

    for state in TaskState::ALL.iter().filter(|state| **state != Blocked) {
        tasks.insert(
            id("c"),
            Dependant {
                state: *state,
                open_dependencies: 0,
            },
        );
        let changed = settle([(id("a"), Completed)], &dependants, &tasks);
        assert_eq!(changed, [settled("b", Ready, 0)], "{state}");
    }
}

#[test]
fn chain_of_10_000_tasks_is_skipped() {
    let name = |place: usize| format!("t{place:05}").parse::<TaskId>().unwrap();
    let dependants = (0..10_000).map(|place| (name(place), vec![(name(place + 1), When::Success)]));
    let waiting = Dependant {
        state: Blocked,
        open_dependencies: 1,
    };
    let tasks = (1..=10_000).map(|place| (name(place), waiting));

    let changed = settle([(name(0), Failed)], &dependants.collect(), &tasks.collect());

    assert_eq!(changed.len(), 10_000);
    assert!(changed.iter().all(|task| task.to == Skipped));
    assert!(changed.is_sorted_by_key(|task| &task.task));
}

/// A graph of tasks 0 to 9, where each task depends on tasks of lower numbers only.
#[derive(Debug, Clone)]
struct World {
    /// The task, its prerequisite, and whether it waits for success.
    edges: BTreeMap<(usize, usize), When>,
    /// Ends without prerequisites, in this order: the tasks that the caller ends.
    ends: Vec<(usize, TaskState)>,
}

const TASKS: usize = 10;

fn name(task: usize) -> TaskId {
    id(&format!("t{task}"))
}

fn world() -> impl Strategy<Value = World> {
    let when = prop::sample::select(When::ALL);
    let edges = prop::collection::btree_map((0..TASKS, 0..TASKS), when, 0..25);
    let end = prop::sample::select(vec![Completed, Completed, Failed, Cancelled, TimedOut]);
    let ends = prop::collection::vec((0..TASKS, end), 1..TASKS);
    (edges, ends).prop_map(|(mut edges, ends)| {
        edges.retain(|(task, prerequisite), _| prerequisite < task);
        World { edges, ends }
    })
}

impl World {
    fn prerequisites(&self, task: usize) -> impl Iterator<Item = (usize, When)> {
        let of_task = self.edges.range((task, 0)..(task + 1, 0));
        of_task.map(|((_, prerequisite), when)| (*prerequisite, *when))
    }

    /// Returns what each task is if its prerequisites alone decide: nothing is counted, and nothing
    /// is passed on.
    fn recomputed(&self, states: &[TaskState]) -> Vec<(TaskState, u32)> {
        let mut now: Vec<(TaskState, u32)> = Vec::new();
        for (task, state) in states.iter().enumerate() {
            let of_prerequisite = |(prerequisite, when): (usize, When)| (when, now[prerequisite].0);
            let decided = match state {
                Blocked => state_at_creation(self.prerequisites(task).map(of_prerequisite)),
                other => (*other, 0),
            };
            now.push(decided);
        }
        now
    }

    fn dependants(&self) -> Dependants {
        let mut dependants = Dependants::new();
        for ((task, prerequisite), when) in &self.edges {
            let edge = (name(*task), *when);
            dependants
                .entry(name(*prerequisite))
                .or_default()
                .push(edge);
        }
        dependants
    }
}

/// What the store has: the state and the open dependencies of each task.
fn settle_in(tasks: &mut [(TaskState, u32)], ended: &[(usize, TaskState)], graph: &Dependants) {
    for (task, end) in ended {
        tasks[*task] = (*end, 0);
    }
    let before = tasks.iter().enumerate().map(|(task, (state, open))| {
        let (state, open_dependencies) = (*state, *open);
        (
            name(task),
            Dependant {
                state,
                open_dependencies,
            },
        )
    });
    let changed = settle(
        ended.iter().map(|(task, end)| (name(*task), *end)),
        graph,
        &before.collect(),
    );
    for change in changed {
        let task = (0..TASKS).find(|task| name(*task) == change.task).unwrap();
        assert_eq!(change.from, tasks[task].0);
        assert!(change.to == Blocked || change.from.may_become(change.to));
        tasks[task] = (change.to, change.open_dependencies);
    }
}

proptest! {
    /// Ends of ready tasks one after the other, and all of them at once, leave each task as its
    /// prerequisites say.
    #[test]
    fn tasks_are_always_what_their_prerequisites_say(world in world()) {
        let graph = world.dependants();
        let mut expected = world.recomputed(&[Blocked; TASKS]);
        let mut tasks = expected.clone();

        for (task, end) in &world.ends {
            if tasks[*task].0 == Ready {
                settle_in(&mut tasks, &[(*task, *end)], &graph);
                let mut states: Vec<_> = expected.iter().map(|(state, _)| *state).collect();
                states[*task] = *end;
                expected = world.recomputed(&states);
                prop_assert_eq!(&tasks, &expected);
            }
        }

        let mut at_once = world.recomputed(&[Blocked; TASKS]);
        let mut ended: BTreeMap<usize, TaskState> = BTreeMap::new();
        for (task, end) in &world.ends {
            if !at_once[*task].0.is_ended() {
                ended.entry(*task).or_insert(*end);
            }
        }
        let mut states: Vec<_> = at_once.iter().map(|(state, _)| *state).collect();
        for (task, end) in &ended {
            states[*task] = *end;
        }
        settle_in(&mut at_once, &ended.into_iter().collect::<Vec<_>>(), &graph);
        prop_assert_eq!(at_once, world.recomputed(&states));
    }
}
