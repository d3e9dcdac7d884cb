//! Retiring agents that have executions.

use tasktrail_domain::orchestration::agent::{AgentChange, LostAttempt};
use tasktrail_domain::orchestration::dispatch::ExecutionFilter;
use tasktrail_domain::orchestration::{AgentState, ExecutionState, TaskState, Version};

use crate::Orchestration;
use crate::fixture::{task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, RELEASE, RETIRE, Writes, agent_id, attempt_at, completed, lost,
    new_task, plan, plan_of, registration,
};
use crate::orchestration::soundness::assert_sound;

/// An agent is not retired while it has open executions. The outcome has their number.
pub async fn a_busy_agent_is_not_retired(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    store.start(&writes.next(), &attempt_at("b", 1)).await;
    let before = store.agent(&builder.agent).await;

    let outcome = store
        .set_state(&writes.next(), &builder.agent, RETIRE)
        .await;

    let open_executions = 2;
    assert_eq!(outcome, AgentChange::Busy { open_executions });
    assert_eq!(store.agent(&builder.agent).await, before);
}

/// An agent is retired once its executions are closed.
pub async fn an_agent_is_retired_once_its_executions_are_closed(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    store
        .report(&writes.next(), &completed(attempt_at("a", 1)))
        .await;

    let outcome = store
        .set_state(&writes.next(), &builder.agent, RETIRE)
        .await;

    assert_eq!(outcome, retired(vec![]));
}

/// A request can release the open executions, assigned or running, of the agent that it retires.
pub async fn retiring_can_release_the_open_executions(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(3);
    let tasks = plan_of(["a", "b", "c"]);
    store.given_work(&writes, &builder, &tasks).await;
    store.start(&writes.next(), &attempt_at("b", 1)).await;
    store
        .report(&writes.next(), &completed(attempt_at("c", 1)))
        .await;
    let write = writes.next();

    let outcome = store.set_state(&write, &builder.agent, RELEASE).await;

    assert_eq!(
        outcome,
        retired(vec![
            lost("a", 1, TaskState::Ready),
            lost("b", 1, TaskState::Ready)
        ])
    );
    let agent = store.agent(&builder.agent).await;
    assert_eq!(
        (agent.state, agent.presence.open_executions),
        (AgentState::Retired, 0)
    );
    let of_agent = ExecutionFilter::OfAgent(agent_id("builder"));
    let executions = store.executions(&user("alice"), &of_agent).await;
    let of_released = executions
        .iter()
        .filter(|execution| execution.state == ExecutionState::Released);
    assert_eq!(of_released.clone().count(), 2);
    assert!(
        of_released
            .into_iter()
            .all(|execution| execution.closed_at == Some(write.at)),
        "{executions:?}"
    );
    assert_sound(store, &user("alice")).await;
}

/// The tasks of released executions are ready again, due at the time of the request. The attempts
/// are not counted, so a task with one attempt is ready, too.
pub async fn released_tasks_are_ready_again_and_not_counted(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, other) = (registration("builder"), registration("other"));
    let once = plan([new_task("a").attempted(1)]);
    store.given_work(&writes, &builder, &once).await;
    let write = writes.next();

    store.set_state(&write, &builder.agent, RELEASE).await;

    let progress = store.task(&task("a")).await.progress;
    assert_eq!(progress.state, TaskState::Ready);
    assert_eq!((progress.attempts, progress.counted_attempts), (1, 0));
    assert_eq!((progress.agent, progress.due_at), (None, Some(write.at)));
    assert_eq!(progress.changed_at, write.at);
    assert_eq!(progress.error_code, None);
    store.given_agent(&writes, &other).await;
    let again = store.given_claim(&writes, &other, 1).await;
    assert_eq!((again[0].task.as_str(), again[0].attempt.get()), ("a", 2));
}

/// The released attempts are returned in the order of their tasks.
pub async fn released_attempts_come_in_the_order_of_their_tasks(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(4);
    let tasks = ["é", "b", "a", "B"].map(new_task);
    let tasks = (0..).zip(tasks).map(|(n, task)| task.with_priority(n));
    store.given_work(&writes, &builder, &plan(tasks)).await;

    let outcome = store
        .set_state(&writes.next(), &builder.agent, RELEASE)
        .await;

    let in_order = ["B", "a", "b", "é"].map(|id| lost(id, 1, TaskState::Ready));
    assert_eq!(outcome, retired(in_order.to_vec()));
}

/// A request that would release executions retires an idle agent as well.
pub async fn retiring_an_idle_agent_releases_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;

    let outcome = store
        .set_state(&writes.next(), &builder.agent, RELEASE)
        .await;

    assert_eq!(outcome, retired(vec![]));
}

fn retired(released: Vec<LostAttempt>) -> AgentChange {
    AgentChange::Changed {
        state: AgentState::Retired,
        version: Version::DEFAULT,
        released,
    }
}
