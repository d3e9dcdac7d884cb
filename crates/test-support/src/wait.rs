//! Waiting for something that nobody announces.

use std::thread;
use std::time::{Duration, Instant};

/// Far more than anything takes on a machine with ten times as much to do as it can: it only ends a
/// test that would never end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(5);

/// Blocks until `condition` holds, looking every 5 ms.
///
/// # Panics
///
/// After two minutes, saying that it waited for `what`.
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
