//! The scraped metrics match `docs/METRICS.md`, and the dashboard and the alerts use only these.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step of a test panics"
)]

mod documented;
mod driven;
mod files;
mod scraped;

use tasktrail::PrometheusEndpoint;
use tasktrail_test_support::wait_until;
use tokio::sync::oneshot;

use crate::documented::Documented;
use crate::driven::Driven;
use crate::scraped::{Scraped, get};

/// A single test, because a process has only one metrics recorder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_exposes_exactly_the_documented_metrics() {
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
    documented.assert_matches(&scraped);
    driven::assert_values(&scraped);
    let health = get(address, "/healthz");
    assert_eq!((health.status, &*health.body), (200, "healthy\n"));
    assert_eq!(get(address, "/").status, 404);

    driven.manager.close().await;
    let health = get(address, "/healthz");
    assert_eq!((health.status, &*health.body), (503, "unhealthy\n"));
    let live = get(address, "/livez");
    assert_eq!((live.status, &*live.body), (200, "live\n"));
    // A connection that a background task was opening or closing may end a little later.
    let scrape = || Scraped::read(&get(address, "/metrics").body);
    wait_until("the pool to close its connections", || {
        scrape().number("tasktrail_pool_connections", &[]) == 0
    });
    let after = scrape();
    let closed = [("reason", "pool_closed")];
    assert!(after.number("tasktrail_pool_connections_closed_total", &closed) > 0);

    driven.manager.connect().await.unwrap();
    let again = Scraped::read(&get(address, "/metrics").body);
    let opened = |scraped: &Scraped| scraped.number("tasktrail_pool_connections_opened_total", &[]);
    assert!(
        opened(&again) > opened(&scraped),
        "counters continue with a new pool"
    );

    stop.send(()).unwrap();
    serving.await.unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}
