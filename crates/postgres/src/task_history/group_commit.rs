//! Saves of many callers in few statements.
//!
//! A caller who is alone saves at once, by itself. Saves that arrive while others are on their way to the
//! server wait in a queue, and go together when one of a few writers is free: no timer, so nobody waits
//! for company. Each caller is told what became of its own entry, after the commit that holds it.

mod answers;
mod round;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, RepositoryError, Result};
use tasktrail_domain::task_history::{HistoryEntry, TaskStatus, operation};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::operations;
use super::save::{STATEMENT_BYTES, STATEMENT_ENTRIES};
use crate::error::{AcquireError, StoreError};
use crate::pool::Pool;

/// How much may wait in the queue or be under way, in units of [`UNIT`]: callers beyond that wait for room.
const ROOM: u32 = 64 << 10;

/// The room that an entry takes is counted in KiB, one at least.
const UNIT: usize = 1 << 10;

/// The way of saves to the server that they share.
#[derive(Debug)]
pub(crate) struct GroupCommit {
    pool: Pool,
    queue: mpsc::UnboundedSender<Request>,
    /// Whether a caller is saving alone.
    busy_alone: AtomicBool,
    room: Arc<Semaphore>,
    counter: Arc<Counter>,
}

/// The right of a caller to save alone.
struct Alone<'g>(&'g AtomicBool);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What the group commit has done since the database was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupCommitStatistics {
    /// How many saves are in the queue or on their way.
    pub under_way: u32,
    /// How many saves went by themselves, because nobody else was saving.
    pub alone: u64,
    /// How many went together with others, or waited for their turn.
    pub grouped: u64,
    /// In how many statements those went.
    pub statements: u64,
}

#[derive(Debug, Default)]
struct Counter {
    under_way: AtomicU32,
    /// Statements that have a connection, or are getting one.
    writing: AtomicU32,
    alone: AtomicU64,
    grouped: AtomicU64,
    statements: AtomicU64,
}

/// An entry on its way, and who waits for it.
struct Request {
    entry: HistoryEntry,
    answer: oneshot::Sender<Result<TaskStatus>>,
    place: Place,
}

/// A place among the saves that are under way.
struct Place {
    counter: Arc<Counter>,
    _room: OwnedSemaphorePermit,
}

