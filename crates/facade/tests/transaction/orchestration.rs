//! Orchestration in a transaction, on both stores.

use tasktrail::orchestration::TaskState;
use tasktrail::orchestration::audit::{Action, AuditFilter};
use tasktrail::orchestration::dispatch::ReportOutcome;
use tasktrail::orchestration::task::CancelScope;
use tasktrail::repository::{ErrorKind, PageRequest};
use tasktrail::task_history::TaskStatus;
use tasktrail::{DatabaseError, DatabaseManager, Transaction};

use super::work::{
    actor, claim, create, given_work, open_executions, owner, plan, register, repository_error,
    state,
};
use super::{Result, save, status, task};

on_both_stores!(
    task_and_step_are_committed_together,
    task_and_step_are_undone_together,
    rolled_back_claim_gives_the_task_and_the_slot_back,
    ended_task_is_finished_in_the_history_in_the_same_transaction,
    rolled_back_report_can_be_repeated,
    agent_created_and_used_in_one_transaction,
    conflict_does_not_end_the_transaction,
    entries_name_the_actor_of_the_transaction,
    runs_in_a_spawned_task,
);

/// The actors and actions in the audit log, oldest first.
async fn entries(manager: &DatabaseManager) -> Vec<(String, Action)> {
    let ports = manager.orchestration_ports().unwrap();
    let (filter, page) = (AuditFilter::default(), PageRequest::default());
    let listed = ports.audit_log.list(&owner(), &filter, &page).await;
    let entries = listed.unwrap().items.into_iter().rev();
    entries
        .map(|entry| (entry.actor.to_string(), entry.action))
        .collect()
}

fn is_closed(result: &Result) -> bool {
    matches!(result, Err(DatabaseError::Closed))
}

async fn task_and_step(transaction: &mut Transaction, name: &str) -> Result {
    create(&transaction.orchestration(actor())?, name).await?;
    save(transaction, name).await?;
    let inside = transaction.orchestration_ports()?;
    assert!(inside.tasks.get(&task(name)).await?.is_some());
    Ok(())
}

async fn task_and_step_are_committed_together(manager: DatabaseManager) {
    manager
        .transaction(async |transaction| -> Result {
            task_and_step(transaction, "new").await?;
            assert_eq!(state(&manager, "new").await, None);
            Ok(())
        })
        .await
        .unwrap();

    assert_eq!(state(&manager, "new").await, Some(TaskState::Ready));
    assert_eq!(status(&manager, "new").await, Some(TaskStatus::Running));
    assert_eq!(entries(&manager).await.len(), 1);
}

async fn task_and_step_are_undone_together(manager: DatabaseManager) {
    let undone = manager
        .transaction(async |transaction| -> Result {
            task_and_step(transaction, "new").await?;
            Err(DatabaseError::Closed)
        })
        .await;

    assert!(is_closed(&undone));
    assert_eq!(state(&manager, "new").await, None);
    assert_eq!(status(&manager, "new").await, None);
    assert_eq!(entries(&manager).await, []);
}

async fn rolled_back_claim_gives_the_task_and_the_slot_back(manager: DatabaseManager) {
    let agent = given_work(&manager, "build").await;

    let undone = manager
        .transaction(async |transaction| -> Result {
            claim(&transaction.agent(&agent)?).await?;
            Err(DatabaseError::Closed)
        })
        .await;

    assert!(is_closed(&undone));
    assert_eq!(state(&manager, "build").await, Some(TaskState::Ready));
    assert_eq!(open_executions(&manager, &agent).await, 0);
    let again = claim(&agent).await.unwrap();
    assert_eq!(again.attempt.attempt.get(), 1);
    assert_eq!(open_executions(&manager, &agent).await, 1);
}

