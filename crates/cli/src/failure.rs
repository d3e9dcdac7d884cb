use std::error::Error;

use tasktrail::DatabaseError;
use tasktrail::repository::{ErrorChain, RepositoryError};

/// Why a command fails. Determines the exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Invalid usage or configuration: exit code 2.
    Usage(String),
    /// The command failed: exit code 1.
    Error(Box<dyn Error + Send + Sync>),
    /// The command succeeded with a negative result, which was already printed: exit code 1.
    No,
    /// A signal interrupted the command.
    Interrupted {
        /// The exit code.
        code: u8,
        /// The state in which the command left its work.
        outcome: &'static str,
    },
    /// The reader of the output closed the pipe: exit code 0.
    ClosedPipe,
}

impl Failure {
    /// Creates a failure with a message.
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self::Error(message.into().into())
    }

    /// The message of an error, with its causes.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Error(error) => ErrorChain(&**error).to_string(),
            Self::Usage(message) => message.clone(),
            Self::No | Self::Interrupted { .. } | Self::ClosedPipe => String::new(),
        }
    }

    /// Whether a call to the store failed. A missing or old schema may be the cause.
    pub(crate) fn is_of_store(&self) -> bool {
        let Self::Error(error) = self else {
            return false;
        };
        let wrapped = error.downcast_ref::<DatabaseError>();
        let of_manager = matches!(
            wrapped,
            Some(DatabaseError::Repository(_) | DatabaseError::Export(_))
        );
        error.is::<RepositoryError>() || of_manager
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(Box::new(error))
    }
}
