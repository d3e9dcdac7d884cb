//! Workers that make reports.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tasktrail::TaskKey;
use tasktrail::task_history::TaskStatus;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::orders::{Orders, Step};
use crate::reports::Result;

/// Workers that make the reports of a queue.
#[derive(Debug)]
pub struct Workers {
    stopping: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts workers for the returned queue.
    #[must_use]
    pub fn start(orders: &Orders, number: usize) -> (mpsc::Sender<TaskKey>, Self) {
        let (sender, receiver) = mpsc::channel(1000);
        let receiver = Arc::new(Mutex::new(receiver));
        let stopping = Arc::<AtomicBool>::default();
        let work = || work(orders.clone(), Arc::clone(&receiver), Arc::clone(&stopping));
        let workers = (0..number).map(|_| tokio::spawn(work())).collect();
        (sender, Self { stopping, workers })
    }

    /// Waits until the workers have made the reports that they have begun. Drop the queue before. The
    /// next start of the service takes up what is left in the queue.
    ///
    /// # Errors
    ///
    /// If a worker has panicked.
    pub async fn stop(self) -> Result<()> {
        self.stopping.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await?;
        }
        Ok(())
    }
}

async fn work(
    orders: Orders,
    queue: Arc<Mutex<mpsc::Receiver<TaskKey>>>,
    stopping: Arc<AtomicBool>,
) {
    loop {
        let next = queue.lock().await.recv().await;
        let Some(task) = next else { return };
        if stopping.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = make_report(&orders, &task).await {
            // The task stays open. The next start of the service takes it up again.
            tracing::error!(user = %task.user, task = %task.task, error = %error, "report not made");
        }
    }
}

/// Makes a report, from the first step that is not recorded yet. Stops if the user cancels it.
///
/// # Errors
///
/// If a step cannot be recorded.
pub async fn make_report(orders: &Orders, task: &TaskKey) -> Result<()> {
    let recorded = orders.last_step(task).await?;
    for step in [Step::Collected, Step::Rendered] {
        if recorded.is_some_and(|last| last >= step) {
            continue;
        }
        // The work of the step would be here.
        let status = orders.record(task, step, json!({ "pages": 12 })).await?;
        if status == TaskStatus::Cancelled {
            return Ok(());
        }
    }
    orders
        .deliver(task, &format!("/files/{}.pdf", task.task))
        .await
}
