use std::fmt;
use std::future::pending;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tasktrail_domain::repository::ErrorChain;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use super::PrometheusError;
use crate::{DatabaseManager, telemetry};

/// How often the exporter aggregates recorded samples. Without scrapes they would pile up in
/// memory.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How often the health is published: separately from measurements of the store, which are rarer
/// and can hang, so that alerts are not delayed.
const HEALTH_INTERVAL: Duration = Duration::from_secs(15);

/// Timeout of a measurement of the store, so that an unresponsive server does not block later ones.
const MEASURE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The metrics of this process in the Prometheus text format, for an HTTP server of your own.
///
/// [Install](Self::install) it at the start of your program, let [`run`](Self::run) keep the metrics
/// up to date in a task, and answer scrapes with [`render`](Self::render):
///
/// ```no_run
/// use tasktrail::{DatabaseConfig, DatabaseManager, PrometheusExporter};
///
/// /// What the handlers of your HTTP server share.
/// #[derive(Clone)]
/// struct App {
///     history: DatabaseManager,
///     exporter: PrometheusExporter,
/// }
///
/// /// The status, the content type and the body of an answer.
/// type Answer = (u16, &'static str, String);
///
/// /// `GET /metrics`
/// fn metrics(app: &App) -> Answer {
///     (200, PrometheusExporter::CONTENT_TYPE, app.exporter.render(&app.history))
/// }
///
/// /// `GET /readyz`
/// async fn ready(app: &App) -> Answer {
///     let health = app.history.health().await;
///     (health.state.http_status(), "text/plain", health.state.to_string())
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let exporter = PrometheusExporter::install()?;
///     let history = DatabaseManager::new(DatabaseConfig::load()?);
///     let app = App { history, exporter };
///     let publishing = tokio::spawn({
///         let App { history, exporter } = app.clone();
///         async move { exporter.run(&history).await }
///     });
///     app.history.connect().await?;
///     // Serve `metrics` and `ready` until the program ends.
///     publishing.abort();
///     Ok(())
/// }
/// ```
///
/// In axum, the first handler is `async fn metrics(State(app): State<App>) -> impl IntoResponse`
/// and returns `([(CONTENT_TYPE, PrometheusExporter::CONTENT_TYPE)],
/// app.exporter.render(&app.history))`.
///
/// [`PrometheusEndpoint`](crate::PrometheusEndpoint) is this exporter with a listener of its own. If
/// your service already has an exporter, you need neither: call
/// [`publish_metrics`](DatabaseManager::publish_metrics) before each scrape, and configure your
/// exporter with the [buckets](telemetry::DURATION_BUCKETS).
///
/// Clones share the recorder.
#[derive(Clone)]
pub struct PrometheusExporter {
    metrics: PrometheusHandle,
    store_interval: Option<Duration>,
}

impl PrometheusExporter {
    /// The content type of what [`render`](Self::render) returns.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Installs the metrics recorder of this process.
    ///
    /// Metrics that were recorded before this call are lost, so call it at the start of your
    /// program.
    ///
    /// # Errors
    ///
    /// [`PrometheusError::Recorder`] if the process already has a recorder, and can have only one.
    pub fn install() -> Result<Self, PrometheusError> {
        let metrics =
            install_recorder().map_err(|error| PrometheusError::Recorder(error.into()))?;
        Ok(Self {
            metrics,
            store_interval: None,
        })
    }

    /// Lets [`run`](Self::run) measure the store at its start and then at this interval. Zero, the
    /// default, disables measurements. For their cost, see
    /// [`publish_store_metrics`](DatabaseManager::publish_store_metrics).
    #[must_use]
    pub fn measuring_store_every(mut self, interval: Duration) -> Self {
        self.store_interval = (!interval.is_zero()).then_some(interval);
        self
    }

    /// Returns all metrics of this process, including those of your service.
    ///
    /// [Publishes](DatabaseManager::publish_metrics) those of `manager` first. Sends no query and
    /// does not wait.
    #[must_use]
    pub fn render(&self, manager: &DatabaseManager) -> String {
        // If the manager is not connected, return what has been recorded before.
        let _not_connected = manager.publish_metrics();
        self.metrics.render()
    }

    /// Publishes the [health](DatabaseManager::publish_health) of the store every 15 seconds, and
    /// measurements if [configured](Self::measuring_store_every). Also aggregates the samples of
    /// histograms, which would otherwise pile up in memory while nothing is scraped. Never returns.
    ///
    /// You can connect, close and reconnect the manager at any time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops it. Metrics keep their last values.
    pub async fn run(&self, manager: &DatabaseManager) {
        tokio::join!(
            watch_health(manager),
            measure(manager, self.store_interval),
            run_upkeep(&self.metrics),
        );
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

impl fmt::Debug for PrometheusExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusExporter")
            .field("store_interval", &self.store_interval)
            .finish_non_exhaustive()
    }
}
