use std::error::Error;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind, RepositoryError};
use tasktrail_resilience::{Attempts, Retry, RetryConfig};
use tokio::time::Instant;

use crate::script::{FINISH, OK, SAVE, Script, Step, fails};

const DOWN: Step = fails(ErrorKind::Unavailable);

fn config() -> RetryConfig {
    RetryConfig::default()
        .with_max_retries(3)
        .with_initial_backoff(Duration::from_millis(100))
        .with_max_backoff(Duration::from_millis(300))
        .with_max_elapsed_time(Duration::from_secs(10))
        .with_jitter_seed(1)
}

fn attempts(error: &RepositoryError) -> Option<&Attempts> {
    error.source()?.downcast_ref()
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_retried_until_success() {
    let contended = fails(ErrorKind::Contention);
    let slow = fails(ErrorKind::TimedOut).perhaps_applied();
    let script = Script::new(SAVE, [DOWN, contended, slow, OK]);

    let answer = script.run(&Retry::new(&config())).await;

    assert_eq!(answer.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn waits_grow_up_to_the_maximum() {
    let script = Script::new(SAVE, [DOWN]);

    script.run(&Retry::new(&config())).await.unwrap_err();

    let waits = script.intervals();
    assert_eq!(waits.len(), 3);
    for (wait, backoff) in waits.iter().zip([100, 200, 300]) {
        let backoff = Duration::from_millis(backoff);
        // tokio's timer has a resolution of one millisecond.
        let longest = backoff + Duration::from_millis(1);
        assert!(backoff / 2 <= *wait && *wait <= longest, "{waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn last_error_reports_all_attempts_at_the_retry_limit() {
    let script = Script::new(SAVE, [DOWN]);
    let started = Instant::now();

    let error = script.run(&Retry::new(&config())).await.unwrap_err();

    let reported = attempts(&error).unwrap();
    let seconds = format!("{:.1?}", started.elapsed());
    assert_eq!(
        (reported.made(), reported.elapsed()),
        (4, started.elapsed())
    );
    assert_eq!(reported.last().kind(), ErrorKind::Unavailable);
    assert_eq!(error.effect(), Effect::NotApplied);
    assert_eq!(
        ErrorChain(&error).to_string(),
        format!(
            "test.save: the store cannot be reached: after 4 attempts in {seconds}: \
             cause of attempt 4"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn no_retry_starts_unless_it_can_finish_in_the_time_budget() {
    let total = Duration::from_secs(10);
    let attempt_time = Duration::from_secs(4);
    let endless = config().with_max_retries(100);
    let retry = Retry::new(&endless).with_attempts_of(attempt_time);
    for millis in [1, 100, 1000, 3000, 4000] {
        let script = Script::new(SAVE, [DOWN.after(millis)]);
        let started = Instant::now();

        let error = script.run(&retry).await.unwrap_err();

        let last = script.last_started().duration_since(started);
        assert!(
            last + attempt_time <= total,
            "{millis}: started at {last:?}"
        );
        assert!(
            started.elapsed() <= total,
            "{millis}: {:?}",
            started.elapsed()
        );
        assert!(attempts(&error).unwrap().made() >= 2, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_wait_without_a_following_attempt() {
    let script = Script::new(SAVE, [DOWN.after(9_990)]);
    let started = Instant::now();

    let error = script.run(&Retry::new(&config())).await.unwrap_err();

    assert_eq!(started.elapsed(), Duration::from_millis(9_990));
    assert_eq!(
        attempts(&error).unwrap().to_string(),
        "after 1 attempt in 10.0s"
    );
}

#[tokio::test(start_paused = true)]
async fn permanent_failure_is_returned_unchanged() {
    use ErrorKind::{Closed, Conflict, Corrupt, Refused, Unexpected};
    for kind in [Conflict, Refused, Corrupt, Closed, Unexpected] {
        let script = Script::new(SAVE, [fails(kind), OK]);

        let error = script.run(&Retry::new(&config())).await.unwrap_err();

        assert_eq!((script.attempts(), error.kind()), (1, kind));
        assert_eq!(error.source().unwrap().to_string(), "cause of attempt 1");
    }
}

#[tokio::test(start_paused = true)]
async fn operation_that_may_have_been_applied_is_not_repeated_unless_idempotent() {
    use ErrorKind::{Contention, TimedOut, Unavailable};
    for kind in [Contention, TimedOut, Unavailable] {
        let unknown = Script::new(FINISH, [fails(kind).perhaps_applied(), OK]);
        let harmless = Script::new(FINISH, [fails(kind), OK]);
        let retry = Retry::new(&config());

        assert!(unknown.run(&retry).await.is_err());
        assert_eq!(unknown.attempts(), 1, "{kind:?}");
        assert_eq!(harmless.run(&retry).await.unwrap(), 2, "{kind:?}");
    }
}

/// Attempt 2 was certainly not applied, but attempt 1 may have been.
#[tokio::test(start_paused = true)]
async fn effect_is_unknown_if_that_of_any_attempt_was() {
    let lost = DOWN.perhaps_applied();
    let refused = Script::new(SAVE, [lost, fails(ErrorKind::Refused)]);
    let down = Script::new(SAVE, [lost, DOWN]);
    let retry = Retry::new(&config());

    let refused = refused.run(&retry).await.unwrap_err();
    let down = down.run(&retry).await.unwrap_err();

    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert_eq!(refused.effect(), Effect::Unknown);
    assert_eq!(attempts(&refused).unwrap().made(), 2);
    assert_eq!(down.effect(), Effect::Unknown);
}

/// A conflict proves that a different entry is stored under the id.
#[tokio::test(start_paused = true)]
async fn conflict_keeps_its_source_after_unknown_effects() {
    let script = Script::new(SAVE, [DOWN.perhaps_applied(), fails(ErrorKind::Conflict)]);

    let error = script.run(&Retry::new(&config())).await.unwrap_err();

    assert_eq!(error.effect(), Effect::NotApplied);
    assert_eq!(error.source().unwrap().to_string(), "cause of attempt 2");
}

#[tokio::test(start_paused = true)]
async fn call_dropped_during_a_wait_starts_no_other_attempt() {
    let script = Script::new(SAVE, [DOWN]);
    let retry = Retry::new(&config());

    let call = script.run(&retry);
    let dropped = tokio::time::timeout(Duration::from_millis(10), call).await;
    tokio::time::sleep(Duration::from_secs(60)).await;

    assert!(dropped.is_err());
    assert_eq!(script.attempts(), 1);
}
