use std::time::Duration;

use tasktrail_domain::repository::ErrorKind;
use tasktrail_domain::task_history::operation;
use tasktrail_resilience::{
    BreakerConfig, BreakerOpen, BreakerState, ResilienceConfig, RetryConfig, StandardPolicy,
};
use tokio::time::Instant;

use crate::script::{OK, SAVE, Script, Step, fails};

const DOWN: Step = fails(ErrorKind::Unavailable);
const HANGS: Step = OK.after(3_600_000);

fn standard() -> StandardPolicy {
    StandardPolicy::new(&config())
}

fn config() -> ResilienceConfig {
    ResilienceConfig::default().with_retry(RetryConfig::default().with_jitter_seed(1))
}

#[tokio::test(start_paused = true)]
async fn hanging_attempt_times_out_and_is_retried() {
    let script = Script::new(SAVE, [HANGS, OK]);
    let started = Instant::now();

    assert_eq!(script.run(&standard()).await.unwrap(), 2);
    assert!(started.elapsed() < Duration::from_millis(5_100));
}

#[tokio::test(start_paused = true)]
async fn call_finishes_within_the_time_budget_whatever_the_store_does() {
    for step in [HANGS, DOWN, DOWN.after(2_500), DOWN.after(4_999)] {
        let script = Script::new(SAVE, [step]);
        let started = Instant::now();

        script.run(&standard()).await.unwrap_err();

        assert!(started.elapsed() <= Duration::from_secs(15), "{step:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn long_operation_has_a_longer_timeout_and_is_retried() {
    let count = Script::new(operation::COUNT, [DOWN, OK.after(59_000)]);

    assert_eq!(count.run(&standard()).await.unwrap(), 2);
}

/// Five attempts open the breaker. The sixth waits for the probe instead of using up retries.
#[tokio::test(start_paused = true)]
async fn retry_waits_for_the_probe_of_an_open_breaker() {
    let policy = standard();
    let script = Script::new(SAVE, [DOWN, DOWN, DOWN, DOWN, DOWN, OK]);

    let answer = script.run(&policy).await;

    let waits = script.intervals();
    assert_eq!(answer.unwrap(), 6);
    assert!(waits[4] >= Duration::from_secs(1), "{waits:?}");
    let state = policy.breaker().unwrap().state();
    assert_eq!(state, BreakerState::Closed { outages: 0 });
}

#[tokio::test(start_paused = true)]
async fn call_fails_immediately_if_the_next_probe_is_too_late() {
    let hour = Duration::from_secs(3600);
    let breaker = BreakerConfig::default()
        .with_failure_threshold(1)
        .with_cool_down(hour)
        .with_max_cool_down(hour);
    let policy = StandardPolicy::new(&config().with_breaker(breaker));
    let script = Script::new(SAVE, [DOWN]);
    script.run(&policy).await.unwrap_err();
    let started = Instant::now();

    let error = script.run(&policy).await.unwrap_err();

    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(script.attempts(), 1);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(BreakerOpen::behind(&error).unwrap().next_probe_in() > Some(hour / 2));
}

#[tokio::test(start_paused = true)]
async fn disabled_policies_do_nothing() {
    let off = StandardPolicy::new(
        &ResilienceConfig::default()
            .with_observe(false)
            .with_retry(None)
            .with_breaker(None)
            .with_timeout(None),
    );
    let script = Script::new(SAVE, [DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, HANGS]);

    for attempts in 1..=6 {
        script.run(&off).await.unwrap_err();
        assert_eq!(script.attempts(), attempts);
    }
    assert_eq!(script.run(&off).await.unwrap(), 7);
    assert!(off.breaker().is_none());
}
