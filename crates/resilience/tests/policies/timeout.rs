use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind};
use tasktrail_resilience::{AttemptTimedOut, Timeout};
use tokio::time::Instant;

use crate::script::{FINISH, OK, SAVE, Script, fails};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn attempt_that_times_out_has_an_unknown_effect() {
    let script = Script::new(SAVE, [OK.after(1001)]);
    let started = Instant::now();

    let error = script.run(&Timeout::new(SECOND)).await.unwrap_err();

    let source = std::error::Error::source(&error).unwrap();
    let timed_out = source.downcast_ref::<AttemptTimedOut>().unwrap();
    assert_eq!(started.elapsed(), SECOND);
    assert_eq!(timed_out.limit(), SECOND);
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.effect(), Effect::Unknown);
    assert_eq!(
        ErrorChain(&error).to_string(),
        "test.save: the store did not answer in time (it may have been applied): \
         no answer within 1s"
    );
}

#[tokio::test(start_paused = true)]
async fn attempt_within_the_limit_is_unaffected() {
    let timeout = Timeout::new(SECOND);
    let script = Script::new(SAVE, [OK.after(999), fails(ErrorKind::Conflict).after(999)]);

    assert_eq!(script.run(&timeout).await.unwrap(), 1);
    let error = script.run(&timeout).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn operation_can_have_its_own_limit() {
    let timeout = Timeout::new(SECOND).except(FINISH, 3 * SECOND);
    let slow = |operation| Script::new(operation, [OK.after(2000)]);

    assert_eq!(timeout.limit(SAVE), SECOND);
    assert_eq!(timeout.limit(FINISH), 3 * SECOND);
    assert!(slow(SAVE).run(&timeout).await.is_err());
    assert!(slow(FINISH).run(&timeout).await.is_ok());
}
