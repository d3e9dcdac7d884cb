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

/// How long a cancel may take to reach the server.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection on loan to one operation.
///
/// It goes back to the pool when the operation has [run](Self::run). One that is dropped otherwise
/// belongs to a call whose future was dropped: its statement may still run, so it is cancelled on the
/// server, and the connection ends. It is not lent again even after the cancel, which may arrive late
/// and would hit the next user.
pub struct Checkout {
    connection: bb8::PooledConnection<'static, Manager>,
    operation: Operation,
    concluded: bool,
    pool: Arc<Shared>,
    // After the connection: it is in use until it is back, and then the next caller is let through.
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
            concluded: false,
            pool,
            _guard: guard,
            _permit: permit,
        }
    }

    /// Does what the connection was lent for, unless the pool ends meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`]
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
        self.concluded = true;
        self.connection.record_response();
        result
    }
}

/// Does `work`; one that takes long in a transaction that has the time limit of such work. Its extra round
/// trips are nothing beside what it does, and a pooler between us and the server keeps no setting.
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

/// Never less than what other statements have; zero is no limit.
fn set_local_statement_timeout(config: &PostgresConfig) -> String {
    let (long, short) = (config.long_statement_timeout, config.statement_timeout);
    let limit = if long.is_zero() || short.is_zero() {
        Duration::ZERO
    } else {
        long.max(short)
    };
    format!("SET LOCAL statement_timeout = {}", milliseconds(limit))
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if self.concluded {
            return;
        }
        tracing::debug!(operation = %self.operation, "a call was dropped half-way");
        self.connection.end(CloseReason::Abandoned);
        self.pool.validator.suspect();
        // Without a runtime nobody polls the connection any more, and it ends at once.
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
        Ok(Err(error)) => tracing::warn!(%error, "a dropped statement could not be cancelled"),
        Err(_) => tracing::warn!("a dropped statement could not be cancelled in time"),
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
