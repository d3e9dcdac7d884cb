use tasktrail_conformance::fixture::{at, task_of, user};
use tasktrail_conformance::orchestration::fixture::{
    EditRegistration as _, Writes, agent_of, attempt, claim_by, completed, failed, plan_of,
    registration_of, task_id,
};
use tasktrail_domain::orchestration::AttemptKey;
use tasktrail_domain::orchestration::agent::AgentRepository;
use tasktrail_domain::orchestration::dispatch::{
    ClaimOutcome, DispatchRepository, ExecutionFilter, ReapLimit,
};
use tasktrail_domain::orchestration::task::TaskRepository;
use tasktrail_domain::repository::PageRequest;

use crate::orchestration::PostgresOrchestration;

/// Calls every operation of the port of dispatch, with each of its statements.
pub(super) async fn one_of_each(dispatch: &PostgresOrchestration<'_>, writes: &Writes) {
    let (owner, agent) = ("dispatching", agent_of("dispatching", "builder"));
    let user = user(owner);
    let builder = registration_of(&agent).with_capacity(3);
    let plan = plan_of(["a", "b", "c"]);
    let context = writes.next();
    dispatch.register(&context, &builder).await.unwrap();
    let context = writes.next();
    dispatch.create(&context, &user, &plan).await.unwrap();

    let claim = claim_by(&builder, 2);
    let claimed = dispatch.claim(&writes.next(), &claim).await.unwrap();
    assert!(matches!(claimed, ClaimOutcome::Claimed { .. }));
    let [a, b] = ["a", "b"].map(|id| AttemptKey::new(task_of(owner, id), attempt(1)));
    for _ in 0..2 {
        dispatch.start(&writes.next(), &a).await.unwrap();
    }
    let context = writes.next();
    for _ in 0..2 {
        let failure = failed(a.clone(), None);
        dispatch.report(&context, &failure).await.unwrap();
    }
    for attempt in [a, b] {
        let success = completed(attempt);
        dispatch.report(&writes.next(), &success).await.unwrap();
    }
    let (c, agent) = (task_of(owner, "c"), agent.agent);
    let context = writes.next();
    dispatch.assign(&context, &c, &agent).await.unwrap();
    let much_later = writes.at(at(1_000_000));
    let reaped = dispatch.reap(&much_later, ReapLimit::DEFAULT).await;
    assert!(!reaped.unwrap().is_empty());

    for filter in [
        ExecutionFilter::OfTask(task_id("a")),
        ExecutionFilter::OfAgent(agent.clone()),
        ExecutionFilter::OpenOfAgent(agent),
    ] {
        let page = PageRequest::default();
        dispatch.executions(&user, &filter, &page).await.unwrap();
    }
    dispatch.load(&user, at(0)).await.unwrap();
}
