//! Measures what PgBouncer costs: saves and status checks of 64 callers, directly and behind
//! PgBouncer in session mode and in transaction mode.
//!
//! Each round measures every way once, in another order, and prints the ratio to the direct
//! connection of that round. The last lines have the medians.
//!
//! `cargo run --release -p tasktrail-tests --example behind_pgbouncer [seconds [rounds]]` (needs
//! PostgreSQL and PgBouncer, which `scripts/postgres` and `scripts/pgbouncer` find or install).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a failed step ends the measurement, which prints figures"
)]

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::task_history::TaskHistoryRepository;
use tasktrail::{DatabaseConfig, DatabaseManager, DatabaseRoles, Pooler, TaskKey};
use tasktrail_test_support::{PgBouncer, PoolMode, ServerOptions, TestDatabase};
use tasktrail_tests::saves;

const CALLERS: usize = 64;
const OWNER: &str = "bench_owner";
const RUNTIME: &str = "bench_runtime";

/// More sessions than the pool has connections: `connect` opens others, for the schema.
const POOL: &str = "default_pool_size = 20";

/// The number of steps of a task.
const STEPS: i64 = 10;

/// A way to the server.
struct Way {
    name: &'static str,
    history: Arc<dyn TaskHistoryRepository>,
    saves: Vec<f64>,
    statuses: Vec<f64>,
}

#[tokio::main]
async fn main() {
    let mut arguments = env::args().skip(1).map(|text| text.parse().unwrap());
    let time = Duration::from_secs(arguments.next().unwrap_or(5));
    let rounds = arguments.next().unwrap_or(5);
    let server = ServerOptions::default().durable().start().unwrap();
    let database = TestDatabase::create(&server);
    let bouncer = |mode| PgBouncer::start(server.addr(), mode, &[OWNER, RUNTIME], POOL);
    let (session, transaction) = (bouncer(PoolMode::Session), bouncer(PoolMode::Transaction));
    create_store(&database).await;
    let direct = url(&database, RUNTIME);
    let mut ways = [
        way("direct", &direct, Pooler::None).await,
        way("session mode", &session.url(&direct), Pooler::None).await,
        way(
            "transaction mode",
            &transaction.url(&direct),
            Pooler::Transaction,
        )
        .await,
    ];
    for round in 0..rounds {
        for place in 0..ways.len() {
            let turn = (usize::try_from(round).unwrap() + place) % ways.len();
            let way = &mut ways[turn];
            let user = format!("user-{turn}-{round}");
            let saved = rate(&way.history, &user, time, Call::Save).await;
            let checked = rate(&way.history, &user, time, Call::Status).await;
            way.saves.push(saved);
            way.statuses.push(checked);
        }
        for way in &ways {
            let (saves, statuses) = (way.saves.last().unwrap(), way.statuses.last().unwrap());
            println!(
                "round {round}: {}: {saves:.0} saves/s, {statuses:.0} status checks/s",
                way.name
            );
        }
    }
    let direct = (ways[0].saves.clone(), ways[0].statuses.clone());
    for way in &ways {
        println!(
            "{}: saves {:.2}, status checks {:.2} of direct (medians of {rounds} ratios); {:.0} saves/s, \
             {:.0} status checks/s",
            way.name,
            median(ratios(&way.saves, &direct.0)),
            median(ratios(&way.statuses, &direct.1)),
            median(way.saves.clone()),
            median(way.statuses.clone()),
        );
    }
}

fn url(database: &TestDatabase, role: &str) -> String {
    database.url().replace("postgres@", &format!("{role}@"))
}

/// Creates the roles, and the tables, directly.
async fn create_store(database: &TestDatabase) {
    let roles = DatabaseRoles::new(OWNER, RUNTIME, "public").unwrap();
    let roles = roles.behind_transaction_pooler().sql();
    database.execute(&roles).unwrap();
    let owner = DatabaseManager::new(DatabaseConfig::from_url(url(database, OWNER)).unwrap());
    owner.connect().await.unwrap();
    owner.close().await;
    database.execute(&roles).unwrap();
}

async fn way(name: &'static str, url: &str, pooler: Pooler) -> Way {
    let config = DatabaseConfig::from_url(url.to_owned()).unwrap();
    let config = config.with_connections(10, 10).unwrap();
    let manager =
        DatabaseManager::new(config.with_postgres(|postgres| postgres.with_pooler(pooler)));
    manager.connect().await.unwrap();
    Way {
        name,
        history: manager.task_history().unwrap(),
        saves: Vec::new(),
        statuses: Vec::new(),
    }
}

#[derive(Clone, Copy)]
enum Call {
    Save,
    Status,
}

/// The calls per second of all callers, each with its own tasks.
async fn rate(
    history: &Arc<dyn TaskHistoryRepository>,
    user: &str,
    time: Duration,
    call: Call,
) -> f64 {
    let began = Instant::now();
    let calls = (0..CALLERS).map(|caller| {
        let (history, user) = (Arc::clone(history), format!("{user}-{caller}"));
        tokio::spawn(async move {
            let mut done = 0_u32;
            for step in 0.. {
                if began.elapsed() >= time {
                    break;
                }
                let task = TaskKey::new(user.as_str(), format!("task-{}", step / STEPS)).unwrap();
                match call {
                    Call::Save => {
                        let _saved = history.save(&saves::entry(&task, step)).await.unwrap();
                    }
                    Call::Status => {
                        let _status = history.status(&task).await.unwrap();
                    }
                }
                done += 1;
            }
            done
        })
    });
    let mut all = 0;
    for call in calls.collect::<Vec<_>>() {
        all += call.await.unwrap();
    }
    f64::from(all) / began.elapsed().as_secs_f64()
}

fn ratios(way: &[f64], direct: &[f64]) -> Vec<f64> {
    way.iter()
        .zip(direct)
        .map(|(way, direct)| way / direct)
        .collect()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
