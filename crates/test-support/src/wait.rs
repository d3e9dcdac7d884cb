//! Waiting for a condition by polling.

use std::thread;
use std::time::{Duration, Instant};

/// Long enough for any step, even on an overloaded machine. It only ends a test that would hang.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(5);

/// Blocks until `condition` holds. Checks it every 5 ms.
///
/// # Panics
///
/// If the condition does not hold within two minutes. The message names `what`.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !condition() {
        assert!(
            Instant::now() < deadline,
            "timed out after {TIMEOUT:?} waiting for {what}"
        );
        pause();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "polls a condition without a notification"
)]
fn pause() {
    thread::sleep(PAUSE);
}