impl Place {
    fn taken(counter: &Arc<Counter>, room: OwnedSemaphorePermit) -> Self {
        counter.under_way.fetch_add(1, Ordering::Relaxed);
        Self {
            counter: Arc::clone(counter),
            _room: room,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counter.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl GroupCommit {
    /// Begins to take saves, for as many writers.
    pub(crate) fn start(pool: Pool, writers: u32) -> Arc<Self> {
        let writers = usize::try_from(writers).unwrap_or(Semaphore::MAX_PERMITS);
        let (queue, requests) = mpsc::unbounded_channel();
        let group = Self {
            busy_alone: AtomicBool::new(false),
            room: Arc::new(Semaphore::new(usize::try_from(ROOM).unwrap_or(usize::MAX))),
            counter: Arc::default(),
            pool: pool.clone(),
            queue,
        };
        tokio::spawn(dispatch(
            requests,
            Arc::new(Semaphore::new(writers)),
            pool,
            Arc::clone(&group.counter),
        ));
        Arc::new(group)
    }

    /// Saves an entry, alone or with others.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the entry saved or not, and the others alone. Where nobody waits for any
    /// entry of a statement any more, the statement is cancelled.
    pub(crate) async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus> {
        if let Some(_alone) = self.all_to_itself() {
            self.counter.alone.fetch_add(1, Ordering::Relaxed);
            let saved = self.pool.run(&operations::Save(entry)).await;
            return saved.map_err(|error| error.during(operation::SAVE));
        }
        let room = self.room_for(entry).await.map_err(refused)?;
        let (answer, answered) = oneshot::channel();
        let request = Request {
            entry: entry.clone(),
            answer,
            place: Place::taken(&self.counter, room),
        };
        // Whoever closes the pool waits for all of the room, and so for this request.
        if !self.pool.is_open() || self.queue.send(request).is_err() {
            return Err(refused(AcquireError::Closed));
        }
        answered.await.unwrap_or_else(|_gone| {
            let error = RepositoryError::new(operation::SAVE, ErrorKind::Closed, Effect::Unknown);
            Err(error)
        })
    }

    /// The right to save alone, if nobody else is saving. It is no writer: who comes later must not wait for
    /// a caller who may not poll his future. The pool tells whether it was closed.
    fn all_to_itself(&self) -> Option<Alone<'_>> {
        if self.counter.under_way.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let taken = self.busy_alone.swap(true, Ordering::AcqRel);
        (!taken).then(|| Alone(&self.busy_alone))
    }

    async fn room_for(
        &self,
        entry: &HistoryEntry,
    ) -> std::result::Result<OwnedSemaphorePermit, AcquireError> {
        let units = entry.step_result.size_bytes().div_ceil(UNIT).max(1);
        let units = u32::try_from(units).unwrap_or(ROOM).min(ROOM);
        let room = Arc::clone(&self.room).acquire_many_owned(units);
        let patience = self.pool.patience();
        tokio::select! {
            biased;
            () = self.pool.draining() => Err(AcquireError::Closed),
            room = timeout(patience, room) => match room {
                Ok(Ok(room)) => Ok(room),
                Ok(Err(_closed)) => Err(AcquireError::Closed),
                Err(_elapsed) => Err(AcquireError::Queue {
                    waited: patience,
                    ahead: self.counter.under_way.load(Ordering::Relaxed),
                }),
            },
        }
    }

    /// How many saves are in the queue or on their way, and how many statements carry them.
    pub(crate) fn under_way(&self) -> (u32, u32) {
        let counter = &self.counter;
        let saves = counter.under_way.load(Ordering::Relaxed);
        (saves, counter.writing.load(Ordering::Relaxed))
    }

    /// Waits until the saves under way are done, until `deadline` at most, once the pool is drained and
    /// takes no more.
    pub(crate) async fn flush(&self, deadline: Duration) {
        let flushed = timeout(deadline, self.room.acquire_many(ROOM)).await;
        tracing::debug!(all = flushed.is_ok(), "flushed the saves");
    }

    pub(crate) fn statistics(&self) -> GroupCommitStatistics {
        let counter = &self.counter;
        GroupCommitStatistics {
            under_way: counter.under_way.load(Ordering::Relaxed),
            alone: counter.alone.load(Ordering::Relaxed),
            grouped: counter.grouped.load(Ordering::Relaxed),
            statements: counter.statements.load(Ordering::Relaxed),
        }
    }
}

fn refused(error: AcquireError) -> RepositoryError {
    StoreError::Acquire(error).during(operation::SAVE)
}

/// Gives what is in the queue to writers, until nobody can send any more.
async fn dispatch(
    mut requests: mpsc::UnboundedReceiver<Request>,
    writers: Arc<Semaphore>,
    pool: Pool,
    counter: Arc<Counter>,
) {
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(request) => request,
            None => match requests.recv().await {
                Some(request) => request,
                None => return,
            },
        };
        let Ok(writer) = Arc::clone(&writers).acquire_owned().await else {
            return;
        };
        // Those who were answered just now get to their next save before the statement is made.
        tokio::task::yield_now().await;
        let (group, beyond) = take(first, &mut requests);
        next = beyond;
        counter.statements.fetch_add(1, Ordering::Relaxed);
        let number = u64::try_from(group.len()).unwrap_or(u64::MAX);
        counter.grouped.fetch_add(number, Ordering::Relaxed);
        let (pool, writing) = (pool.clone(), Writing::begun(Arc::clone(&counter)));
        tokio::spawn(async move {
            write(&pool, group).await;
            drop((writing, writer));
        });
    }
}

/// A statement that is being written, also when that panics.
struct Writing(Arc<Counter>);

impl Writing {
    fn begun(counter: Arc<Counter>) -> Self {
        counter.writing.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.writing.fetch_sub(1, Ordering::Relaxed);
    }
}

/// As much of the queue as one statement carries, and the request that did not fit any more. Those for
/// which nobody waits any more are left out.
fn take(
    first: Request,
    requests: &mut mpsc::UnboundedReceiver<Request>,
) -> (Vec<Request>, Option<Request>) {
    let (mut group, mut bytes) = (Vec::new(), 0_usize);
    let mut next = Some(first);
    while let Some(request) = next {
        let size = request.entry.step_result.size_bytes();
        let full = bytes.saturating_add(size) > STATEMENT_BYTES && !group.is_empty();
        if full || group.len() == STATEMENT_ENTRIES {
            return (group, Some(request));
        }
        if !request.answer.is_closed() {
            bytes = bytes.saturating_add(size);
            group.push(request);
        }
        next = requests.try_recv().ok();
    }
    (group, None)
}

/// Saves a group and answers everybody; or stops when nobody waits for an answer any more.
async fn write(pool: &Pool, group: Vec<Request>) {
    let (mut entries, mut answers, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for request in group {
        entries.push(request.entry);
        answers.push(request.answer);
        places.push(request.place);
    }
    let outcomes = tokio::select! {
        biased;
        outcomes = round::save(pool, &entries) => outcomes,
        () = everybody_gone(&mut answers) => return,
    };
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // Who has gone meanwhile may ask again.
        let _gone = answer.send(outcome);
    }
    drop(places);
}

/// Waits for one after the other, which takes as long as waiting for all at once.
async fn everybody_gone(answers: &mut [oneshot::Sender<Result<TaskStatus>>]) {
    for answer in answers {
        answer.closed().await;
    }
}
