//! Query plans of the repository's statements, on live data.

use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use diesel::{OptionalExtension, QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use tasktrail_domain::repository::{Operation, PageRequest};
use tasktrail_domain::task_history::{
    EntryId, FinalStatus, Finish, HistoryEntry, RemovalLimits, RetentionPolicy, Scope, StepNumber,
    TaskFilter, TaskStatus, TaskStepResult, operation,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::statement::Prepared;

use super::count::{Count, UserRange, beyond_all};
use super::finish;
use super::finish_batch::{FinishBatch, Finished};
use super::list::List;
use super::load::{self, SelectSteps, SelectTrail, one_beyond};
use super::retention::{self, CountExpired, Covered, LockExpired, Remove, Window, WindowEnd};
use super::row::{amount, summary_value};
use super::save::{Save, Saved};
use super::statuses::Statuses;

/// A request for the query plans of an operation.
#[derive(Debug, Clone)]
pub struct ExplainRequest {
    /// The operation.
    pub operation: ExplainedOperation,
    /// The user of the task. Default: `None`, a user who has tasks.
    pub user: Option<UserId>,
    /// The task. Default: `None`, a task that exists.
    pub task: Option<TaskId>,
    /// Whether to execute statements that only read, so that the plans contain actual times and
    /// rows. Default: off.
    pub analyze: bool,
    /// The current time. Tasks expire 90 days before it.
    pub now: Timestamp,
}

/// An operation of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExplainedOperation {
    /// `save`, including the query for entries that already exist.
    Save,
    /// `load`.
    Load,
    /// `trail`.
    Trail,
    /// `status`, for a single call and for a batch.
    Status,
    /// `finish`, which `cancel` also uses.
    Finish,
    /// `list`.
    List,
    /// `count`.
    Count,
    /// `expired`.
    Expired,
    /// `remove_expired`.
    Remove,
}

impl ExplainedOperation {
    /// Returns whether the operation writes. Its statements are then never executed.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self, Self::Save | Self::Finish | Self::Remove)
    }

    fn operation(self) -> Operation {
        match self {
            Self::Save => operation::SAVE,
            Self::Load => operation::LOAD,
            Self::Trail => operation::TRAIL,
            Self::Status => operation::STATUS,
            Self::Finish => operation::FINISH,
            Self::List => operation::LIST,
            Self::Count => operation::COUNT,
            Self::Expired => operation::EXPIRED,
            Self::Remove => operation::REMOVE_EXPIRED,
        }
    }
}

/// The query plans of an operation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// The operation, such as `task_history.load`.
    pub operation: &'static str,
    /// The task that the statements were planned for.
    pub task: TaskKey,
    /// Number of its entries; `None` if the task does not exist.
    pub entries: Option<u64>,
    /// How the task was chosen.
    pub chosen: ChosenTask,
    /// Whether the statements were executed.
    pub analyzed: bool,
    /// The statements, in the order in which the operation runs them.
    pub statements: Vec<ExplainedStatement>,
}

/// How the task of an explanation was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenTask {
    /// The request contained both ids.
    Given,
    /// It has the most entries among the first 10 000 tasks that match the request.
    Largest,
    /// No task matches the request, so ids were invented.
    MadeUp,
}

/// A statement and its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExplainedStatement {
    /// Its role in the operation.
    pub purpose: &'static str,
    /// Its text, as it is sent to the server.
    pub sql: String,
    /// The plan, as the server prints it.
    pub plan: String,
}

/// Prefixes a query with this `EXPLAIN` clause, and binds its parameters.
#[derive(Debug)]
pub(super) struct Explain<Q>(pub(super) &'static str, pub(super) Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.0);
        self.1.walk_ast(out.reborrow())
    }
}

impl<Q> Query for Explain<Q> {
    type SqlType = Text;
}

impl<Q> QueryId for Explain<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Collects the query plans of an operation.
pub(super) struct Explaining<'e>(pub(super) &'e ExplainRequest);

