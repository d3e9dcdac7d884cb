//! Traces for OpenTelemetry, over HTTP.

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

/// Either of them names a collector.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// How long the collector may take over a request, as OpenTelemetry has it by default.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the end of the tool may wait for the collector.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where traces go. The last ones go when this is dropped.
#[derive(Debug)]
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // Who runs the tool wants its answer, whether the collector is there or not.
            if let Err(error) = provider.shutdown_with_timeout(LAST_WORDS) {
                tracing::warn!(%error, "the last traces were not sent");
            }
        }
    }
}

/// Sends the spans of Tasktrail to the collector that the environment names, if it does. Log lines and
/// what libraries have to say may hold addresses and values, and stay here.
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
        .map_err(|error| Failure::Usage(format!("no traces can be sent: {error}")))?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("tasktrail"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|about| {
            about.is_span()
                && *about.level() <= Level::INFO
                && about.target().starts_with("tasktrail")
        }));
    Ok((Traces(Some(provider)), Some(layer)))
}

/// Who sends: `tasktrail`, unless the environment says otherwise.
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

/// Sends requests from the exporter's thread, which has no runtime.
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
            .timeout_global(Some(PATIENCE))
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
