//! Reads that may be stale, from the standbys among the hosts.

mod freshness;
mod monitor;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tasktrail_domain::repository::{Chain, Operation};
use tasktrail_domain::task_history::operation;
use tokio::time::Instant;

use crate::connection::Connector;
use crate::pool::Pool;
use crate::work::Work;

/// What may be read from a standby: what a person looks at. A status decides what a worker does next, a
/// count what an operator believes, so they come from the primary.
const MAY_BE_STALE: [Operation; 3] = [operation::LOAD, operation::TRAIL, operation::LIST];

/// How long a standby may take for an answer before the primary is asked.
const PATIENCE: Duration = Duration::from_secs(2);

/// The hosts of a database, in their role as standbys.
#[derive(Debug)]
pub(crate) struct Standbys {
    hosts: Vec<Host>,
    /// How old a standby's state may be.
    lag: Duration,
    /// How many reads there were, so that they take turns.
    turn: AtomicUsize,
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
    pub(crate) fn watch(connector: &Connector, lag: Duration) -> Arc<Self> {
        let hosts = connector.hosts().into_iter();
        let standbys = Arc::new(Self {
            hosts: hosts.map(Host::new).collect(),
            lag,
            turn: AtomicUsize::new(0),
        });
        tokio::spawn(monitor::run(Arc::downgrade(&standbys)));
        standbys
    }

    /// The answer of a standby; `None` if the primary is to be asked, because it must be or because no
    /// standby can.
    pub(crate) async fn read<W: Work>(&self, work: &W) -> Option<W::Answer> {
        if !MAY_BE_STALE.contains(&W::OPERATION) {
            return None;
        }
        let (host, pool) = self.next()?;
        match tokio::time::timeout(PATIENCE, pool.run(work)).await {
            Ok(Ok(answer)) => {
                host.reads.fetch_add(1, Ordering::Relaxed);
                return Some(answer);
            }
            Ok(Err(error)) => {
                let error = Chain(&error);
                tracing::warn!(host = host.name, %error, "a standby failed, the primary is asked");
            }
            Err(_elapsed) => {
                tracing::warn!(host = host.name, "a standby is slow, the primary is asked");
            }
        }
        host.is_fresh_until(None);
        None
    }

    /// The standby whose turn it is among those that are fresh.
    fn next(&self) -> Option<(&Host, &Pool)> {
        let now = Instant::now();
        let fresh = self.hosts.iter().filter(|host| host.is_fresh(now));
        let fresh: Vec<_> = fresh
            .filter_map(|host| Some((host, host.pool.get()?)))
            .collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        fresh.get(turn.checked_rem(fresh.len())?).copied()
    }

    pub(crate) fn states(&self) -> Vec<StandbyState> {
        let now = Instant::now();
        let state = |host: &Host| StandbyState {
            host: host.name.clone(),
            fresh: host.is_fresh(now),
            reads: host.reads.load(Ordering::Relaxed),
        };
        self.hosts.iter().map(state).collect()
    }

    /// Ends the connections; nothing is read from standbys any more.
    pub(crate) async fn close(&self) {
        for host in &self.hosts {
            host.is_fresh_until(None);
            if let Some(pool) = host.pool.get() {
                // What is read here can be read again.
                pool.close(Duration::ZERO).await;
            }
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

    fn is_fresh(&self, now: Instant) -> bool {
        let until = self.fresh_until.lock();
        until
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|until| now < until)
    }

    fn is_fresh_until(&self, until: Option<Instant>) {
        *self
            .fresh_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = until;
    }
}
