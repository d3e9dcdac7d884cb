//! Measures the overhead of the resilience policies: the same saves with and without them, in turn,
//! on a durable server.
//!
//! `cargo bench -p tasktrail-tests --bench policies` (needs the programs of a PostgreSQL server, as
//! `scripts/postgres` finds or installs them).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step ends the benchmark, which prints figures"
)]

use std::time::{Duration, Instant};

use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{HistoryEntry, TaskHistoryRepository};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_resilience::{Guarded, ResilienceConfig, StandardPolicy};
use tasktrail_test_support::{ServerOptions, TestDatabase};

const ROUNDS: u16 = 31;
const SAVES: u16 = 200;

fn entries(round: u16, way: &str) -> Vec<HistoryEntry> {
    let task = TaskKey::new(format!("{way}-{round}"), "task").unwrap();
    Writer::default().steps(&task, SAVES)
}

/// Returns the mean duration of sequential saves.
async fn time(history: &dyn TaskHistoryRepository, entries: &[HistoryEntry]) -> Duration {
    let began = Instant::now();
    for entry in entries {
        history.save(entry).await.unwrap();
    }
    began.elapsed() / u32::from(SAVES)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[tokio::main]
async fn main() {
    let server = ServerOptions::default().durable().start().unwrap();
    let database = TestDatabase::create(&server);
    let config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 1))
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    let plain = postgres.task_history();
    let policy = StandardPolicy::new(&ResilienceConfig::default());
    let guarded = Guarded::new(postgres.task_history(), policy);

    let (mut plain_times, mut ratios) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (one, other) = (entries(round, "plain"), entries(round, "guarded"));
        // Alternate the order, because the second run finds a warmer server.
        let (without, with) = if round % 2 == 0 {
            let without = time(&plain, &one).await;
            (without, time(&guarded, &other).await)
        } else {
            let with = time(&guarded, &other).await;
            (time(&plain, &one).await, with)
        };
        plain_times.push(microseconds(without));
        ratios.push(microseconds(with) / microseconds(without));
    }
    let (plain, ratio) = (median(plain_times), median(ratios));
    let percent = (ratio - 1.0) * 100.0;
    println!(
        "a save takes {plain:.0} µs; through the policies {percent:+.1} % \
         (median of {ROUNDS} rounds of {SAVES} saves each way)"
    );
}
