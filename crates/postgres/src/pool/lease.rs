use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::{Operation, Result};
use tokio_postgres::CancelToken;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::gate::Pass;
use super::manager::Manager;
use crate::error::StoreError;

/// How long a cancel may take to reach the server.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection on loan to one operation.
///
/// It goes back to the pool by [`conclude`](Self::conclude). One that is dropped otherwise belongs to a
/// call whose future was dropped: its statement may still run, so it is cancelled on the server, and
/// the connection ends. It is not lent again even after the cancel, which may arrive late and would
/// hit the next user.
pub(crate) struct Lease {
    connection: bb8::PooledConnection<'static, Manager>,
    operation: Operation,
    tls: MakeRustlsConnect,
    concluded: bool,
    // After the connection: the next caller is let through when it is back.
    _pass: Pass,
}

impl Lease {
    pub(super) fn new(
        connection: bb8::PooledConnection<'static, Manager>,
        pass: Pass,
        operation: Operation,
        tls: MakeRustlsConnect,
    ) -> Self {
        Self {
            connection,
            operation,
            tls,
            concluded: false,
            _pass: pass,
        }
    }

    /// Gives the connection back and the operation's result to its caller.
    pub(crate) fn conclude<T>(mut self, result: std::result::Result<T, StoreError>) -> Result<T> {
        self.concluded = true;
        result.map_err(|error| error.during(self.operation))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.concluded {
            return;
        }
        tracing::debug!(operation = %self.operation, "a call was dropped half-way");
        self.connection.abandoned = true;
        // Without a runtime nobody polls the connection any more, and it ends at once.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(cancel(
                self.connection.connection.cancel_token(),
                self.tls.clone(),
            ));
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

impl Deref for Lease {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.connection.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection.connection
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
