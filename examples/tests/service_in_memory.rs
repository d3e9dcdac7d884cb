//! Unit tests of the service: with the in-memory adapter, and with the mock.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use report_service::http::{self, Service};
use report_service::orders::{Orders, Step};
use report_service::reports::InMemoryReports;
use report_service::worker;
use serde_json::{Value, json};
use tasktrail::task_history::TaskStatus;
use tasktrail::{DatabaseManager, TaskKey, UserId};
use tokio::sync::mpsc;
use tower::ServiceExt;

/// The service without workers, and what it has queued.
fn service() -> (Router, Orders, DatabaseManager, mpsc::Receiver<TaskKey>) {
    let history = DatabaseManager::in_memory();
    let orders = Orders::new(history.clone(), Arc::new(InMemoryReports::default()));
    let (queue, queued) = mpsc::channel(10);
    let router = http::router(Service {
        orders: orders.clone(),
        queue,
        history: history.clone(),
        metrics: None,
    });
    (router, orders, history, queued)
}

async fn send(router: &Router, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn order_is_made_and_shown_with_its_history() {
    let (router, orders, _history, mut queued) = service();
    let (status, _) = send(
        &router,
        Method::POST,
        "/users/alice/reports",
        json!({"title": "Sales"}),
    )
    .await;
    assert_eq!(status, StatusCode::ACCEPTED);

    let task = queued.recv().await.unwrap();
    worker::make_report(&orders, &task).await.unwrap();

    let path = format!("/users/alice/reports/{}", task.task);
    let (status, shown) = send(&router, Method::GET, &path, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(shown["report"]["title"], "Sales");
    assert_eq!(shown["report"]["url"], format!("/files/{}.pdf", task.task));
    assert_eq!(shown["steps"].as_array().unwrap().len(), 4);
    let (_, listed) = send(&router, Method::GET, "/users/alice/reports", Value::Null).await;
    assert_eq!(listed[0]["status"], "completed");
}

#[tokio::test]
async fn worker_stops_at_a_cancel() {
    let (router, orders, history, mut queued) = service();
    send(
        &router,
        Method::POST,
        "/users/alice/reports",
        json!({"title": "Sales"}),
    )
    .await;
    let task = queued.recv().await.unwrap();
    let path = format!("/users/alice/reports/{}", task.task);

    let (status, _) = send(&router, Method::DELETE, &path, Value::Null).await;
    worker::make_report(&orders, &task).await.unwrap();

    assert_eq!(status, StatusCode::OK);
    let cancelled = Some(TaskStatus::Cancelled);
    assert_eq!(history.check_task_status(&task).await.unwrap(), cancelled);
    assert_eq!(
        orders.last_step(&task).await.unwrap(),
        Some(Step::Collected)
    );
    let (report, _) = orders.find(&task).await.unwrap().unwrap();
    assert_eq!(report.url, None);
}

#[tokio::test]
async fn reports_of_another_user_do_not_exist() {
    let (router, orders, _history, _queued) = service();
    let task = orders
        .place(UserId::new("alice").unwrap(), "Sales")
        .await
        .unwrap();
    let path = format!("/users/mallory/reports/{}", task.task);

    let (shown, _) = send(&router, Method::GET, &path, Value::Null).await;
    let (cancelled, _) = send(&router, Method::DELETE, &path, Value::Null).await;

    assert_eq!(
        (shown, cancelled),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
}

#[tokio::test]
async fn unfinished_orders_of_all_users_are_found() {
    let (_router, orders, _history, _queued) = service();
    let alice = orders
        .place(UserId::new("alice").unwrap(), "Sales")
        .await
        .unwrap();
    let bob = orders
        .place(UserId::new("bob").unwrap(), "Costs")
        .await
        .unwrap();
    worker::make_report(&orders, &alice).await.unwrap();

    assert_eq!(orders.unfinished().await.unwrap(), [bob]);
}

#[tokio::test]
async fn closed_store_is_reported_as_unavailable() {
    let (router, _orders, history, _queued) = service();
    history.close().await;

    let (ordered, _) = send(
        &router,
        Method::POST,
        "/users/alice/reports",
        json!({"title": "Sales"}),
    )
    .await;
    let (ready, _) = send(&router, Method::GET, "/readyz", Value::Null).await;
    let (live, _) = send(&router, Method::GET, "/livez", Value::Null).await;

    assert_eq!(ordered, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(live, StatusCode::OK);
}
