use std::time::Duration;

use futures_util::FutureExt;
use tasktrail_domain::repository::ErrorKind;
use tasktrail_resilience::{
    BreakerConfig, CircuitBreaker, Observe, Policy, Retry, RetryConfig, telemetry,
};
use tokio::time::advance;

use crate::captured::{Log, Metrics};
use crate::script::{FINISH, OK, SAVE, Script, fails};

#[tokio::test(start_paused = true)]
async fn each_call_is_counted_and_timed_by_outcome() {
    let metrics = Metrics::capture();
    let rejected = fails(ErrorKind::Refused).after(500);
    let saves = Script::new(SAVE, [OK.after(250), rejected, OK.after(750)]);
    for _ in 0..3 {
        // The outcome is in the metrics.
        let _ = saves.run(&Observe).await;
    }
    Script::new(FINISH, [OK]).run(&Observe).await.unwrap();

    assert_eq!(
        metrics.lines(),
        [
            r#"tasktrail_operation_duration_seconds{operation="test.finish",outcome="ok"} [0.0]"#,
            r#"tasktrail_operation_duration_seconds{operation="test.save",outcome="ok"} [0.25, 0.75]"#,
            r#"tasktrail_operation_duration_seconds{operation="test.save",outcome="refused"} [0.5]"#,
            r#"tasktrail_operations_in_flight{operation="test.finish"} 0"#,
            r#"tasktrail_operations_in_flight{operation="test.save"} 0"#,
            r#"tasktrail_operations_total{operation="test.finish",outcome="ok"} 1"#,
            r#"tasktrail_operations_total{operation="test.save",outcome="ok"} 2"#,
            r#"tasktrail_operations_total{operation="test.save",outcome="refused"} 1"#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_an_outcome() {
    let kinds = [
        (ErrorKind::Conflict, "conflict"),
        (ErrorKind::Refused, "refused"),
        (ErrorKind::Contention, "contention"),
        (ErrorKind::Unavailable, "unavailable"),
        (ErrorKind::TimedOut, "timed_out"),
        (ErrorKind::Corrupt, "corrupt"),
        (ErrorKind::Closed, "closed"),
        (ErrorKind::Unexpected, "unexpected"),
    ];
    for (kind, outcome) in kinds {
        let metrics = Metrics::capture();

        Script::new(SAVE, [fails(kind)])
            .run(&Observe)
            .await
            .unwrap_err();

        let counted =
            format!(r#"tasktrail_operations_total{{operation="test.save",outcome="{outcome}"}} 1"#);
        assert!(metrics.lines().contains(&counted), "{counted}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_are_counted_until_they_end_or_are_dropped() {
    let metrics = Metrics::capture();
    let script = Script::new(SAVE, [OK.after(1000)]);
    let mut calls: Vec<_> = (0..3).map(|_| Box::pin(script.run(&Observe))).collect();
    let in_flight = |count: i32| {
        vec![format!(
            r#"tasktrail_operations_in_flight{{operation="test.save"}} {count}"#
        )]
    };

    for call in &mut calls[..2] {
        assert!(call.as_mut().now_or_never().is_none());
    }
    assert_eq!(metrics.lines(), in_flight(2), "the third has not started");

    advance(Duration::from_millis(500)).await;
    drop(calls);
    // The recorder resets gauges to zero whenever it is read.
    let mut expected = in_flight(-2);
    expected.insert(
        0,
        r#"tasktrail_operation_duration_seconds{operation="test.save",outcome="dropped"} [0.5, 0.5]"#
            .into(),
    );
    expected
        .push(r#"tasktrail_operations_total{operation="test.save",outcome="dropped"} 2"#.into());
    assert_eq!(metrics.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn retries_are_counted_by_error_kind_within_one_call() {
    let metrics = Metrics::capture();
    let down = fails(ErrorKind::Unavailable);
    let script = Script::new(SAVE, [down, down, fails(ErrorKind::Contention), OK]);
    let policy = Observe.around(Retry::new(&RetryConfig::default()));

    script.run(&policy).await.unwrap();

    let counters = [
        r#"tasktrail_operations_total{operation="test.save",outcome="ok"} 1"#,
        r#"tasktrail_retries_total{kind="contention",operation="test.save"} 1"#,
        r#"tasktrail_retries_total{kind="unavailable",operation="test.save"} 2"#,
    ];
    let lines = metrics.lines();
    assert_eq!(lines.last_chunk(), Some(&counters.map(String::from)));
}

#[tokio::test(start_paused = true)]
async fn breaker_state_is_a_gauge() {
    let metrics = Metrics::capture();
    let gauge = |state| [format!("tasktrail_breaker_state{{}} {state}")];
    let breaker = CircuitBreaker::new(&BreakerConfig::default());
    let down = Script::new(SAVE, [fails(ErrorKind::Unavailable)]);
    let back = Script::new(SAVE, [OK.after(10)]);
    assert_eq!(metrics.lines(), gauge(0));

    for _ in 0..5 {
        down.run(&breaker).await.unwrap_err();
    }
    assert_eq!(metrics.lines(), gauge(1));

    advance(Duration::from_secs(1)).await;
    let mut probe = Box::pin(back.run(&breaker));
    assert!(probe.as_mut().now_or_never().is_none());
    assert_eq!(metrics.lines(), gauge(2));

    probe.await.unwrap();
    assert_eq!(metrics.lines(), gauge(0));
}

#[tokio::test(start_paused = true)]
async fn metrics_are_described_with_their_units() {
    let metrics = Metrics::capture();

    telemetry::describe();
    Script::new(SAVE, [OK]).run(&Observe).await.unwrap();

    let units = ["Some(Seconds)", "Some(Count)", "Some(Count)"];
    assert_eq!(metrics.units(), units);
}

#[tokio::test(start_paused = true)]
async fn failure_is_logged_once_with_its_causes_and_the_span_records_the_outcome() {
    let log = Log::capture();
    let script = Script::new(
        SAVE,
        [fails(ErrorKind::Refused).after(250).perhaps_applied()],
    );

    script.run(&Observe).await.unwrap_err();

    assert_eq!(
        log.lines(),
        [
            " WARN repository.operation{operation=\"test.save\"}: operation failed \
             operation=\"test.save\" kind=\"refused\" effect=\"unknown\" \
             error=test.save: the store refused the operation (it may have been applied): cause of attempt 1",
            " INFO repository.operation{operation=\"test.save\" outcome=\"refused\" \
             duration_ms=250.0}: close",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn conflict_is_logged_at_debug_and_success_not_at_all() {
    let log = Log::capture();
    let script = Script::new(SAVE, [fails(ErrorKind::Conflict), OK]);

    script.run(&Observe).await.unwrap_err();
    script.run(&Observe).await.unwrap();

    let levels: Vec<String> = log
        .lines()
        .iter()
        .map(|line| line[..5].to_owned())
        .collect();
    assert_eq!(levels, ["DEBUG", " INFO", " INFO"]);
}

#[tokio::test(start_paused = true)]
async fn retry_is_logged_at_debug() {
    let log = Log::capture();
    let config = RetryConfig::default().with_jitter_seed(1);
    let script = Script::new(SAVE, [fails(ErrorKind::Contention), OK]);

    script.run(&Retry::new(&config)).await.unwrap();

    let lines = log.lines();
    let begins = r#"DEBUG retrying operation="test.save" kind="contention" wait_ms="#;
    let ends =
        "error=test.save: conflicting transaction, or no free connection: cause of attempt 1";
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with(begins) && lines[0].ends_with(ends),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn breaker_logs_its_state_changes() {
    let log = Log::capture();
    let breaker = CircuitBreaker::new(&BreakerConfig::default());
    let down = Script::new(SAVE, [fails(ErrorKind::Unavailable)]);
    for _ in 0..5 {
        down.run(&breaker).await.unwrap_err();
    }
    advance(Duration::from_secs(1)).await;
    Script::new(SAVE, [OK]).run(&breaker).await.unwrap();

    assert_eq!(
        log.lines(),
        [
            " WARN circuit breaker opened cool_down_ms=500.0 \
             last_outage=\"test.save: the store cannot be reached: cause of attempt 5\"",
            " INFO circuit breaker half-open: probing the store",
            " INFO circuit breaker closed: the store answers again",
        ]
    );
}