impl PgOperation for Explaining<'_> {
    type Output = Explanation;

    const OPERATION: Operation = Operation::idempotent("task_history.explain");

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Explanation, StoreError> {
        let request = self.0;
        let (task, entries, chosen) = choose(connection, request).await?;
        let analyzed = request.analyze && !request.operation.writes();
        let mut plans = Plans {
            connection,
            words: if analyzed {
                "EXPLAIN (ANALYZE, BUFFERS) "
            } else {
                "EXPLAIN "
            },
            statements: Vec::new(),
        };
        match request.operation {
            ExplainedOperation::Save => plans.save(&task, request.now).await?,
            ExplainedOperation::Finish => plans.finish(&task, request.now).await?,
            ExplainedOperation::Remove => plans.remove(&task, request).await?,
            ExplainedOperation::Load | ExplainedOperation::Trail | ExplainedOperation::Status => {
                plans.of_task(request.operation, &task).await?;
            }
            ExplainedOperation::List | ExplainedOperation::Count | ExplainedOperation::Expired => {
                plans.of_many(request, &task.user).await?;
            }
        }
        Ok(Explanation {
            operation: request.operation.operation().name(),
            task,
            entries,
            chosen,
            analyzed,
            statements: plans.statements,
        })
    }
}

/// The plans so far, and the connection.
struct Plans<'c> {
    connection: &'c mut AsyncPgConnection,
    words: &'static str,
    statements: Vec<ExplainedStatement>,
}

impl Plans<'_> {
    async fn add<Q>(&mut self, purpose: &'static str, query: Q) -> Result<(), StoreError>
    where
        Q: QueryFragment<Pg> + Send + Sync,
    {
        let mut sql = PgQueryBuilder::default();
        query.to_sql(&mut sql, &Pg)?;
        let explain = Explain(self.words, query);
        let lines: Vec<String> = explain.load(self.connection).await?;
        self.statements.push(ExplainedStatement {
            purpose,
            sql: sql.finish(),
            plan: lines.join("\n"),
        });
        Ok(())
    }

    async fn save(&mut self, task: &TaskKey, now: Timestamp) -> Result<(), StoreError> {
        let step = TaskStepResult::builder("step", TaskStatus::Running).build();
        let step_result =
            step.map_err(|error| diesel::result::Error::QueryBuilderError(error.into()))?;
        let entry = HistoryEntry {
            id: EntryId::derived(now, [0; 10]),
            task: task.clone(),
            step: StepNumber::MIN,
            step_result,
            recorded_at: now,
        };
        let add = Prepared(Save::of(&[&entry], LockWait::Session));
        self.add("add the entry and fold it into the summary", add)
            .await?;
        let look = Prepared(Saved::of(&[&entry]));
        self.add("only if the entry already exists: read it", look)
            .await
    }

    async fn finish(&mut self, task: &TaskKey, now: Timestamp) -> Result<(), StoreError> {
        let finish = Prepared(finish::Finish::of(
            task,
            FinalStatus::Cancelled,
            now,
            LockWait::Session,
        ));
        self.add("finish the task", finish).await?;
        let finish = Finish {
            status: FinalStatus::Cancelled,
            at: now,
        };
        let several = Prepared(FinishBatch::of(&[(task, finish)], LockWait::Session));
        self.add("finish several tasks in a batch", several).await?;
        let look = Prepared(Finished::of(&[task]));
        self.add("only if some are already finished: read how", look)
            .await
    }

    async fn remove(&mut self, task: &TaskKey, request: &ExplainRequest) -> Result<(), StoreError> {
        let policy = policy(request);
        let covered = Covered::of(&policy, None);
        let window = Prepared(WindowEnd {
            covered: &covered,
            window: retention::WINDOW,
        });
        self.add("find the end of the tasks that one call checks", window)
            .await?;
        let last_user = request.user.as_ref().map(|user| user.as_str().to_owned());
        let window = Window {
            until: (last_user.unwrap_or_else(beyond_all), beyond_all()),
            limit: one_beyond(RemovalLimits::default().tasks),
            covered,
        };
        let lock = Prepared(LockExpired(&window));
        self.add("lock the expired tasks among them", lock).await?;
        let remove = Prepared(Remove::of([(task.user.as_str(), task.task.as_str())]));
        self.add("remove them", remove).await
    }

    async fn of_task(
        &mut self,
        operation: ExplainedOperation,
        task: &TaskKey,
    ) -> Result<(), StoreError> {
        match operation {
            ExplainedOperation::Load => {
                let steps = Prepared(SelectSteps::of(task, &PageRequest::default()));
                self.add("the first page of the newest revisions", steps)
                    .await
            }
            ExplainedOperation::Trail => {
                let trail = Prepared(SelectTrail::of(task, &PageRequest::default()));
                self.add("the first page of all revisions", trail).await
            }
            _ => {
                let status = load::select_status(&task.user, &task.task);
                self.add("a single call", status).await?;
                let tasks = [task.clone()];
                let shared = Prepared(Statuses::of(&tasks));
                self.add("a batch of calls", shared).await
            }
        }
    }

    async fn of_many(&mut self, request: &ExplainRequest, user: &UserId) -> Result<(), StoreError> {
        match request.operation {
            ExplainedOperation::List => {
                let (filter, page) = (TaskFilter::default(), PageRequest::default());
                let list = Prepared(List::of(user, &filter, &page));
                self.add("the first page of the user's tasks", list).await
            }
            ExplainedOperation::Count => {
                let count = Prepared(Count::of(&scope(request)));
                self.add("count all in scope", count).await
            }
            _ => {
                let policy = policy(request);
                let count = Prepared(CountExpired(Covered::of(&policy, None)));
                self.add("count the tasks that expired 90 days ago", count)
                    .await
            }
        }
    }
}

