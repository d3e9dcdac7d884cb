//! Waiting for something that nobody announces.

use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

/// Blocks until `condition` holds, looking every 5 ms.
///
/// # Panics
///
/// After 30 s, saying that it waited for `what`.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} in vain for {what}"
        );
        pause();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "polls a condition that nobody announces"
)]
fn pause() {
    thread::sleep(PAUSE);
}
