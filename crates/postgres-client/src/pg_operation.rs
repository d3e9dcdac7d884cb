//! A repository operation as a value.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::Operation;

use crate::error::StoreError;

/// An operation that can run on any connection, and can run again on another one after a failure.
pub trait PgOperation: Sync {
    /// What the operation returns.
    type Output: Send;

    /// The operation's name, and whether it is idempotent.
    const OPERATION: Operation;

    /// Whether the cost grows with the history, so that the [long statement
    /// timeout](crate::config::PostgresConfig::with_long_statement_timeout) applies.
    const LONG: bool = false;

    /// Runs the operation.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a statement fails, or the operation cannot be done.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the connection in the middle of a statement. Do not reuse the
    /// connection after that.
    fn run(
        &self,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = Result<Self::Output, StoreError>> + Send;
}
