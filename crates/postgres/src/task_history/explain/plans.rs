//! The statements of each operation, and their plans.

use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{QueryBuilder, QueryFragment};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::{
    EntryId, FinalStatus, Finish, HistoryEntry, RemovalLimits, RetentionPolicy, StepNumber,
    TaskFilter, TaskStatus, TaskStepResult,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId, UserPrefix};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;

use super::verdict::judge;
use super::{Explain, ExplainRequest, ExplainedOperation, ExplainedStatement};
use crate::page_limit::one_beyond;
use crate::task_history::count::{Count, beyond_all};
use crate::task_history::finish;
use crate::task_history::finish_batch::{FinishBatch, Finished};
use crate::task_history::list::List;
use crate::task_history::list_all::{ListAll, Users};
use crate::task_history::load::{self, SelectSteps, SelectTrail};
use crate::task_history::retention::{
    self, CountExpired, Covered, LockExpired, Remove, Window, WindowEnd,
};
use crate::task_history::save::{Save, Saved};
use crate::task_history::statuses::Statuses;
use crate::task_history::summary::Summary;

/// The plans so far, and the connection.
pub(super) struct Plans<'c> {
    pub(super) connection: &'c mut AsyncPgConnection,
    pub(super) words: &'static str,
    /// Whether the statements read all users in scope by nature.
    pub(super) over_users: bool,
    pub(super) statements: Vec<ExplainedStatement>,
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
        let plan = lines.join("\n");
        self.statements.push(ExplainedStatement {
            purpose,
            sql: sql.finish(),
            verdict: judge(&plan, self.over_users),
            plan,
        });
        Ok(())
    }

    pub(super) async fn save(&mut self, task: &TaskKey, now: Timestamp) -> Result<(), StoreError> {
        let step = TaskStepResult::builder("step", TaskStatus::Running).build();
        let step_result =
            step.map_err(|error| diesel::result::Error::QueryBuilderError(error.into()))?;
        let entry = HistoryEntry::new(
            EntryId::derived(now, [0; 10]),
            task.clone(),
            StepNumber::MIN,
            step_result,
            now,
        );
        let add = Prepared(Save::of(&[&entry], LockWait::Session));
        self.add("add the entry and fold it into the summary", add)
            .await?;
        let look = Prepared(Saved::of(&[&entry]));
        self.add("only if the entry already exists: read it", look)
            .await
    }

    pub(super) async fn finish(
        &mut self,
        task: &TaskKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
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

    pub(super) async fn remove(
        &mut self,
        task: &TaskKey,
        request: &ExplainRequest,
    ) -> Result<(), StoreError> {
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

    pub(super) async fn of_task(
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
            ExplainedOperation::Summary => {
                let summary = Prepared(Summary(task));
                self.add("the summary", summary).await
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

    pub(super) async fn of_many(
        &mut self,
        request: &ExplainRequest,
        user: &UserId,
    ) -> Result<(), StoreError> {
        match request.operation {
            ExplainedOperation::List => {
                let (filter, page) = (TaskFilter::default(), PageRequest::default());
                let list = Prepared(List::of(user, &filter, &page));
                self.add("the first page of the user's tasks", list).await
            }
            ExplainedOperation::ListAll => {
                let filter = TaskFilter::default().with_finished(false);
                let (users, page) = (users_of(request), PageRequest::default());
                let list = Prepared(ListAll::of(&users, &filter, &page));
                self.add("the first page of the open tasks", list).await
            }
            ExplainedOperation::Users => {
                let (users, page) = (users_of(request), PageRequest::default());
                let list = Prepared(Users::of(&users, &page));
                self.add("the first page of the users", list).await
            }
            ExplainedOperation::Count => {
                let count = Prepared(Count::of(&request.scope()));
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

fn users_of(request: &ExplainRequest) -> UserPrefix {
    request
        .user
        .clone()
        .map_or(UserPrefix::ALL, UserPrefix::from)
}

fn policy(request: &ExplainRequest) -> RetentionPolicy {
    let age = std::time::Duration::from_secs(90 * 24 * 60 * 60);
    RetentionPolicy::every_task_before(request.now.saturating_sub(age)).with_scope(request.scope())
}
