//! OpenTelemetry traces over HTTP.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::failure::Failure;

/// Variables with the endpoint of a collector. One of them is enough.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// Timeout of a request to the collector: the default of OpenTelemetry.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum delay of the exit of the tool by the collector.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// The exporter of traces. Sends the remaining traces when dropped.
#[derive(Debug)]
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // A command must not fail because the collector is unavailable.
            if let Err(error) = provider.shutdown_with_timeout(SHUTDOWN_TIMEOUT) {
                tracing::warn!(%error, "cannot send the remaining traces");
            }
        }
    }
}

/// Sends the spans of Tasktrail to the collector in the environment, if one is set. Log events, and
/// spans of libraries, are not sent, because they can contain addresses and values.
pub(super) fn to_collector<S>() -> Result<(Traces, Option<impl Layer<S>>), Failure>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !ENDPOINTS.iter().any(set) {
        return Ok((Traces(None), None));
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(Client::new())
        .build()
        .map_err(|error| Failure::Usage(format!("cannot send traces: {error}")))?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("tasktrail"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| {
            metadata.is_span()
                && *metadata.level() <= Level::INFO
                && metadata.target().starts_with("tasktrail")
        }));
    Ok((Traces(Some(provider)), Some(layer)))
}

/// The service name: `tasktrail`, unless the environment sets another one.
fn resource() -> Resource {
    let resource = Resource::builder_empty()
        .with_service_name("tasktrail")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match env::var("OTEL_SERVICE_NAME") {
        Ok(name) if !name.is_empty() => resource.with_service_name(name).build(),
        _ => resource.build(),
    }
}

/// A blocking HTTP client, because the thread of the exporter has no async runtime.
#[derive(Debug)]
struct Client(Agent);

impl Client {
    fn new() -> Self {
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(crypto)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            .build();
        Self(config.into())
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = self.0.run(request.map(Vec::from))?.into_parts();
        let mut body = body;
        Ok(Response::from_parts(head, body.read_to_vec()?.into()))
    }
}
