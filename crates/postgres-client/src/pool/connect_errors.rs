use std::sync::Arc;

use tokio::sync::watch;

use crate::error::OpenError;

/// Reports why connections could not be opened.
///
/// bb8 reports only a timeout to a waiting caller, and sends the reasons here.
#[derive(Debug, Clone)]
pub(super) struct ConnectErrors(Arc<watch::Sender<Option<OpenError>>>);

impl Default for ConnectErrors {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl ConnectErrors {
    /// Watches for errors from now on.
    pub(super) fn watch(&self) -> Watch {
        Watch(self.0.subscribe())
    }
}

impl bb8::ErrorSink<OpenError> for ConnectErrors {
    fn sink(&self, error: OpenError) {
        if !matches!(error, OpenError::Stale) {
            self.0.send_replace(Some(error));
        }
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<OpenError>> {
        Box::new(self.clone())
    }
}

/// Errors since the watch started.
pub(super) struct Watch(watch::Receiver<Option<OpenError>>);

impl Watch {
    pub(super) async fn next(&mut self) -> OpenError {
        loop {
            if self.0.changed().await.is_err() {
                // The pool has been dropped, so there will be no more errors.
                std::future::pending::<()>().await;
            }
            if let Some(error) = self.0.borrow_and_update().clone() {
                return error;
            }
        }
    }
}
