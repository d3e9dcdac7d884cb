//! The primary freezes while many writers save, and its standby is promoted: saves soon succeed
//! again, and no acknowledged save is lost, even when the old primary continues.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test panics, and figures are printed"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::repository::ErrorChain;
use tasktrail::resilience::{ResilienceConfig, TimeoutConfig};
use tasktrail::task_history::TaskHistoryRepository;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, simple_query, wait_until};
use tasktrail_tests::writers::{Writers, Written};
use tokio::sync::Mutex;

const WRITERS: usize = 32;

/// The time that a cluster manager takes to detect the frozen primary.
const NOTICED: Duration = Duration::from_secs(2);

/// The time after the promotion within which every writer must save again, on an idle machine.
const OUTAGE: Duration = Duration::from_secs(5);

/// The default time limit of a call with its retries.
const LIMIT: Duration = Duration::from_secs(15);

/// The tests run one at a time, because another cluster would affect the measured times.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Two servers with synchronous replication.
struct Cluster {
    primary: Server,
    standby: Server,
    database: TestDatabase,
}

impl Cluster {
    fn start() -> Self {
        let primary = ServerOptions::default().durable().start().unwrap();
        let database = TestDatabase::create(&primary);
        let standby = primary.standby().unwrap();
        primary.replicate_synchronously();
        Self {
            primary,
            standby,
            database,
        }
    }

    /// Both hosts, the primary first.
    fn config(&self) -> DatabaseConfig {
        let (primary, standby) = (self.primary.addr(), self.standby.addr());
        let name = self.database.name();
        DatabaseConfig::from_url(format!("postgres://postgres@{primary},{standby}/{name}")).unwrap()
    }

    /// Freezes the primary and promotes the standby. Returns when the standby accepted writes.
    fn fail_over(&self) -> Instant {
        self.primary.freeze();
        let frozen = Instant::now();
        wait_until("the freeze to be noticed", || frozen.elapsed() >= NOTICED);
        self.standby.promote();
        Instant::now()
    }

    /// Thaws the old primary, which still accepts connections as a primary, and stops it.
    fn fence(&self) {
        self.primary.thaw();
        let name = self.database.name();
        let alive = simple_query::execute(self.primary.addr(), name, "SELECT 1");
        assert!(alive.is_ok(), "{alive:?}");
        self.primary.stop_immediately();
    }

    /// Returns a store on the new primary only.
    async fn survivor(&self) -> Arc<dyn TaskHistoryRepository> {
        let (addr, name) = (self.standby.addr(), self.database.name());
        let url = format!("postgres://postgres@{addr}/{name}");
        connected(DatabaseConfig::from_url(url).unwrap()).await
    }
}

async fn connected(config: DatabaseConfig) -> Arc<dyn TaskHistoryRepository> {
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    manager.task_history().unwrap()
}

async fn fails_over(
    settings: &str,
    outage: Duration,
    configure: impl FnOnce(DatabaseConfig) -> DatabaseConfig,
) {
    let cluster = Cluster::start();
    let history = connected(configure(cluster.config())).await;
    let writers = Writers::start(&history, WRITERS);
    writers.wait_until_all_save("every writer saves");
    let slack = writers.slack();

    let promoted = tokio::task::block_in_place(|| cluster.fail_over());
    writers.wait_until_all_save("every writer saves on the new primary");
    let again = promoted.elapsed();
    tokio::task::block_in_place(|| cluster.fence());
    let fenced = Instant::now();
    writers.wait_until_all_save("every writer saves after the old primary is fenced");

    let written = writers.finish(&*cluster.survivor().await).await;
    report(settings, &written, promoted, fenced);
    println!("slack on this machine: {slack:?}");
    assert!(
        again <= outage + slack,
        "with {settings}, saves took {again:?}; limit {outage:?} plus {slack:?} of slack"
    );
    let longest = written.longest;
    assert!(
        longest <= LIMIT + slack,
        "with {settings}, a call took {longest:?}; limit {LIMIT:?} plus {slack:?} of slack"
    );
}

fn report(settings: &str, written: &Written, promoted: Instant, fenced: Instant) {
    let (first, all) = written.first_and_all_since(promoted);
    let (_, after_fence) = written.first_and_all_since(fenced);
    println!(
        "{settings}: promoted {NOTICED:?} after the freeze, the first of {WRITERS} writers saved \
         {first:?} later, all {all:?}, and again {after_fence:?} after the old primary was thawed and \
         stopped; {} saves acknowledged, 0 lost, {} calls failed, the longest \
         took {:?}",
        written.acknowledged.len(),
        written.failed.len(),
        written.longest,
    );
    if let Some((_, error)) = written.failed.first() {
        println!("one of the failed calls: {}", ErrorChain(error));
    }
}

/// Settings for a fast failover: attempts time out after two seconds.
fn quick(config: DatabaseConfig) -> DatabaseConfig {
    let timeout = TimeoutConfig::default().with_attempt(Duration::from_secs(2));
    let resilience = ResilienceConfig::default().with_timeout(timeout);
    config
        .with_resilience(resilience)
        .with_postgres(|postgres| {
            postgres
                .with_connect_timeout(Duration::from_secs(2))
                .with_acquire_timeout(Duration::from_secs(1))
        })
}

/// Attempts that hang because of the freeze end 2 s after the promotion. The rest of the outage
/// depends on the probes of the breaker and the backoff of the retries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saves_succeed_again_within_five_seconds_of_a_promotion() {
    let _alone = ONE_AT_A_TIME.lock().await;
    fails_over("default settings", OUTAGE, |config| config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shorter_timeouts_shorten_the_outage() {
    let _alone = ONE_AT_A_TIME.lock().await;
    fails_over("attempts of 2 s", OUTAGE * 7 / 10, quick).await;
}