async fn ended_task_is_finished_in_the_history_in_the_same_transaction(manager: DatabaseManager) {
    let agent = given_work(&manager, "build").await;
    let report = claim(&agent).await.unwrap();

    let inside = manager
        .transaction(async |transaction| -> Result<_> {
            let reported = transaction.agent(&agent)?.report(&report).await?;
            assert!(matches!(reported, ReportOutcome::Recorded { .. }));
            assert_eq!(status(&manager, "build").await, None);
            transaction.check_task_status(&task("build")).await
        })
        .await;

    assert_eq!(inside.unwrap(), Some(TaskStatus::Completed));
    assert_eq!(status(&manager, "build").await, Some(TaskStatus::Completed));
    assert_eq!(state(&manager, "build").await, Some(TaskState::Completed));
    assert_eq!(open_executions(&manager, &agent).await, 0);
}

async fn rolled_back_report_can_be_repeated(manager: DatabaseManager) {
    let agent = given_work(&manager, "build").await;
    let report = claim(&agent).await.unwrap();

    let undone = manager
        .transaction(async |transaction| -> Result {
            transaction.agent(&agent)?.report(&report).await?;
            Err(DatabaseError::Closed)
        })
        .await;

    assert!(is_closed(&undone));
    assert_eq!(status(&manager, "build").await, None);
    assert_eq!(state(&manager, "build").await, Some(TaskState::Assigned));
    let repeated = agent.report(&report).await.unwrap();
    assert!(matches!(repeated, ReportOutcome::Recorded { .. }));
}

async fn agent_created_and_used_in_one_transaction(manager: DatabaseManager) {
    let agent = manager
        .transaction(async |transaction| -> Result<_> {
            let orchestrator = transaction.orchestration(actor())?;
            create(&orchestrator, "build").await?;
            let agent = register(&orchestrator).await?;
            claim(&agent).await?;
            Ok((agent.key().clone(), agent.instance()))
        })
        .await;

    let (key, instance) = agent.unwrap();
    let agent = manager.orchestration(actor()).unwrap().agent(key, instance);
    assert_eq!(open_executions(&manager, &agent).await, 1);
    assert_eq!(state(&manager, "build").await, Some(TaskState::Assigned));
}

async fn conflict_does_not_end_the_transaction(manager: DatabaseManager) {
    manager
        .transaction(async |transaction| -> Result {
            let orchestrator = transaction.orchestration(actor())?;
            create(&orchestrator, "one").await?;
            let other = plan("one", "Another title");
            let refused = orchestrator.create(&owner(), &other).await;
            assert_eq!(repository_error(refused).kind(), ErrorKind::Conflict);
            create(&orchestrator, "two").await
        })
        .await
        .unwrap();

    assert_eq!(state(&manager, "one").await, Some(TaskState::Ready));
    assert_eq!(state(&manager, "two").await, Some(TaskState::Ready));
}

async fn entries_name_the_actor_of_the_transaction(manager: DatabaseManager) {
    let agent = given_work(&manager, "build").await;

    manager
        .transaction(async |transaction| -> Result {
            claim(&transaction.agent(&agent)?).await?;
            let orchestrator = transaction.orchestration("user:alice".parse().unwrap())?;
            orchestrator
                .cancel(&task("build"), CancelScope::Task)
                .await?;
            Ok(())
        })
        .await
        .unwrap();

    let entries = entries(&manager).await;
    let shown: Vec<_> = entries
        .iter()
        .map(|(actor, action)| format!("{actor} {action}"))
        .collect();
    let expected = [
        "service:release task.created",
        "service:release agent.registered",
        "agent:builder-1 task.claimed",
        "user:alice task.cancelled",
    ];
    assert_eq!(shown, expected);
}

async fn runs_in_a_spawned_task(manager: DatabaseManager) {
    let agent = given_work(&manager, "build").await;
    let of_task = manager.clone();
    let spawned = tokio::spawn(async move {
        let claimed = of_task.transaction(async |transaction| -> Result<_> {
            create(&transaction.orchestration(actor())?, "next").await?;
            claim(&transaction.agent(&agent)?).await
        });
        claimed.await
    });

    let report = spawned.await.unwrap().unwrap();
    assert_eq!(report.attempt.task, task("build"));
    assert_eq!(state(&manager, "next").await, Some(TaskState::Ready));
}
