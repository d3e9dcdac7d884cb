//! Claims that are repeated.

use tasktrail_domain::orchestration::agent::{Retirement, StateRequest};
use tasktrail_domain::orchestration::dispatch::ClaimOutcome;
use tasktrail_domain::orchestration::task::{TaskChanges, TaskRetention, Title};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::Scope;

use super::claimed::got;
use crate::Orchestration;
use crate::fixture::{at, task};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, attempt_at, claim_by, completed, new_task, plan, plan_of,
    registration, released,
};

/// A repeated claim returns the same tasks, also when the agent has room for more, and after the
/// tasks were started, given back, claimed again or ended.
pub async fn a_repeated_claim_returns_the_same_tasks(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(4);
    let tasks = ["a", "b", "c"].map(|id| new_task(id).limited_to(30));
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &plan(tasks)).await;
    let (context, claim) = (writes.at(at(10)), claim_by(&builder, 2));
    let first = orchestration.claim(&context, &claim).await;
    assert_eq!(got(&first), ["a", "b"]);

    for step in 0..4 {
        match step {
            0 => {}
            1 => {
                let started = attempt_at("a", 1);
                orchestration.start(&writes.at(at(11)), &started).await;
                let report = released(attempt_at("b", 1), at(0));
                orchestration.report(&writes.at(at(11)), &report).await;
            }
            2 => {
                let next = orchestration.claim(&writes.at(at(12)), &claim).await;
                assert_eq!(got(&next), ["b", "c"]);
            }
            _ => {
                for (id, number) in [("a", 1), ("b", 2), ("c", 1)] {
                    let report = completed(attempt_at(id, number));
                    orchestration.report(&writes.at(at(13)), &report).await;
                }
            }
        }
        let entries = orchestration.changes_of(&context).await;
        let repeated = orchestration.claim(&context, &claim).await;
        assert_eq!(repeated, first, "after step {step}");
        assert_eq!(orchestration.changes_of(&context).await, entries);
    }
}

/// A repeated claim returns the same tasks also if the agent could claim nothing any more.
pub async fn a_repeated_claim_does_not_look_at_the_agent(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;
    let (context, claim) = (writes.at(at(10)), claim_by(&builder, 1));
    let first = orchestration.claim(&context, &claim).await;

    let full = orchestration.claim(&context, &claim).await;
    let request = StateRequest::Retire(Retirement::ReleasingTasks);
    orchestration
        .set_state(&writes.next(), &builder.agent, request)
        .await;
    let retired = orchestration.claim(&context, &claim).await;
    let other = builder.clone().by_instance(2);
    orchestration.register(&writes.next(), &other).await;
    let replaced = orchestration.claim(&context, &claim).await;

    assert_eq!([&full, &retired, &replaced], [&first; 3]);
}

/// A repeated claim returns the definitions that the tasks have now.
pub async fn a_repeated_claim_returns_the_current_definitions(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;
    let (context, claim) = (writes.next(), claim_by(&builder, 1));
    orchestration.claim(&context, &claim).await;
    let mut changes = TaskChanges::default();
    changes.title = Some(Title::new("changed").unwrap());
    orchestration
        .update_task(&writes.next(), &task("a"), &changes)
        .await;

    let repeated = orchestration.claim(&context, &claim).await;

    let ClaimOutcome::Claimed { tasks } = repeated else {
        panic!("{repeated:?}");
    };
    let definition = orchestration.task(&task("a")).await.definition;
    assert_eq!(definition.title.as_str(), "changed");
    assert_eq!(tasks[0].definition, definition);
}

/// A repeated claim omits tasks that were removed, and claims no others in their place.
pub async fn a_repeated_claim_omits_removed_tasks(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    let ids = ["a", "b", "c"];
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &plan_of(ids)).await;
    let (context, claim) = (writes.next(), claim_by(&builder, 2));
    orchestration.claim(&context, &claim).await;
    let retention = TaskRetention::ended_before(Scope::Everyone, at(50));

    for expected in [&["b"][..], &[]] {
        let ended = if expected.is_empty() { "b" } else { "a" };
        let report = completed(attempt_at(ended, 1));
        orchestration.report(&writes.next(), &report).await;
        orchestration
            .remove_expired(&retention, &PageRequest::default())
            .await;

        let repeated = orchestration.claim(&context, &claim).await;

        let claimed = matches!(repeated, ClaimOutcome::Claimed { .. });
        assert!(claimed, "{repeated:?}");
        assert_eq!(got(&repeated), expected);
    }
}
