//! How long a write waits for a row that another transaction keeps locked.

use std::time::Duration;

use tokio::time::Instant;

use crate::connection::milliseconds;
use crate::error::StoreError;

/// How long a statement waits for each lock of a row. It is set by the statement itself, for its own
/// transaction, so it costs no round trip; locks of tables, which are taken before, are not bounded by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockWait {
    /// As the session is set: in a transaction of the caller, whose settings are not ours to change.
    Session,
    /// So long.
    Brief(Duration),
    /// As long as a call may wait that began at some time, and `least` in any case.
    Call {
        /// When the call began.
        began: Instant,
        /// How long it may wait, from its beginning.
        limit: Duration,
        /// How long it waits at least, even if it is late.
        least: Duration,
    },
}

/// The share of the connections that may wait for locks at the same time, and the most of them.
const SHARE_OF_CONNECTIONS: u32 = 4;
const MOST_CONNECTIONS: u32 = 4;

/// How many of so many connections may wait for locks at the same time, one at least: those who wait
/// must not keep the others from their connections.
#[must_use]
pub fn waiting_connections(connections: u32) -> usize {
    let share = (connections / SHARE_OF_CONNECTIONS).clamp(1, MOST_CONNECTIONS);
    usize::try_from(share).unwrap_or(1)
}

impl LockWait {
    /// What others do in passing, a group commit say, takes less. A statement that carries calls of many
    /// callers waits no longer.
    pub const BRIEF: Self = Self::Brief(Duration::from_millis(200));

    /// While the locked one among many tasks is looked for.
    pub const BRIEFEST: Self = Self::Brief(Duration::from_millis(50));

    /// The wait of a call that begins now.
    #[must_use]
    pub fn of_call(limit: Duration) -> Self {
        Self::Call {
            began: Instant::now(),
            limit,
            // A call that has waited for its connection still gives others the time of a commit.
            least: limit / 4,
        }
    }

    /// The same without the least time: for calls that know already that the task is locked.
    #[must_use]
    pub fn no_longer(self) -> Self {
        match self {
            Self::Call { began, limit, .. } => Self::Call {
                began,
                limit,
                least: Duration::ZERO,
            },
            other => other,
        }
    }

    /// The value of `lock_timeout`; `None` to leave it unchanged.
    #[must_use]
    pub fn setting(self) -> Option<String> {
        let wait = match self {
            Self::Session => return None,
            Self::Brief(wait) => wait,
            Self::Call {
                began,
                limit,
                least,
            } => limit.saturating_sub(began.elapsed()).max(least),
        };
        // Rounded up: a call that waited in vain has waited as long as it may, and zero means no limit.
        Some(format!("{}ms", milliseconds(wait).max(1)))
    }

    /// Until when a call waits.
    #[must_use]
    pub fn deadline(self) -> Option<Instant> {
        match self {
            Self::Call { began, limit, .. } => began.checked_add(limit),
            Self::Session | Self::Brief(_) => None,
        }
    }

    /// The error of a call that waited like this: a lock timeout becomes the reason for it.
    #[must_use]
    pub fn explain(self, error: StoreError) -> StoreError {
        match self {
            Self::Call { .. } if error.is_lock_timeout() => StoreError::Locked {
                waited: self.waited(),
            },
            _ => error,
        }
    }

    /// For how long a call has waited.
    #[must_use]
    pub fn waited(self) -> Duration {
        match self {
            Self::Call { began, .. } => began.elapsed(),
            Self::Session | Self::Brief(_) => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_late_still_waits_a_quarter_of_its_limit() {
        let wait = LockWait::of_call(Duration::from_secs(3));
        assert_eq!(wait.setting().unwrap(), "3000ms");

        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(wait.setting().unwrap(), "2000ms");

        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(wait.setting().unwrap(), "750ms");
        assert_eq!(wait.no_longer().setting().unwrap(), "1ms");
    }

    #[test]
    fn no_wait_is_without_a_limit() {
        assert_eq!(LockWait::Brief(Duration::ZERO).setting().unwrap(), "1ms");
        assert_eq!(LockWait::Session.setting(), None);
    }
}
