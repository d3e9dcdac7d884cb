//! An HTTP endpoint that Prometheus scrapes.

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

/// How often the exporter aggregates recorded samples. Without scrapes they would pile up in
/// memory.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How often the health is published: separately from measurements of the store, which are rarer
/// and can hang, so that alerts are not delayed.
const HEALTH_INTERVAL: Duration = Duration::from_secs(15);

/// Timeout of a measurement of the store, so that an unresponsive server does not block later ones.
const MEASURE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Serves the metrics of this process over HTTP/1.1, in the Prometheus text format.
///
/// - `GET /metrics`: all metrics of this process, including those of your service.
/// - `GET /healthz`: `healthy` or `degraded` with status 200, or `unhealthy` with status 503. Each
///   request runs a health check, like [`health`](DatabaseManager::health).
///
/// The endpoint has no encryption and no authentication: any client that can reach the address can
/// read it. Bind it to the loopback address, or to a network that only your monitoring can reach.
///
/// If your service already has an exporter, you do not need this type. Call
/// [`publish_metrics`](DatabaseManager::publish_metrics) before each scrape, and configure your
/// exporter with the [buckets](telemetry::DURATION_BUCKETS).
pub struct PrometheusEndpoint {
    listener: TcpListener,
    address: SocketAddr,
    metrics: PrometheusHandle,
    store_interval: Option<Duration>,
}

/// An error of [`PrometheusEndpoint::bind`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrometheusError {
    /// Cannot listen on the address, for example because it is in use.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The process already has a metrics recorder, and can have only one.
    #[error("this process already has a metrics recorder")]
    Recorder(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PrometheusEndpoint {
    /// Listens on `address` and installs the metrics recorder of this process. Port 0 selects a
    /// free port. Requests are answered once you call [`serve`](Self::serve).
    ///
    /// Metrics that were recorded before this call are lost, so call it at the start of your
    /// program.
    ///
    /// # Errors
    ///
    /// [`PrometheusError`]. In this case no recorder is installed.
    pub async fn bind(address: SocketAddr) -> Result<Self, PrometheusError> {
        let refused = |source| PrometheusError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        Ok(Self {
            address: listener.local_addr().map_err(refused)?,
            listener,
            metrics: install_recorder().map_err(|error| PrometheusError::Recorder(error.into()))?,
            store_interval: None,
        })
    }

    /// Measures the store at the start of [`serve`](Self::serve) and then at this interval. Zero,
    /// the default, disables measurements. For their cost, see
    /// [`publish_store_metrics`](DatabaseManager::publish_store_metrics).
    #[must_use]
    pub fn measuring_store_every(mut self, interval: Duration) -> Self {
        self.store_interval = (!interval.is_zero()).then_some(interval);
        self
    }

    /// Returns the address that the endpoint listens on, with the actual port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `until` completes. Requests in progress then have 1 second to finish.
    ///
    /// The metrics of `manager` are [published](DatabaseManager::publish_metrics) at each scrape,
    /// and its [health](DatabaseManager::publish_health) every 15 seconds. You can connect, close
    /// and reconnect the manager at any time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the endpoint immediately.
    pub async fn serve(self, manager: &DatabaseManager, until: impl Future<Output = ()> + Send) {
        let answering = http::answer(self.listener, &self.metrics, manager, until);
        tokio::select! {
            () = answering => {}
            () = watch_health(manager) => {}
            () = measure(manager, self.store_interval) => {}
            () = run_upkeep(&self.metrics) => {}
        }
    }
}

/// Installs an exporter as the recorder of this process.
fn install_recorder() -> Result<PrometheusHandle, BuildError> {
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
        match timeout(MEASURE_TIMEOUT, manager.publish_store_metrics()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = %ErrorChain(&error), "measurement of the store failed");
            }
            Err(_elapsed) => {
                tracing::warn!(timeout = ?MEASURE_TIMEOUT, "measurement of the store timed out");
            }
        }
    }
}

async fn run_upkeep(metrics: &PrometheusHandle) {
    let mut ticks = ticks(UPKEEP_INTERVAL);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// Ticks immediately, and then this long after the previous tick was processed.
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
