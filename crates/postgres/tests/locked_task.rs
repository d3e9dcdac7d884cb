//! A task that another transaction has locked delays saves of that task only.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a failed step of a test is a panic"
)]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind, PageRequest, RepositoryError};
use tasktrail_domain::task_history::{
    FinalStatus, Finish, FinishOutcome, HistoryEntry, TaskHistoryRepository, TaskStatus,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{BatchStatistics, PostgresConfig, PostgresDatabase, PostgresTaskHistory};
use tasktrail_test_support::{TestDatabase, wait_until};
use tokio::task::JoinHandle;

type Call = JoinHandle<Result<TaskStatus, RepositoryError>>;

/// Longer than a test takes: saves wait for the locked task until the test releases it.
const LONG_TIMEOUT: Duration = Duration::from_secs(600);

/// A database in which another session's transaction has locked the task `locked`.
struct Fixture {
    postgres: PostgresDatabase,
    histories: Arc<PostgresTaskHistory<'static>>,
    writer: Writer,
    session: AsyncPgConnection,
    database: TestDatabase,
}

impl Fixture {
    /// The task exists, and its summary is locked.
    async fn new(lock_timeout: Duration) -> Self {
        let mut fixture = Self::without_lock(lock_timeout).await;
        let first = fixture.writer.step(&locked(), 0, TaskStatus::Running);
        fixture.histories.save(&first).await.unwrap();
        fixture
            .execute("BEGIN; SELECT 1 FROM task_summary WHERE task_id = 'locked' FOR UPDATE")
            .await;
        fixture
    }

    async fn without_lock(lock_timeout: Duration) -> Self {
        let database = TestDatabase::new();
        let config = PostgresConfig::from_url(database.url())
            .unwrap()
            .with_lock_timeout(lock_timeout)
            .with_acquire_timeout(LONG_TIMEOUT);
        let postgres = PostgresDatabase::connect(config).await.unwrap();
        postgres.migrate().await.unwrap();
        Self {
            histories: Arc::new(postgres.task_history()),
            postgres,
            writer: Writer::default(),
            session: AsyncPgConnection::establish(&database.url()).await.unwrap(),
            database,
        }
    }

    async fn execute(&mut self, sql: &str) {
        self.session.batch_execute(sql).await.unwrap();
    }

    fn save(&self, entry: HistoryEntry) -> Call {
        let histories = Arc::clone(&self.histories);
        tokio::spawn(async move { histories.save(&entry).await })
    }

    /// Saves of the locked task, which wait for it in this order.
    fn blocked(&self, steps: std::ops::Range<u16>) -> Vec<Call> {
        let before = self.statistics().waiting_aside;
        let mut calls = Vec::new();
        for step in steps {
            calls.push(self.save(self.writer.step(&locked(), step, TaskStatus::Running)));
            let waiting = before + u32::try_from(calls.len()).unwrap();
            wait_until("the save waits for the task", || {
                self.statistics().waiting_aside == waiting
            });
        }
        calls
    }

    /// Many concurrent callers save many steps of other tasks.
    async fn others_save(&self) {
        let callers = (0..32).map(|caller| {
            let (histories, writer) = (Arc::clone(&self.histories), &self.writer);
            let task = TaskKey::new("user", format!("task-{caller}")).unwrap();
            let entries = writer.steps(&task, 30);
            tokio::spawn(async move {
                for entry in entries {
                    histories.save(&entry).await.unwrap();
                }
            })
        });
        for caller in join_all(callers).await {
            caller.unwrap();
        }
    }

    fn statistics(&self) -> BatchStatistics {
        self.postgres.batch_statistics()[0]
    }

    async fn steps_of_the_locked_task(&self) -> Vec<u32> {
        let page = PageRequest::default();
        let trail = self.histories.trail(&locked(), &page).await.unwrap();
        let steps = trail.items.iter().map(|entry| entry.step.get());
        steps.map(|step| u32::try_from(step).unwrap()).collect()
    }
}

fn locked() -> TaskKey {
    TaskKey::new("user", "locked").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_task_delays_only_its_own_saves_in_order() {
    let mut fixture = Fixture::new(LONG_TIMEOUT).await;
    let calls = fixture.blocked(1..5);
    assert_eq!(fixture.statistics().tasks_aside, 1);

    fixture.others_save().await;

    assert!(calls.iter().all(|call| !call.is_finished()));
    assert_eq!(fixture.statistics().waiting_aside, 4);
    fixture.execute("COMMIT").await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(fixture.steps_of_the_locked_task().await, [0, 1, 2, 3, 4]);
    wait_until("the task is no longer aside", || {
        let now = fixture.statistics();
        (now.tasks_aside, now.waiting_aside, now.under_way) == (0, 0, 0)
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uncommitted_first_save_delays_no_other_task() {
    let mut fixture = Fixture::without_lock(LONG_TIMEOUT).await;
    let first = fixture.writer.step(&locked(), 0, TaskStatus::Running);
    fixture.execute("CREATE TABLE note (n int)").await;
    let mut session = AsyncPgConnection::establish(&fixture.database.url())
        .await
        .unwrap();
    let (saved, go_on) = (
        Arc::new(tokio::sync::Notify::new()),
        Arc::new(tokio::sync::Notify::new()),
    );
    let holder = tokio::spawn({
        let (saved, go_on) = (Arc::clone(&saved), Arc::clone(&go_on));
        async move {
            session
                .transaction(async |connection| {
                    let history = PostgresTaskHistory::in_transaction(connection).unwrap();
                    history.save(&first).await.unwrap();
                    saved.notify_one();
                    go_on.notified().await;
                    Ok::<_, diesel::result::Error>(())
                })
                .await
        }
    });
    saved.notified().await;
    let calls = fixture.blocked(1..4);

    fixture.others_save().await;

    assert_eq!(fixture.statistics().waiting_aside, 3);
    go_on.notify_one();
    holder.await.unwrap().unwrap();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(fixture.steps_of_the_locked_task().await, [0, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_locked_tasks_use_few_connections() {
    let mut fixture = Fixture::without_lock(LONG_TIMEOUT).await;
    let tasks: Vec<_> = (0..30)
        .map(|number| TaskKey::new("user", format!("locked-{number}")).unwrap())
        .collect();
    for task in &tasks {
        let first = fixture.writer.step(task, 0, TaskStatus::Running);
        fixture.histories.save(&first).await.unwrap();
    }
    fixture
        .execute("BEGIN; SELECT 1 FROM task_summary WHERE task_id LIKE 'locked-%' FOR UPDATE")
        .await;
    let saves = tasks
        .iter()
        .map(|task| fixture.writer.step(task, 1, TaskStatus::Running));
    let calls: Vec<_> = saves.map(|entry| fixture.save(entry)).collect();
    wait_until("all of them wait aside", || {
        fixture.statistics().waiting_aside == 30
    });

    wait_until("four wait on the server", || {
        let waiting = "SELECT 1 FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        fixture.database.execute(waiting).unwrap().len() == 4
    });
    assert_eq!(fixture.postgres.pool_statistics().in_use, 4);
    fixture.others_save().await;

    fixture.execute("COMMIT").await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_saves_leave_nothing_on_the_server() {
    let fixture = Fixture::new(LONG_TIMEOUT).await;
    let calls = fixture.blocked(1..4);

    for call in &calls {
        call.abort();
    }

    wait_until("nothing waits", || {
        let waiting = "SELECT 1 FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let none = fixture.database.execute(waiting).unwrap().is_empty();
        none && fixture.statistics().under_way == 0 && fixture.statistics().waiting_aside == 0
    });
    assert_eq!(fixture.steps_of_the_locked_task().await, [0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_ends_the_wait() {
    let fixture = Fixture::new(LONG_TIMEOUT).await;
    let calls = fixture.blocked(1..4);

    let closing = fixture.postgres.close(Duration::from_millis(100)).await;

    assert_eq!(closing.finished, 0, "{closing:?}");
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    }
}

/// Asserts the error of a call on the locked task.
fn assert_locked_error<T: std::fmt::Debug>(answer: Result<T, RepositoryError>) {
    let error = answer.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Contention, Effect::NotApplied)
    );
    let chain = ErrorChain(&error).to_string();
    let reason = "another transaction has locked the task, waited ";
    assert!(chain.contains(reason), "{chain}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_of_a_locked_task_fail_within_the_lock_timeout() {
    let fixture = Fixture::new(Duration::from_millis(300)).await;
    let alone = PostgresConfig::from_url(fixture.database.url())
        .unwrap()
        .with_lock_timeout(Duration::from_millis(300))
        .with_group_commit(0);
    let alone = PostgresDatabase::connect(alone).await.unwrap();
    let step = || fixture.writer.step(&locked(), 1, TaskStatus::Running);

    for answer in join_all((0..4).map(|_| fixture.save(step()))).await {
        assert_locked_error(answer.unwrap());
    }
    for history in [&*fixture.histories, &alone.task_history()] {
        assert_locked_error(history.save(&step()).await);
        assert_locked_error(history.save_batch(&[step()]).await);
        let at = Timestamp::default();
        let finished = history.finish(&locked(), FinalStatus::Cancelled, at).await;
        assert_locked_error(finished);
        let batch = [cancelled(locked())];
        assert_locked_error(history.finish_batch(&batch).await);
    }
    assert_eq!(fixture.steps_of_the_locked_task().await, [0]);
}

fn cancelled(task: TaskKey) -> (TaskKey, Finish) {
    let finish = Finish {
        status: FinalStatus::Cancelled,
        at: Timestamp::default(),
    };
    (task, finish)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_finish_batch_does_not_lock_its_other_tasks() {
    let mut fixture = Fixture::new(LONG_TIMEOUT).await;
    // Sorts before the locked task.
    let other = TaskKey::new("user", "a").unwrap();
    let batch = [cancelled(locked()), cancelled(other.clone())];
    let finishing = tokio::spawn({
        let histories = Arc::clone(&fixture.histories);
        async move { histories.finish_batch(&batch).await }
    });
    let mut waits = HashSet::new();
    wait_until("the batch waits for the second time", || {
        let waiting = "SELECT xact_start FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waiting = fixture.database.execute(waiting).unwrap();
        waits.extend(waiting.into_iter().flatten());
        waits.len() > 1
    });

    let entry = fixture.writer.step(&other, 0, TaskStatus::Running);
    fixture.save(entry).await.unwrap().unwrap();

    assert!(!finishing.is_finished());
    fixture.execute("COMMIT").await;
    let outcomes = finishing.await.unwrap().unwrap();
    let previous = Some(TaskStatus::Running);
    let finished = FinishOutcome::Finished { previous };
    assert_eq!(outcomes, [finished, finished]);
}

#[tokio::test]
async fn callers_transaction_keeps_its_lock_timeout() {
    let fixture = Fixture::without_lock(LONG_TIMEOUT).await;
    let mut session = AsyncPgConnection::establish(&fixture.database.url())
        .await
        .unwrap();
    session
        .batch_execute("SET lock_timeout = 1234")
        .await
        .unwrap();
    let entry = fixture.writer.step(&locked(), 0, TaskStatus::Running);

    session
        .transaction(async |connection| {
            let history = PostgresTaskHistory::in_transaction(connection).unwrap();
            history.save(&entry).await.unwrap();
            let at = Timestamp::default();
            history
                .finish(&locked(), FinalStatus::Completed, at)
                .await
                .unwrap();
            drop(history);
            let unchanged = "DO $$ BEGIN
                ASSERT current_setting('lock_timeout') = '1234ms';
            END $$";
            connection.batch_execute(unchanged).await
        })
        .await
        .unwrap();
}
