//! A worker that continues after a crash, after the last step that it has saved.
//!
//! ```sh
//! export DATABASE_URL=postgres://postgres@localhost/tasks
//! # Begins two tasks of alice.
//! cargo run -p tasktrail-examples --bin recovering-worker -- alice report-7 report-8
//! # Continues what an earlier process left open: tasks with at least one saved step. A task that an
//! # earlier process has not reached is not recorded, so begin it again.
//! cargo run -p tasktrail-examples --bin recovering-worker
//! ```
//!
//! It continues every open task in the database, so use a database of its own and run one process.
//! Several processes need a rule for who continues what, for example a prefix of the user ids for
//! each of them.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::env;
use std::error::Error;
use std::time::Duration;

use serde_json::json;
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::task_history::{FinalStatus, StepNumber, TaskFilter, TaskStatus, TaskStepResult};
use tasktrail::{DatabaseConfig, DatabaseManager, TaskKey, UserPrefix};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const STEPS: u16 = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let history = DatabaseManager::new(DatabaseConfig::load()?);
    history.connect().await?;

    let mut tasks = open_tasks(&history).await?;
    let mut arguments = env::args().skip(1);
    if let Some(user) = arguments.next() {
        for task in arguments {
            tasks.push(TaskKey::new(user.as_str(), task)?);
        }
    }
    for task in &tasks {
        work(&history, task).await?;
    }
    history.close().await;
    Ok(())
}

/// The tasks of all users that are not finished.
async fn open_tasks(history: &DatabaseManager) -> Result<Vec<TaskKey>> {
    let history = history.task_history()?;
    let open = TaskFilter::default().with_finished(false);
    let (mut tasks, mut page) = (Vec::new(), PageRequest::first(PageSize::MAX));
    loop {
        let found = history.list_all(&UserPrefix::ALL, &open, &page).await?;
        tasks.extend(found.items.into_iter().map(|summary| summary.task));
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(tasks),
        }
    }
}

/// Does the steps that are not saved yet, then finishes the task.
async fn work(history: &DatabaseManager, task: &TaskKey) -> Result<()> {
    let saved = history.load_task_history(task).await?;
    let done = saved.last().map_or(0, |last| last.step.get() + 1);
    for number in u16::try_from(done)?..STEPS {
        // The work of a step. A crash in it repeats this step, and no other.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let step = TaskStepResult::builder(format!("step {number}"), TaskStatus::Running)
            .completed(true)
            .result(json!({ "number": number }))
            .build()?;
        let status = history
            .save_task_history(task, StepNumber::from(number), step)
            .await?;
        println!("saved {}/{} {number}", task.user, task.task);
        if status == TaskStatus::Cancelled {
            return Ok(());
        }
    }
    history.finish_task(task, FinalStatus::Completed).await?;
    println!("finished {}/{}", task.user, task.task);
    Ok(())
}
