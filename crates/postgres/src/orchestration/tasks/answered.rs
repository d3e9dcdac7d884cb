//! Records what a write changed, with its answer.

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{JsonText, UserId};
use tasktrail_postgres_client::error::StoreError;

use crate::orchestration::write_log::record;

/// Records the changes of a write, and the answer that a repetition returns.
pub(super) async fn record_answered(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    user: &UserId,
    changes: &[Change],
    answer: &(impl Serialize + Sync),
) -> Result<(), StoreError> {
    // Never fails: outcomes serialize to JSON that is not deep.
    let answer = JsonText::of(answer).unwrap_or_default();
    record(connection, context, user, 0, changes, Some(&answer)).await
}
