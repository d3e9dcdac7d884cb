//! Measures how a task locked by another transaction slows down the saves of other tasks.
//!
//! 32 callers save steps of their own tasks for some seconds. Then a transaction locks the summary
//! of another task, like a forgotten psql session, and the 32 callers continue: first while no
//! caller saves the locked task, then while four callers do.
//!
//! `cargo run --release -p tasktrail-tests --example locked_task [seconds [rounds]]` (needs a
//! PostgreSQL installation, which `scripts/postgres` finds or installs).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step ends the measurement, which prints figures"
)]

use std::env;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tasktrail::TaskKey;
use tasktrail::repository::ErrorKind;
use tasktrail::task_history::TaskHistoryRepository;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{ServerOptions, TestDatabase, simple_query, wait_until};
use tasktrail_tests::saves;

const OTHERS: usize = 32;
const BLOCKED: usize = 4;

/// The number of steps of a task.
const STEPS: i64 = 10;

/// The results of some callers.
#[derive(Debug, Default)]
struct Done {
    saved: usize,
    contention: usize,
    failed: usize,
    longest: Duration,
}

impl Done {
    fn add(&mut self, other: &Self) {
        self.saved += other.saved;
        self.contention += other.contention;
        self.failed += other.failed;
        self.longest = self.longest.max(other.longest);
    }
}

/// Saves steps until the time is over: of the `shared` task, or of its own tasks, each with `STEPS`
/// steps. An open transaction keeps the server from removing dead tuples, so thousands of saves of
/// one task would become slower.
async fn save(
    history: Arc<dyn TaskHistoryRepository>,
    user: String,
    shared: Option<TaskKey>,
    until: Instant,
) -> Done {
    let mut done = Done::default();
    for step in 0.. {
        let began = Instant::now();
        if began >= until {
            break;
        }
        let own = || TaskKey::new(user.as_str(), format!("task-{}", step / STEPS)).unwrap();
        let task = shared.clone().unwrap_or_else(own);
        match history.save(&saves::entry(&task, step)).await {
            Ok(_) => done.saved += 1,
            Err(error) if error.kind() == ErrorKind::Contention => done.contention += 1,
            Err(_) => done.failed += 1,
        }
        done.longest = done.longest.max(began.elapsed());
    }
    done
}

/// Runs concurrent callers, each with its own tasks, or all with the `shared` task.
async fn callers(
    history: &Arc<dyn TaskHistoryRepository>,
    (name, number): (String, usize),
    shared: Option<&TaskKey>,
    time: Duration,
) -> Done {
    let until = Instant::now() + time;
    let calls = (0..number).map(|caller| {
        let user = format!("{name}-{caller}");
        tokio::spawn(save(Arc::clone(history), user, shared.cloned(), until))
    });
    let mut all = Done::default();
    for call in calls.collect::<Vec<_>>() {
        all.add(&call.await.unwrap());
    }
    all
}

/// Locks the summary of the task for `time`. Returns when it is locked.
fn lock(
    database: &TestDatabase,
    server: std::net::SocketAddr,
    time: Duration,
) -> thread::JoinHandle<()> {
    let name = database.name().to_owned();
    let seconds = time.as_secs();
    let hold = format!(
        "BEGIN; SELECT 1 FROM task_summary WHERE task_id = 'locked' FOR UPDATE;
         SELECT pg_sleep({seconds}) AS holding; COMMIT"
    );
    let holder = thread::spawn(move || {
        // The client may time out before the sleep ends. The server continues.
        let _late = simple_query::execute(server, &name, &hold);
    });
    wait_until("the task is locked", || {
        let holding = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%AS holding%'
                       AND wait_event = 'PgSleep'";
        !database.execute(holding).unwrap().is_empty()
    });
    holder
}

#[tokio::main]
async fn main() {
    let mut arguments = env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let time = Duration::from_secs(arguments.next().unwrap_or(10));
    let rounds = arguments.next().unwrap_or(3);
    let server = ServerOptions::default().durable().start().unwrap();
    let database = TestDatabase::create(&server);
    let manager = DatabaseManager::new(DatabaseConfig::from_url(database.url()).unwrap());
    manager.connect().await.unwrap();
    let history = manager.task_history().unwrap();
    let locked = TaskKey::new("user", "locked").unwrap();
    history.save(&saves::entry(&locked, 0)).await.unwrap();

    for round in 1..=rounds {
        let free = callers(&history, (format!("free-{round}"), OTHERS), None, time).await;
        let holder = lock(&database, server.addr(), time + Duration::from_secs(1));
        let held = callers(&history, (format!("held-{round}"), OTHERS), None, time).await;
        holder.join().unwrap();
        let holder = lock(&database, server.addr(), time + Duration::from_secs(1));
        let (others, blocked) = tokio::join!(
            callers(&history, (format!("locked-{round}"), OTHERS), None, time),
            callers(
                &history,
                ("blocked".to_owned(), BLOCKED),
                Some(&locked),
                time
            )
        );
        let health = manager.health().await;
        holder.join().unwrap();
        println!(
            "round {round}: others {} saves without the lock, {} with it, {} with callers on it ({} %), {} failed; \
             longest {:.1?}",
            free.saved,
            held.saved,
            others.saved,
            others.saved * 100 / free.saved.max(1),
            others.contention + others.failed,
            others.longest,
        );
        println!(
            "  locked task: {} saved, {} contention, {} failed otherwise; longest {:.1?}; breaker {:?}",
            blocked.saved,
            blocked.contention,
            blocked.failed,
            blocked.longest,
            health.database.and_then(|database| database.breaker),
        );
    }
}
