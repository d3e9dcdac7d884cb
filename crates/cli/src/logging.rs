//! What the tool tells while it works: logs, and traces where a collector is named.

#[cfg(feature = "opentelemetry")]
mod traces;

use std::io;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::failure::Failure;

/// Sends logs to stderr: what `RUST_LOG` names, else what the number of `-v` asks for. Sends traces to
/// the collector that the environment names, if it does; the last ones when the answer is dropped.
#[cfg_attr(
    not(feature = "opentelemetry"),
    expect(
        clippy::unnecessary_wraps,
        reason = "only a collector can be named wrongly"
    )
)]
pub(crate) fn init(verbose: u8) -> Result<Traces, Failure> {
    let by_flag = match verbose {
        // An error is told once, by the tool itself.
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

/// Traces, which this tool was built without.
#[cfg(not(feature = "opentelemetry"))]
#[derive(Debug)]
pub(crate) struct Traces;

#[cfg(not(feature = "opentelemetry"))]
impl Traces {
    fn unavailable() -> Self {
        if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
            tracing::warn!(
                "no traces are sent: the tool was built without the feature opentelemetry"
            );
        }
        Self
    }
}
