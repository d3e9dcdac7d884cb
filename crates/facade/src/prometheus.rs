//! An endpoint from which Prometheus reads the metrics.

mod http;

use std::fmt;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tasktrail_domain::repository::ErrorChain;
use tokio::net::TcpListener;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use crate::{DatabaseManager, telemetry};

/// How often the exporter folds what was recorded, which else waits in memory for somebody to read it.
const UPKEEP: Duration = Duration::from_secs(5);

/// How often the health is told: alerts must not wait for the next measurement, nor for one that hangs.
const HEALTH_INTERVAL: Duration = Duration::from_secs(15);

/// How long a measurement of the store may take: a server that fell silent must not end them for good.
const MEASURING_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Serves the metrics of this process over HTTP/1.1, in the text format of Prometheus.
///
/// - `GET /metrics`: every metric of this process, those of the service itself included.
/// - `GET /healthz`: `healthy` or `degraded` with status 200, `unhealthy` with 503. Asks the database, as
///   [`health`](DatabaseManager::health) does.
///
/// There is neither encryption nor a password: anybody who can reach the address can read it. Bind it to
/// the loopback address, or to one of a network that only the monitoring reaches.
///
/// A service that has an exporter of its own needs none of this; it calls
/// [`publish_metrics`](DatabaseManager::publish_metrics) by itself, and gives its exporter the
/// [buckets](telemetry::DURATION_BUCKETS).
pub struct PrometheusEndpoint {
    listener: TcpListener,
    address: SocketAddr,
    metrics: PrometheusHandle,
    store_interval: Option<Duration>,
}

/// Why there is no endpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrometheusError {
    /// The address cannot be listened on: taken, say, or none of this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The process has a recorder of metrics already, and can have only one.
    #[error("this process has a recorder of metrics already")]
    Recorder(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PrometheusEndpoint {
    /// Listens on `address`, where port 0 stands for any free one, and makes itself the recorder of this
    /// process. What was recorded before is lost, so it comes first of all. It answers once it
    /// [serves](Self::serve).
    ///
    /// # Errors
    ///
    /// [`PrometheusError`]. The process has no new recorder then.
    pub async fn bind(address: SocketAddr) -> Result<Self, PrometheusError> {
        let refused = |source| PrometheusError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        Ok(Self {
            address: listener.local_addr().map_err(refused)?,
            listener,
            metrics: record().map_err(|error| PrometheusError::Recorder(error.into()))?,
            store_interval: None,
        })
    }

    /// Measures the store at this interval while it serves, and once at the beginning: see
    /// [`publish_store_metrics`](DatabaseManager::publish_store_metrics), also for the cost. Zero, as
    /// by default, is never.
    #[must_use]
    pub fn measuring_store_every(mut self, interval: Duration) -> Self {
        self.store_interval = (!interval.is_zero()).then_some(interval);
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `until` has come, and then no longer than a second what has been asked already.
    ///
    /// The metrics of `manager` are [published](DatabaseManager::publish_metrics) whenever they are read, and
    /// its [health](DatabaseManager::publish_health) every 15 seconds. It may be connected, closed and connected again meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends it at once.
    pub async fn serve(self, manager: &DatabaseManager, until: impl Future<Output = ()> + Send) {
        let answering = http::answer(self.listener, &self.metrics, manager, until);
        tokio::select! {
            () = answering => {}
            () = watch_health(manager) => {}
            () = measure(manager, self.store_interval) => {}
            () = keep_up(&self.metrics) => {}
        }
    }
}

/// Makes an exporter the recorder of this process.
fn record() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for (histogram, buckets) in [
        (
            telemetry::OPERATION_DURATION_SECONDS,
            &telemetry::DURATION_BUCKETS[..],
        ),
        (telemetry::POOL_WAIT_SECONDS, &telemetry::DURATION_BUCKETS),
        (telemetry::BATCH_SIZE, &telemetry::CALLS_BUCKETS),
    ] {
        builder = builder.set_buckets_for_metric(Matcher::Full(histogram.to_owned()), buckets)?;
    }
    let recorder = builder.build_recorder();
    let metrics = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    telemetry::describe();
    Ok(metrics)
}

async fn watch_health(manager: &DatabaseManager) {
    let mut ticks = ticks(HEALTH_INTERVAL);
    loop {
        ticks.tick().await;
        manager.publish_health().await;
    }
}

async fn measure(manager: &DatabaseManager, every: Option<Duration>) {
    let Some(every) = every else {
        return pending().await;
    };
    let mut ticks = ticks(every);
    loop {
        ticks.tick().await;
        match timeout(MEASURING_LIMIT, manager.publish_store_metrics()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = %ErrorChain(&error), "the store was not measured")
            }
            Err(_elapsed) => {
                tracing::warn!(limit = ?MEASURING_LIMIT, "the store was not measured in time");
            }
        }
    }
}

async fn keep_up(metrics: &PrometheusHandle) {
    let mut ticks = ticks(UPKEEP);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// At once, and then so long after the one before has been dealt with.
fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl fmt::Debug for PrometheusEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusEndpoint")
            .field("address", &self.address)
            .field("store_interval", &self.store_interval)
            .finish_non_exhaustive()
    }
}
