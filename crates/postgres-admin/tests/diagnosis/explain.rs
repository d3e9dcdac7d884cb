//! Query plans of the operations.

use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_domain::{TaskId, UserId};
use tasktrail_postgres::{
    ChosenTask, ExplainRequest, ExplainedOperation, Explanation, PlanAccess, PlanVerdict,
};

use super::store::Store;

const ALL: [ExplainedOperation; 12] = [
    ExplainedOperation::Save,
    ExplainedOperation::Load,
    ExplainedOperation::Trail,
    ExplainedOperation::Status,
    ExplainedOperation::Summary,
    ExplainedOperation::Finish,
    ExplainedOperation::List,
    ExplainedOperation::ListAll,
    ExplainedOperation::Users,
    ExplainedOperation::Count,
    ExplainedOperation::Expired,
    ExplainedOperation::Remove,
];

fn request(operation: ExplainedOperation) -> ExplainRequest {
    ExplainRequest::new(operation, SystemClock.now()).with_analyze(true)
}

async fn explained(store: &Store, request: &ExplainRequest) -> Explanation {
    store
        .postgres
        .task_history()
        .explain(request)
        .await
        .unwrap()
}

#[tokio::test]
async fn every_operation_is_explained_and_only_reads_are_executed() {
    let store = Store::new().await;
    store.fill(100, 200);
    store.run("UPDATE task_summary SET entries = 7 WHERE task_id = 'task-42'");

    for operation in ALL {
        let explanation = explained(&store, &request(operation)).await;

        assert_eq!(explanation.task.task.as_str(), "task-42");
        assert_eq!(explanation.chosen, ChosenTask::Largest);
        assert_eq!(explanation.analyzed, !operation.writes(), "{explanation:?}");
        assert!(!explanation.statements.is_empty());
        for statement in &explanation.statements {
            let executed = statement.plan.contains("actual time");
            assert_eq!(executed, !operation.writes(), "{statement:?}");
            assert!(statement.plan.contains("Index"), "{statement:?}");
            assert!(statement.verdict.good, "{statement:?}");
            assert_eq!(statement.verdict.pages.is_some(), executed);
        }
    }

    let rows = "SELECT (SELECT count(*) FROM task_history), (SELECT count(*) FROM task_summary)";
    let hundred = Some("100".to_owned());
    assert_eq!(
        store.database.execute(rows).unwrap(),
        [[hundred.clone(), hundred]]
    );
}

#[tokio::test]
async fn requested_task_is_explained_even_if_it_does_not_exist() {
    let store = Store::new().await;
    store.fill(10, 1);
    let load = request(ExplainedOperation::Load);
    let of = |user: &str, task: Option<&str>| {
        load.clone()
            .with_user(UserId::new(user).unwrap())
            .with_task(task.map(|task| TaskId::new(task).unwrap()))
    };

    let given = explained(&store, &of("alice", Some("task-3"))).await;
    let unknown = explained(&store, &of("alice", Some("none"))).await;
    let made_up = explained(&store, &of("bob", None)).await;

    assert_eq!((given.chosen, given.entries), (ChosenTask::Given, Some(1)));
    assert_eq!((unknown.chosen, unknown.entries), (ChosenTask::Given, None));
    assert_eq!(made_up.chosen, ChosenTask::MadeUp);
    assert_eq!(made_up.task.user.as_str(), "bob");
}

/// The verdict about loading a task, which is one statement.
async fn of_load(store: &Store) -> PlanVerdict {
    let load = request(ExplainedOperation::Load)
        .with_user(UserId::new("alice").unwrap())
        .with_task(TaskId::new("task-42").unwrap());
    let mut explanation = explained(store, &load).await;
    assert_eq!(explanation.statements.len(), 1, "{explanation:?}");
    explanation.statements.remove(0).verdict
}

#[tokio::test]
async fn verdict_names_what_makes_a_statement_slow() {
    let store = Store::new().await;
    store.fill(3000, 1);

    let good = of_load(&store).await;
    store.run("DROP INDEX task_history_step_idx");
    let discards = of_load(&store).await;
    store.run("ALTER TABLE task_history DROP CONSTRAINT task_history_pkey");
    let reads_all = of_load(&store).await;

    assert_eq!(good.access, PlanAccess::OneUser, "{good:?}");
    assert_eq!(good.indexes, ["task_history_step_idx"]);
    let conclusion = "good: it reads ranges of one user in task_history_step_idx; pages read: ";
    assert!(good.to_string().starts_with(conclusion), "{good}");
    assert!((1..=10).contains(&good.pages.unwrap()), "{good:?}");
    assert!(!discards.good);
    assert_eq!(
        discards.concerns,
        ["it discards 2999 of the rows that it reads"]
    );
    assert!(discards.pages > good.pages, "{discards:?}");
    assert_eq!(reads_all.access, PlanAccess::WholeTable);
    let conclusion = "slow in a large store: it reads all of the table task_history, because no \
                      index fits: run `tasktrail migrate check`";
    assert!(reads_all.to_string().starts_with(conclusion), "{reads_all}");
}
