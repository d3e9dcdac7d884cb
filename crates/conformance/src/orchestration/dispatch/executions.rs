//! Lists of executions.

use tasktrail_domain::orchestration::ExecutionState;
use tasktrail_domain::orchestration::dispatch::{Execution, ExecutionFilter};

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, Writes, agent_id, agent_of, attempt_at, completed, plan_of, registration,
    registration_of, released, task_id,
};

/// A task or an agent without executions, or one that does not exist, has an empty list.
pub async fn without_executions_the_list_is_empty(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;

    for filter in [
        ExecutionFilter::OfTask(task_id("a")),
        ExecutionFilter::OfTask(task_id("unknown")),
        ExecutionFilter::OfAgent(agent_id("builder")),
        ExecutionFilter::OpenOfAgent(agent_id("builder")),
        ExecutionFilter::OfAgent(agent_id("unknown")),
    ] {
        assert_eq!(orchestration.executions(&user("alice"), &filter).await, []);
    }
}

/// Executions are listed by their task, by their agent, or by their agent while they are open.
pub async fn executions_are_listed_by_task_and_by_agent(orchestration: &Orchestration) {
    let writes = Writes::default();
    given_executions(orchestration, &writes).await;

    for (filter, expected) in [
        (
            ExecutionFilter::OfTask(task_id("a")),
            &[("a", 3), ("a", 2), ("a", 1)][..],
        ),
        (ExecutionFilter::OfTask(task_id("b")), &[("b", 1)]),
        (
            ExecutionFilter::OfAgent(agent_id("builder")),
            &[("a", 3), ("c", 1), ("b", 1), ("a", 1)],
        ),
        (
            ExecutionFilter::OpenOfAgent(agent_id("builder")),
            &[("a", 3), ("c", 1)],
        ),
        (ExecutionFilter::OfAgent(agent_id("other")), &[("a", 2)]),
        (ExecutionFilter::OpenOfAgent(agent_id("other")), &[]),
    ] {
        let listed = orchestration.executions(&user("alice"), &filter).await;
        assert_eq!(keys(&listed), expected, "{filter:?}");
    }
}

/// An execution is listed as it is: the same of its task, of its agent, and among the open ones.
pub async fn all_lists_have_the_same_executions(orchestration: &Orchestration) {
    let writes = Writes::default();
    given_executions(orchestration, &writes).await;
    orchestration
        .start(&writes.next(), &attempt_at("c", 1))
        .await;
    let alice = user("alice");
    let listed = async |filter| orchestration.executions(&alice, &filter).await;

    let of_agent = listed(ExecutionFilter::OfAgent(agent_id("builder"))).await;
    for execution in &of_agent {
        let id = execution.key.task.task.clone();
        let of_task = listed(ExecutionFilter::OfTask(id)).await;
        assert!(of_task.contains(execution), "{execution:?}");
    }
    let open = of_agent
        .iter()
        .filter(|execution| execution.state.is_open());
    let open: Vec<_> = open.cloned().collect();
    assert_eq!(
        listed(ExecutionFilter::OpenOfAgent(agent_id("builder"))).await,
        open
    );
    let states: Vec<_> = of_agent.iter().map(|execution| execution.state).collect();
    assert_eq!(
        states,
        [
            ExecutionState::Assigned,
            ExecutionState::Running,
            ExecutionState::Completed,
            ExecutionState::Released,
        ]
    );
}

/// Executions of `builder`: the first attempt at `a`, then `b`, `c`, and the third attempt at `a`;
/// the second one is of `other`. The first two of builder, and that of `other`, are closed.
pub(super) async fn given_executions(orchestration: &Orchestration, writes: &Writes) {
    let builder = registration("builder").with_capacity(10);
    let other = registration("other").with_capacity(10);
    for agent in [&builder, &other] {
        orchestration.given_agent(writes, agent).await;
    }
    orchestration
        .given_tasks(writes, &plan_of(["a", "b", "c"]))
        .await;
    let assign = async |id, agent| {
        let context = writes.next();
        orchestration
            .assign(&context, &task(id), &agent_id(agent))
            .await;
    };
    let release = async |number| {
        let report = released(attempt_at("a", number), at(0));
        orchestration.report(&writes.next(), &report).await;
    };
    assign("a", "builder").await;
    release(1).await;
    assign("a", "other").await;
    release(2).await;
    assign("b", "builder").await;
    assign("c", "builder").await;
    assign("a", "builder").await;
    let report = completed(attempt_at("b", 1));
    orchestration.report(&writes.next(), &report).await;
}

/// Executions that were assigned at the same instant are in descending order of their tasks, by
/// bytes, and of their attempts.
pub async fn at_the_same_instant_the_greatest_comes_first(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(100);
    let descending = [
        "𝄞", "ж", "é", "ab", "aB", "a-b", "a", "_", "B", "A", "2", "10", "-",
    ];
    orchestration.given_agent(&writes, &builder).await;
    orchestration
        .given_tasks(&writes, &plan_of(descending))
        .await;
    for number in 1..=2 {
        for id in descending {
            let context = writes.at(at(30));
            orchestration
                .assign(&context, &task(id), &agent_id("builder"))
                .await;
            let report = released(attempt_at(id, number), at(0));
            orchestration.report(&writes.at(at(30)), &report).await;
        }
    }

    let of_agent = ExecutionFilter::OfAgent(agent_id("builder"));
    let listed = orchestration.executions(&user("alice"), &of_agent).await;

    let expected: Vec<_> = descending
        .iter()
        .flat_map(|id| [(*id, 2), (*id, 1)])
        .collect();
    assert_eq!(keys(&listed), expected);
}

/// Executions of another owner are not listed, also if agents and tasks have the same ids.
pub async fn executions_of_another_owner_are_not_listed(orchestration: &Orchestration) {
    let writes = Writes::default();
    for owner in ["alice", "bob"] {
        let builder = registration_of(&agent_of(owner, "builder"));
        orchestration
            .given_work(&writes, &builder, &plan_of(["a"]))
            .await;
    }

    for filter in [
        ExecutionFilter::OfTask(task_id("a")),
        ExecutionFilter::OfAgent(agent_id("builder")),
        ExecutionFilter::OpenOfAgent(agent_id("builder")),
    ] {
        for owner in ["alice", "bob"] {
            let listed = orchestration.executions(&user(owner), &filter).await;
            assert_eq!(listed.len(), 1);
            assert_eq!(listed[0].key.task.user, user(owner));
        }
        assert_eq!(orchestration.executions(&user("eve"), &filter).await, []);
    }
}

/// The task and the number of each attempt.
pub(super) fn keys(executions: &[Execution]) -> Vec<(&str, i32)> {
    let keys = executions.iter().map(|execution| &execution.key);
    keys.map(|key| (key.task.task.as_str(), key.attempt.get()))
        .collect()
}
