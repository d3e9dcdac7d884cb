use tokio::sync::watch;

/// Whether the pool takes calls. It only ever goes on to a later phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// Calls that have begun may finish, no other begins.
    Draining,
    /// No call goes on.
    Ended,
}

/// The phase of a pool, and who waits for the next one.
#[derive(Debug)]
pub(super) struct Lifecycle(watch::Sender<Phase>);

impl Default for Lifecycle {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Open))
    }
}

impl Lifecycle {
    /// Lets no more calls begin.
    pub(super) fn drain(&self) {
        self.reach(Phase::Draining);
    }

    /// Ends the calls that are under way.
    pub(super) fn end(&self) {
        self.reach(Phase::Ended);
    }

    pub(super) fn is_open(&self) -> bool {
        *self.0.borrow() == Phase::Open
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.0.borrow() == Phase::Ended
    }

    /// Waits until no more calls may begin.
    pub(super) async fn draining(&self) {
        self.until(Phase::Draining).await;
    }

    /// Waits until no call may go on.
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
        // The sender is `self`, so it cannot be gone.
        let _reached = phases.wait_for(|current| *current >= phase).await;
    }
}
