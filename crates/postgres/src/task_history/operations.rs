//! The operations of the port as [`PgOperation`]s, with borrowed arguments.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::{Operation, Page, PageRequest};
use tasktrail_domain::task_history::{
    Counts, FinalStatus, FinishOutcome, HistoryEntry, ListAllCursor, ListCursor, RemovalLimits,
    RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber, TaskFilter, TaskStatus,
    TaskSummary, TrailCursor, operation,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId, UserPrefix};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;

use super::{
    count, finish, finish_batch, list, list_all, load, retention, save, statuses, summary,
};

pub(super) struct Save<'e>(pub(super) &'e HistoryEntry, pub(super) LockWait);

impl PgOperation for Save<'_> {
    type Output = TaskStatus;

    const OPERATION: Operation = operation::SAVE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let saved = save::one(connection, self.0, self.1).await;
        saved.map_err(|error| self.1.explain(error))
    }
}

/// Saves entries of several callers independently. They must be sorted by task and have different
/// ids.
pub(super) struct SaveEach<'e>(pub(super) &'e [&'e HistoryEntry], pub(super) LockWait);

impl PgOperation for SaveEach<'_> {
    type Output = (Vec<Option<save::Outcome>>, Option<StoreError>);

    const OPERATION: Operation = operation::SAVE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        save::each(connection, self.0, self.1).await
    }
}

pub(super) struct SaveBatch<'e>(pub(super) &'e [HistoryEntry], pub(super) LockWait);

impl PgOperation for SaveBatch<'_> {
    type Output = SavedBatch;

    const OPERATION: Operation = operation::SAVE_BATCH;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        save::batch(connection, self.0, self.1).await
    }
}

pub(super) struct Load<'e>(
    pub(super) &'e TaskKey,
    pub(super) &'e PageRequest<StepNumber>,
);

impl PgOperation for Load<'_> {
    type Output = Page<HistoryEntry, StepNumber>;

    const OPERATION: Operation = operation::LOAD;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        load::steps(connection, self.0, self.1).await
    }
}

pub(super) struct Trail<'e>(
    pub(super) &'e TaskKey,
    pub(super) &'e PageRequest<TrailCursor>,
);

impl PgOperation for Trail<'_> {
    type Output = Page<HistoryEntry, TrailCursor>;

    const OPERATION: Operation = operation::TRAIL;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        load::trail(connection, self.0, self.1).await
    }
}

pub(super) struct Status<'e>(pub(super) &'e TaskKey);

impl PgOperation for Status<'_> {
    type Output = Option<TaskStatus>;

    const OPERATION: Operation = operation::STATUS;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        load::status(connection, self.0).await
    }
}

pub(super) struct Summary<'e>(pub(super) &'e TaskKey);

impl PgOperation for Summary<'_> {
    type Output = Option<TaskSummary>;

    const OPERATION: Operation = operation::SUMMARY;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        summary::summary(connection, self.0).await
    }
}

/// Checks the statuses for several callers.
pub(super) struct Statuses<'e>(pub(super) &'e [TaskKey]);

impl PgOperation for Statuses<'_> {
    type Output = Vec<statuses::Status>;

    const OPERATION: Operation = operation::STATUS;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        statuses::statuses(connection, self.0).await
    }
}

pub(super) struct Finish<'e>(
    pub(super) &'e TaskKey,
    pub(super) FinalStatus,
    pub(super) Timestamp,
    pub(super) LockWait,
);

impl PgOperation for Finish<'_> {
    type Output = FinishOutcome;

    const OPERATION: Operation = operation::FINISH;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let finished = finish::finish(connection, self.0, self.1, self.2, self.3).await;
        finished.map_err(|error| self.3.explain(error))
    }
}

pub(super) struct FinishBatch<'e>(
    pub(super) &'e [(TaskKey, tasktrail_domain::task_history::Finish)],
    pub(super) LockWait,
);

impl PgOperation for FinishBatch<'_> {
    type Output = Vec<FinishOutcome>;

    const OPERATION: Operation = operation::FINISH_BATCH;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        finish_batch::finish(connection, self.0, self.1).await
    }
}

pub(super) struct List<'e>(
    pub(super) &'e UserId,
    pub(super) &'e TaskFilter,
    pub(super) &'e PageRequest<ListCursor>,
);

impl PgOperation for List<'_> {
    type Output = Page<TaskSummary, ListCursor>;

    const OPERATION: Operation = operation::LIST;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        list::page(connection, self.0, self.1, self.2).await
    }
}

pub(super) struct ListAll<'e>(
    pub(super) &'e UserPrefix,
    pub(super) &'e TaskFilter,
    pub(super) &'e PageRequest<ListAllCursor>,
);

impl PgOperation for ListAll<'_> {
    type Output = Page<TaskSummary, ListAllCursor>;

    const OPERATION: Operation = operation::LIST_ALL;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        list_all::page(connection, self.0, self.1, self.2).await
    }
}

pub(super) struct Users<'e>(
    pub(super) &'e UserPrefix,
    pub(super) &'e PageRequest<UserId>,
);

impl PgOperation for Users<'_> {
    type Output = Page<UserId, UserId>;

    const OPERATION: Operation = operation::USERS;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        list_all::users(connection, self.0, self.1).await
    }
}

pub(super) struct Count<'e>(pub(super) &'e Scope);

impl PgOperation for Count<'_> {
    type Output = Counts;

    const OPERATION: Operation = operation::COUNT;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        count::count(connection, self.0).await
    }
}

pub(super) struct Expired<'e>(pub(super) &'e RetentionPolicy);

impl PgOperation for Expired<'_> {
    type Output = tasktrail_domain::task_history::ExpiredCounts;

    const OPERATION: Operation = operation::EXPIRED;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        retention::expired(connection, self.0).await
    }
}

pub(super) struct RemoveExpired<'e>(pub(super) &'e RetentionPolicy, pub(super) &'e RemovalLimits);

impl PgOperation for RemoveExpired<'_> {
    type Output = RemovalResult;

    const OPERATION: Operation = operation::REMOVE_EXPIRED;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        retention::remove(connection, self.0, self.1).await
    }
}
