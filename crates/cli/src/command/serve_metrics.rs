use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tasktrail::PrometheusEndpoint;

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Serve metrics of the database for Prometheus, until stopped by a signal.
///
/// GET /metrics returns the health of the database, the numbers of tasks and entries by status, and
/// the sizes of tables and indexes. GET /healthz returns 200, or 503 if the database is unhealthy.
/// GET /livez returns 200. Metrics about the calls of a service come from the service itself; see
/// `docs/METRICS.md`, which lists all metrics. A Grafana dashboard and alerting rules are in `docs`.
///
/// The database must be reachable at startup. Later, it can become unreachable and return. The
/// health is checked every 15 seconds, independent of --stats-interval.
///
/// The endpoint has no encryption and no authentication. By default, it listens only on the
/// loopback interface; see --listen. SIGINT and SIGTERM stop the command with exit status 0. Prints
/// the URL of the metrics. JSON: {"metrics", "health"}, the URLs of both paths.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail serve-metrics
  tasktrail serve-metrics --listen 10.0.0.7:9184 --stats-interval 5m
  curl -s http://127.0.0.1:9184/metrics | grep tasktrail_tasks")]
pub(crate) struct ServeMetricsArgs {
    /// Address and port to listen on. Port 0 selects a free port.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9184")]
    listen: SocketAddr,

    /// Interval between counts of tasks and measurements of tables: 1s to 1d, or 0 for never.
    ///
    /// Each count scans the table of task summaries, which has one row per task. It reads no
    /// entries.
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
    let _shutdown_delay = global.interrupt.delay_exit().await;
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
        output.line(format_args!("serving metrics at {}", answer.metrics))?;
    }
    output.flush()?;
    endpoint.serve(&manager, global.interrupt.signalled()).await;
    Ok(())
}
