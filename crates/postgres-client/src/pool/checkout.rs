use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_domain::repository::Operation;
use tokio_postgres::CancelToken;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Shared;
use super::acquire_queue::AcquirePermit;
use super::checkout_tracker::CheckoutGuard;
use super::manager::Manager;
use super::statistics::CloseReason;
use crate::config::PostgresConfig;
use crate::connection::milliseconds;
use crate::error::StoreError;
use crate::pg_operation::PgOperation;

/// Timeout for a cancel request to reach the server.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that is checked out by one operation.
///
/// It returns to the pool when the operation has [run](Self::run). If it is dropped before that,
/// its call was abandoned and its statement may still be running. The statement is then cancelled
/// on the server and the connection is closed. It is not reused even after the cancel, which may
/// arrive late and would cancel the next call's statement.
pub struct Checkout {
    connection: bb8::PooledConnection<'static, Manager>,
    operation: Operation,
    finished: bool,
    pool: Arc<Shared>,
    // Dropped after the connection, so that it counts as in use until it is back in the pool. Only
    // then is the next caller admitted.
    _guard: CheckoutGuard,
    _permit: AcquirePermit,
}

impl Checkout {
    pub(super) fn new(
        connection: bb8::PooledConnection<'static, Manager>,
        operation: Operation,
        pool: Arc<Shared>,
        (guard, permit): (CheckoutGuard, AcquirePermit),
    ) -> Self {
        Self {
            connection,
            operation,
            finished: false,
            pool,
            _guard: guard,
            _permit: permit,
        }
    }

    /// Runs the operation, unless the pool is closed first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the operation fails or is interrupted by the close.
    pub async fn run<W: PgOperation>(mut self, work: &W) -> Result<W::Output, StoreError> {
        let pool = Arc::clone(&self.pool);
        let result = tokio::select! {
            biased;
            result = run(work, &mut self.connection.connection, pool.connector.config()) => result,
            () = pool.lifecycle.ended() => {
                pool.checkouts.interrupt();
                return Err(StoreError::Interrupted);
            }
        };
        self.finished = true;
        self.connection.record_response();
        result
    }
}

/// Runs the operation. A long one runs in a transaction with its own statement timeout: its extra
/// round trips cost little in comparison, and a pooler in between keeps no session setting.
async fn run<W: PgOperation>(
    work: &W,
    connection: &mut AsyncPgConnection,
    config: &PostgresConfig,
) -> Result<W::Output, StoreError> {
    if !W::LONG {
        return work.run(connection).await;
    }
    let limit = set_local_statement_timeout(config);
    connection
        .transaction(async |connection| {
            connection.batch_execute(&limit).await?;
            work.run(connection).await
        })
        .await
}

/// The long timeout is never shorter than the general one. Zero means no timeout.
fn set_local_statement_timeout(config: &PostgresConfig) -> String {
    let (long, short) = (config.long_statement_timeout, config.statement_timeout);
    let limit = if long.is_zero() || short.is_zero() {
        Duration::ZERO
    } else {
        long.max(short)
    };
    format!("SET LOCAL statement_timeout = {}", milliseconds(limit))
}

impl Checkout {
    /// The connection, for a transaction of several calls.
    pub(super) fn connection(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection.connection
    }

    pub(super) fn pool(&self) -> Arc<Shared> {
        Arc::clone(&self.pool)
    }

    /// Returns the connection to the pool.
    pub(super) fn release(mut self) {
        self.finished = true;
        self.connection.record_response();
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        tracing::debug!(operation = %self.operation, "a call was dropped before it finished");
        self.connection.end(CloseReason::Abandoned);
        self.pool.validator.suspect();
        // Without a runtime, no task polls the connection and it closes immediately.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let statement = self.connection.connection.cancel_token();
            let cancel = cancel(statement, self.pool.connector.tls());
            self.pool.cancels.spawn_on(cancel, &runtime);
        }
    }
}

async fn cancel(statement: CancelToken, tls: MakeRustlsConnect) {
    match tokio::time::timeout(CANCEL_TIMEOUT, statement.cancel_query(tls)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "cannot cancel the statement of a dropped call"),
        Err(_) => tracing::warn!(
            "cannot cancel the statement of a dropped call within {CANCEL_TIMEOUT:?}"
        ),
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
