use tokio::sync::watch;

/// Whether the pool accepts calls. The phase only ever advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// Calls in progress may finish. New calls fail.
    Draining,
    /// Calls in progress are interrupted.
    Ended,
}

/// The phase of a pool, and a way to wait for a later one.
#[derive(Debug)]
pub(super) struct Lifecycle(watch::Sender<Phase>);

impl Default for Lifecycle {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Open))
    }
}

impl Lifecycle {
    /// Stops new calls.
    pub(super) fn drain(&self) {
        self.reach(Phase::Draining);
    }

    /// Interrupts the calls in progress.
    pub(super) fn end(&self) {
        self.reach(Phase::Ended);
    }

    pub(super) fn is_open(&self) -> bool {
        *self.0.borrow() == Phase::Open
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.0.borrow() == Phase::Ended
    }

    /// Waits until no new calls may start.
    pub(super) async fn draining(&self) {
        self.until(Phase::Draining).await;
    }

    /// Waits until no call may continue.
    pub(super) async fn ended(&self) {
        self.until(Phase::Ended).await;
    }

    fn reach(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let later = *current < phase;
            *current = phase.max(*current);
            later
        });
    }

    async fn until(&self, phase: Phase) {
        let mut phases = self.0.subscribe();
        // The sender is `self`, so it cannot have been dropped.
        let _reached = phases.wait_for(|current| *current >= phase).await;
    }
}
