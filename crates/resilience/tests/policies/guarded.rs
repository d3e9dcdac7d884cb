use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tasktrail_conformance::fixture::{at, page, prefix, task, user};
use tasktrail_domain::repository::{Operation, Result};
use tasktrail_domain::task_history::{
    FinalStatus, RemovalLimits, RetentionPolicy, Scope, TaskFilter, TaskHistoryRepository,
    TaskStatus,
};
use tasktrail_in_memory::InMemoryTaskHistory;
use tasktrail_resilience::{Guarded, Policy};

/// Records the operations that go through it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recording(Arc<Mutex<Vec<Operation>>>);

impl Recording {
    pub(crate) fn recorded(&self) -> Vec<Operation> {
        self.0.lock().unwrap().clone()
    }
}

impl Policy for Recording {
    async fn run<T, F, Fut>(&self, operation: Operation, attempt: F) -> Result<T>
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        self.0.lock().unwrap().push(operation);
        attempt().await
    }
}

#[tokio::test]
async fn each_method_goes_through_the_policy_as_its_own_operation() -> Result<()> {
    let history = Guarded::new(InMemoryTaskHistory::new(), Recording::default());
    let writer = tasktrail_conformance::fixture::Writer::default();
    let (report, policy) = (task("report"), RetentionPolicy::every_task_before(at(1)));
    let entry = writer.step(&report, 0, TaskStatus::Running);

    history.save(&entry).await?;
    history.save_batch(&[]).await?;
    history.load(&report, &page(1)).await?;
    history.trail(&report, &page(1)).await?;
    history.status(&report).await?;
    history.summary(&report).await?;
    history
        .finish(&report, FinalStatus::Cancelled, at(0))
        .await?;
    history.finish_batch(&[]).await?;
    history
        .list(&user("alice"), &TaskFilter::default(), &page(1))
        .await?;
    history
        .list_all(&prefix("a"), &TaskFilter::default(), &page(1))
        .await?;
    history.users(&prefix("a"), &page(1)).await?;
    history.count(&Scope::Everyone).await?;
    history.expired(&policy).await?;
    history
        .remove_expired(&policy, &RemovalLimits::default())
        .await?;

    let recorded = history.policy().recorded();
    let names: Vec<&str> = recorded.iter().map(|operation| operation.name()).collect();
    assert_eq!(
        names,
        [
            "task_history.save",
            "task_history.save_batch",
            "task_history.load",
            "task_history.trail",
            "task_history.status",
            "task_history.summary",
            "task_history.finish",
            "task_history.finish_batch",
            "task_history.list",
            "task_history.list_all",
            "task_history.users",
            "task_history.count",
            "task_history.expired",
            "task_history.remove_expired",
        ]
    );
    let once = recorded
        .iter()
        .filter(|operation| !operation.is_idempotent());
    let once: BTreeSet<&str> = once.map(|operation| operation.name()).collect();
    assert_eq!(
        once,
        [
            "task_history.finish",
            "task_history.finish_batch",
            "task_history.remove_expired"
        ]
        .into()
    );
    Ok(())
}

#[tokio::test]
async fn policies_nest_from_the_outermost_to_the_innermost() {
    #[derive(Debug)]
    struct Named(&'static str, Recording);

    impl Policy for Named {
        async fn run<T, F, Fut>(&self, operation: Operation, attempt: F) -> Result<T>
        where
            T: Send,
            F: Fn() -> Fut + Copy + Send + Sync,
            Fut: Future<Output = Result<T>> + Send,
        {
            let seen = Operation::idempotent(self.0);
            self.1.0.lock().unwrap().push(seen);
            attempt().await.inspect_err(|error| {
                assert_eq!(error.operation(), operation);
            })
        }
    }

    let recording = Recording::default();
    let named = |name| Named(name, recording.clone());
    let policy = named("a")
        .around(named("b"))
        .around(None::<Recording>.around(named("c")));

    let answer = policy
        .run(Operation::idempotent("test"), || async { Ok(7) })
        .await;

    let order: Vec<&str> = recording
        .recorded()
        .iter()
        .map(|seen| seen.name())
        .collect();
    assert_eq!((answer.unwrap(), order), (7, vec!["a", "b", "c"]));
}
