use std::collections::VecDeque;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::TryStreamExt;
use tasktrail_domain::task_history::{Finish, TaskKey};
use tasktrail_domain::timestamp::Timestamp;
use tokio::sync::mpsc;

use super::super::row::{self, amount, final_status, summary_value};
use super::statements::{EntryRow, SelectEntries, SelectTasks, SelectTotals, Selected, TaskRow};
use super::{ExportError, ExportSelection, ExportedItem, ExportedTask};
use crate::connection::{Connector, Session};
use crate::error::StoreError;
use crate::statement::Prepared;

/// Whoever reads the export may be slow, and a long history takes long to be sorted. Only for this
/// transaction, which a pooler in between may have on a connection of others. A server without one of
/// the settings is not asked for it.
const BEGIN: &str = "
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')";

/// How many tasks are looked up at once.
const TASKS: i64 = 500;

/// How many entries are asked for at once; the trail of one task in any case, and the server sorts it.
/// They are read one by one as the server sends them.
const ENTRIES: u64 = 10_000;

/// A connection in a transaction that sees the histories as they were when it began.
pub(super) struct Snapshot {
    connection: AsyncPgConnection,
    selected: Selected,
}

impl Snapshot {
    pub(super) async fn take(
        connector: &Connector,
        selection: &ExportSelection,
    ) -> Result<Self, ExportError> {
        let session = Session {
            statement_timeout: Duration::ZERO,
        };
        let opened = connector.open(session).await;
        let mut connection = opened.map_err(|error| ExportError::Connect(error.into()))?;
        let begun = connection.batch_execute(BEGIN).await;
        begun.map_err(StoreError::from)?;
        Ok(Self {
            connection,
            selected: Selected::of(selection),
        })
    }

    /// How many tasks there are, and how many entries.
    pub(super) async fn totals(&mut self) -> Result<(u64, u64), StoreError> {
        let totals = Prepared(SelectTotals(&self.selected));
        let (tasks, entries): (i64, i64) = totals.get_result(&mut self.connection).await?;
        Ok((amount(tasks), amount(entries)))
    }

    /// Reads everything and gives it away in portions, as fast as they are taken; ends when nobody takes
    /// them any more.
    pub(super) async fn read(
        mut self,
        portions: &mpsc::Sender<Vec<ExportedItem>>,
    ) -> Result<(), StoreError> {
        let mut portion = Portion::new(portions);
        loop {
            let tasks = self.next_tasks().await?;
            let Some(last) = tasks.back() else {
                break;
            };
            self.selected.after = last.key.clone();
            self.read_tasks(tasks, &mut portion).await?;
            if portions.is_closed() {
                return Ok(());
            }
        }
        portion.send().await;
        Ok(())
    }

    async fn next_tasks(&mut self) -> Result<VecDeque<Task>, StoreError> {
        let query = Prepared(SelectTasks {
            selected: &self.selected,
            limit: TASKS,
        });
        let rows: Vec<TaskRow> = query.load(&mut self.connection).await?;
        rows.into_iter().map(Task::of).collect()
    }

    async fn read_tasks(
        &mut self,
        mut tasks: VecDeque<Task>,
        portion: &mut Portion<'_>,
    ) -> Result<(), StoreError> {
        while let Some(first) = tasks.pop_front() {
            let mut entries = first.exported.entries;
            let mut some = VecDeque::from([first]);
            while let Some(next) = tasks.front()
                && entries.saturating_add(next.exported.entries) <= ENTRIES
            {
                entries += next.exported.entries;
                some.extend(tasks.pop_front());
            }
            self.read_trails(some, portion).await?;
        }
        Ok(())
    }

    /// Reads tasks with all their entries.
    async fn read_trails(
        &mut self,
        mut tasks: VecDeque<Task>,
        portion: &mut Portion<'_>,
    ) -> Result<(), StoreError> {
        let query = Prepared(SelectEntries::of(tasks.iter().map(|task| &task.key)));
        let mut rows = query.load_stream::<EntryRow>(&mut self.connection).await?;
        let mut begun = Begun::default();
        while let Some((position, step, id, recorded_at, result)) = rows.try_next().await? {
            while begun.tasks < position
                && let Some(task) = tasks.pop_front()
            {
                portion.push(begun.task(task), 0).await;
            }
            let Some(task) = &begun.last else { continue };
            let columns = (step, id, recorded_at, result.document);
            let entry = row::entry(task.clone(), columns)?;
            portion.push(ExportedItem::Entry(entry), result.bytes).await;
            if portion.is_unwanted() {
                return Ok(());
            }
        }
        for task in tasks {
            portion.push(ExportedItem::Task(task.exported), 0).await;
        }
        Ok(())
    }
}

/// How many of the tasks that are read together have begun, and which was the last.
#[derive(Default)]
struct Begun {
    tasks: i64,
    last: Option<TaskKey>,
}

impl Begun {
    fn task(&mut self, task: Task) -> ExportedItem {
        self.tasks += 1;
        self.last = Some(task.exported.task.clone());
        ExportedItem::Task(task.exported)
    }
}

/// A task whose entries are still to be read.
struct Task {
    /// Its key as the statements take it.
    key: (String, String),
    exported: ExportedTask,
}

impl Task {
    fn of((user, task, status, at, entries): TaskRow) -> Result<Self, StoreError> {
        let shown = || format!("{user}/{task}");
        let key = summary_value("task_id", shown(), (&*user, &*task), |(user, task)| {
            TaskKey::new(user, task)
        })?;
        let finish = match (status, at) {
            (Some(status), Some(at)) => Some(Finish {
                status: final_status(shown(), &status)?,
                at: summary_value("finished_at", shown(), at, Timestamp::from_datetime)?,
            }),
            _ => None,
        };
        Ok(Self {
            key: (user, task),
            exported: ExportedTask {
                task: key,
                finish,
                entries: amount(entries),
            },
        })
    }
}

/// Items that are given away together. Few enough to hold some of them, also where results are large.
struct Portion<'p> {
    portions: &'p mpsc::Sender<Vec<ExportedItem>>,
    items: Vec<ExportedItem>,
    bytes: usize,
}

const MAX_ITEMS: usize = 1000;
const MAX_BYTES: usize = 1 << 20;

impl<'p> Portion<'p> {
    fn new(portions: &'p mpsc::Sender<Vec<ExportedItem>>) -> Self {
        Self {
            portions,
            items: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds an item of so many bytes, and waits until the portion is taken if it is full.
    async fn push(&mut self, item: ExportedItem, bytes: usize) {
        self.items.push(item);
        self.bytes += bytes;
        if self.items.len() >= MAX_ITEMS || self.bytes >= MAX_BYTES {
            self.send().await;
        }
    }

    async fn send(&mut self) {
        self.bytes = 0;
        let items = std::mem::take(&mut self.items);
        if !items.is_empty() {
            // Nobody takes it any more: the reading ends for that.
            let _unwanted = self.portions.send(items).await;
        }
    }

    fn is_unwanted(&self) -> bool {
        self.portions.is_closed()
    }
}
