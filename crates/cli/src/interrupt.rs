//! SIGINT and SIGTERM: what is under way finishes, nothing else begins.

use std::process;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tasktrail::DatabaseManager;
use tokio::sync::{Notify, OwnedRwLockReadGuard, RwLock, SetOnce};

use crate::failure::Failure;
use crate::output;

/// How long a command may take to end by itself once its database is closed. One that waits for its
/// input does not.
const NOTICE: Duration = Duration::from_secs(3);

/// Whether the command was told to end, and what is to be closed then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    signal: SetOnce<Signal>,
    database: OnceLock<DatabaseManager>,
    closed: Notify,
    /// Is held for reading by a command that has to remove what it made.
    removal: Arc<RwLock<()>>,
    /// What became of its work then.
    outcome: OnceLock<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    /// As shells tell it: 128 and the number of the signal.
    fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl Interrupt {
    /// Watches for signals from now on.
    pub(crate) fn watch(&self) {
        tokio::spawn(self.clone().end());
    }

    /// Closes `database` when a signal comes.
    pub(crate) fn closes(&self, database: &DatabaseManager) {
        // A command opens one database.
        let _only = self.0.database.set(database.clone());
    }

    /// Returns when a signal comes: for a command that gives up what it is doing, by itself.
    pub(crate) async fn came(&self) {
        self.0.signal.wait().await;
    }

    /// Lets the command take its time to end, as long as this is held. The second signal ends it all the
    /// same.
    pub(crate) async fn waits(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.0.removal).read_owned().await
    }

    /// Notes what became of the command's work, for the person who interrupted it.
    pub(crate) fn left(&self, outcome: &'static str) {
        // A command ends once.
        let _only = self.0.outcome.set(outcome);
    }

    /// The result of the command; or that it was interrupted, when its statements have ended on the
    /// server, too.
    pub(crate) async fn instead_of(&self, done: Result<(), Failure>) -> Result<(), Failure> {
        match (done, self.0.signal.get()) {
            (Err(_closed), Some(signal)) => {
                self.0.closed.notified().await;
                Err(Failure::Interrupted {
                    code: signal.exit_code(),
                    outcome: self.0.outcome.get().unwrap_or(&"what was done stays done"),
                })
            }
            (done, _) => done,
        }
    }

    /// The first signal closes the database, which lets the calls under way finish and the command end;
    /// the second one ends it at once.
    async fn end(self) {
        let Ok(received) = next_signal().await else {
            return;
        };
        // Nobody else sets it.
        let _first = self.0.signal.set(received);
        output::note("stopping; once more to stop at once");
        tokio::select! {
            () = self.close() => {}
            _again = next_signal() => {}
        }
        process::exit(received.exit_code().into());
    }

    async fn close(&self) {
        if let Some(database) = self.0.database.get() {
            let closing = database.close().await;
            tracing::info!(?closing, "closed the database");
        }
        self.0.closed.notify_one();
        let _removed = self.0.removal.write().await;
        tokio::time::sleep(NOTICE).await;
    }
}

#[cfg(unix)]
async fn next_signal() -> std::io::Result<Signal> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => Signal::Interrupt,
        _ = terminate.recv() => Signal::Terminate,
    })
}

#[cfg(not(unix))]
async fn next_signal() -> std::io::Result<Signal> {
    tokio::signal::ctrl_c().await?;
    Ok(Signal::Interrupt)
}
