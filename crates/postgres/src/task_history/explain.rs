//! Query plans of the repository's statements, on live data.

mod choice;
mod plans;
mod verdict;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::{Scope, operation};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::pg_operation::PgOperation;

use self::choice::choose;
use self::plans::Plans;
pub use self::verdict::{PlanAccess, PlanVerdict};

/// A request for the query plans of an operation.
#[derive(Debug, Clone)]
#[non_exhaustive]
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

impl ExplainRequest {
    /// Requests the plans of an operation on a task that exists, without executing its statements.
    #[must_use]
    pub const fn new(operation: ExplainedOperation, now: Timestamp) -> Self {
        Self {
            operation,
            user: None,
            task: None,
            analyze: false,
            now,
        }
    }

    /// Sets [`user`](Self::user).
    #[must_use]
    pub fn with_user(mut self, user: impl Into<Option<UserId>>) -> Self {
        self.user = user.into();
        self
    }

    /// Sets [`task`](Self::task).
    #[must_use]
    pub fn with_task(mut self, task: impl Into<Option<TaskId>>) -> Self {
        self.task = task.into();
        self
    }

    /// Sets [`analyze`](Self::analyze).
    #[must_use]
    pub fn with_analyze(mut self, analyze: bool) -> Self {
        self.analyze = analyze;
        self
    }

    fn scope(&self) -> Scope {
        self.user.clone().map_or(Scope::Everyone, Scope::User)
    }
}

/// An operation of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
    /// `summary`.
    Summary,
    /// `list`.
    List,
    /// `list_all`, of open tasks.
    ListAll,
    /// `users`.
    Users,
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

    /// Whether its statements read all users in scope by nature.
    fn reads_all_users(self) -> bool {
        matches!(
            self,
            Self::ListAll | Self::Users | Self::Count | Self::Expired | Self::Remove
        )
    }

    fn operation(self) -> Operation {
        match self {
            Self::Save => operation::SAVE,
            Self::Load => operation::LOAD,
            Self::Trail => operation::TRAIL,
            Self::Status => operation::STATUS,
            Self::Finish => operation::FINISH,
            Self::Summary => operation::SUMMARY,
            Self::List => operation::LIST,
            Self::ListAll => operation::LIST_ALL,
            Self::Users => operation::USERS,
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

/// How the task of an explanation was chosen. Exhaustive: ids are given, found or invented.
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
    /// What the plan means.
    pub verdict: PlanVerdict,
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

    const OPERATION: Operation = Operation::read("task_history.explain");

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
            over_users: request.operation.reads_all_users(),
            statements: Vec::new(),
        };
        match request.operation {
            ExplainedOperation::Save => plans.save(&task, request.now).await?,
            ExplainedOperation::Finish => plans.finish(&task, request.now).await?,
            ExplainedOperation::Remove => plans.remove(&task, request).await?,
            ExplainedOperation::Load
            | ExplainedOperation::Trail
            | ExplainedOperation::Status
            | ExplainedOperation::Summary => plans.of_task(request.operation, &task).await?,
            ExplainedOperation::List
            | ExplainedOperation::ListAll
            | ExplainedOperation::Users
            | ExplainedOperation::Count
            | ExplainedOperation::Expired => plans.of_many(request, &task.user).await?,
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
