//! Handles SIGINT and SIGTERM: calls in progress finish, and no new ones start.

use std::process;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tasktrail::DatabaseManager;
use tokio::sync::{Notify, OwnedRwLockReadGuard, RwLock, SetOnce};

use crate::failure::Failure;
use crate::output;

/// Time that a command has to return after its database was closed. A command that waits for
/// standard input does not return by itself.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// Whether a signal was received, and the database to close then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    signal: SetOnce<Signal>,
    database: OnceLock<DatabaseManager>,
    closed: Notify,
    /// Held for reading by a command that needs time to clean up before the process exits.
    delay: Arc<RwLock<()>>,
    /// The state in which the interrupted command left its work.
    outcome: OnceLock<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    /// The exit code that shells use: 128 plus the number of the signal.
    fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl Interrupt {
    /// Starts to watch for signals.
    pub(crate) fn watch(&self) {
        tokio::spawn(self.clone().handle_signals());
    }

    /// Registers the database to close when a signal is received.
    pub(crate) fn close_on_signal(&self, database: &DatabaseManager) {
        // A command opens only one database.
        let _only = self.0.database.set(database.clone());
    }

    /// Waits for a signal. For commands that stop by themselves.
    pub(crate) async fn signalled(&self) {
        self.0.signal.wait().await;
    }

    /// Delays the exit of the process until the guard is dropped. A second signal ends the process
    /// anyway.
    pub(crate) async fn delay_exit(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.0.delay).read_owned().await
    }

    /// Sets the text that is printed after an interruption.
    pub(crate) fn set_outcome(&self, outcome: &'static str) {
        // A command sets it at most once.
        let _only = self.0.outcome.set(outcome);
    }

    /// Returns the result of the command. If the command failed after a signal, waits until the
    /// database is closed, and returns [`Failure::Interrupted`].
    pub(crate) async fn resolve(&self, done: Result<(), Failure>) -> Result<(), Failure> {
        match (done, self.0.signal.get()) {
            (Err(_closed), Some(signal)) => {
                self.0.closed.notified().await;
                Err(Failure::Interrupted {
                    code: signal.exit_code(),
                    outcome: self
                        .0
                        .outcome
                        .get()
                        .unwrap_or(&"completed operations are kept"),
                })
            }
            (done, _) => done,
        }
    }

    /// The first signal closes the database: calls in progress finish, and the command returns. A
    /// second signal ends the process immediately.
    async fn handle_signals(self) {
        let Ok(received) = next_signal().await else {
            return;
        };
        // It is set only here.
        let _first = self.0.signal.set(received);
        output::note("stopping; repeat the signal to stop immediately");
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
        let _exit_allowed = self.0.delay.write().await;
        tokio::time::sleep(SHUTDOWN_GRACE).await;
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
