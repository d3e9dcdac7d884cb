//! An operation of a repository as a value.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::Operation;

use crate::error::StoreError;

/// What an operation does, whichever connection it gets; and again on another if need be.
pub trait PgOperation: Sync {
    /// What it tells its caller.
    type Output: Send;

    /// Its name, and whether it may be repeated.
    const OPERATION: Operation;

    /// Whether its cost grows with the size of the history, so that its statements have a
    /// [time limit of their own](crate::PostgresConfig::with_long_statement_timeout).
    const LONG: bool = false;

    /// Does it. Dropping the future may leave the connection in the middle of a statement.
    fn run(
        &self,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = Result<Self::Output, StoreError>> + Send;
}
