use std::collections::VecDeque;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::TryStreamExt;
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::Finish;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::connection::{Connector, Session};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::Prepared;
use tokio::sync::mpsc;

use super::super::row::{self, amount, final_status, summary_value};
use super::statements::{EntryRow, SelectEntries, SelectTasks, SelectTotals, Selected, TaskRow};
use super::{ExportAmount, ExportError, ExportSelection, ExportedItem, ExportedTask};

/// Starts the transaction of an export.
///
/// The tables are locked before the first query, because locking takes no snapshot. Partitions are
/// read from the current catalogs, so a partition that is replaced after the snapshot would appear
/// empty: its rows are newer than the snapshot. While the locks are held, no partition can be
/// replaced, detached, dropped or truncated. Saves and reads continue.
///
/// There are no timeouts, because the consumer of the export may be slow, and sorting a long
/// history takes time. They are changed only for this transaction, because a pooler may give the
/// connection to other clients afterwards. Settings that a server does not have are skipped.
const BEGIN: &str = "
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    LOCK TABLE task_history, task_summary IN ACCESS SHARE MODE;
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')";

/// How many tasks one query reads.
const TASKS: i64 = 500;

/// How many entries one query requests, except that the trail of a task is never split; the server
/// sorts it. Rows are streamed.
const ENTRIES: u64 = 10_000;

/// A connection with a transaction that sees the histories as of its start.
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

    /// Returns the total to read, according to the summaries.
    pub(super) async fn totals(&mut self) -> Result<ExportAmount, StoreError> {
        let totals = Prepared(SelectTotals(&self.selected));
        let (tasks, entries, finishes): (i64, i64, i64) =
            totals.get_result(&mut self.connection).await?;
        Ok(ExportAmount {
            tasks: amount(tasks),
            entries: amount(entries),
            finishes: amount(finishes),
        })
    }

    /// Reads everything and sends it in portions, at the speed of the receiver. Stops if the
    /// receiver is dropped. Fails if the amount differs from `expected`.
    pub(super) async fn read(
        mut self,
        expected: ExportAmount,
        portions: &mpsc::Sender<Vec<ExportedItem>>,
    ) -> Result<(), ExportError> {
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
        let read = portion.read;
        if read == expected {
            Ok(())
        } else {
            Err(ExportError::Incomplete { expected, read })
        }
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
    ) -> Result<(), ExportError> {
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
        tasks: VecDeque<Task>,
        portion: &mut Portion<'_>,
    ) -> Result<(), ExportError> {
        let query = Prepared(SelectEntries::of(tasks.iter().map(|task| &task.key)));
        let rows = query.load_stream::<EntryRow>(&mut self.connection).await;
        let mut rows = rows.map_err(StoreError::from)?;
        let mut trails = Trails::of(tasks);
        while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
            let (position, step, id, recorded_at, result) = row;
            while trails.begun < position
                && let Some(task) = trails.next()?
            {
                portion.push(ExportedItem::Task(task), 0).await;
            }
            let Some(task) = trails.entry() else { continue };
            let columns = (step, id, recorded_at, result.result);
            let entry = row::entry(task, columns)?;
            portion.push(ExportedItem::Entry(entry), result.bytes).await;
            if portion.is_unwanted() {
                return Ok(());
            }
        }
        while let Some(task) = trails.next()? {
            portion.push(ExportedItem::Task(task), 0).await;
        }
        Ok(())
    }
}

/// Consecutive trails. Each must be as long as the task's summary records.
struct Trails {
    waiting: VecDeque<Task>,
    /// The task whose entries are being read.
    current: Option<ExportedTask>,
    /// Number of entries of that task read so far.
    entries: u64,
    /// Number of tasks started.
    begun: i64,
}

impl Trails {
    fn of(waiting: VecDeque<Task>) -> Self {
        Self {
            waiting,
            current: None,
            entries: 0,
            begun: 0,
        }
    }

    /// Ends the current trail and starts the next; `None` after the last.
    fn next(&mut self) -> Result<Option<ExportedTask>, ExportError> {
        if let Some(ended) = self.current.take()
            && ended.entries != self.entries
        {
            return Err(ExportError::Trail {
                expected: ended.entries,
                task: ended.task,
                read: self.entries,
            });
        }
        self.current = self.waiting.pop_front().map(|task| task.exported);
        self.entries = 0;
        self.begun += 1;
        Ok(self.current.clone())
    }

    /// Counts an entry, and returns its task.
    fn entry(&mut self) -> Option<TaskKey> {
        self.entries += 1;
        self.current.as_ref().map(|task| task.task.clone())
    }
}

/// A task whose entries have not been read yet.
struct Task {
    /// Its key, as a parameter of the statements.
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

/// Items that are sent together. The limits keep the memory small even if results are large.
struct Portion<'p> {
    portions: &'p mpsc::Sender<Vec<ExportedItem>>,
    items: Vec<ExportedItem>,
    bytes: usize,
    /// Everything pushed so far.
    read: ExportAmount,
}

const MAX_ITEMS: usize = 1000;
const MAX_BYTES: usize = 1 << 20;

impl<'p> Portion<'p> {
    fn new(portions: &'p mpsc::Sender<Vec<ExportedItem>>) -> Self {
        Self {
            portions,
            items: Vec::new(),
            bytes: 0,
            read: ExportAmount::default(),
        }
    }

    /// Adds an item of `bytes` bytes. If the portion is full, waits until it is received.
    async fn push(&mut self, item: ExportedItem, bytes: usize) {
        self.read.add(&item);
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
            // The receiver was dropped; `read` ends because of that.
            let _unwanted = self.portions.send(items).await;
        }
    }

    fn is_unwanted(&self) -> bool {
        self.portions.is_closed()
    }
}