fn scope(request: &ExplainRequest) -> Scope {
    request.user.clone().map_or(Scope::Everyone, Scope::User)
}

fn policy(request: &ExplainRequest) -> RetentionPolicy {
    let age = std::time::Duration::from_secs(90 * 24 * 60 * 60);
    RetentionPolicy {
        scope: scope(request),
        ..RetentionPolicy::older_than(request.now.saturating_sub(age))
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    task_id: String,
    #[diesel(sql_type = BigInt)]
    entries: i64,
}

/// Chooses the task. Returns its key, the number of its entries if it exists, and how it was
/// chosen.
async fn choose(
    connection: &mut AsyncPgConnection,
    request: &ExplainRequest,
) -> Result<(TaskKey, Option<u64>, ChosenTask), StoreError> {
    let users = UserRange::of(&scope(request));
    let task = request.task.as_ref().map(|task| task.as_str().to_owned());
    let (first, last) = task.map_or_else(|| (String::new(), beyond_all()), |id| (id.clone(), id));
    let found: Option<Found> = diesel::sql_query(include_str!("sql/largest.sql"))
        .bind::<Text, _>(users.first)
        .bind::<Text, _>(users.last)
        .bind::<Text, _>(first)
        .bind::<Text, _>(last)
        .get_result(connection)
        .await
        .optional()?;
    let given = request.user.is_some() && request.task.is_some();
    if let Some(found) = found {
        let shown = format!("{}/{}", found.user_id, found.task_id);
        let ids = (found.user_id, found.task_id);
        let key = summary_value("task_id", shown, ids, |(user, task)| {
            TaskKey::new(user, task)
        })?;
        let chosen = if given {
            ChosenTask::Given
        } else {
            ChosenTask::Largest
        };
        return Ok((key, Some(amount(found.entries)), chosen));
    }
    let user = request.user.as_ref().map_or("user", |user| user.as_str());
    let task = request.task.as_ref().map_or("task", |task| task.as_str());
    let key = summary_value("task_id", "a made-up task", (user, task), |(user, task)| {
        TaskKey::new(user, task)
    })?;
    let chosen = if given {
        ChosenTask::Given
    } else {
        ChosenTask::MadeUp
    };
    Ok((key, None, chosen))
}
