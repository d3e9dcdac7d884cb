//! Writers that continue through faults, and record which saves were acknowledged.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tasktrail::TaskKey;
use tasktrail::repository::{Effect, ErrorChain, RepositoryError};
use tasktrail::task_history::{HistoryEntry, TaskHistoryRepository, TaskHistoryRepositoryExt};
use tasktrail_test_support::wait_until;
use tokio::task::JoinHandle;

use crate::saves;

/// Concurrent writers. Each saves one entry after the other to its own task, until you
/// [finish](Self::finish) them. They do not retry a save that fails.
#[derive(Debug)]
pub struct Writers(Vec<Writer>);

#[derive(Debug)]
struct Writer {
    stop: Arc<AtomicBool>,
    count: Arc<Count>,
    running: JoinHandle<Written>,
}

/// The progress of a running writer.
#[derive(Debug, Default)]
struct Count {
    acknowledged: AtomicUsize,
    failed: AtomicUsize,
}

/// The result of one writer, or of all.
#[derive(Debug, Default)]
pub struct Written {
    /// The saves that succeeded.
    pub acknowledged: Vec<Acknowledged>,
    /// The saves that failed, each with its error.
    pub failed: Vec<(HistoryEntry, RepositoryError)>,
    /// The duration of the longest call.
    pub longest: Duration,
}

/// A save that succeeded.
#[derive(Debug)]
pub struct Acknowledged {
    /// What was saved.
    pub entry: HistoryEntry,
    /// When the call returned.
    pub at: Instant,
}

impl Writers {
    /// Starts `count` writers.
    #[must_use]
    pub fn start(history: &Arc<dyn TaskHistoryRepository>, count: usize) -> Self {
        let start = |number| {
            let task = TaskKey::new("user", format!("writer-{number}")).unwrap();
            Writer::start(Arc::clone(history), task)
        };
        Self((0..count).map(start).collect())
    }

    /// Returns the number of acknowledged saves of each writer so far.
    #[must_use]
    pub fn progress(&self) -> Vec<usize> {
        let acknowledged = |writer: &Writer| writer.count.acknowledged.load(Ordering::Relaxed);
        self.0.iter().map(acknowledged).collect()
    }

    /// Returns the number of failed saves of each writer so far.
    #[must_use]
    pub fn failures(&self) -> Vec<usize> {
        let failed = |writer: &Writer| writer.count.failed.load(Ordering::Relaxed);
        self.0.iter().map(failed).collect()
    }

    /// Blocks until each writer gets another acknowledgement.
    pub fn wait_until_all_save(&self, what: &str) {
        wait_until_all_grow(what, || self.progress());
    }

    /// Returns how much longer a step of a test may take on this machine than on an idle one: ten
    /// times the time until each writer gets another acknowledgement. Call it while nothing fails.
    #[must_use]
    pub fn slack(&self) -> Duration {
        let started = Instant::now();
        self.wait_until_all_save("every writer saves");
        started.elapsed() * 10
    }

    /// Blocks until another save of each writer fails.
    pub fn wait_until_all_fail(&self, what: &str) {
        wait_until_all_grow(what, || self.failures());
    }

    /// Stops all writers after their current save, and compares their records with `store`. Panics
    /// unless every acknowledged entry is stored exactly once, no entry is stored twice, and no
    /// entry is stored whose save reported that it was not applied.
    pub async fn finish(self, store: &dyn TaskHistoryRepository) -> Written {
        for writer in &self.0 {
            writer.stop.store(true, Ordering::Relaxed);
        }
        let mut all = Written::default();
        for writer in self.0 {
            let written = writer.running.await.unwrap();
            written.assert_is_in(store).await;
            all.add(written);
        }
        all
    }
}

impl Writer {
    fn start(history: Arc<dyn TaskHistoryRepository>, task: TaskKey) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(Count::default());
        let written = write(history, task, Arc::clone(&stop), Arc::clone(&count));
        Self {
            stop,
            count,
            running: tokio::spawn(written),
        }
    }
}

/// Needs a multi-threaded runtime, so that the writers continue during the wait.
fn wait_until_all_grow(what: &str, counts: impl Fn() -> Vec<usize>) {
    let before = counts();
    let all_grew = || {
        counts()
            .iter()
            .zip(&before)
            .all(|(now, before)| now > before)
    };
    tokio::task::block_in_place(|| wait_until(what, all_grew));
}

async fn write(
    history: Arc<dyn TaskHistoryRepository>,
    task: TaskKey,
    stop: Arc<AtomicBool>,
    count: Arc<Count>,
) -> Written {
    let mut written = Written::default();
    for step in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let entry = saves::entry(&task, step);
        let started = Instant::now();
        let saved = history.save(&entry).await;
        let at = Instant::now();
        written.longest = written.longest.max(at - started);
        match saved {
            Ok(_) => {
                written.acknowledged.push(Acknowledged { entry, at });
                count.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                written.failed.push((entry, error));
                count.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    written
}

impl Written {
    /// Returns the time from `start` until the first acknowledgement of any task, and until every
    /// task had one.
    #[must_use]
    pub fn first_and_all_since(&self, start: Instant) -> (Duration, Duration) {
        let mut firsts = HashMap::new();
        for Acknowledged { entry, at } in &self.acknowledged {
            let first = firsts.entry(&entry.task).or_insert(None);
            if *at >= start {
                first.get_or_insert(*at - start);
            }
        }
        let firsts: Vec<_> = firsts
            .into_values()
            .map(|first| first.unwrap_or(Duration::MAX))
            .collect();
        (
            firsts.iter().min().copied().unwrap_or(Duration::MAX),
            firsts.iter().max().copied().unwrap_or(Duration::MAX),
        )
    }

    async fn assert_is_in(&self, store: &dyn TaskHistoryRepository) {
        let acknowledged = self.acknowledged.iter().map(|saved| &saved.entry);
        let failed = self.failed.iter().map(|(entry, _)| entry);
        let Some(any) = acknowledged.clone().chain(failed).next() else {
            return;
        };
        let mut copies = HashMap::<_, usize>::new();
        for stored in store.trail_all(&any.task).await.unwrap() {
            *copies.entry(stored.id).or_default() += 1;
        }
        let copies_of = |entry: &HistoryEntry| copies.get(&entry.id).copied().unwrap_or_default();
        for entry in acknowledged {
            assert_eq!(
                copies_of(entry),
                1,
                "acknowledged: {} of {}",
                entry.id,
                entry.task
            );
        }
        for (entry, error) in &self.failed {
            let most = usize::from(error.effect() == Effect::Unknown);
            assert!(
                copies_of(entry) <= most,
                "{}: {}",
                entry.id,
                ErrorChain(error)
            );
        }
    }

    fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.failed.extend(other.failed);
        self.longest = self.longest.max(other.longest);
    }
}
