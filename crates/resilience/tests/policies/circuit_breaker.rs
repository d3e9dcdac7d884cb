use std::time::Duration;

use futures_util::future::join_all;
use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind};
use tasktrail_resilience::{BreakerConfig, BreakerOpen, BreakerState, CircuitBreaker, Policy};
use tokio::time::advance;

use crate::script::{OK, SAVE, Script, Step, fails};

const DOWN: Step = fails(ErrorKind::Unavailable);
const SECOND: Duration = Duration::from_secs(1);

fn closed() -> CircuitBreaker {
    CircuitBreaker::new(&BreakerConfig::default())
}

async fn open() -> CircuitBreaker {
    let breaker = closed();
    let script = Script::new(SAVE, [DOWN]);
    for _ in 0..5 {
        script.run(&breaker).await.unwrap_err();
    }
    breaker
}

#[tokio::test(start_paused = true)]
async fn consecutive_outages_open_the_breaker_and_calls_fail_immediately() {
    let breaker = open().await;
    let script = Script::new(SAVE, [OK]);
    advance(Duration::from_millis(200)).await;

    let error = script.run(&breaker).await.unwrap_err();

    let left = Duration::from_millis(300);
    let state = BreakerState::Open {
        next_probe_in: left,
    };
    assert_eq!(script.attempts(), 0);
    assert_eq!(breaker.state(), state);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.effect(), Effect::NotApplied);
    assert_eq!(
        BreakerOpen::behind(&error).unwrap().next_probe_in(),
        Some(left)
    );
    assert_eq!(
        ErrorChain(&error).to_string(),
        "test.save: the store cannot be reached: \
         circuit breaker is open, next probe in 300.0ms: \
         last outage: test.save: the store cannot be reached: cause of attempt 5"
    );
}

#[tokio::test(start_paused = true)]
async fn only_outages_count_and_any_answer_resets_the_count() {
    use ErrorKind::{Conflict, Contention, Corrupt, Refused, TimedOut, Unexpected};
    // A store that reports its own timeout, with nothing applied, has answered.
    for answer in [Conflict, Contention, Corrupt, Refused, TimedOut, Unexpected] {
        let breaker = closed();
        let silence = fails(TimedOut).perhaps_applied();
        let script = Script::new(SAVE, [DOWN, silence, fails(answer)]);

        for outages in [1, 2, 0, 0, 0, 0, 0, 0] {
            script.run(&breaker).await.unwrap_err();
            assert_eq!(
                breaker.state(),
                BreakerState::Closed { outages },
                "{answer:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn call_that_never_reached_the_store_does_not_count() {
    let breaker = closed();
    let inner = open().await;
    let script = Script::new(SAVE, [DOWN, fails(ErrorKind::Closed)]);

    script.run(&breaker).await.unwrap_err();
    script.run(&breaker).await.unwrap_err();
    let stack = breaker.clone().around(inner);
    script.run(&stack).await.unwrap_err();

    assert_eq!(breaker.state(), BreakerState::Closed { outages: 1 });
}

#[tokio::test(start_paused = true)]
async fn exactly_one_of_many_concurrent_calls_is_the_probe() {
    let breaker = open().await;
    let script = Script::new(SAVE, [OK.after(10)]);
    advance(SECOND).await;

    let calls = (0..100).map(|_| script.run(&breaker));
    let answers = join_all(calls).await;

    let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
    let refusals: Vec<_> = refused.filter_map(BreakerOpen::behind).collect();
    assert_eq!(script.attempts(), 1);
    assert_eq!(refusals.len(), 99);
    assert!(refusals.iter().all(|open| open.next_probe_in().is_none()));
    assert_eq!(breaker.state(), BreakerState::Closed { outages: 0 });
}

#[tokio::test(start_paused = true)]
async fn each_failed_probe_doubles_the_cool_down_up_to_its_maximum() {
    let breaker = open().await;
    let script = Script::new(SAVE, [DOWN]);
    for milliseconds in [500, 1000, 2000, 2000] {
        let next_probe_in = Duration::from_millis(milliseconds);
        assert_eq!(breaker.state(), BreakerState::Open { next_probe_in });

        advance(next_probe_in).await;

        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        script.run(&breaker).await.unwrap_err();
    }
    assert_eq!(script.attempts(), 4);
}

#[tokio::test(start_paused = true)]
async fn dropped_probe_lets_the_next_call_probe() {
    let breaker = open().await;
    let hanging = Script::new(SAVE, [OK.after(60_000)]);
    let answering = Script::new(SAVE, [OK]);
    advance(SECOND).await;

    let probe = tokio::time::timeout(SECOND, hanging.run(&breaker)).await;

    assert!(probe.is_err());
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert!(answering.run(&breaker).await.is_ok());
    assert_eq!(breaker.state(), BreakerState::Closed { outages: 0 });
}

#[tokio::test(start_paused = true)]
async fn clones_share_their_state() {
    let breaker = open().await;
    let clone = breaker.clone();
    let script = Script::new(SAVE, [OK]);
    advance(SECOND).await;

    script.run(&clone).await.unwrap();

    assert_eq!(breaker.state(), BreakerState::Closed { outages: 0 });
}
