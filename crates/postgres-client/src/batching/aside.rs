//! Requests about tasks that other transactions keep locked. They share no statement with requests about
//! other tasks, which would have to wait with them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::batch_task::{Queued, answer, everybody_gone};
use super::counter::{Counter, InFlightGuard};
use super::{Batchable, refused_by_lock};
use crate::pool::Pool;

/// How long a task stays aside after the last request about it has waited without success: a caller who
/// tries again does not hold up the others a second time.
const LINGER: Duration = Duration::from_secs(10);

/// The tasks that are set aside, each with a lane of its own. In a lane one statement at a time waits, with
/// all requests about the task that were there when it began; behind it the others keep their order.
pub(super) struct Aside<S: Batchable> {
    lanes: Mutex<HashMap<S::Key, Lane<S>>>,
    /// How many lanes there are: looked at for every request.
    number: AtomicUsize,
    pool: Pool,
    counter: Arc<Counter>,
}

struct Lane<S: Batchable> {
    waiting: VecDeque<Queued<S>>,
    /// How many requests the statement under way carries; `None` if nobody serves the lane.
    served: Option<usize>,
    /// Until when it stays without requests.
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

    /// Whether requests about a task go to its lane.
    pub(super) fn has(&self, task: &S::Key) -> bool {
        self.number.load(Ordering::Acquire) > 0 && self.lanes().contains_key(task)
    }

    /// Sets a task aside, or keeps it there.
    pub(super) fn begin(&self, task: &S::Key) {
        let mut lanes = self.lanes();
        let now = Instant::now();
        lanes.retain(|_, lane| lane.is_in_use(now));
        lanes.entry(task.clone()).or_insert_with(Lane::new).until = now + LINGER;
        self.number.store(lanes.len(), Ordering::Release);
    }

    /// Takes a request into the lane of its task; gives it back if there is none.
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

    /// Sets requests aside that were held up, and their tasks.
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

    /// How many tasks are set aside, and how many requests wait for them.
    pub(super) fn numbers(&self) -> (usize, usize) {
        let (lanes, now) = (self.lanes(), Instant::now());
        let in_use = lanes.values().filter(|lane| lane.is_in_use(now));
        in_use.fold((0, 0), |(tasks, requests), lane| {
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

/// The service of a lane, until it is empty.
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
    /// All that waits, as far as one statement carries it; `None` and the end of the service if nothing
    /// does.
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

    /// Waits for the task as long as the first of the callers may; gives those back who were not answered.
    async fn send(&self, mut group: Vec<Queued<S>>) -> Option<Vec<Queued<S>>> {
        let wait = group.first()?.wait;
        let leave = tokio::select! {
            biased;
            leave = self.aside.pool.leave_to_wait(wait) => leave,
            () = everybody_gone(group.iter_mut().map(|queued| &mut queued.answer)) => {
                return None;
            }
        };
        if leave.is_err() {
            return Some(group);
        }
        let _in_flight = InFlightGuard::with(0, Arc::clone(&self.aside.counter));
        answer(&self.aside.pool, group, wait.no_longer()).await
    }

    /// Ends the task's time aside if it was not locked. Else answers those who may not wait any longer, and
    /// keeps the others. `None` says that the callers have gone.
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
        let over = |queued: &Queued<S>| queued.wait.deadline().is_some_and(|end| end <= now);
        let (over, waiting): (Vec<_>, Vec<_>) = all.partition(over);
        lane.waiting = waiting.into();
        for queued in over {
            let waited = queued.wait.waited();
            let _gone = queued.answer.send(Err(refused_by_lock::<S>(waited)));
        }
    }
}

impl<S: Batchable> Drop for Service<S> {
    /// Also when a statement panics: then those who wait are told that there is no answer.
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
