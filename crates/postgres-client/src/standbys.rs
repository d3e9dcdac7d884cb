//! Reads that may be stale, from the standbys among the hosts.

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

/// What may be read from a standby: what a person looks at. A status decides what a worker does next, a
/// count what an operator believes, so they come from the primary.
const MAY_BE_STALE: [Operation; 3] = [operation::LOAD, operation::TRAIL, operation::LIST];

/// How long a standby may take for an answer before the primary is asked: well below what an attempt may
/// take.
const PATIENCE: Duration = Duration::from_secs(1);

/// The hosts of a database, in their role as standbys.
#[derive(Debug)]
pub struct Standbys {
    hosts: Vec<Host>,
    /// How old a standby's state may be.
    lag: Duration,
    /// How many reads there were, so that they take turns.
    turn: AtomicUsize,
    /// Whether the hosts have been asked at all.
    known: AtomicBool,
    closed: AtomicBool,
}

#[derive(Debug)]
struct Host {
    name: String,
    connector: Connector,
    /// Opened when it is first seen to be a standby.
    pool: OnceLock<Pool>,
    /// Until when its last known state is fresh enough.
    fresh_until: Mutex<Option<Instant>>,
    reads: AtomicU64,
}

/// A host from which reads that may be stale are answered, when it is a standby that keeps up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StandbyState {
    /// Its name and port.
    pub host: String,
    /// Whether it is a standby and lags less than the bound.
    pub fresh: bool,
    /// How many reads it has answered.
    pub reads: u64,
}

impl Standbys {
    /// Watches the hosts of `connector` from now on, as long as somebody has the answer.
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

    /// The answer of a standby; `None` if the primary is to be asked, because it must be or because no
    /// standby can.
    pub async fn read<W: PgOperation>(&self, work: &W) -> Option<W::Output> {
        if !MAY_BE_STALE.contains(&W::OPERATION) {
            return None;
        }
        let (host, pool, fresh_until) = self.next()?;
        let until = fresh_until.min(Instant::now() + PATIENCE);
        let trust = Trust { host, keep: false };
        match tokio::time::timeout_at(until, pool.run(work)).await {
            Ok(Ok(answer)) => {
                trust.kept();
                host.reads.fetch_add(1, Ordering::Relaxed);
                return Some(answer);
            }
            Ok(Err(error)) => {
                let error = ErrorChain(&error);
                tracing::warn!(host = host.name, %error, "a standby failed, the primary is asked");
            }
            Err(_elapsed) => {
                tracing::warn!(host = host.name, "a standby is slow, the primary is asked");
            }
        }
        None
    }

    /// The standby whose turn it is among those that are fresh, and until when it is.
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

    /// What is known of each host; nothing before they have been asked.
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

    /// Ends the connections; nothing is read from standbys any more.
    pub async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // What is read here can be read again.
        let pools = self.hosts.iter().filter_map(|host| host.pool.get());
        join_all(pools.map(|pool| pool.close(Duration::ZERO))).await;
    }
}

/// A standby while it is asked: unless it answers in time it is not asked again before it has proven anew
/// that it is there, also when the caller does not wait for that.
struct Trust<'h> {
    host: &'h Host,
    keep: bool,
}

impl Trust<'_> {
    fn kept(mut self) {
        self.keep = true;
    }
}

impl Drop for Trust<'_> {
    fn drop(&mut self) {
        if !self.keep {
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
