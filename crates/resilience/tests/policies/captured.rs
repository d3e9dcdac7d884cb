//! Captures metrics and logs of the current thread as lines of text.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing::Level;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::format::FmtSpan;

/// The metrics recorded on this thread.
pub(crate) struct Metrics {
    snapshotter: Snapshotter,
    // The guard borrows the recorder, which is leaked so that both can be stored here.
    _guard: metrics::LocalRecorderGuard<'static>,
}

impl Metrics {
    pub(crate) fn capture() -> Self {
        let recorder = Box::leak(Box::new(DebuggingRecorder::new()));
        Self {
            snapshotter: recorder.snapshotter(),
            _guard: metrics::set_default_local_recorder(recorder),
        }
    }

    /// What was recorded since the last call, as `name{label="value"} value`, sorted.
    pub(crate) fn lines(&self) -> Vec<String> {
        let recorded = self.snapshotter.snapshot().into_vec();
        let line = |(key, value): (&metrics::Key, &DebugValue)| {
            let mut labels: Vec<String> = key
                .labels()
                .map(|label| format!("{}={:?}", label.key(), label.value()))
                .collect();
            labels.sort();
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Gauge(value) => value.to_string(),
                DebugValue::Histogram(values) => {
                    let values: Vec<f64> = values.iter().map(|value| value.0).collect();
                    format!("{values:?}")
                }
            };
            format!("{}{{{}}} {value}", key.name(), labels.join(","))
        };
        let mut lines: Vec<String> = recorded
            .iter()
            .map(|(key, _, _, value)| line((key.key(), value)))
            // Skips series without new values since the last call.
            .filter(|line| !line.ends_with(" []"))
            .collect();
        lines.sort();
        lines
    }

    /// The units of the recorded metrics, sorted by metric name.
    pub(crate) fn units(&self) -> Vec<String> {
        let mut recorded = self.snapshotter.snapshot().into_vec();
        recorded.sort_by_key(|(key, ..)| key.key().name().to_owned());
        recorded
            .iter()
            .map(|(_, unit, ..)| format!("{unit:?}"))
            .collect()
    }
}

/// The log of this thread, including the ends of spans.
pub(crate) struct Log {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> Self {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .with_span_events(FmtSpan::CLOSE)
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        Self {
            written,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The lines so far, without the busy time of spans, which is real time.
    pub(crate) fn lines(&self) -> Vec<String> {
        let written = self.written.0.lock().unwrap();
        let text = String::from_utf8_lossy(&written);
        let without_times = |line: &str| line.split(" time.busy").next().map(str::to_owned);
        text.lines().filter_map(without_times).collect()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
