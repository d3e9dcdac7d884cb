//! A PgBouncer in front of a server.

mod locate;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::account::Account;
use crate::{ports, simple_query};

/// Number of ports to try. Another process may take a port between choice and use.
const PORTS_TO_TRY: usize = 5;

/// When PgBouncer gives the session of a client to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client disconnects.
    Session,
    /// When a transaction ends.
    Transaction,
}

impl PoolMode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
        }
    }
}

/// A private PgBouncer on 127.0.0.1, in front of a server with `trust` authentication. It ends when
/// it is dropped, or when this process ends, even if this process is killed.
///
/// If the environment variable `TASKTRAIL_PGBOUNCER` is set, it must be the path of the program.
/// Otherwise the program is searched in `PATH`, the directories of packages, and the directory of
/// `scripts/pgbouncer`. Like PostgreSQL, it does not run as root.
#[derive(Debug)]
pub struct PgBouncer {
    process: Child,
    /// PgBouncer ends when this is closed.
    alive: Option<ChildStdin>,
    addr: SocketAddr,
    server: SocketAddr,
}

impl PgBouncer {
    /// Starts PgBouncer in front of `server`, for the given roles and `postgres`. Blocks until it
    /// accepts connections. `settings` are lines for its configuration, which override the
    /// defaults.
    ///
    /// # Panics
    ///
    /// If it is not installed, or does not start. The message has its log.
    #[must_use]
    #[track_caller]
    pub fn start(server: SocketAddr, mode: PoolMode, roles: &[&str], settings: &str) -> Self {
        let mut log = String::new();
        for port in ports::free().take(PORTS_TO_TRY) {
            match Self::launch(server, ports::local(port), mode, roles, settings) {
                Ok(started) => return started,
                Err(reason) => log = reason,
            }
            if !log.contains("Address already in use") {
                break;
            }
        }
        panic!("PgBouncer did not start:\n{log}");
    }

    /// Returns its address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Replaces the address of the server in a database URL, such as
    /// [`TestDatabase::url`](crate::TestDatabase::url), with the address of PgBouncer.
    ///
    /// # Panics
    ///
    /// If the address of the server is not in `database`.
    #[must_use]
    #[track_caller]
    pub fn url(&self, database: &str) -> String {
        let server = self.server.to_string();
        assert!(database.contains(&server), "{server} is not in {database}");
        database.replacen(&server, &self.addr.to_string(), 1)
    }

    /// Lets it close its connections to the server, and open new ones when they are needed. Roles
    /// then have their current settings.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    #[track_caller]
    pub fn reconnect(&self) {
        if let Err(error) = simple_query::execute(self.addr, "pgbouncer", "RECONNECT") {
            panic!("PgBouncer does not answer: {error}");
        }
    }

    fn launch(
        server: SocketAddr,
        addr: SocketAddr,
        mode: PoolMode,
        roles: &[&str],
        settings: &str,
    ) -> Result<Self, String> {
        let program = locate::program()?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", include_str!("pgbouncer/run.sh"), "pgbouncer"])
            .arg(program)
            .args([configuration(server, addr, mode, settings), users(roles)]);
        if let Some(Account { user, group }) = Account::for_server()? {
            command.uid(user).gid(group);
        }
        let mut process = command
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot run /bin/sh: {error}"))?;
        let alive = process.stdin.take();
        let output = process.stdout.take().ok_or("/bin/sh has no stdout")?;
        let mut log = String::new();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line == "ready" {
                return Ok(Self {
                    process,
                    alive,
                    addr,
                    server,
                });
            }
            log.push_str(&line);
            log.push('\n');
        }
        drop(alive);
        // Its log is the better explanation.
        let _ended = process.wait();
        Err(log)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.alive.take());
        // Nothing can be done if waiting fails.
        let _ended = self.process.wait();
    }
}

fn configuration(server: SocketAddr, addr: SocketAddr, mode: PoolMode, settings: &str) -> String {
    format!(
        "[databases]\n\
         * = host={} port={}\n\
         [pgbouncer]\n\
         listen_addr = {}\n\
         listen_port = {}\n\
         unix_socket_dir =\n\
         auth_type = trust\n\
         admin_users = postgres\n\
         pool_mode = {}\n\
         default_pool_size = 10\n\
         {settings}\n",
        server.ip(),
        server.port(),
        addr.ip(),
        addr.port(),
        mode.as_str(),
    )
}

/// The list of users. With `trust`, their passwords are not checked.
fn users(roles: &[&str]) -> String {
    let roles = ["postgres"].iter().chain(roles);
    let quoted = roles.map(|role| format!("\"{}\" \"\"\n", role.replace('"', "\"\"")));
    quoted.collect()
}
