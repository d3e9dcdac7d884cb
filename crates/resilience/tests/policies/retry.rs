use std::error::Error;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind, RepositoryError};
use tasktrail_resilience::{Attempts, Retry, RetryConfig};
use tokio::time::Instant;

use crate::script::{FINISH, OK, SAVE, Script, Step, fails};

const DOWN: Step = fails(ErrorKind::Unavailable);

fn config() -> RetryConfig {
    RetryConfig {
        max_retries: 3,
        initial_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_millis(300),
        max_elapsed_time: Duration::from_secs(10),
        jitter_seed: Some(1),
    }
}

fn attempts(error: &RepositoryError) -> Option<&Attempts> {
    error.source()?.downcast_ref()
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_until_it_succeeds() {
    let contended = fails(ErrorKind::Contention);
    let slow = fails(ErrorKind::TimedOut).perhaps_applied();
    let script = Script::new(SAVE, [DOWN, contended, slow, OK]);

    let answer = script.run(&Retry::new(&config())).await;

    assert_eq!(answer.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn waits_grow_up_to_the_longest() {
    let script = Script::new(SAVE, [DOWN]);

    script.run(&Retry::new(&config())).await.unwrap_err();

    let waits = script.intervals();
    assert_eq!(waits.len(), 3);
    for (wait, backoff) in waits.iter().zip([100, 200, 300]) {
        let backoff = Duration::from_millis(backoff);
        // tokio's timer is as fine as a millisecond.
        let longest = backoff + Duration::from_millis(1);
        assert!(backoff / 2 <= *wait && *wait <= longest, "{waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_error_tells_of_all_attempts_when_there_were_enough() {
    let script = Script::new(SAVE, [DOWN]);
    let begun = Instant::now();

    let error = script.run(&Retry::new(&config())).await.unwrap_err();

    let told = attempts(&error).unwrap();
    let seconds = format!("{:.1?}", begun.elapsed());
    assert_eq!((told.made(), told.elapsed()), (4, begun.elapsed()));
    assert_eq!(told.last().kind(), ErrorKind::Unavailable);
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
async fn no_retry_starts_that_could_not_finish_in_the_total_time() {
    let total = Duration::from_secs(10);
    let attempt_time = Duration::from_secs(4);
    let endless = RetryConfig {
        max_retries: 100,
        ..config()
    };
    let retry = Retry::new(&endless).with_attempts_of(attempt_time);
    for millis in [1, 100, 1000, 3000, 4000] {
        let script = Script::new(SAVE, [DOWN.after(millis)]);
        let begun = Instant::now();

        let error = script.run(&retry).await.unwrap_err();

        let last = script.last_began().duration_since(begun);
        assert!(last + attempt_time <= total, "{millis}: began at {last:?}");
        assert!(begun.elapsed() <= total, "{millis}: {:?}", begun.elapsed());
        assert!(attempts(&error).unwrap().made() >= 2, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_would_be_for_nothing_is_left_out() {
    let script = Script::new(SAVE, [DOWN.after(9_990)]);
    let begun = Instant::now();

    let error = script.run(&Retry::new(&config())).await.unwrap_err();

    assert_eq!(begun.elapsed(), Duration::from_millis(9_990));
    assert_eq!(
        attempts(&error).unwrap().to_string(),
        "after 1 attempt in 10.0s"
    );
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_returned_as_it_is() {
    use ErrorKind::{Closed, Conflict, Corrupt, Refused, Unexpected};
    for kind in [Conflict, Refused, Corrupt, Closed, Unexpected] {
        let script = Script::new(SAVE, [fails(kind), OK]);

        let error = script.run(&Retry::new(&config())).await.unwrap_err();

        assert_eq!((script.attempts(), error.kind()), (1, kind));
        assert_eq!(error.source().unwrap().to_string(), "cause of attempt 1");
    }
}

#[tokio::test(start_paused = true)]
async fn what_must_not_happen_twice_is_not_repeated_when_it_may_have_happened() {
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

/// Attempt 2 certainly did nothing, but attempt 1 may have.
#[tokio::test(start_paused = true)]
async fn the_effect_is_unknown_if_that_of_any_attempt_was() {
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

/// A conflict proves that something else is stored under the id.
#[tokio::test(start_paused = true)]
async fn a_conflict_keeps_its_source_whatever_came_before() {
    let script = Script::new(SAVE, [DOWN.perhaps_applied(), fails(ErrorKind::Conflict)]);

    let error = script.run(&Retry::new(&config())).await.unwrap_err();

    assert_eq!(error.effect(), Effect::NotApplied);
    assert_eq!(error.source().unwrap().to_string(), "cause of attempt 2");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_during_a_wait_starts_no_other_attempt() {
    let script = Script::new(SAVE, [DOWN]);
    let retry = Retry::new(&config());

    let call = script.run(&retry);
    let dropped = tokio::time::timeout(Duration::from_millis(10), call).await;
    tokio::time::sleep(Duration::from_secs(60)).await;

    assert!(dropped.is_err());
    assert_eq!(script.attempts(), 1);
}
