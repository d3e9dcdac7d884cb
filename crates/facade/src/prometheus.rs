//! The metrics for Prometheus: as a text, and as an HTTP endpoint.

mod exporter;
mod http;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

pub use self::exporter::PrometheusExporter;
use crate::DatabaseManager;

/// Serves the metrics of this process over HTTP/1.1, in the Prometheus text format.
///
/// - `GET /metrics`: all metrics of this process, including those of your service.
/// - `GET /healthz`: `healthy` or `degraded` with status 200, or `unhealthy` with status 503. Each
///   request runs a health check, like [`health`](DatabaseManager::health). For readiness probes.
/// - `GET /livez`: `live` with status 200, without a check. For liveness probes.
///
/// The endpoint has no encryption and no authentication: any client that can reach the address can
/// read it. Bind it to the loopback address, or to a network that only your monitoring can reach.
///
/// To serve the metrics from your own HTTP server, use [`PrometheusExporter`].
pub struct PrometheusEndpoint {
    listener: TcpListener,
    address: SocketAddr,
    exporter: PrometheusExporter,
}

/// An error of [`PrometheusEndpoint::bind`] or [`PrometheusExporter::install`].
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
    /// Listens on `address` and [installs](PrometheusExporter::install) the metrics recorder of
    /// this process. Port 0 selects a free port. Requests are answered once you call
    /// [`serve`](Self::serve).
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
            exporter: PrometheusExporter::install()?,
        })
    }

    /// Measures the store at the start of [`serve`](Self::serve) and then at this interval. Zero,
    /// the default, disables measurements. For their cost, see
    /// [`publish_store_metrics`](DatabaseManager::publish_store_metrics).
    #[must_use]
    pub fn measuring_store_every(mut self, interval: Duration) -> Self {
        self.exporter = self.exporter.measuring_store_every(interval);
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
        let answering = http::answer(self.listener, &self.exporter, manager, until);
        tokio::select! {
            () = answering => {}
            () = self.exporter.run(manager) => {}
        }
    }
}

impl fmt::Debug for PrometheusEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusEndpoint")
            .field("address", &self.address)
            .field("exporter", &self.exporter)
            .finish_non_exhaustive()
    }
}
