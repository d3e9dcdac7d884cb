use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::PrometheusExporter;
use crate::DatabaseManager;

/// Maximum number of concurrent clients. Further clients wait to be accepted.
const MAX_CLIENTS: usize = 16;

/// Timeout of a request, from accepting the connection to the last byte.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests in progress may take to finish at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// Pause after a failed accept, for example when the process is out of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const METRICS: HeaderValue = HeaderValue::from_static(PrometheusExporter::CONTENT_TYPE);

type Answer = Response<Full<Bytes>>;

/// What the endpoint serves.
struct Sources {
    exporter: PrometheusExporter,
    manager: DatabaseManager,
    /// Held during a health check: concurrent probes take turns instead of opening more
    /// connections.
    probing: Mutex<()>,
}

/// Answers requests until `until` completes.
pub(super) async fn answer(
    listener: TcpListener,
    exporter: &PrometheusExporter,
    manager: &DatabaseManager,
    until: impl Future<Output = ()> + Send,
) {
    let sources = Arc::new(Sources {
        exporter: exporter.clone(),
        manager: manager.clone(),
        probing: Mutex::default(),
    });
    let mut clients = JoinSet::new();
    tokio::select! {
        () = until => {}
        () = accept(&listener, &mut clients, sources) => {}
    }
    drop(listener);
    let all_finished = async { while clients.join_next().await.is_some() {} };
    // Dropping the set aborts the requests that are still in progress.
    let _in_time = timeout(SHUTDOWN_GRACE, all_finished).await;
}

async fn accept(listener: &TcpListener, clients: &mut JoinSet<()>, sources: Arc<Sources>) {
    let permits = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        while clients.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _from)) => {
                let sources = Arc::clone(&sources);
                clients.spawn(async move {
                    let _in_time = timeout(REQUEST_TIMEOUT, serve(stream, &sources)).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "metrics endpoint failed to accept a connection");
                sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

/// Serves one request. Clients connect a few times a minute, so connections are not kept alive.
async fn serve(stream: TcpStream, sources: &Sources) {
    let service =
        service_fn(|request| async move { Ok::<_, Infallible>(respond(&request, sources).await) });
    let served = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "client of the metrics endpoint disconnected");
    }
}

async fn respond(request: &Request<Incoming>, sources: &Sources) -> Answer {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.uri().path() {
        "/metrics" | "/healthz" | "/livez" if !reads => {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD only\n");
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            answer
        }
        "/metrics" => sources.metrics(),
        "/healthz" => sources.health().await,
        "/livez" => text(StatusCode::OK, "live\n"),
        _ => text(
            StatusCode::NOT_FOUND,
            "not found; try /metrics, /healthz or /livez\n",
        ),
    }
}

impl Sources {
    fn metrics(&self) -> Answer {
        body(StatusCode::OK, METRICS, self.exporter.render(&self.manager))
    }

    async fn health(&self) -> Answer {
        let _one_at_a_time = self.probing.lock().await;
        let state = self.manager.health().await.state;
        let code = StatusCode::from_u16(state.http_status());
        let code = code.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        text(code, &format!("{state}\n"))
    }
}

fn text(code: StatusCode, words: &str) -> Answer {
    body(code, TEXT, words.to_owned())
}

fn body(code: StatusCode, kind: HeaderValue, content: String) -> Answer {
    let mut answer = Response::new(Full::from(content));
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
