//! Serves reads that may be stale from standbys.

mod freshness;
mod monitor;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tasktrail_domain::repository::{ErrorChain, Operation};
use tasktrail_domain::task_history::operation;
use tokio::time::Instant;

use crate::connection::Connector;
use crate::pg_operation::PgOperation;
use crate::pool::Pool;

/// Operations that standbys may serve: those whose results are shown to users. A worker acts on a
/// status, and an operator relies on a count, so the primary serves those.
const MAY_BE_STALE: [Operation; 3] = [operation::LOAD, operation::TRAIL, operation::LIST];

/// How long to wait for a standby before the primary is queried: much less than an attempt may
/// take.
const STANDBY_TIMEOUT: Duration = Duration::from_secs(1);

/// Monitors the standbys of a database and reads from them.
#[derive(Debug)]
pub struct Standbys {
    hosts: Vec<Host>,
    /// The maximum age of a standby's state.
    lag: Duration,
    /// Number of reads so far, for round-robin.
    turn: AtomicUsize,
    /// Whether the hosts have been checked at least once.
    known: AtomicBool,
    closed: AtomicBool,
}

#[derive(Debug)]
struct Host {
    name: String,
    connector: Connector,
    /// Opened when the host is first found to be a standby.
    pool: OnceLock<Pool>,
    /// When its last known state becomes too old.
    fresh_until: Mutex<Option<Instant>>,
    reads: AtomicU64,
}

/// The state of a host as a standby for stale reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StandbyState {
    /// Host name and port.
    pub host: String,
    /// Whether the host is a standby and lags less than the maximum.
    pub fresh: bool,
    /// Reads served.
    pub reads: u64,
}

impl Standbys {
    /// Starts to monitor the hosts of `connector`. Stops when the returned value is dropped.
    pub fn watch(connector: &Connector, lag: Duration) -> Arc<Self> {
        let hosts = connector.hosts().into_iter();
        let standbys = Arc::new(Self {
            hosts: hosts.map(Host::new).collect(),
            lag,
            turn: AtomicUsize::new(0),
            known: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        });
        tokio::spawn(monitor::run(Arc::downgrade(&standbys)));
        standbys
    }

    /// Reads from a standby. Returns `None` if the primary must be used, because the operation must
    /// not be stale or no standby can serve it.
    pub async fn read<W: PgOperation>(&self, work: &W) -> Option<W::Output> {
        if !MAY_BE_STALE.contains(&W::OPERATION) {
            return None;
        }
        let (host, pool, fresh_until) = self.next()?;
        let until = fresh_until.min(Instant::now() + STANDBY_TIMEOUT);
        let guard = ReadGuard {
            host,
            succeeded: false,
        };
        match tokio::time::timeout_at(until, pool.run(work)).await {
            Ok(Ok(answer)) => {
                guard.succeed();
                host.reads.fetch_add(1, Ordering::Relaxed);
                return Some(answer);
            }
            Ok(Err(error)) => {
                let error = ErrorChain(&error);
                tracing::warn!(host = host.name, %error, "a standby read failed, using the primary");
            }
            Err(_elapsed) => {
                tracing::warn!(
                    host = host.name,
                    "a standby read timed out, using the primary"
                );
            }
        }
        None
    }

    /// The next fresh standby in round-robin order, and until when it is fresh.
    fn next(&self) -> Option<(&Host, &Pool, Instant)> {
        if self.is_closed() {
            return None;
        }
        let now = Instant::now();
        let fresh = |host| Host::fresh_until(host).filter(|until| now < *until);
        let usable = self.hosts.iter();
        let usable: Vec<_> = usable
            .filter_map(|host| Some((host, host.pool.get()?, fresh(host)?)))
            .collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        usable.get(turn.checked_rem(usable.len())?).copied()
    }

    /// The state of each host; empty until the hosts have been checked once.
    pub fn states(&self) -> Vec<StandbyState> {
        if !self.known.load(Ordering::Acquire) {
            return Vec::new();
        }
        let now = Instant::now();
        let state = |host: &Host| StandbyState {
            host: host.name.clone(),
            fresh: host.fresh_until().is_some_and(|until| now < until),
            reads: host.reads.load(Ordering::Relaxed),
        };
        self.hosts.iter().map(state).collect()
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn are_known(&self) {
        self.known.store(true, Ordering::Release);
    }

    /// Closes all connections and stops reading from standbys.
    pub async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Reads can be repeated on the primary, so none has to finish.
        let pools = self.hosts.iter().filter_map(|host| host.pool.get());
        join_all(pools.map(|pool| pool.close(Duration::ZERO))).await;
    }
}

/// A standby during a read. Unless the read succeeds in time, the standby is not used again until
/// the monitor has found it fresh again. This also applies if the caller drops the read.
struct ReadGuard<'h> {
    host: &'h Host,
    succeeded: bool,
}

impl ReadGuard<'_> {
    fn succeed(mut self) {
        self.succeeded = true;
    }
}

impl Drop for ReadGuard<'_> {
    fn drop(&mut self) {
        if !self.succeeded {
            self.host.set_fresh_until(None);
        }
    }
}

impl Host {
    fn new((name, connector): (String, Connector)) -> Self {
        Self {
            name,
            connector,
            pool: OnceLock::new(),
            fresh_until: Mutex::default(),
            reads: AtomicU64::new(0),
        }
    }

    fn fresh_until(&self) -> Option<Instant> {
        *self
            .fresh_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn set_fresh_until(&self, until: Option<Instant>) {
        *self
            .fresh_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = until;
    }
}
