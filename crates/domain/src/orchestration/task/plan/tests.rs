use proptest::prelude::*;

use super::*;
use crate::orchestration::task::{TaskDefinition, Title};

fn id(text: &str) -> TaskId {
    text.parse().unwrap()
}

fn task(name: &str, prerequisites: &[&str]) -> NewTask {
    let dependencies = prerequisites
        .iter()
        .map(|text| Dependency::success(id(text)));
    let definition = TaskDefinition::new(Title::new(name).unwrap());
    NewTask::new(id(name), definition).with_dependencies(dependencies.collect())
}

fn part(name: &str, parent: &str) -> NewTask {
    let mut part = task(name, &[]);
    part.definition.parent = Some(id(parent));
    part
}

fn order(plan: &TaskPlan) -> Vec<&str> {
    plan.tasks().iter().map(|task| task.task.as_str()).collect()
}

fn refusal(tasks: Vec<NewTask>) -> String {
    TaskPlan::new(tasks).unwrap_err().to_string()
}

/// `count` tasks, each of which depends on the next one.
fn chain(count: usize) -> Vec<NewTask> {
    let name = |place: usize| format!("t{place:05}");
    let prerequisites = |place: usize| (place + 1 < count).then(|| name(place + 1));
    (0..count)
        .map(|place| {
            let prerequisite = prerequisites(place);
            task(&name(place), prerequisite.as_deref().as_slice())
        })
        .collect()
}

#[test]
fn tasks_come_after_their_prerequisites_and_otherwise_by_id() {
    let plan = TaskPlan::new(vec![
        task("d", &[]),
        task("c", &["d", "elsewhere"]),
        task("b", &[]),
        task("a", &["c", "b"]),
        task("e", &["b"]),
    ]);

    assert_eq!(order(&plan.unwrap()), ["b", "d", "c", "a", "e"]);
}

#[test]
fn parents_do_not_change_the_order() {
    let plan = TaskPlan::new(vec![part("a", "b"), task("b", &["c"]), part("c", "b")]);

    assert_eq!(order(&plan.unwrap()), ["a", "c", "b"]);
}

#[test]
fn dependencies_are_sorted() {
    let plan = TaskPlan::new(vec![task("a", &["z", "y"])]).unwrap();

    let sorted = ["y", "z"].map(|text| Dependency::success(id(text)));
    assert_eq!(plan.tasks()[0].dependencies, sorted);
}

#[test]
fn tasks_outside_of_the_plan_are_external() {
    let plan = TaskPlan::new(vec![
        task("a", &["b", "y", "x"]),
        task("b", &["x"]),
        part("c", "a"),
        part("d", "p"),
    ]);
    let plan = plan.unwrap();

    let external = |tasks: BTreeSet<&TaskId>| tasks.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(external(plan.external_prerequisites()), ["x", "y"].map(id));
    assert_eq!(external(plan.external_parents()), [id("p")]);
}

#[test]
fn plan_has_1_to_10_000_tasks() {
    assert_eq!(refusal(vec![]), "tasks must be 1 to 10000, got 0");
    let largest = TaskPlan::new(chain(TaskPlan::MAX_TASKS)).unwrap();
    assert_eq!(largest.tasks().last().unwrap().task, id("t00000"));
    assert_eq!(
        refusal(chain(TaskPlan::MAX_TASKS + 1)),
        "tasks must be 1 to 10000, got 10001"
    );
}

#[test]
fn task_has_at_most_1000_dependencies() {
    let with = |count: usize| {
        let names: Vec<_> = (0..count).map(|place| format!("p{place}")).collect();
        task("a", &names.iter().map(String::as_str).collect::<Vec<_>>())
    };

    let most = TaskPlan::MAX_DEPENDENCIES_OF_A_TASK;
    assert!(TaskPlan::new(vec![with(most)]).is_ok());
    assert_eq!(
        refusal(vec![with(most + 1)]),
        "dependencies must be at most 1000 of a task, got 1001 of a"
    );
}

#[test]
fn plan_has_at_most_64_mib_of_texts_and_documents() {
    let full = |n: usize| {
        let mut full = task(&format!("t{n:04}"), &[]);
        full.definition.description = "x".repeat(64 * 1024 - 11).parse().unwrap();
        full
    };
    let mut tasks: Vec<_> = (0..1024).map(full).collect();

    // 5 bytes of title and 6 of empty documents each.
    assert!(TaskPlan::new(tasks.clone()).is_ok());
    tasks.push(task("x", &[]));
    assert_eq!(
        refusal(tasks),
        "tasks must be at most 67108864 bytes of text and documents, got 67108871"
    );
}

