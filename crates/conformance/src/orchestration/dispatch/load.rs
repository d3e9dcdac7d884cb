//! The number of ready tasks by queue.

use serde_json::json;
use tasktrail_domain::orchestration::dispatch::{QueueLoad, ReadyTasks};

use crate::Orchestration;
use crate::fixture::{at, user};
use crate::orchestration::fixture::{
    EditTask, Writes, agent_of, attempt_at, document, new_task, plan, plan_of, registration,
    registration_of, released,
};

/// Without ready tasks there is no queue.
pub async fn without_ready_tasks_there_is_no_load(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([new_task("a"), new_task("b").after("a")]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;

    assert_eq!(
        orchestration.load(&user("alice"), at(50)).await,
        QueueLoad::default()
    );
    assert_eq!(
        orchestration.load(&user("nobody"), at(50)).await,
        QueueLoad::default()
    );
}

/// Ready tasks are counted by their required capabilities, in ascending order of the text of
/// these: those that are ready, and those that are due at the instant, with the earliest due time.
pub async fn ready_tasks_are_counted_by_queue(orchestration: &Orchestration) {
    let writes = Writes::default();
    for (second, id, required) in [
        (10, "a", json!({ "gpu": 1 })),
        (20, "b", json!({})),
        (30, "c", json!({ "gpu": 1.0 })),
        (40, "d", json!({ "agent_type": "code" })),
        (50, "e", json!({ "gpu": 1 })),
    ] {
        let tasks = plan([new_task(id).requiring(required)]);
        let context = writes.at(at(second));
        orchestration.create(&context, &user("alice"), &tasks).await;
    }
    let load = async |second| orchestration.load(&user("alice"), at(second)).await;
    let queue = |required, ready, due, since: Option<u64>| {
        ReadyTasks::new(document(&required), ready, due, since.map(at))
    };

    let at_the_beginning = QueueLoad::new(vec![
        queue(json!({ "agent_type": "code" }), 1, 0, None),
        queue(json!({ "gpu": 1 }), 3, 0, None),
        queue(json!({}), 1, 0, None),
    ]);
    let meanwhile = QueueLoad::new(vec![
        queue(json!({ "agent_type": "code" }), 1, 0, None),
        queue(json!({ "gpu": 1 }), 3, 2, Some(10)),
        queue(json!({}), 1, 1, Some(20)),
    ]);
    assert_eq!(load(9).await, at_the_beginning);
    assert_eq!(load(30).await, meanwhile);
}

/// A task that was claimed is no longer counted; one that was released is due at its new time.
pub async fn the_load_follows_the_tasks(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    let all = |ready, due, since: Option<u64>| {
        let queue = ReadyTasks::new(document(&json!({})), ready, due, since.map(at));
        QueueLoad::new(vec![queue])
    };
    let load = async |second| orchestration.load(&user("alice"), at(second)).await;

    assert_eq!(load(50).await, all(1, 1, Some(2)));
    let report = released(attempt_at("a", 1), at(60));
    orchestration.report(&writes.next(), &report).await;
    assert_eq!(load(59).await, all(2, 1, Some(2)));
    assert_eq!(load(60).await, all(2, 2, Some(2)));
    orchestration.given_claim(&writes, &builder, 1).await;
    assert_eq!(load(59).await, all(1, 0, None));
}

/// Tasks of another owner are not counted.
pub async fn tasks_of_another_owner_are_not_counted(orchestration: &Orchestration) {
    let writes = Writes::default();
    for (owner, ids) in [("alice", &["a"][..]), ("bob", &["a", "b", "c"])] {
        let agent = registration_of(&agent_of(owner, "builder"));
        let tasks = plan_of(ids.iter().copied());
        orchestration
            .given_tasks_of(&agent.agent.user, &writes, &tasks)
            .await;
    }

    for (owner, ready) in [("alice", 1), ("bob", 3)] {
        let load = orchestration.load(&user(owner), at(50)).await;
        assert_eq!(load.queues.len(), 1);
        assert_eq!(load.queues[0].ready, ready);
    }
}
