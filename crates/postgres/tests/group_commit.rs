//! Batched saves: each succeeds or fails independently.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tasktrail_conformance::fixture::{Edit, Writer};
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind, PageRequest, RepositoryError};
use tasktrail_domain::task_history::{
    HistoryEntry, ResultLimit, TaskHistoryRepository, TaskStatus, TaskStepResult,
};
use tasktrail_postgres::{
    GroupCommitStatistics, PostgresConfig, PostgresDatabase, PostgresTaskHistory,
};
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};
use tokio::task::JoinHandle;

type Call = JoinHandle<Result<TaskStatus, RepositoryError>>;

/// A database in which a lock blocks saves until [`unlock`](Self::unlock), with one writer. A first
/// save waits in its own statement and a second one occupies the writer, so later saves form a
/// batch.
struct Locked {
    lock: Option<TableLock>,
    postgres: PostgresDatabase,
    histories: Arc<PostgresTaskHistory<'static>>,
    first: Vec<Call>,
    writer: Writer,
    database: TestDatabase,
}

impl Locked {
    async fn new() -> Self {
        Self::with("SELECT 1", "").await
    }

    /// The same after a change of the schema, with additional parameters in the URL.
    async fn with(change: &str, parameters: &str) -> Self {
        let database = TestDatabase::new();
        let open = async |parameters: &str| {
            let config = PostgresConfig::from_url(format!("{}{parameters}", database.url()))
                .and_then(|config| config.with_connections(2, 4))
                .unwrap()
                .with_acquire_timeout(Duration::from_secs(1))
                // At least as long as the lock is held, even if the test is slow.
                .with_statement_timeout(Duration::from_secs(600))
                .with_group_commit(1);
            PostgresDatabase::connect(config).await.unwrap()
        };
        open("").await.migrate().await.unwrap();
        database.execute(change).unwrap();
        let postgres = open(parameters).await;
        let histories = Arc::new(postgres.task_history());
        let mut locked = Self {
            lock: None,
            postgres,
            histories,
            first: Vec::new(),
            writer: Writer::default(),
            database,
        };
        locked.lock_again();
        locked
    }

    fn lock_again(&mut self) {
        let lock = TableLock::on(&self.database, "task_history");
        for (name, waiting) in [("alone", 1), ("second", 2)] {
            let entry = self.writer.step(&task(name), 0, TaskStatus::Running);
            self.first.push(spawned(&self.histories, entry));
            wait_until("the save waits for the table", || lock.waiting() == waiting);
        }
        self.lock = Some(lock);
    }

    /// How many statements wait for the table.
    fn waiting(&self) -> usize {
        self.lock.as_ref().map_or(0, TableLock::waiting)
    }

    fn statistics(&self) -> GroupCommitStatistics {
        self.postgres.group_commit_statistics().unwrap()
    }

    /// Saves that are queued in this order.
    fn queue(&self, entries: impl IntoIterator<Item = HistoryEntry>) -> Vec<Call> {
        let mut calls = Vec::new();
        for entry in entries {
            let before = self.statistics().under_way;
            calls.push(spawned(&self.histories, entry));
            wait_until("the save is in the queue", || {
                self.statistics().under_way == before + 1
            });
        }
        calls
    }

    /// Lets the saves finish.
    async fn unlock(&mut self) {
        self.lock = None;
        for call in self.first.drain(..) {
            call.await.unwrap().unwrap();
        }
    }

    async fn trail(&self, name: &str) -> Vec<HistoryEntry> {
        let page = PageRequest::default();
        let trail = self.histories.trail(&task(name), &page).await;
        trail.unwrap().items
    }
}

fn spawned(histories: &Arc<PostgresTaskHistory<'static>>, entry: HistoryEntry) -> Call {
    let histories = Arc::clone(histories);
    tokio::spawn(async move { histories.save(&entry).await })
}

