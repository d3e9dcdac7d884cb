//! What `docs/METRICS.md` says is what Prometheus reads, and the dashboard and the alerts name nothing else.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step of a test is a panic"
)]

mod documented;
mod driven;
mod files;
mod scraped;

use tasktrail::PrometheusEndpoint;
use tokio::sync::oneshot;

use crate::documented::Documented;
use crate::driven::Driven;
use crate::scraped::{Scraped, get};

/// One test, for a process has one recorder of metrics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_tells_what_is_documented_and_nothing_else() {
    let documented = Documented::read();
    let endpoint = PrometheusEndpoint::bind(([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    let address = endpoint.address();
    let driven = Driven::new().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let manager = driven.manager.clone();
    let serving = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        endpoint.serve(&manager, stopped).await;
    });

    driven.drive().await;

    let scraped = Scraped::read(&get(address, "/metrics").body);
    documented.is_what_was(&scraped);
    driven::is_told_in(&scraped);
    let health = get(address, "/healthz");
    assert_eq!((health.status, &*health.body), (200, "healthy\n"));
    assert_eq!(get(address, "/").status, 404);

    driven.manager.close().await;
    let health = get(address, "/healthz");
    assert_eq!((health.status, &*health.body), (503, "unhealthy\n"));
    let after = Scraped::read(&get(address, "/metrics").body);
    assert_eq!(after.number("tasktrail_pool_connections", &[]), 0);
    let closed = [("reason", "pool_closed")];
    assert!(after.number("tasktrail_pool_connections_closed_total", &closed) > 0);

    driven.manager.connect().await.unwrap();
    let again = Scraped::read(&get(address, "/metrics").body);
    let opened = |scraped: &Scraped| scraped.number("tasktrail_pool_connections_opened_total", &[]);
    assert!(opened(&again) > opened(&scraped), "a new pool adds up");

    stop.send(()).unwrap();
    serving.await.unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}
