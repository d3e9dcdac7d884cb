//! Pages of executions.

use tasktrail_domain::orchestration::dispatch::{ExecutionCursor, ExecutionFilter};
use tasktrail_domain::repository::{PageRequest, PageSize};
use tasktrail_domain::timestamp::Timestamp;

use super::executions::{given_executions, keys};
use crate::Orchestration;
use crate::fixture::{at, page, task, user};
use crate::orchestration::fixture::{
    EditRegistration, Writes, agent_id, attempt, attempt_at, completed, payload, plan_of,
    registration, task_id,
};

/// Pages of any size have each execution once, in the order of the list, for each filter.
pub async fn pages_of_executions_have_each_once(orchestration: &Orchestration) {
    let writes = Writes::default();
    given_executions(orchestration, &writes).await;
    let alice = user("alice");

    for filter in [
        ExecutionFilter::OfTask(task_id("a")),
        ExecutionFilter::OfAgent(agent_id("builder")),
        ExecutionFilter::OpenOfAgent(agent_id("builder")),
    ] {
        let expected = orchestration.executions(&alice, &filter).await;
        for size in [1, 2, 3, 4, 1000] {
            let pages = orchestration.execution_pages(&alice, &filter, size);
            assert_eq!(pages.await.concat(), expected);
        }
    }
}

/// Pages of executions with large outputs have each once, although a page may be short.
pub async fn pages_of_large_outputs_have_each_once(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(30);
    let ids: Vec<_> = (10..40).map(|n| n.to_string()).collect();
    let tasks = plan_of(ids.iter().map(String::as_str));
    orchestration.given_work(&writes, &builder, &tasks).await;
    for id in &ids {
        let output = payload(&serde_json::json!("x".repeat(1_000_000)));
        let report = completed(attempt_at(id, 1)).with_output(output);
        orchestration.report(&writes.next(), &report).await;
    }

    let (alice, of_agent) = (user("alice"), ExecutionFilter::OfAgent(agent_id("builder")));
    for size in [7, 100] {
        let pages = orchestration.execution_pages(&alice, &of_agent, size);
        let listed = pages.await.concat();
        let expected: Vec<_> = ids.iter().rev().map(|id| (id.as_str(), 1)).collect();
        assert_eq!(keys(&listed), expected);
        assert!(listed.iter().all(|execution| execution.output.is_some()));
    }
}

/// A page has 100 executions by default, and 1000 at most.
pub async fn a_page_has_100_executions_by_default(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(1000);
    let ids: Vec<_> = (0..1001).map(|n| n.to_string()).collect();
    let tasks = plan_of(ids.iter().map(String::as_str));
    let first = orchestration.given_work(&writes, &builder, &tasks).await;
    let report = completed(attempt_at(first[0].task.as_str(), 1));
    orchestration.report(&writes.next(), &report).await;
    orchestration.given_claim(&writes, &builder, 1).await;
    let of_agent = ExecutionFilter::OfAgent(agent_id("builder"));
    let page = async |request: PageRequest<ExecutionCursor>| {
        let alice = user("alice");
        let page = orchestration
            .execution_page(&alice, &of_agent, &request)
            .await;
        (page.items.len(), page.next.is_some())
    };

    assert_eq!(page(PageRequest::default()).await, (100, true));
    assert_eq!(page(PageRequest::first(PageSize::MAX)).await, (1000, true));
}

/// A cursor can be kept as text and parsed again.
pub async fn a_cursor_of_executions_round_trips_as_text(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(10);
    let ids = ["a/b", "tâche 1", "%7B\"}", "it's", "-", "🦀"];
    orchestration
        .given_work(&writes, &builder, &plan_of(ids))
        .await;
    let (alice, of_agent) = (user("alice"), ExecutionFilter::OfAgent(agent_id("builder")));
    let expected = orchestration.executions(&alice, &of_agent).await;

    let mut walked = Vec::new();
    let mut request = Some(page(1));
    while let Some(asked) = request {
        let given = orchestration
            .execution_page(&alice, &of_agent, &asked)
            .await;
        walked.extend(given.items);
        let kept = given.next.map(|cursor| cursor.to_string().parse().unwrap());
        request = asked.next(kept);
    }

    assert_eq!(walked.len(), 6);
    assert_eq!(walked, expected);
}

/// A cursor is a position in the list. No execution has to exist at that position.
pub async fn a_cursor_need_not_match_an_execution(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(3);
    let tasks = plan_of(["t1", "t2", "t3"]);
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &tasks).await;
    for (id, second) in [("t1", 10), ("t2", 20), ("t3", 20)] {
        let context = writes.at(at(second));
        orchestration
            .assign(&context, &task(id), &agent_id("builder"))
            .await;
    }
    let (alice, of_agent) = (user("alice"), ExecutionFilter::OfAgent(agent_id("builder")));
    let position = |assigned_at, id, number| ExecutionCursor {
        assigned_at,
        task: task_id(id),
        attempt: attempt(number),
    };

    for (cursor, expected) in [
        (position(Timestamp::MAX, "a", 1), &["t3", "t2", "t1"][..]),
        (position(at(20), "t3", 2), &["t3", "t2", "t1"]),
        (position(at(20), "t3", 1), &["t2", "t1"]),
        (position(at(20), "t25", 9), &["t2", "t1"]),
        (position(at(20), "a", 1), &["t1"]),
        (position(at(15), "z", 9), &["t1"]),
        (position(at(10), "t1", 1), &[]),
        (position(Timestamp::MIN, "z", 9), &[]),
    ] {
        let after = PageRequest {
            size: PageSize::DEFAULT,
            after: Some(cursor.clone()),
        };
        let page = orchestration.execution_page(&alice, &of_agent, &after);
        let ids = page
            .await
            .items
            .into_iter()
            .map(|execution| execution.key.task.task);
        assert!(ids.eq(expected.iter().copied().map(task_id)), "{cursor:?}");
    }
}
