use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tasktrail::PrometheusEndpoint;

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Serve metrics of the database for Prometheus, until it is ended.
///
/// GET /metrics tells how the database is, how many tasks and entries there are by status, and how large the
/// tables and indexes are. GET /healthz answers 200, or 503 if the database is
/// unhealthy. What a service's own calls do, it tells by itself: `docs/METRICS.md` has every metric, and says
/// how. Beside it are a dashboard for Grafana and rules for alerts.
///
/// The database has to be there at the beginning; afterwards it may go and come back, and /metrics says so
/// within seconds: how it is, is asked every 15 seconds, whatever --stats-interval says.
///
/// There is neither encryption nor a password, so it listens on this machine only unless --listen says
/// otherwise. SIGINT and SIGTERM end it, with exit status 0. Prints where it listens; in JSON {"metrics",
/// "health"}, both URLs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail serve-metrics
  tasktrail serve-metrics --listen 10.0.0.7:9184 --stats-interval 5m
  curl -s http://127.0.0.1:9184/metrics | grep tasktrail_tasks")]
pub(crate) struct ServeMetricsArgs {
    /// Where to listen. Port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9184")]
    listen: SocketAddr,

    /// How often to count tasks and measure tables: 1s to 1d, or 0 for never.
    ///
    /// Each time the table with a row for each task is read from end to end, and none of the entries.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = interval)]
    stats_interval: Duration,
}

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

fn interval(text: &str) -> Result<Duration, String> {
    let refused = || format!("must be between 1s and 1d, or 0 for never, got {text}");
    let interval = humantime::parse_duration(text).map_err(|_unreadable| refused())?;
    if interval.is_zero() || (SHORTEST..=LONGEST).contains(&interval) {
        Ok(interval)
    } else {
        Err(refused())
    }
}

#[derive(Serialize)]
struct Answer {
    metrics: String,
    health: String,
}

pub(crate) async fn run(
    args: &ServeMetricsArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let _orderly = global.interrupt.waits().await;
    let endpoint = PrometheusEndpoint::bind(args.listen)
        .await?
        .measuring_store_every(args.stats_interval);
    let manager = connection::open(global).await?;
    let address = endpoint.address();
    let answer = Answer {
        metrics: format!("http://{address}/metrics"),
        health: format!("http://{address}/healthz"),
    };
    if output.is_json() {
        output.json(&answer)?;
    } else {
        output.line(format_args!("metrics are at {}", answer.metrics))?;
    }
    output.flush()?;
    endpoint.serve(&manager, global.interrupt.came()).await;
    Ok(())
}