#[test]
fn plan_has_at_most_100_000_dependencies() {
    let names: Vec<_> = (0..1000).map(|place| format!("p{place}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut tasks: Vec<_> = (0..100).map(|n| task(&format!("t{n}"), &names)).collect();

    assert!(TaskPlan::new(tasks.clone()).is_ok());
    tasks.push(task("one-more", &["p0"]));
    assert_eq!(
        refusal(tasks),
        "dependencies must be at most 100000 in a plan, got 100001"
    );
}

#[test]
fn repetitions_are_refused_and_named() {
    assert_eq!(
        refusal(vec![task("a", &[]), task("b", &[]), task("a", &["b"])]),
        "tasks must be free of repeated ids, got a"
    );
    let mut twice = task("a", &["b"]);
    twice.dependencies.push(Dependency::end(id("b")));
    assert_eq!(
        refusal(vec![twice]),
        "dependencies must be free of repetitions, got b twice for a"
    );
}

#[test]
fn task_is_neither_its_own_prerequisite_nor_its_own_parent() {
    assert_eq!(
        refusal(vec![task("a", &["a"])]),
        "dependencies must be on other tasks, got a"
    );
    assert_eq!(
        refusal(vec![part("a", "a")]),
        "parent must be another task, got a"
    );
}

#[test]
fn cycle_is_refused_and_named() {
    assert_eq!(
        refusal(vec![
            task("a", &["b"]),
            task("b", &["x", "c"]),
            task("c", &["d", "free"]),
            task("d", &["b"]),
            task("free", &[]),
        ]),
        "dependencies must be free of cycles, got b -> c -> d -> b"
    );
    assert_eq!(
        refusal(vec![part("a", "b"), part("b", "c"), part("c", "b")]),
        "parent must be free of cycles, got b -> c -> b"
    );
}

#[test]
fn long_cycle_is_named_by_ten_tasks() {
    let cycle_of = |count: usize| {
        let mut tasks = chain(count);
        let first = Dependency::success(tasks[0].task.clone());
        tasks[count - 1].dependencies.push(first);
        refusal(tasks)
    };
    let begin = "dependencies must be free of cycles, got t00000 -> t00001 -> t00002 -> t00003 \
                 -> t00004 -> t00005 -> t00006 -> t00007 -> t00008 -> ";

    assert_eq!(cycle_of(9), format!("{begin}t00000"));
    assert_eq!(cycle_of(10), format!("{begin}… -> t00000"));
    assert_eq!(cycle_of(10_000), format!("{begin}… -> t00000"));
}

/// Tasks of up to 7 ids, in any order, whose prerequisites and parents are any of 9 ids.
fn tasks() -> impl Strategy<Value = Vec<NewTask>> {
    let edges = prop::collection::btree_set((0..7_usize, 0..9_usize), 0..9);
    let parents = prop::collection::vec(prop::option::weighted(0.3, 0..9_usize), 7);
    (1..=7_usize, edges, parents)
        .prop_map(|(count, edges, parents)| {
            let name = |place: usize| id(&format!("t{place}"));
            let new = |place: usize| {
                let mut new = task(name(place).as_str(), &[]);
                let own = edges
                    .iter()
                    .filter(|(from, to)| *from == place && to != from);
                let own = own.map(|(_, to)| Dependency::success(name(*to)));
                new.dependencies = own.collect();
                new.definition.parent = parents[place].filter(|parent| *parent != place).map(name);
                new
            };
            (0..count).map(new).collect::<Vec<_>>()
        })
        .prop_shuffle()
}

/// Returns whether a task leads back to itself.
fn has_cycle_by<'t>(tasks: &'t [NewTask], next: impl Fn(&'t NewTask) -> Vec<&'t TaskId>) -> bool {
    let by_id = |id: &TaskId| tasks.iter().find(|task| task.task == *id);
    tasks.iter().any(|start| {
        let mut reached = BTreeSet::new();
        let mut open = next(start);
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                open.extend(by_id(id).into_iter().flat_map(&next));
            }
        }
        reached.contains(&start.task)
    })
}

/// Checks that each task is the one with the least id of those whose prerequisites came before.
fn is_sorted(plan: &TaskPlan, tasks: &[NewTask]) -> Result<(), TestCaseError> {
    let mut open: BTreeMap<&TaskId, &NewTask> = tasks.iter().map(|new| (&new.task, new)).collect();
    for new in plan.tasks() {
        let is_ready = |new: &NewTask| !prerequisites(new).any(|id| open.contains_key(id));
        let first = open.values().find(|new| is_ready(new));
        prop_assert_eq!(first.map(|new| &new.task), Some(&new.task));
        open.remove(&new.task);
    }
    prop_assert!(open.is_empty());
    Ok(())
}

fn index() -> impl Strategy<Value = prop::sample::Index> {
    any::<prop::sample::Index>()
}

proptest! {
    #[test]
    fn plan_is_refused_exactly_if_it_has_a_cycle(tasks in tasks()) {
        let dependencies = has_cycle_by(&tasks, |task| prerequisites(task).collect());
        let parents = has_cycle_by(&tasks, |task| task.definition.parent.iter().collect::<Vec<_>>());

        match TaskPlan::new(tasks.clone()) {
            Err(error) => {
                let field = if parents { "parent" } else { "dependencies" };
                prop_assert!(parents || dependencies);
                prop_assert_eq!(error.field(), field);
                prop_assert_eq!(error.limit(), "free of cycles");
            }
            Ok(plan) => {
                prop_assert!(!parents && !dependencies);
                is_sorted(&plan, &tasks)?;
            }
        }
    }

    #[test]
    fn plan_does_not_depend_on_the_order_given(tasks in tasks(), first in index()) {
        if let Ok(plan) = TaskPlan::new(tasks.clone()) {
            let mut rotated = tasks;
            let places = rotated.len();
            rotated.rotate_left(first.index(places));
            prop_assert_eq!(TaskPlan::new(rotated), Ok(plan.clone()));
            let json = serde_json::to_string(&plan).unwrap();
            prop_assert_eq!(serde_json::from_str::<TaskPlan>(&json).ok(), Some(plan));
        }
    }
}
