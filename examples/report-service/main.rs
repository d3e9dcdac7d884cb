//! Runs the service. `DATABASE_URL` names the database, `LISTEN` the address (127.0.0.1:8080).
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::env;
use std::error::Error;
use std::sync::Arc;

use report_service::http::{self, Service};
use report_service::orders::Orders;
use report_service::reports::{PostgresReports, migrate};
use report_service::worker::Workers;
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
    let (queue, workers) = Workers::start(&orders, WORKERS);
    // Before the first order, so that the workers make no report twice.
    let unfinished = orders.unfinished().await?;
    let listener = TcpListener::bind(env::var("LISTEN").unwrap_or("127.0.0.1:8080".into())).await?;
    // What was in progress when an earlier process ended. The queue may be full for a while.
    let recovering = tokio::spawn({
        let queue = queue.clone();
        async move {
            for task in unfinished {
                if queue.send(task).await.is_err() {
                    return;
                }
            }
        }
    });
    println!("listening on {}", listener.local_addr()?);
    let service = Service {
        orders,
        queue,
        history: history.clone(),
        metrics: Some(metrics.clone()),
    };
    let publishing = tokio::spawn({
        let (metrics, history) = (metrics, history.clone());
        async move { metrics.run(&history).await }
    });
    axum::serve(listener, http::router(service))
        .with_graceful_shutdown(terminated()?)
        .await?;

    recovering.abort();
    publishing.abort();
    workers.stop().await?;
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
