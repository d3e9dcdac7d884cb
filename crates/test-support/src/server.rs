//! A private PostgreSQL server.

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

/// A private PostgreSQL server on 127.0.0.1, with `trust` authentication.
///
/// Start one with [`ServerOptions::start`], use the [shared](Self::shared) one, or make a
/// [standby](Self::standby) of another server. The server and its data are removed when it is
/// dropped or when the process ends, even if the process is killed.
///
/// If the environment variable `TASKTRAIL_PG_BIN` is set, the binaries must be in that directory.
/// Otherwise they are searched in `/usr/lib/postgresql/*/bin`, `PATH`, the directories of Red Hat
/// and Homebrew packages, and the directory of `scripts/postgres`. PostgreSQL does not run as root,
/// so it runs as `postgres` or `nobody` if the test process is root.
///
/// Methods that stop or start the server block until that is done. They panic if the server is in
/// the wrong state. [`restart`](Self::restart) works in any state.
#[derive(Debug)]
pub struct Server {
    supervisor: Mutex<Supervisor>,
    directory: PathBuf,
    addr: SocketAddr,
}

impl Server {
    /// Returns the server that all tests of this binary share. It is started at first use, with
    /// default options.
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

    /// Returns its address, which does not change on restart.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns its directory. The data is in the subdirectory `data`.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the process ID of the postmaster, or `None` if the server is stopped.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.supervisor().postmaster()
    }

    /// Returns its log since the first start.
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

    /// Kills all its processes (`SIGKILL`). The next start recovers. Committed data survives if the
    /// server is [durable](ServerOptions::durable).
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn kill(&self) {
        self.run("stop KILL");
    }

    /// Stops it with an immediate shutdown: connections are closed, without a checkpoint. The next
    /// start recovers.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn stop_immediately(&self) {
        self.run("stop QUIT");
    }

    /// Stops it with a fast shutdown: transactions are rolled back, clients get an error, and a
    /// checkpoint is written.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn stop(&self) {
        self.run("stop INT");
    }

    /// Starts it again on the same port with the same data. Blocks until it accepts connections. If
    /// the server runs, it is [stopped](Self::stop) first.
    ///
    /// # Panics
    ///
    /// If it does not become ready. The message has the end of its log.
    #[track_caller]
    pub fn restart(&self) {
        self.run(&format!("start {}", self.addr.port()));
    }

    /// Freezes all its processes (`SIGSTOP`): connections remain open and the system accepts new
    /// ones, but the server does not respond.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn freeze(&self) {
        self.run("signal STOP");
    }

    /// Continues after [`freeze`](Self::freeze). Does nothing if the server is not frozen.
    ///
    /// # Panics
    ///
    /// If it is stopped.
    #[track_caller]
    pub fn thaw(&self) {
        self.run("signal CONT");
    }

    fn new(supervisor: Supervisor, directory: PathBuf, addr: SocketAddr) -> Self {
        Self {
            supervisor: Mutex::new(supervisor),
            directory,
            addr,
        }
    }

    #[track_caller]
    fn run(&self, command: &str) {
        let result = self.supervisor().run(command);
        if let Err(reason) = result {
            panic!("server command `{command}` failed:\n{reason}");
        }
    }

    fn supervisor(&self) -> MutexGuard<'_, Supervisor> {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a server that could not be started.
///
/// `Debug` prints the same text as `Display`, so that `unwrap` shows the server's log line by line.
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
