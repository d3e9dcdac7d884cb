//! Why a claim gets nothing.

use tasktrail_domain::orchestration::AgentState;
use tasktrail_domain::orchestration::agent::{Heartbeat, Retirement, StateRequest};
use tasktrail_domain::orchestration::dispatch::EmptyClaim;

use super::claimed::{empty, got};
use crate::Orchestration;
use crate::fixture::{INSTANT, at};
use crate::orchestration::fixture::{
    EditRegistration, Writes, agent, agent_of, attempt_at, claim_by, completed, plan_of,
    registration, registration_of,
};

/// An agent that is not registered gets nothing, also if another owner has one of its id.
pub async fn an_unknown_agent_gets_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let of_bob = registration_of(&agent_of("bob", "builder"));
    orchestration.given_agent(&writes, &of_bob).await;
    let of_alice = registration("builder");
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;

    let outcome = orchestration
        .claim(&writes.next(), &claim_by(&of_alice, 1))
        .await;

    assert_eq!(outcome, empty(EmptyClaim::Unknown));
}

/// Without a ready task, a claim says so.
pub async fn without_ready_tasks_a_claim_gets_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration.given_agent(&writes, &builder).await;

    let outcome = orchestration
        .claim(&writes.next(), &claim_by(&builder, 1))
        .await;

    assert_eq!(outcome, empty(EmptyClaim::NothingReady));
}

/// An instance that was replaced gets nothing; the one that registered last does.
pub async fn a_replaced_instance_gets_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let [first, second] = [1, 2].map(|number| registration("builder").by_instance(number));
    orchestration.given_agent(&writes, &first).await;
    orchestration.register(&writes.next(), &second).await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;

    let replaced = orchestration
        .claim(&writes.next(), &claim_by(&first, 1))
        .await;
    let current = orchestration
        .claim(&writes.next(), &claim_by(&second, 1))
        .await;

    assert_eq!(replaced, empty(EmptyClaim::Replaced));
    assert_eq!(got(&current), ["a"]);
}

/// A draining agent gets nothing until it is resumed.
pub async fn a_draining_agent_gets_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;
    let claim = claim_by(&builder, 1);
    let request = async |request| {
        let context = writes.next();
        orchestration
            .set_state(&context, &builder.agent, request)
            .await
    };

    request(StateRequest::Drain).await;
    let draining = orchestration.claim(&writes.next(), &claim).await;
    request(StateRequest::Resume).await;
    let resumed = orchestration.claim(&writes.next(), &claim).await;

    assert_eq!(draining, empty(EmptyClaim::Draining));
    assert_eq!(got(&resumed), ["a"]);
}

/// An agent gets nothing after the end of its lease, until a heartbeat extends it.
pub async fn an_agent_whose_lease_ended_gets_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(3).with_lease(20);
    orchestration.register(&writes.at(at(0)), &builder).await;
    orchestration
        .given_tasks(&writes, &plan_of(["a", "b", "c"]))
        .await;
    let claim = claim_by(&builder, 1);

    let at_its_end = orchestration.claim(&writes.at(at(20)), &claim).await;
    let after = at(20).saturating_add(INSTANT);
    let ended = orchestration.claim(&writes.at(after), &claim).await;
    orchestration
        .heartbeat(&Heartbeat::new(builder.agent, builder.instance, at(30)))
        .await;
    let extended = orchestration.claim(&writes.at(at(50)), &claim).await;

    assert_eq!(got(&at_its_end), ["a"]);
    assert_eq!(ended, empty(EmptyClaim::LeaseEnded));
    assert_eq!(got(&extended), ["b"]);
}

/// If there are several reasons, a claim returns the first of: replaced, retired, draining, lease
/// ended, full, nothing ready.
pub async fn a_claim_returns_the_first_reason(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;
    let claimed_at = async |time, registration| {
        let claim = claim_by(registration, 1);
        orchestration.claim(&writes.at(time), &claim).await
    };
    let online = at(30);
    let offline = at(1000);

    assert_eq!(claimed_at(online, &builder).await, empty(EmptyClaim::Full));
    assert_eq!(
        claimed_at(offline, &builder).await,
        empty(EmptyClaim::LeaseEnded)
    );
    let requests = [
        (StateRequest::Drain, EmptyClaim::Draining),
        (
            StateRequest::Retire(Retirement::ReleasingTasks),
            EmptyClaim::Retired,
        ),
    ];
    for (request, reason) in requests {
        orchestration
            .set_state(&writes.next(), &builder.agent, request)
            .await;
        assert_eq!(claimed_at(offline, &builder).await, empty(reason));
    }
    let other = builder.clone().by_instance(2);
    assert_eq!(
        claimed_at(offline, &other).await,
        empty(EmptyClaim::Replaced)
    );
}

/// A retired agent gets nothing until it registers again.
pub async fn a_retired_agent_gets_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;
    let request = StateRequest::Retire(Retirement::IfIdle);
    orchestration
        .set_state(&writes.next(), &builder.agent, request)
        .await;
    let claim = claim_by(&builder, 1);

    let retired = orchestration.claim(&writes.next(), &claim).await;
    orchestration.register(&writes.next(), &builder).await;
    let registered = orchestration.claim(&writes.next(), &claim).await;

    assert_eq!(retired, empty(EmptyClaim::Retired));
    assert_eq!(got(&registered), ["a"]);
    let state = orchestration.agent(&agent("builder")).await.state;
    assert_eq!(state, AgentState::Active);
}

/// A claim that got nothing has no entry in the audit log. When it is repeated, it is a new claim.
pub async fn a_repeated_empty_claim_is_new(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    let (context, claim) = (writes.at(at(10)), claim_by(&builder, 1));

    let full = orchestration.claim(&context, &claim).await;
    let entries = orchestration.changes_of(&context).await;
    orchestration
        .report(&writes.next(), &completed(attempt_at("a", 1)))
        .await;
    let repeated = orchestration.claim(&context, &claim).await;

    assert_eq!(full, empty(EmptyClaim::Full));
    assert_eq!(entries, []);
    assert_eq!(got(&repeated), ["b"]);
}
