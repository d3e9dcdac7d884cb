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
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{DatabaseManager, HealthState};

/// How many readers are served at once; more of them wait to be let in.
const READERS: usize = 16;

/// How long a reader may take, from connecting to the last byte.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long readers may take once it is time to end.
const NOTICE: Duration = Duration::from_secs(1);

/// How long to wait when the system gives no more sockets.
const PAUSE: Duration = Duration::from_millis(100);

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

type Answer = Response<Full<Bytes>>;

/// What answers are made of.
struct Sources {
    metrics: PrometheusHandle,
    manager: DatabaseManager,
    /// Held by whoever asks the database, so that many probes do not become many connections.
    asking: Mutex<()>,
}

/// Answers until `until` has come.
pub(super) async fn answer(
    listener: TcpListener,
    metrics: &PrometheusHandle,
    manager: &DatabaseManager,
    until: impl Future<Output = ()> + Send,
) {
    let sources = Arc::new(Sources {
        metrics: metrics.clone(),
        manager: manager.clone(),
        asking: Mutex::default(),
    });
    let mut readers = JoinSet::new();
    tokio::select! {
        () = until => {}
        () = accept(&listener, &mut readers, sources) => {}
    }
    drop(listener);
    let all_gone = async { while readers.join_next().await.is_some() {} };
    // Who is still there then is cut off.
    let _in_time = timeout(NOTICE, all_gone).await;
}

async fn accept(listener: &TcpListener, readers: &mut JoinSet<()>, sources: Arc<Sources>) {
    let places = Arc::new(Semaphore::new(READERS));
    loop {
        while readers.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _from)) => {
                let sources = Arc::clone(&sources);
                readers.spawn(async move {
                    let _late = timeout(PATIENCE, serve(stream, &sources)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a reader of the metrics was not let in");
                sleep(PAUSE).await;
            }
        }
    }
}

/// One request on a connection: readers come a few times a minute.
async fn serve(stream: TcpStream, sources: &Sources) {
    let service =
        service_fn(|request| async move { Ok::<_, Infallible>(respond(&request, sources).await) });
    let served = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a reader of the metrics went away");
    }
}

async fn respond(request: &Request<Incoming>, sources: &Sources) -> Answer {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.uri().path() {
        "/metrics" | "/healthz" if !reads => {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD only\n");
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            answer
        }
        "/metrics" => sources.metrics(),
        "/healthz" => sources.health().await,
        _ => text(StatusCode::NOT_FOUND, "here are /metrics and /healthz\n"),
    }
}

impl Sources {
    fn metrics(&self) -> Answer {
        // Without a connection there is nothing new; what was recorded before is still told.
        let _not_connected = self.manager.publish_metrics();
        body(StatusCode::OK, METRICS, self.metrics.render())
    }

    async fn health(&self) -> Answer {
        let _one_at_a_time = self.asking.lock().await;
        let state = self.manager.health().await.state;
        let code = match state {
            HealthState::Healthy | HealthState::Degraded => StatusCode::OK,
            HealthState::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        };
        text(code, &format!("{}\n", state.as_str()))
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
