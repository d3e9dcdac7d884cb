//! Stale reads on a primary with two standbys.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::time::{Duration, Instant};

use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{ErrorKind, PageRequest};
use tasktrail_domain::task_history::{HistoryEntry, TaskFilter, TaskHistoryRepository};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, PostgresTaskHistory};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, simple_query, wait_until};

const LAG: Duration = Duration::from_secs(2);

/// Time for the standbys to answer reads, on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A primary with two standbys, and a replicated database.
struct Cluster {
    // Dropped before the servers, because it is dropped on the primary.
    database: TestDatabase,
    postgres: PostgresDatabase,
    standbys: [Server; 2],
    _primary: Server,
    task: TaskKey,
    entries: Vec<HistoryEntry>,
}

impl Cluster {
    async fn new() -> Self {
        Self::with(&ServerOptions::default()).await
    }

    async fn with(options: &ServerOptions) -> Self {
        let primary = options.start().unwrap();
        let standbys = [primary.standby().unwrap(), primary.standby().unwrap()];
        let database = TestDatabase::create(&primary);
        let hosts = format!(
            "{},{},{}",
            primary.addr(),
            standbys[0].addr(),
            standbys[1].addr()
        );
        let url = database.url().replace(&primary.addr().to_string(), &hosts);
        let config = PostgresConfig::from_url(url)
            .and_then(|config| config.with_connections(1, 4))
            .unwrap()
            .with_standby_reads(LAG);
        let postgres = PostgresDatabase::connect(config).await.unwrap();
        postgres.migrate().await.unwrap();
        let task = TaskKey::new("user", "task").unwrap();
        Self {
            database,
            postgres,
            standbys,
            _primary: primary,
            entries: Writer::default().steps(&task, 3),
            task,
        }
    }

    /// Whether the host at this index is a fresh standby. Index 0 is the primary.
    fn is_fresh(&self, host: usize) -> bool {
        let states = self.postgres.standbys();
        states.get(host).is_some_and(|standby| standby.fresh)
    }

    /// The number of reads that each host has served.
    fn reads(&self) -> Vec<u64> {
        let states = self.postgres.standbys();
        states.iter().map(|standby| standby.reads).collect()
    }

    fn wait_until_fresh(&self, hosts: [bool; 3]) {
        wait_until("the expected hosts to be fresh", || {
            [0, 1, 2].map(|host| self.is_fresh(host)) == hosts
        });
    }

    /// Repeats a series of reads until it is distributed over the hosts as `expected`. On a busy
    /// machine, a standby may not be found fresh in time, so that the primary serves a read.
    async fn read_until_answered_by(
        &self,
        stale: &PostgresTaskHistory<'_>,
        steps: usize,
        expected: [u64; 3],
    ) {
        let started = Instant::now();
        loop {
            let before = self.reads();
            for _ in 0..expected.iter().sum() {
                assert_eq!(self.steps(stale).await, steps);
            }
            let answered = self.answered_since(&before);
            if answered == expected {
                return;
            }
            assert!(started.elapsed() < TIMEOUT, "{answered:?}");
        }
    }

    fn answered_since(&self, before: &[u64]) -> Vec<u64> {
        let counts = self.reads().into_iter().zip(before);
        counts.map(|(now, before)| now - before).collect()
    }

    fn wait_until_replayed(&self, standby: &Server, entries: usize) {
        let found = "SELECT 1 FROM task_history";
        wait_until("the standby to have the entries", || {
            let rows = simple_query::execute(standby.addr(), self.database.name(), found);
            // The table itself may not have been replicated yet.
            rows.is_ok_and(|rows| rows.len() == entries)
        });
    }

    fn replay(&self, standby: &Server, action: &str) {
        let sql = format!("SELECT pg_wal_replay_{action}()");
        simple_query::execute(standby.addr(), self.database.name(), &sql).unwrap();
    }

    async fn steps(&self, histories: &PostgresTaskHistory<'_>) -> usize {
        let page = PageRequest::default();
        let steps = histories.load(&self.task, &page).await.unwrap();
        steps.items.len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_alternate_between_fresh_standbys_and_fall_back_to_the_primary() {
    let cluster = Cluster::new().await;
    let [one, other] = &cluster.standbys;
    let stale = cluster.postgres.stale_task_history();
    stale.save(&cluster.entries[0]).await.unwrap();
    cluster.wait_until_fresh([false, true, true]);
    cluster.wait_until_replayed(one, 1);
    cluster.wait_until_replayed(other, 1);

    cluster.read_until_answered_by(&stale, 1, [0, 5, 5]).await;
    let (filter, page) = (TaskFilter::default(), PageRequest::default());
    let before = cluster.reads();
    while cluster.reads() == before {
        let tasks = stale.list(&cluster.task.user, &filter, &page).await;
        assert_eq!(tasks.unwrap().items.len(), 1);
    }
    let before = cluster.reads();
    assert!(stale.status(&cluster.task).await.unwrap().is_some());
    let current = cluster.postgres.task_history();
    assert_eq!(cluster.steps(&current).await, 1);
    assert_eq!(
        cluster.reads(),
        before,
        "a status and the other history use the primary"
    );

    cluster.replay(one, "pause");
    stale.save(&cluster.entries[1]).await.unwrap();
    let saved = Instant::now();
    // From then on its state is older than the maximum lag, however fresh it was before.
    wait_until("the maximum lag to pass", || saved.elapsed() > LAG);
    cluster.wait_until_replayed(other, 2);
    let before = cluster.reads();
    cluster.read_until_answered_by(&stale, 2, [0, 0, 4]).await;
    assert_eq!(
        cluster.reads()[1],
        before[1],
        "a standby that lags is not used"
    );

    other.kill();
    let before = cluster.reads();
    assert_eq!(
        cluster.steps(&stale).await,
        2,
        "the primary serves the read"
    );
    cluster.wait_until_fresh([false, false, false]);
    assert_eq!(cluster.steps(&stale).await, 2);
    assert_eq!(cluster.reads(), before);

    cluster.replay(one, "resume");
    cluster.wait_until_fresh([false, true, false]);
    cluster.read_until_answered_by(&stale, 2, [0, 1, 0]).await;
    assert_eq!(cluster.reads()[2], before[2]);

    // Closing also stops the monitor, and reads from standbys.
    cluster.postgres.close(Duration::from_secs(1)).await;
    let page = PageRequest::default();
    let refused = stale.load(&cluster.task, &page).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Closed);
    let ours = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tasktrail'";
    wait_until("our sessions on the standby to end", || {
        let sessions = simple_query::execute(one.addr(), cluster.database.name(), ours);
        sessions.unwrap().is_empty()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_that_is_acknowledged_before_it_is_written_is_not_missed_beyond_the_maximum_lag() {
    // Acknowledged commits are written, and so replicated, after up to 10 seconds.
    let options = ServerOptions::default()
        .setting("synchronous_commit", "off")
        .setting("wal_writer_delay", "10s");
    let cluster = Cluster::with(&options).await;
    let stale = cluster.postgres.stale_task_history();

    // A save that fills a page of the log wakes up the process that writes it.
    for (saved, entry) in (1..).zip(&cluster.entries) {
        cluster.wait_until_fresh([false, true, true]);
        stale.save(entry).await.unwrap();
        let acknowledged = Instant::now();
        wait_until("the maximum lag to pass", || acknowledged.elapsed() > LAG);

        assert_eq!(cluster.steps(&stale).await, saved);
    }
}
