//! Metrics and probes from an HTTP server of the service itself.
#![cfg(feature = "prometheus")]

use tasktrail::task_history::{TaskStatus, TaskStepResult};
use tasktrail::{
    DatabaseConfig, DatabaseManager, HealthState, PrometheusError, PrometheusExporter, TaskKey,
};
use tasktrail_test_support::{TestDatabase, wait_until};

/// A single test, because a process has only one metrics recorder.
#[tokio::test(flavor = "multi_thread")]
async fn exporter_renders_the_metrics_without_a_listener() {
    let exporter = PrometheusExporter::install().unwrap();
    let second = PrometheusExporter::install().unwrap_err();
    assert!(matches!(second, PrometheusError::Recorder(_)), "{second:?}");
    let database = TestDatabase::new();
    let config = DatabaseConfig::from_url(database.url()).unwrap();
    let history = DatabaseManager::new(config.with_connections(1, 2).unwrap());
    let has = |line: &str| {
        let text = exporter.render(&history);
        text.lines().any(|found| found == line)
    };
    let publishing = tokio::spawn({
        let (exporter, history) = (exporter.clone(), history.clone());
        async move { exporter.run(&history).await }
    });
    wait_until("it is unhealthy before it is connected", || {
        has("tasktrail_health_state 2")
    });

    history.connect().await.unwrap();
    let task = TaskKey::new("alice", "report").unwrap();
    let step = TaskStepResult::builder("fetch", TaskStatus::Running).build();
    let saved = history.save_task_history(&task, 0.into(), step.unwrap());
    saved.await.unwrap();

    let counted = r#"tasktrail_operations_total{operation="task_history.save",outcome="ok"} 1"#;
    assert!(has(counted), "{}", exporter.render(&history));
    assert!(has("tasktrail_pool_connections_max 2"));
    publishing.abort();
}

#[test]
fn only_an_unhealthy_store_is_not_ready() {
    let of = |state: HealthState| (state.to_string(), state.http_status());

    assert_eq!(of(HealthState::Healthy), ("healthy".to_owned(), 200));
    assert_eq!(of(HealthState::Degraded), ("degraded".to_owned(), 200));
    assert_eq!(of(HealthState::Unhealthy), ("unhealthy".to_owned(), 503));
}
