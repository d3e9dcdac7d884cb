//! The API, the probes and the metrics.

use std::error::Error;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tasktrail::repository::{ErrorChain, PageSize};
use tasktrail::{
    DatabaseError, DatabaseManager, InvalidValue, PrometheusExporter, TaskKey, UserId,
};
use tokio::sync::mpsc;

use crate::orders::Orders;

/// What the handlers need.
#[derive(Debug)]
pub struct Service {
    /// Records and reads.
    pub orders: Orders,
    /// The workers' queue.
    pub queue: mpsc::Sender<TaskKey>,
    /// The store.
    pub history: DatabaseManager,
    /// The metrics of the process; `None` in unit tests, where several services share one.
    pub metrics: Option<PrometheusExporter>,
}

type Shared = State<Arc<Service>>;

/// The routes of the service.
pub fn router(service: Service) -> Router {
    Router::new()
        .route("/users/{user}/reports", get(list).post(order))
        .route("/users/{user}/reports/{report}", get(show).delete(cancel))
        .route("/livez", get(async || "live"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(service))
}

#[derive(Deserialize)]
struct Order {
    title: String,
}

async fn order(
    State(service): Shared,
    Path(user): Path<String>,
    Json(order): Json<Order>,
) -> Result<Response, Failure> {
    let user = UserId::new(user)?;
    let place = service.queue.clone().reserve_owned().await?;
    // A task of its own: an order that is recorded reaches the queue even if the client has gone.
    let ordered = tokio::spawn(async move {
        let task = service.orders.place(user, &order.title).await?;
        place.send(task.clone());
        Ok::<_, Failure>(task)
    });
    Ok((StatusCode::ACCEPTED, Json(ordered.await??)).into_response())
}

async fn list(State(service): Shared, Path(user): Path<String>) -> Result<Response, Failure> {
    let user = UserId::new(user)?;
    let tasks = service
        .history
        .get_user_tasks(&user, PageSize::DEFAULT)
        .await?;
    Ok(Json(tasks).into_response())
}

async fn show(
    State(service): Shared,
    Path((user, report)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let found = service.orders.find(&TaskKey::new(user, report)?).await?;
    Ok(match found {
        Some((report, steps)) => Json(json!({ "report": report, "steps": steps })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn cancel(
    State(service): Shared,
    Path((user, report)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let task = TaskKey::new(user, report)?;
    // A cancel would create a task that does not exist.
    if service.history.check_task_status(&task).await?.is_none() {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let outcome = service.history.mark_task_as_cancelled(&task).await?;
    Ok(Json(outcome).into_response())
}

/// Whether requests can be served now. A liveness probe must not ask the database: a restart of the
/// service does not repair it.
async fn ready(State(service): Shared) -> Response {
    let health = service.history.health().await;
    let status = StatusCode::from_u16(health.state.http_status());
    let status = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    (status, Json(health)).into_response()
}

async fn metrics(State(service): Shared) -> Response {
    let Some(metrics) = &service.metrics else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let text = metrics.render(&service.history);
    (
        [(header::CONTENT_TYPE, PrometheusExporter::CONTENT_TYPE)],
        text,
    )
        .into_response()
}

/// An error as a response. Only the reason of a bad request is sent; every other error is logged.
struct Failure(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if let Some(invalid) = self.0.downcast_ref::<InvalidValue>() {
            return (StatusCode::BAD_REQUEST, invalid.to_string()).into_response();
        }
        let status = self
            .0
            .downcast_ref::<DatabaseError>()
            .map(DatabaseError::http_status);
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        tracing::error!(error = %ErrorChain(&*self.0), "request failed");
        status
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response()
    }
}
