//! Workers that make reports.

use std::sync::Arc;

use serde_json::json;
use tasktrail::TaskKey;
use tasktrail::task_history::TaskStatus;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::orders::{Orders, Step};
use crate::reports::Result;

/// Starts workers that make the reports of the returned queue, until its last sender is dropped.
#[must_use]
pub fn start(orders: &Orders, number: usize) -> (mpsc::Sender<TaskKey>, Vec<JoinHandle<()>>) {
    let (sender, receiver) = mpsc::channel(1000);
    let receiver = Arc::new(Mutex::new(receiver));
    let work = || tokio::spawn(work(orders.clone(), Arc::clone(&receiver)));
    (sender, (0..number).map(|_| work()).collect())
}

async fn work(orders: Orders, queue: Arc<Mutex<mpsc::Receiver<TaskKey>>>) {
    loop {
        let next = queue.lock().await.recv().await;
        let Some(task) = next else { return };
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
