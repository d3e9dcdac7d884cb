//! Writes to tasks.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use tasktrail_domain::orchestration::Version;
use tasktrail_domain::orchestration::task::{
    CancelScope, Dependency, NewTask, Priority, TaskChanges, TaskPlan, When,
};

use super::Write;
use super::values::{TASKS, key, name, owner, skills, small_document};
use crate::orchestration::fixture::{EditTask, new_task};

pub(super) fn write() -> BoxedStrategy<Write> {
    let create = (owner(), plan()).prop_map(|(owner, plan)| Write::Create(owner, plan));
    let update = (key(), changes()).prop_map(|(task, to)| Write::UpdateTask(task, to));
    let added = prop::collection::vec(dependency(), 0..=3);
    let add = (key(), added).prop_map(|(task, added)| Write::AddDependencies(task, added));
    let removed = prop::collection::vec(name(), 0..=3);
    let remove =
        (key(), removed).prop_map(|(task, removed)| Write::RemoveDependencies(task, removed));
    let scope = select(vec![CancelScope::Task, CancelScope::Descendants]);
    let cancel = (key(), scope).prop_map(|(task, scope)| Write::Cancel(task, scope));
    let resume = (key(), small_document()).prop_map(|(task, with)| Write::Resume(task, with));
    prop_oneof![
        7 => create.boxed(),
        2 => update.boxed(),
        4 => add.boxed(),
        2 => remove.boxed(),
        1 => cancel.boxed(),
        2 => resume.boxed(),
    ]
    .boxed()
}

/// One to three tasks, each of which may depend on others before and after it in the alphabet,
/// without a cycle.
fn plan() -> impl Strategy<Value = TaskPlan> {
    let ids = subsequence((0..TASKS.len()).collect::<Vec<_>>(), 1..=3);
    let tasks = ids.prop_flat_map(|places| places.into_iter().map(task).collect::<Vec<_>>());
    tasks.prop_filter_map("a plan has no cycle", |tasks| TaskPlan::new(tasks).ok())
}

fn task(place: usize) -> BoxedStrategy<NewTask> {
    let id = TASKS[place];
    let others = TASKS.iter().filter(|other| **other != id).copied();
    let others: Vec<_> = others.collect();
    let parent = prop::option::weighted(0.2, select(others.clone()));
    let prerequisites = subsequence(others, 0..=2);
    let prerequisites = prop_oneof![1 => Just(Vec::new()), 1 => prerequisites];
    let ends = any::<[bool; 2]>();
    let limit = prop::option::of(select(vec![5, 50]));
    (
        parent,
        prerequisites,
        ends,
        skills(),
        limit,
        -1_i64..=1,
        1_i64..=3,
    )
        .prop_map(
            move |(parent, prerequisites, ends, required, limit, priority, attempts)| {
                let mut new = new_task(id).with_priority(priority).attempted(attempts);
                new.definition.required_capabilities = required;
                if let Some(seconds) = limit {
                    new = new.limited_to(seconds);
                }
                if let Some(parent) = parent {
                    new = new.part_of(parent);
                }
                for (prerequisite, end) in prerequisites.into_iter().zip(ends) {
                    new = if end {
                        new.after_end_of(prerequisite)
                    } else {
                        new.after(prerequisite)
                    };
                }
                new
            },
        )
        .boxed()
}

fn dependency() -> impl Strategy<Value = Dependency> {
    let when = select(vec![When::Success, When::End]);
    (name(), when).prop_map(|(prerequisite, when)| Dependency { prerequisite, when })
}

fn changes() -> impl Strategy<Value = TaskChanges> {
    let title = prop::option::of(select(vec!["one", "two"]));
    let priority = prop::option::of(-2_i64..=2);
    let max_attempts = prop::option::weighted(0.3, 1_i64..=3);
    let expected = prop::option::weighted(0.3, 1_i64..4);
    let context = prop::option::of(small_document());
    (title, priority, max_attempts, context, expected).prop_map(
        |(title, priority, max_attempts, context, expected)| {
            let mut changes = TaskChanges::default();
            changes.title = title.map(|title| title.parse().unwrap());
            changes.priority = priority.map(|number| Priority::new(number).unwrap());
            changes.max_attempts = max_attempts.map(|number| number.try_into().unwrap());
            changes.context = context;
            changes.expected = expected.map(|version| Version::new(version).unwrap());
            changes
        },
    )
}
