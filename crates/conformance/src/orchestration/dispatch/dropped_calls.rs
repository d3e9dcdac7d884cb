//! Calls that are dropped before they return.

use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::dispatch::{AssignOutcome, ReportOutcome};

use super::claimed::got;
use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent_id, attempt, attempt_at, claim_by, completed, failed,
    new_task, plan, plan_of, registration, task_ids,
};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::dropped_after;

/// Numbers of yields after which calls are dropped: immediately, during the call, and after it.
const TURNS: [u32; 12] = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096];

/// A dropped claim gives the agent all of its tasks or none. Repeated, it returns them.
pub async fn a_dropped_claim_leaves_all_or_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder")
        .with_capacity(1000)
        .with_lease(86_400);
    orchestration.given_agent(&writes, &builder).await;
    for turns in TURNS {
        let ids = ["a", "b", "c"].map(|id| format!("{turns} {id}"));
        let tasks = plan_of(ids.iter().map(String::as_str));
        orchestration.given_tasks(&writes, &tasks).await;
        let (context, claim) = (writes.next(), claim_by(&builder, 3));

        dropped_after(turns, orchestration.claim(&context, &claim)).await;

        let entries = orchestration.changes_of(&context).await.len();
        assert!([0, 3].contains(&entries), "{entries} after {turns} turns");
        let repeated = orchestration.claim(&context, &claim).await;
        assert_eq!(got(&repeated), ids);
        assert_eq!(orchestration.changes_of(&context).await.len(), 3);
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// A dropped assignment is applied or not. Repeated, it returns the attempt.
pub async fn a_dropped_assignment_leaves_all_or_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder")
        .with_capacity(1000)
        .with_lease(86_400);
    orchestration.given_agent(&writes, &builder).await;
    for turns in TURNS {
        let id = turns.to_string();
        orchestration
            .given_tasks(&writes, &plan_of([id.as_str()]))
            .await;
        let (context, task, agent) = (writes.next(), task(&id), agent_id("builder"));

        dropped_after(turns, orchestration.assign(&context, &task, &agent)).await;

        let repeated = orchestration.assign(&context, &task, &agent).await;
        let (attempt, deadline) = (attempt(1), None);
        assert_eq!(repeated, AssignOutcome::Assigned { attempt, deadline });
        assert_eq!(orchestration.changes_of(&context).await.len(), 1);
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// A dropped report closes the attempt with all consequences or not at all. Repeated, it returns
/// them.
pub async fn a_dropped_report_leaves_all_or_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder")
        .with_capacity(1000)
        .with_lease(86_400);
    orchestration.given_agent(&writes, &builder).await;
    for (turns, succeeds) in TURNS.into_iter().zip([true, false].into_iter().cycle()) {
        let id = |suffix: &str| format!("{turns}{suffix}");
        let (first, then, finally) = (id(""), id(" then"), id(" finally"));
        let tasks = plan([
            new_task(&first),
            new_task(&then).after(&first),
            new_task(&finally).after_end_of(&first),
        ]);
        orchestration.given_tasks(&writes, &tasks).await;
        orchestration
            .assign(&writes.next(), &task(&first), &agent_id("builder"))
            .await;
        let (context, key) = (writes.next(), attempt_at(&first, 1));
        let report = if succeeds {
            completed(key)
        } else {
            failed(key, None)
        };

        dropped_after(turns, orchestration.report(&context, &report)).await;

        let entries = orchestration.changes_of(&context).await.len();
        assert!([0, 3].contains(&entries), "{entries} after {turns} turns");
        let repeated = orchestration.report(&context, &report).await;
        let expected = if succeeds {
            ReportOutcome::Recorded {
                state: TaskState::Completed,
                ready: task_ids([finally.as_str(), then.as_str()]),
                skipped: Vec::new(),
            }
        } else {
            ReportOutcome::Recorded {
                state: TaskState::Failed,
                ready: task_ids([finally.as_str()]),
                skipped: task_ids([then.as_str()]),
            }
        };
        assert_eq!(repeated, expected);
        assert_eq!(orchestration.changes_of(&context).await.len(), 3);
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// A dropped reap closes executions as a whole, and the next one closes the others.
pub async fn a_dropped_reap_leaves_all_or_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(1000).with_lease(5);
    for turns in TURNS {
        let now = at(1000 + u64::from(turns) * 10);
        orchestration.register(&writes.at(now), &builder).await;
        let ids = ["a", "b", "c"].map(|id| format!("{turns} {id}"));
        let tasks = plan(ids.iter().map(|id| new_task(id).attempted(1)));
        orchestration
            .create(&writes.at(now), &user("alice"), &tasks)
            .await;
        let claim = claim_by(&builder, 3);
        orchestration.claim(&writes.at(now), &claim).await;
        let later = at(1006 + u64::from(turns) * 10);
        let context = writes.at(later);

        dropped_after(turns, orchestration.reap(&context)).await;

        // The store may still apply the dropped call.
        while has_open_executions(orchestration).await {
            orchestration.reap(&writes.at(later)).await;
        }
        assert_sound(orchestration, &user("alice")).await;
    }
}

async fn has_open_executions(orchestration: &Orchestration) -> bool {
    let builder = orchestration.agent(&registration("builder").agent).await;
    builder.presence.open_executions > 0
}
