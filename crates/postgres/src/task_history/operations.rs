//! The operations of the port as [`Work`]: their arguments, by reference.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::{Operation, Page, PageRequest};
use tasktrail_domain::task_history::{
    Counts, FinalStatus, FinishOutcome, HistoryEntry, ListCursor, Removal, RemovalBatch,
    RetentionPolicy, SavedBatch, Scope, StepNumber, TaskFilter, TaskKey, TaskStatus, TaskSummary,
    TrailPosition, UserId, operation,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::work::Work;

use super::{count, finish, finish_batch, list, load, retention, save, status_checks};

pub(super) struct Save<'e>(pub(super) &'e HistoryEntry, pub(super) LockWait);

impl Work for Save<'_> {
    type Answer = TaskStatus;

    const OPERATION: Operation = operation::SAVE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        let saved = save::one(connection, self.0, self.1).await;
        saved.map_err(|error| self.1.explain(error))
    }
}

/// Entries of several callers, sorted by task and of different ids: each is a matter of its own.
pub(super) struct SaveEach<'e>(pub(super) &'e [&'e HistoryEntry], pub(super) LockWait);

impl Work for SaveEach<'_> {
    type Answer = (Vec<Option<save::Outcome>>, Option<StoreError>);

    const OPERATION: Operation = operation::SAVE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        save::each(connection, self.0, self.1).await
    }
}

pub(super) struct SaveBatch<'e>(pub(super) &'e [HistoryEntry], pub(super) LockWait);

impl Work for SaveBatch<'_> {
    type Answer = SavedBatch;

    const OPERATION: Operation = operation::SAVE_BATCH;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        save::batch(connection, self.0, self.1).await
    }
}

pub(super) struct Load<'e>(
    pub(super) &'e TaskKey,
    pub(super) &'e PageRequest<StepNumber>,
);

impl Work for Load<'_> {
    type Answer = Page<HistoryEntry, StepNumber>;

    const OPERATION: Operation = operation::LOAD;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        load::steps(connection, self.0, self.1).await
    }
}

pub(super) struct Trail<'e>(
    pub(super) &'e TaskKey,
    pub(super) &'e PageRequest<TrailPosition>,
);

impl Work for Trail<'_> {
    type Answer = Page<HistoryEntry, TrailPosition>;

    const OPERATION: Operation = operation::TRAIL;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        load::trail(connection, self.0, self.1).await
    }
}

pub(super) struct Status<'e>(pub(super) &'e TaskKey);

impl Work for Status<'_> {
    type Answer = Option<TaskStatus>;

    const OPERATION: Operation = operation::STATUS;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        load::status(connection, self.0).await
    }
}

/// The status checks of several callers.
pub(super) struct Statuses<'e>(pub(super) &'e [TaskKey]);

impl Work for Statuses<'_> {
    type Answer = Vec<status_checks::Status>;

    const OPERATION: Operation = operation::STATUS;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        status_checks::statuses(connection, self.0).await
    }
}

pub(super) struct Finish<'e>(
    pub(super) &'e TaskKey,
    pub(super) FinalStatus,
    pub(super) Timestamp,
    pub(super) LockWait,
);

impl Work for Finish<'_> {
    type Answer = FinishOutcome;

    const OPERATION: Operation = operation::FINISH;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        let finished = finish::finish(connection, self.0, self.1, self.2, self.3).await;
        finished.map_err(|error| self.3.explain(error))
    }
}

pub(super) struct FinishBatch<'e>(
    pub(super) &'e [(TaskKey, tasktrail_domain::task_history::Finish)],
    pub(super) LockWait,
);

impl Work for FinishBatch<'_> {
    type Answer = Vec<FinishOutcome>;

    const OPERATION: Operation = operation::FINISH_BATCH;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        finish_batch::finish(connection, self.0, self.1).await
    }
}

pub(super) struct List<'e>(
    pub(super) &'e UserId,
    pub(super) &'e TaskFilter,
    pub(super) &'e PageRequest<ListCursor>,
);

impl Work for List<'_> {
    type Answer = Page<TaskSummary, ListCursor>;

    const OPERATION: Operation = operation::LIST;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        list::page(connection, self.0, self.1, self.2).await
    }
}

pub(super) struct Count<'e>(pub(super) &'e Scope);

impl Work for Count<'_> {
    type Answer = Counts;

    const OPERATION: Operation = operation::COUNT;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        count::count(connection, self.0).await
    }
}

pub(super) struct Expired<'e>(pub(super) &'e RetentionPolicy);

impl Work for Expired<'_> {
    type Answer = tasktrail_domain::task_history::Expired;

    const OPERATION: Operation = operation::EXPIRED;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        retention::expired(connection, self.0).await
    }
}

pub(super) struct RemoveExpired<'e>(pub(super) &'e RetentionPolicy, pub(super) &'e RemovalBatch);

impl Work for RemoveExpired<'_> {
    type Answer = Removal;

    const OPERATION: Operation = operation::REMOVE_EXPIRED;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, StoreError> {
        retention::remove(connection, self.0, self.1).await
    }
}
