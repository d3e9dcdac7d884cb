//! The order of the tasks that a claim gets.

use serde_json::json;
use tasktrail_domain::orchestration::task::NewTask;

use super::claimed::got;
use crate::Orchestration;
use crate::fixture::{at, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, attempt_at, claim_by, new_task, plan, plan_of,
    registration, released,
};

/// The task that is due first is claimed first.
pub async fn tasks_are_claimed_in_the_order_in_which_they_are_due(orchestration: &Orchestration) {
    let tasks = ["c", "a", "d", "b"].map(new_task);
    let times = [1, 2, 3, 4];

    assert_order(
        orchestration,
        times.into_iter().zip(tasks),
        &["c", "a", "d", "b"],
    )
    .await;
}

/// Tasks with equal places are claimed in the order of their ids, compared by bytes.
pub async fn equal_places_are_claimed_in_the_order_of_the_ids(orchestration: &Orchestration) {
    let ascending = [
        "-", "10", "2", "A", "B", "_", "a", "a-b", "aB", "ab", "é", "ж", "𝄞",
    ];
    let tasks = ascending.iter().rev().map(|id| (1, new_task(id)));

    assert_order(orchestration, tasks, &ascending).await;
}

/// One more of priority is worth one minute: it is claimed before a task that became due less than
/// a minute earlier, and after one that became due earlier than that.
pub async fn a_unit_of_priority_is_worth_a_minute(orchestration: &Orchestration) {
    let tasks = [
        (100, new_task("plain")),
        (159, new_task("just ahead").with_priority(1)),
        (160, new_task("equal, earlier id").with_priority(1)),
        (160, new_task("z: equal, later id").with_priority(1)),
        (161, new_task("just behind").with_priority(1)),
        (39, new_task("low, just ahead").with_priority(-1)),
        (41, new_task("low, just behind").with_priority(-1)),
    ];
    let order = [
        "just ahead",
        "low, just ahead",
        "equal, earlier id",
        "plain",
        "z: equal, later id",
        "just behind",
        "low, just behind",
    ];

    assert_order(orchestration, tasks, &order).await;
}

/// The greatest difference in priority is overtaken by a task that has waited longer than it is
/// worth, so no task waits forever.
pub async fn no_task_waits_forever(orchestration: &Orchestration) {
    let worth = 2000 * 60;
    let (least, greatest) = (-1000, 1000);
    let tasks = [
        (10, new_task("patient").with_priority(least)),
        (
            10 + worth - 1,
            new_task("just ahead").with_priority(greatest),
        ),
        (
            10 + worth + 1,
            new_task("just behind").with_priority(greatest),
        ),
    ];

    assert_order(
        orchestration,
        tasks,
        &["just ahead", "patient", "just behind"],
    )
    .await;
}

/// Tasks with different required capabilities are in one order.
pub async fn tasks_of_all_queues_are_in_one_order(orchestration: &Orchestration) {
    let requiring = |id, required| new_task(id).requiring(required);
    let tasks = [
        (1, requiring("d", json!({ "languages": ["rust"] }))),
        (2, requiring("c", json!({}))),
        (3, requiring("b", json!({ "languages": ["sql"] }))),
        (4, requiring("a", json!({ "languages": ["rust"] }))),
        (
            5,
            requiring("f", json!({ "agent_type": "code" })).with_priority(2),
        ),
        (6, requiring("e", json!({}))),
    ];

    assert_order(orchestration, tasks, &["f", "d", "c", "b", "a", "e"]).await;
}

/// A task that was released to a later time is placed by that time.
pub async fn a_released_task_is_placed_by_its_new_time(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_lease(86_400);
    orchestration
        .given_work(&writes, &builder, &plan_of(["released"]))
        .await;
    let report = released(attempt_at("released", 1), at(50));
    orchestration.report(&writes.next(), &report).await;
    for (time, id) in [(40, "earlier"), (60, "later")] {
        create(orchestration, &writes, time, new_task(id)).await;
    }

    let mut order = Vec::new();
    for second in [100, 101, 102] {
        let claim = claim_by(&builder, 1);
        let outcome = orchestration.claim(&writes.at(at(second)), &claim).await;
        let id = got(&outcome)[0].to_owned();
        let number = if id == "released" { 2 } else { 1 };
        // Far away, so that it is not claimed again.
        let report = released(attempt_at(&id, number), at(10_000));
        orchestration.report(&writes.at(at(second)), &report).await;
        order.push(id);
    }

    assert_eq!(order, ["earlier", "released", "later"]);
}

/// Creates tasks, each due at a second, and panics unless they are claimed in an order: all at
/// once, and one after the other.
async fn assert_order(
    orchestration: &Orchestration,
    tasks: impl IntoIterator<Item = (u64, NewTask)>,
    expected: &[&str],
) {
    let writes = Writes::default();
    let builder = registration("builder")
        .with_capacity(100)
        .capable_of(json!({ "languages": ["rust", "sql"] }));
    // Long after all times, where the agent registers so that its lease has not ended.
    let now = at(1_000_000);
    orchestration.register(&writes.at(now), &builder).await;
    for (second, task) in tasks {
        create(orchestration, &writes, second, task).await;
    }

    let first = orchestration
        .claim(&writes.at(now), &claim_by(&builder, 2))
        .await;
    let others = orchestration
        .claim(&writes.at(now), &claim_by(&builder, 100))
        .await;

    assert_eq!([got(&first), got(&others)].concat(), expected);
}

async fn create(orchestration: &Orchestration, writes: &Writes, second: u64, task: NewTask) {
    let context = writes.at(at(second));
    orchestration
        .create(&context, &user("alice"), &plan([task]))
        .await;
}
