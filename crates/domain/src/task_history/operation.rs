//! The port's methods by name, for errors, logs and metrics.

use crate::repository::Operation;

/// [`save`](super::TaskHistoryRepository::save).
pub const SAVE: Operation = Operation::idempotent("task_history.save");
/// [`save_batch`](super::TaskHistoryRepository::save_batch).
pub const SAVE_BATCH: Operation = Operation::idempotent("task_history.save_batch");
/// [`load`](super::TaskHistoryRepository::load).
pub const LOAD: Operation = Operation::idempotent("task_history.load");
/// [`trail`](super::TaskHistoryRepository::trail).
pub const TRAIL: Operation = Operation::idempotent("task_history.trail");
/// [`status`](super::TaskHistoryRepository::status).
pub const STATUS: Operation = Operation::idempotent("task_history.status");
/// [`finish`](super::TaskHistoryRepository::finish).
pub const FINISH: Operation = Operation::once("task_history.finish");
/// [`finish_batch`](super::TaskHistoryRepository::finish_batch).
pub const FINISH_BATCH: Operation = Operation::once("task_history.finish_batch");
/// [`list`](super::TaskHistoryRepository::list).
pub const LIST: Operation = Operation::idempotent("task_history.list");
/// [`count`](super::TaskHistoryRepository::count).
pub const COUNT: Operation = Operation::idempotent("task_history.count");
/// [`expired`](super::TaskHistoryRepository::expired).
pub const EXPIRED: Operation = Operation::idempotent("task_history.expired");
/// [`remove_expired`](super::TaskHistoryRepository::remove_expired).
pub const REMOVE_EXPIRED: Operation = Operation::once("task_history.remove_expired");
