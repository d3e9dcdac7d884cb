//! Random actions, to run on two repositories and compare the results.
//!
//! The values come from small domains, so that actions often concern the same tasks and instants,
//! and entries repeat earlier ones or conflict with them. Answers omit what a store may choose:
//! the cursors of its trails.

mod strategy;

use tasktrail_domain::repository::{
    Effect, ErrorKind, Operation, Page, PageRequest, PageSize, RepositoryError, Result,
};
use tasktrail_domain::task_history::{
    Counts, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListAllCursor,
    ListCursor, RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber,
    TaskFilter, TaskHistoryRepository, TaskStatus, TaskSummary,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId, UserPrefix};

pub use self::strategy::action;

/// A call of one of the port's methods.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the arguments are those of the methods")]
pub enum Action {
    /// `save`.
    Save(HistoryEntry),
    /// `save_batch`.
    SaveBatch(Vec<HistoryEntry>),
    /// `load`.
    Load {
        task: TaskKey,
        page: PageRequest<StepNumber>,
    },
    /// `trail`, page by page to its end, because each store has its own cursors.
    Trail { task: TaskKey, size: PageSize },
    /// `status`.
    Status(TaskKey),
    /// `summary`.
    Summary(TaskKey),
    /// `finish`.
    Finish {
        task: TaskKey,
        status: FinalStatus,
        at: Timestamp,
    },
    /// `finish_batch`.
    FinishBatch(Vec<(TaskKey, Finish)>),
    /// `list`.
    List {
        user: UserId,
        filter: TaskFilter,
        page: PageRequest<ListCursor>,
    },
    /// `list_all`.
    ListAll {
        users: UserPrefix,
        filter: TaskFilter,
        page: PageRequest<ListAllCursor>,
    },
    /// `users`.
    Users {
        prefix: UserPrefix,
        page: PageRequest<UserId>,
    },
    /// `count`.
    Count(Scope),
    /// `expired`.
    Expired(RetentionPolicy),
    /// `remove_expired`.
    RemoveExpired {
        policy: RetentionPolicy,
        batch: RemovalLimits,
    },
}

impl Action {
    /// Returns the entries that it saves, for later actions to repeat or to conflict with.
    #[must_use]
    pub fn saves(&self) -> &[HistoryEntry] {
        match self {
            Self::Save(entry) => std::slice::from_ref(entry),
            Self::SaveBatch(entries) => entries,
            _ => &[],
        }
    }
}

/// The result of an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Of `save`.
    Saved(TaskStatus),
    /// Of `save_batch`.
    SavedBatch(SavedBatch),
    /// Of `load`.
    Steps(Page<HistoryEntry, StepNumber>),
    /// Of `trail`: its pages.
    Trail(Vec<Vec<HistoryEntry>>),
    /// Of `status`.
    Status(Option<TaskStatus>),
    /// Of `summary`.
    Summary(Option<TaskSummary>),
    /// Of `finish`.
    Finished(FinishOutcome),
    /// Of `finish_batch`.
    FinishedBatch(Vec<FinishOutcome>),
    /// Of `list`.
    Tasks(Page<TaskSummary, ListCursor>),
    /// Of `list_all`.
    TasksOfAll(Page<TaskSummary, ListAllCursor>),
    /// Of `users`.
    Users(Page<UserId, UserId>),
    /// Of `count`.
    Counts(Counts),
    /// Of `expired`.
    Expired(ExpiredCounts),
    /// Of `remove_expired`.
    Removed(RemovalResult),
    /// Of any call that failed. The entry of a conflict is omitted, because a store may choose
    /// which of several it reports.
    Failed(ErrorKind, Effect, Operation),
}

/// Performs an action on a repository.
pub async fn perform(repository: &dyn TaskHistoryRepository, action: &Action) -> Answer {
    attempt(repository, action)
        .await
        .unwrap_or_else(|error| failed(&error))
}

async fn attempt(repository: &dyn TaskHistoryRepository, action: &Action) -> Result<Answer> {
    Ok(match action {
        Action::Save(entry) => Answer::Saved(repository.save(entry).await?),
        Action::SaveBatch(entries) => Answer::SavedBatch(repository.save_batch(entries).await?),
        Action::Load { task, page } => Answer::Steps(repository.load(task, page).await?),
        Action::Trail { task, size } => Answer::Trail(trail(repository, task, *size).await?),
        Action::Status(task) => Answer::Status(repository.status(task).await?),
        Action::Summary(task) => Answer::Summary(repository.summary(task).await?),
        Action::Finish { task, status, at } => {
            Answer::Finished(repository.finish(task, *status, *at).await?)
        }
        Action::FinishBatch(finishes) => {
            Answer::FinishedBatch(repository.finish_batch(finishes).await?)
        }
        Action::List { user, filter, page } => {
            Answer::Tasks(repository.list(user, filter, page).await?)
        }
        Action::ListAll {
            users,
            filter,
            page,
        } => Answer::TasksOfAll(repository.list_all(users, filter, page).await?),
        Action::Users { prefix, page } => Answer::Users(repository.users(prefix, page).await?),
        Action::Count(scope) => Answer::Counts(repository.count(scope).await?),
        Action::Expired(policy) => Answer::Expired(repository.expired(policy).await?),
        Action::RemoveExpired { policy, batch } => {
            Answer::Removed(repository.remove_expired(policy, batch).await?)
        }
    })
}

async fn trail(
    repository: &dyn TaskHistoryRepository,
    task: &TaskKey,
    size: PageSize,
) -> Result<Vec<Vec<HistoryEntry>>> {
    let mut pages = Vec::new();
    let mut request = Some(PageRequest::first(size));
    while let Some(asked) = request {
        let page = repository.trail(task, &asked).await?;
        pages.push(page.items);
        request = asked.next(page.next);
    }
    Ok(pages)
}

fn failed(error: &RepositoryError) -> Answer {
    Answer::Failed(error.kind(), error.effect(), error.operation())
}