fn task(name: &str) -> TaskKey {
    TaskKey::new("user", name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_saves_are_batched_in_order() {
    let mut locked = Locked::new().await;
    let steps = locked.writer.steps(&task("shared"), 3);
    let again = locked.writer.step(&task("shared"), 1, TaskStatus::Failed);
    let saves = [steps, vec![again]].concat();
    let other = locked.writer.step(&task("other"), 0, TaskStatus::Completed);
    let calls = locked.queue(saves.iter().cloned().chain([other]));

    locked.unlock().await;

    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap().unwrap());
    }
    assert_eq!(
        statuses,
        [
            TaskStatus::Running,
            TaskStatus::Running,
            TaskStatus::Running,
            TaskStatus::Running,
            TaskStatus::Completed
        ]
    );
    let statistics = locked.statistics();
    assert_eq!((statistics.single, statistics.grouped), (1, 6));
    assert_eq!((statistics.statements, statistics.under_way), (2, 0));
    assert_eq!(locked.trail("shared").await, saves);
}

/// The number of successful calls, and kinds and effects of the errors.
async fn outcomes(calls: Vec<Call>) -> (usize, Vec<(ErrorKind, Effect)>) {
    let (mut saved, mut failed) = (0, Vec::new());
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => saved += 1,
            Err(error) => failed.push((error.kind(), error.effect())),
        }
    }
    (saved, failed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_entry_fails_only_its_own_save() {
    let mut locked = Locked::with("ALTER TABLE task_history ADD CHECK (step <> 3)", "").await;
    let steps = locked.writer.steps(&task("a"), 6);
    let calls = locked.queue(steps.clone());

    locked.unlock().await;

    let (saved, failed) = outcomes(calls).await;
    assert_eq!(
        (saved, failed),
        (5, vec![(ErrorKind::Refused, Effect::NotApplied)])
    );
    let kept: Vec<_> = steps
        .into_iter()
        .filter(|entry| entry.step.get() != 3)
        .collect();
    assert_eq!(locked.trail("a").await, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repetitions_and_conflicts_are_distinguished_in_a_batch() {
    let mut locked = Locked::new().await;
    let entry = locked.writer.step(&task("a"), 0, TaskStatus::Running);
    let mut contradiction = entry.clone();
    contradiction.task = task("b");
    let calls = locked.queue([entry.clone(), contradiction, entry.clone()]);

    locked.unlock().await;

    let (saved, failed) = outcomes(calls).await;
    assert_eq!(
        (saved, failed),
        (2, vec![(ErrorKind::Conflict, Effect::NotApplied)])
    );
    assert_eq!(locked.trail("a").await, [entry]);
    assert_eq!(locked.trail("b").await, []);
}

/// A role that may add entries but not read their contents, so a save cannot compare an existing
/// entry.
const WRITER: &str = "
    CREATE ROLE blind_writer;
    GRANT SELECT, INSERT, UPDATE ON task_summary TO blind_writer;
    GRANT INSERT ON task_history TO blind_writer;
    GRANT SELECT (user_id, task_id, step, entry_id, id, recorded_at, status, error_code)
        ON task_history TO blind_writer";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_comparison_does_not_hide_an_added_entry() {
    let mut locked = Locked::with(WRITER, "?options=-c%20role%3Dblind_writer").await;
    let [there, new] =
        ["a", "b"].map(|name| locked.writer.step(&task(name), 0, TaskStatus::Running));
    let calls = locked.queue([there.clone()]);
    locked.unlock().await;
    assert_eq!(outcomes(calls).await, (1, vec![]));
    locked.lock_again();
    let calls = locked.queue([there, new]);

    locked.unlock().await;

    let (saved, failed) = outcomes(calls).await;
    assert_eq!(
        (saved, failed),
        (1, vec![(ErrorKind::Refused, Effect::NotApplied)])
    );
    let added = "SELECT 1 FROM task_history WHERE task_id = 'b'";
    assert_eq!(locked.database.execute(added).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_save_does_not_affect_the_others() {
    let mut locked = Locked::new().await;
    let steps = locked.writer.steps(&task("a"), 3);
    let mut calls = locked.queue(steps.clone());
    let dropped = calls.remove(1);
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());

    locked.unlock().await;

    assert_eq!(outcomes(calls).await, (2, vec![]));
    assert_eq!(
        locked.trail("a").await,
        [steps[0].clone(), steps[2].clone()]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statement_of_dropped_calls_ends_on_the_server() {
    let mut locked = Locked::new().await;
    let steps = locked.writer.steps(&task("a"), 3);
    let calls = locked.queue(steps);
    for call in &locked.first {
        call.abort();
    }
    wait_until("those have gone, and the three wait for the table", || {
        let abandoned = locked.postgres.pool_statistics().closed.abandoned;
        abandoned == 2 && locked.statistics().statements == 2 && locked.waiting() == 1
    });

    for call in &calls {
        call.abort();
    }

    wait_until("no call is in flight", || {
        locked.statistics().under_way == 0 && locked.waiting() == 0
    });
    locked.lock = None;
    assert_eq!(locked.trail("a").await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unpolled_single_save_delays_no_other_caller() {
    let mut locked = Locked::new().await;
    locked.unlock().await;
    let steps = locked.writer.steps(&task("a"), 2);
    // The lock keeps the first save from finishing, even if this thread polls it slowly.
    let lock = TableLock::on(&locked.database, "task_history");
    let mut idle = Box::pin(locked.histories.save(&steps[0]));
    wait_until("the first save waits for the table", || {
        assert!(idle.as_mut().now_or_never().is_none());
        lock.waiting() == 1
    });
    drop(lock);

    locked.histories.save(&steps[1]).await.unwrap();

    idle.await.unwrap();
    let statistics = locked.statistics();
    assert_eq!((statistics.single, statistics.grouped), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_flushes_the_queue() {
    let mut locked = Locked::new().await;
    let steps = locked.writer.steps(&task("a"), 3);
    let calls = locked.queue(steps.clone());
    let postgres = locked.postgres.clone();
    let closing = tokio::spawn(async move { postgres.close(Duration::from_secs(30)).await });
    while locked.histories.status(&task("a")).await.is_ok() {}
    let late = locked.writer.step(&task("late"), 0, TaskStatus::Running);
    let refused = locked.histories.save(&late).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Closed);

    locked.unlock().await;

    let closing = closing.await.unwrap();
    // The five saves, and possibly the query with which the test detected the close.
    assert!((5..=6).contains(&closing.finished), "{closing:?}");
    assert_eq!(closing.cancelled, 0, "{closing:?}");
    assert_eq!(outcomes(calls).await, (3, vec![]));
    let kept = "SELECT 1 FROM task_history WHERE task_id = 'a'";
    assert_eq!(locked.database.execute(kept).unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_fails_saves_after_its_deadline() {
    let mut locked = Locked::new().await;
    let steps = locked.writer.steps(&task("a"), 3);
    let calls = locked.queue(steps);

    let closing = locked.postgres.close(Duration::from_millis(100)).await;

    assert_eq!(closing.finished, 0, "{closing:?}");
    assert!(closing.cancelled >= 3, "{closing:?}");
    let (saved, failed) = outcomes(calls).await;
    assert_eq!(saved, 0);
    assert!(
        failed.iter().all(|(kind, _)| *kind == ErrorKind::Closed),
        "{failed:?}"
    );
    locked.lock = None;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn save_times_out_if_the_queue_is_full() {
    let mut locked = Locked::new().await;
    let large = |step| {
        let result = TaskStepResult::builder("large", TaskStatus::Running)
            .result("x".repeat(30 << 20))
            .limit(ResultLimit::UNLIMITED);
        let entry = locked.writer.step(&task("a"), step, TaskStatus::Running);
        entry.with(result.build().unwrap())
    };
    let entries = [large(0), large(1)];
    let third = large(2);
    let calls = locked.queue(entries);

    let refused = locked.histories.save(&third).await.unwrap_err();

    assert_eq!(refused.kind(), ErrorKind::Contention);
    let expected = "task_history.save: conflicting transaction, or no free connection: \
                no connection became free within";
    assert!(
        ErrorChain(&refused).to_string().starts_with(expected),
        "{refused:?}"
    );
    locked.unlock().await;
    assert_eq!(outcomes(calls).await, (2, vec![]));
}
