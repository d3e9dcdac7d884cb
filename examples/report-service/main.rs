//! Runs the service. `DATABASE_URL` names the database, `LISTEN` the address (127.0.0.1:8080).

use std::env;
use std::error::Error;
use std::sync::Arc;

use report_service::http::{self, Service};
use report_service::orders::Orders;
use report_service::reports::{PostgresReports, migrate};
use report_service::worker;
use tasktrail::{DatabaseConfig, DatabaseManager, PrometheusExporter};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

const WORKERS: usize = 4;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt().init();
    let metrics = PrometheusExporter::install()?;
    let history = DatabaseManager::new(DatabaseConfig::load()?);
    // Waits for a database that starts later, if TASKTRAIL_CONNECT_WAIT is set.
    history.connect().await?;
    migrate(&history).await?;

    let orders = Orders::new(history.clone(), Arc::new(PostgresReports));
    let (queue, workers) = worker::start(&orders, WORKERS);
    // What was in progress when an earlier process ended.
    for task in orders.unfinished().await? {
        queue.send(task).await?;
    }

    let listener = TcpListener::bind(env::var("LISTEN").unwrap_or("127.0.0.1:8080".into())).await?;
    println!("listening on {}", listener.local_addr()?);
    let service = Service {
        orders,
        queue,
        history: history.clone(),
        metrics: Some(metrics),
    };
    axum::serve(listener, http::router(service))
        .with_graceful_shutdown(terminated()?)
        .await?;

    // The router is gone, and with it the queue: the workers finish what they have begun.
    for worker in workers {
        worker.await?;
    }
    let closed = history.close().await;
    println!("closed, {} calls cancelled", closed.cancelled);
    Ok(())
}

/// Completes when the process is asked to end.
fn terminated() -> Result<impl Future<Output = ()>, Box<dyn Error + Send + Sync>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
