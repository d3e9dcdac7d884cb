//! Logs, and traces if a collector is configured.

#[cfg(feature = "opentelemetry")]
mod traces;

use std::io;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::failure::Failure;

/// Initializes logging to stderr, filtered by `RUST_LOG` or else by the number of `-v` options.
/// Sends traces to the collector in the environment, if one is set. Dropping the returned value
/// sends the remaining traces.
#[cfg_attr(
    not(feature = "opentelemetry"),
    expect(
        clippy::unnecessary_wraps,
        reason = "only the collector can be invalid"
    )
)]
pub(crate) fn init(verbose: u8) -> Result<Traces, Failure> {
    let by_flag = match verbose {
        // Errors are already printed by the tool itself.
        0 => "off",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(by_flag));
    let logs = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(crate::output::has_colours(&io::stderr()))
        .with_filter(filter);
    let subscriber = tracing_subscriber::registry().with(logs);
    #[cfg(feature = "opentelemetry")]
    {
        let (traces, layer) = traces::to_collector()?;
        subscriber.with(layer).init();
        Ok(traces)
    }
    #[cfg(not(feature = "opentelemetry"))]
    {
        subscriber.init();
        Ok(Traces::unavailable())
    }
}

#[cfg(feature = "opentelemetry")]
pub(crate) use self::traces::Traces;

/// Placeholder for builds without the feature `opentelemetry`.
#[cfg(not(feature = "opentelemetry"))]
#[derive(Debug)]
pub(crate) struct Traces;

#[cfg(not(feature = "opentelemetry"))]
impl Traces {
    fn unavailable() -> Self {
        if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
            tracing::warn!(
                "OTEL_EXPORTER_OTLP_ENDPOINT is ignored: this build lacks the feature opentelemetry"
            );
        }
        Self
    }
}
