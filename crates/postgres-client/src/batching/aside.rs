//! Requests for tasks that another transaction has locked. They are sent apart from requests for
//! other tasks, which would otherwise wait for the lock too.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::counter::{Counter, InFlightGuard};
use super::queued::{Queued, all_callers_gone, answer};
use super::{Batchable, refused_by_lock};
use crate::pool::Pool;

/// How long a task stays set aside after its last request was blocked, so that a caller that
/// retries does not block others again.
const LINGER: Duration = Duration::from_secs(10);

/// The tasks that are set aside, each with its own lane. A lane has one statement in flight at a
/// time, which carries all requests that were queued when it started. Later ones wait, in order.
pub(super) struct Aside<S: Batchable> {
    lanes: Mutex<HashMap<S::Key, Lane<S>>>,
    /// The number of lanes, read for every request.
    number: AtomicUsize,
    pool: Pool,
    counter: Arc<Counter>,
}

struct Lane<S: Batchable> {
    waiting: VecDeque<Queued<S>>,
    /// The number of requests in the statement in flight; `None` if no task serves the lane.
    served: Option<usize>,
    /// When an empty lane may be removed.
    until: Instant,
}

impl<S: Batchable> Aside<S> {
    pub(super) fn new(pool: Pool, counter: Arc<Counter>) -> Arc<Self> {
        Arc::new(Self {
            lanes: Mutex::default(),
            number: AtomicUsize::new(0),
            pool,
            counter,
        })
    }

    /// Whether requests for a task go to its lane.
    pub(super) fn has(&self, task: &S::Key) -> bool {
        self.number.load(Ordering::Acquire) > 0 && self.lanes().contains_key(task)
    }

    /// Sets a task aside, or extends the time for which it is.
    pub(super) fn begin(&self, task: &S::Key) {
        let mut lanes = self.lanes();
        let now = Instant::now();
        lanes.retain(|_, lane| lane.is_in_use(now));
        lanes.entry(task.clone()).or_insert_with(Lane::new).until = now + LINGER;
        self.number.store(lanes.len(), Ordering::Release);
    }

    /// Queues a request in the lane of its task; returns it if the task has no lane.
    pub(super) fn take(self: &Arc<Self>, queued: Queued<S>) -> Option<Queued<S>> {
        if self.number.load(Ordering::Acquire) == 0 {
            return Some(queued);
        }
        let task = S::key(&queued.request).clone();
        let mut lanes = self.lanes();
        let Some(lane) = lanes.get_mut(&task) else {
            return Some(queued);
        };
        if !lane.is_in_use(Instant::now()) {
            lanes.remove(&task);
            self.number.store(lanes.len(), Ordering::Release);
            return Some(queued);
        }
        self.counter.count_batched(1);
        self.add(lane, task, queued);
        None
    }

    /// Sets the tasks of blocked requests aside, and queues the requests in their lanes.
    pub(super) fn set_aside(self: &Arc<Self>, blocked: Vec<Queued<S>>) {
        for queued in blocked {
            let task = S::key(&queued.request).clone();
            self.begin(&task);
            let mut lanes = self.lanes();
            let lane = lanes.entry(task.clone()).or_insert_with(Lane::new);
            self.add(lane, task, queued);
        }
    }

    fn add(self: &Arc<Self>, lane: &mut Lane<S>, task: S::Key, queued: Queued<S>) {
        lane.waiting.push_back(queued);
        if lane.served.is_none() {
            lane.served = Some(0);
            let aside = Arc::clone(self);
            tokio::spawn(serve(Service {
                aside,
                task,
                ended: false,
            }));
        }
    }

    /// The number of tasks that are set aside, and of requests that wait for them.
    pub(super) fn numbers(&self) -> (usize, usize) {
        let (lanes, now) = (self.lanes(), Instant::now());
        let active = lanes.values().filter(|lane| lane.is_in_use(now));
        active.fold((0, 0), |(tasks, requests), lane| {
            let waiting = lane.waiting.len() + lane.served.unwrap_or_default();
            (tasks + 1, requests + waiting)
        })
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<S::Key, Lane<S>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Batchable> fmt::Debug for Aside<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aside")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl<S: Batchable> Lane<S> {
    fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            served: None,
            until: Instant::now(),
        }
    }

    fn is_in_use(&self, now: Instant) -> bool {
        self.served.is_some() || now < self.until
    }
}

/// Serves a lane until it is empty.
struct Service<S: Batchable> {
    aside: Arc<Aside<S>>,
    task: S::Key,
    ended: bool,
}

async fn serve<S: Batchable>(mut service: Service<S>) {
    while let Some(group) = service.next() {
        let blocked = service.send(group).await;
        service.back(blocked);
    }
}

impl<S: Batchable> Service<S> {
    /// The queued requests that fit into one statement. If there are none, ends the service and
    /// returns `None`.
    fn next(&mut self) -> Option<Vec<Queued<S>>> {
        let mut lanes = self.aside.lanes();
        let lane = lanes.get_mut(&self.task)?;
        lane.waiting.retain(|queued| !queued.answer.is_closed());
        let mut bytes = 0_usize;
        let fit = lane
            .waiting
            .iter()
            .take(S::MAX_REQUESTS)
            .take_while(|queued| {
                let first = bytes == 0;
                bytes = bytes.saturating_add(queued.size_bytes);
                first || bytes <= S::MAX_BYTES
            });
        let number = fit.count();
        self.ended = number == 0;
        lane.served = (!self.ended).then_some(number);
        let group = lane.waiting.drain(..number).collect();
        (!self.ended).then_some(group)
    }

    /// Sends the requests, and waits for the lock as long as the first caller may. Returns the
    /// requests that remain blocked.
    async fn send(&self, mut group: Vec<Queued<S>>) -> Option<Vec<Queued<S>>> {
        let wait = group.first()?.wait;
        let permit = tokio::select! {
            biased;
            permit = self.aside.pool.leave_to_wait(wait) => permit,
            () = all_callers_gone(group.iter_mut().map(|queued| &mut queued.answer)) => {
                return None;
            }
        };
        if permit.is_err() {
            return Some(group);
        }
        let _in_flight = InFlightGuard::with(0, Arc::clone(&self.aside.counter));
        answer(&self.aside.pool, group, wait.no_longer()).await
    }

    /// Stops setting the task aside if it was not locked. Otherwise fails the requests whose
    /// timeout has expired, and queues the others again. `None` means that the callers have gone.
    fn back(&self, blocked: Option<Vec<Queued<S>>>) {
        let mut lanes = self.aside.lanes();
        let Some(lane) = lanes.get_mut(&self.task) else {
            return;
        };
        lane.served = Some(0);
        let now = Instant::now();
        let Some(blocked) = blocked else { return };
        if blocked.is_empty() {
            lane.until = now;
            return;
        }
        lane.until = now + LINGER;
        let all = blocked.into_iter().chain(lane.waiting.drain(..));
        let expired = |queued: &Queued<S>| queued.wait.deadline().is_some_and(|end| end <= now);
        let (expired, waiting): (Vec<_>, Vec<_>) = all.partition(expired);
        lane.waiting = waiting.into();
        for queued in expired {
            let waited = queued.wait.waited();
            let _gone = queued.answer.send(Err(refused_by_lock::<S>(waited)));
        }
    }
}

impl<S: Batchable> Drop for Service<S> {
    /// Runs even if a statement panics. Dropping the waiting requests then fails their calls.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut lanes = self.aside.lanes();
        if let Some(lane) = lanes.get_mut(&self.task) {
            lane.served = None;
            lane.waiting.clear();
        }
    }
}
