use std::sync::Arc;

use tokio::sync::watch;

use super::manager::OpenError;

/// Why connections could not be opened lately.
///
/// bb8 tells a waiting caller only that it waited too long; the reasons come here.
#[derive(Debug, Clone)]
pub(super) struct ConnectErrors(Arc<watch::Sender<Option<OpenError>>>);

impl Default for ConnectErrors {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl ConnectErrors {
    /// Those to come.
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

/// Failures since the watch began.
pub(super) struct Watch(watch::Receiver<Option<OpenError>>);

impl Watch {
    pub(super) async fn next(&mut self) -> OpenError {
        loop {
            if self.0.changed().await.is_err() {
                // The pool is gone, and with it every failure to come.
                std::future::pending::<()>().await;
            }
            if let Some(error) = self.0.borrow_and_update().clone() {
                return error;
            }
        }
    }
}
