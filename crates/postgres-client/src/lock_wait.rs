//! How long writes wait for rows that another transaction has locked.

use std::time::Duration;

use tokio::time::Instant;

use crate::connection::milliseconds;
use crate::error::StoreError;

/// How long a statement waits for each row lock. The statement sets it for its own transaction, at
/// no extra round trip. It does not apply to table locks, which are acquired earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockWait {
    /// The `lock_timeout` of the session: used in a caller's transaction, whose settings must not
    /// be changed.
    Session,
    /// A fixed time.
    Brief(Duration),
    /// What remains of a call's lock timeout, but at least `least`.
    Call {
        /// When the call started.
        began: Instant,
        /// The call's lock timeout, from its start.
        limit: Duration,
        /// The minimum wait, even if the timeout has expired.
        least: Duration,
    },
}

/// One in this many connections may wait for locks, up to [`MOST_CONNECTIONS`].
const SHARE_OF_CONNECTIONS: u32 = 4;
const MOST_CONNECTIONS: u32 = 4;

/// The number of `connections` that may wait for locks at the same time: at least one, and few, so
/// that waiting calls do not use up the pool.
#[must_use]
pub(crate) fn waiting_connections(connections: u32) -> usize {
    let share = (connections / SHARE_OF_CONNECTIONS).clamp(1, MOST_CONNECTIONS);
    usize::try_from(share).unwrap_or(1)
}

impl LockWait {
    /// Longer than other transactions usually hold a lock, for example for a group commit. A
    /// statement that carries the calls of several callers waits no longer.
    pub const BRIEF: Self = Self::Brief(Duration::from_millis(200));

    /// For finding the locked task among many.
    pub const BRIEFEST: Self = Self::Brief(Duration::from_millis(50));

    /// The wait of a call that starts now.
    #[must_use]
    pub(crate) fn of_call(limit: Duration) -> Self {
        Self::Call {
            began: Instant::now(),
            limit,
            // A call that waited for its connection still gives others time to commit.
            least: limit / 4,
        }
    }

    /// Removes the minimum wait, for calls that have already found the task locked.
    #[must_use]
    pub(crate) fn no_longer(self) -> Self {
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
        // Rounded up, so that a call does not fail before its timeout. Zero would mean no timeout.
        Some(format!("{}ms", milliseconds(wait).max(1)))
    }

    /// When the call's lock timeout expires, if there is one.
    #[must_use]
    pub fn deadline(self) -> Option<Instant> {
        match self {
            Self::Call { began, limit, .. } => began.checked_add(limit),
            Self::Session | Self::Brief(_) => None,
        }
    }

    /// Replaces a lock timeout of a call with an error that reports the time waited.
    #[must_use]
    pub fn explain(self, error: StoreError) -> StoreError {
        match self {
            Self::Call { .. } if error.is_lock_timeout() => StoreError::Locked {
                waited: self.waited(),
            },
            _ => error,
        }
    }

    /// How long the call has waited.
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
    async fn late_call_still_waits_a_quarter_of_its_limit() {
        let wait = LockWait::of_call(Duration::from_secs(3));
        assert_eq!(wait.setting().unwrap(), "3000ms");

        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(wait.setting().unwrap(), "2000ms");

        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(wait.setting().unwrap(), "750ms");
        assert_eq!(wait.no_longer().setting().unwrap(), "1ms");
    }

    #[test]
    fn brief_wait_is_never_unlimited() {
        assert_eq!(LockWait::Brief(Duration::ZERO).setting().unwrap(), "1ms");
        assert_eq!(LockWait::Session.setting(), None);
    }
}
