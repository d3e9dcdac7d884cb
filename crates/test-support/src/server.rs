//! A private PostgreSQL server.

mod account;
mod launch;
mod locate;
mod options;
mod replication;
mod supervisor;

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub use options::ServerOptions;
use supervisor::Supervisor;

/// A PostgreSQL server on 127.0.0.1 that belongs to this process alone, trusts everybody and is
/// gone with its data when dropped or when the process ends, however it ends.
///
/// Started by [`ServerOptions::start`], or [shared](Self::shared), or as the
/// [standby](Self::standby) of another one. Its binaries are searched in the
/// directory `TASKTRAIL_PG_BIN` and nowhere else if that variable is set; otherwise in
/// `/usr/lib/postgresql/*/bin`, `PATH`, the places of Red Hat and Homebrew, and where
/// `scripts/postgres` installs them. As PostgreSQL refuses root, it runs as `postgres` or `nobody`
/// when the test process is root.
///
/// Every method that stops or starts it returns when that is done. They panic if the server is not
/// in a state for it (restarting works in any state).
#[derive(Debug)]
pub struct Server {
    supervisor: Mutex<Supervisor>,
    directory: PathBuf,
    addr: SocketAddr,
}

impl Server {
    /// The server with default options that all tests of this binary share, started at first use.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            ServerOptions::default()
                .start()
                .unwrap_or_else(|error| panic!("{error}"))
        })
    }

    /// Where it listens; the same after a restart.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The directory of everything it has, its data being in `data`.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The process id of the postmaster, `None` while it is stopped.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.supervisor().postmaster()
    }

    /// What it has logged since its first start.
    ///
    /// # Panics
    ///
    /// If the log cannot be read.
    #[must_use]
    #[track_caller]
    pub fn log(&self) -> String {
        let log = self.directory.join("log");
        match fs::read(&log) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => panic!("cannot read {}: {error}", log.display()),
        }
    }

    /// Kills all its processes at once (SIGKILL); the next start recovers. What was committed is
    /// still there if the server is [durable](ServerOptions::durable).
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn kill(&self) {
        self.order("stop KILL");
    }

    /// Stops it without a checkpoint: connections are ended at once, the next start recovers.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn stop_immediately(&self) {
        self.order("stop QUIT");
    }

    /// Stops it in order: transactions are rolled back, connections are told, everything is
    /// written.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn stop(&self) {
        self.order("stop INT");
    }

    /// Starts it again on the same port with the same data, after [stopping](Self::stop) it if it
    /// runs, and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// If it does not become ready, with the end of its log.
    #[track_caller]
    pub fn restart(&self) {
        self.order(&format!("start {}", self.addr.port()));
    }

    /// Freezes all its processes: connections stay, and the system goes on to accept new ones, but
    /// nobody answers.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn freeze(&self) {
        self.order("signal STOP");
    }

    /// Lets it go on after [`freeze`](Self::freeze); nothing happens to one that is not frozen.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn thaw(&self) {
        self.order("signal CONT");
    }

    fn new(supervisor: Supervisor, directory: PathBuf, addr: SocketAddr) -> Self {
        Self {
            supervisor: Mutex::new(supervisor),
            directory,
            addr,
        }
    }

    #[track_caller]
    fn order(&self, order: &str) {
        let result = self.supervisor().order(order);
        if let Err(reason) = result {
            panic!("`{order}` of the server failed:\n{reason}");
        }
    }

    fn supervisor(&self) -> MutexGuard<'_, Supervisor> {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a server could not be started, for the eyes of a person.
///
/// `Debug` is the same text as `Display`, so that an `unwrap` shows the log of the server line by
/// line.
pub struct StartError(String);

impl StartError {
    fn new(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {}
