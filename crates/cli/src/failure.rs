use std::error::Error;

use tasktrail::DatabaseError;
use tasktrail::repository::{ErrorChain, RepositoryError};

/// Why a command ends before its time, and with which exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was called wrongly: 2.
    Usage(String),
    /// It could not do its work: 1.
    Error(Box<dyn Error + Send + Sync>),
    /// It did its work, and the answer is no: 1. There is nothing more to say.
    No,
    /// A signal ended it.
    Interrupted {
        /// The exit code.
        code: u8,
        /// What became of its work.
        outcome: &'static str,
    },
    /// Nobody reads its output any more: 0, for the reader has what he wanted.
    ClosedPipe,
}

impl Failure {
    /// A failure by the words that a person reads.
    pub(crate) fn error(words: impl Into<String>) -> Self {
        Self::Error(words.into().into())
    }

    /// What an error says, with its causes.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Error(error) => ErrorChain(&**error).to_string(),
            Self::Usage(words) => words.clone(),
            Self::No | Self::Interrupted { .. } | Self::ClosedPipe => String::new(),
        }
    }

    /// Whether the store refused or failed, which a missing schema may explain.
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
