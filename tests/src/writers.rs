//! Writers that go on through every fault, and know afterwards what was acknowledged.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tasktrail::repository::{Effect, ErrorChain, RepositoryError};
use tasktrail::task_history::{
    HistoryEntry, TaskHistoryRepository, TaskHistoryRepositoryExt, TaskKey,
};
use tasktrail_test_support::wait_until;
use tokio::task::JoinHandle;

use crate::saves;

/// Tasks of the runtime that save one entry after the other, each to a history of its own, until they
/// [finish](Self::finish). They do not repeat a save that fails.
#[derive(Debug)]
pub struct Writers(Vec<Writer>);

#[derive(Debug)]
struct Writer {
    stop: Arc<AtomicBool>,
    count: Arc<Count>,
    running: JoinHandle<Written>,
}

/// What a writer that runs has done so far.
#[derive(Debug, Default)]
struct Count {
    acknowledged: AtomicUsize,
    failed: AtomicUsize,
}

/// What one writer has done, or all of them.
#[derive(Debug, Default)]
pub struct Written {
    /// The saves that succeeded.
    pub acknowledged: Vec<Acknowledged>,
    /// The saves that did not, with the last error of each.
    pub failed: Vec<(HistoryEntry, RepositoryError)>,
    /// How long the longest call took.
    pub longest: Duration,
}

/// A save that succeeded.
#[derive(Debug)]
pub struct Acknowledged {
    /// What was saved.
    pub entry: HistoryEntry,
    /// When the call ended.
    pub at: Instant,
}

impl Writers {
    /// Starts so many of them.
    #[must_use]
    pub fn start(history: &Arc<dyn TaskHistoryRepository>, count: usize) -> Self {
        let start = |number| {
            let task = TaskKey::new("user", format!("writer-{number}")).unwrap();
            Writer::start(Arc::clone(history), task)
        };
        Self((0..count).map(start).collect())
    }

    /// How many saves of each were acknowledged so far.
    #[must_use]
    pub fn progress(&self) -> Vec<usize> {
        let acknowledged = |writer: &Writer| writer.count.acknowledged.load(Ordering::Relaxed);
        self.0.iter().map(acknowledged).collect()
    }

    /// How many saves of each failed so far.
    #[must_use]
    pub fn failures(&self) -> Vec<usize> {
        let failed = |writer: &Writer| writer.count.failed.load(Ordering::Relaxed);
        self.0.iter().map(failed).collect()
    }

    /// Blocks until each has had a save acknowledged from now on.
    pub fn wait_until_all_save(&self, what: &str) {
        wait_until_all_grow(what, || self.progress());
    }

    /// How much longer than on an idle machine a step of a test may take on this one: ten times what it
    /// takes each of them now, while nothing fails, to have a save acknowledged.
    #[must_use]
    pub fn slack(&self) -> Duration {
        let started = Instant::now();
        self.wait_until_all_save("every writer saves");
        started.elapsed() * 10
    }

    /// Blocks until a save of each has failed from now on.
    pub fn wait_until_all_fail(&self, what: &str) {
        wait_until_all_grow(what, || self.failures());
    }

    /// Has each end its last save, and compares what they know with what is in `store`: every
    /// acknowledged entry is there once, none is there twice, and none whose save certainly was not
    /// applied is there.
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

/// In a test of several threads: the others run on meanwhile.
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
    /// How long after `start` the first save was acknowledged, and the last of the firsts of all
    /// tasks.
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
        for there in store.trail_all(&any.task).await.unwrap() {
            *copies.entry(there.id).or_default() += 1;
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
