use std::error::Error;
use std::fmt;

use super::Operation;

/// The result of a port's method.
pub type Result<T> = std::result::Result<T, RepositoryError>;

/// The error of a failed operation.
///
/// Match on [`kind`](Self::kind). [`effect`](Self::effect) reports whether the operation may have
/// been applied, and [`is_retryable`](Self::is_retryable) whether a retry is safe. `Display` prints
/// the error without its causes, which [`source`](Error::source) returns. To print the causes as
/// well, use [`ErrorChain`].
pub struct RepositoryError(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    effect: Effect,
    operation: Operation,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kind of an error, by what a caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The id is already used for different content. Do not retry.
    Conflict,
    /// The store refuses the operation: a constraint of its schema is violated, or privileges are
    /// missing.
    Refused,
    /// A conflicting transaction, or no free connection. A retry may succeed.
    Contention,
    /// The store cannot be reached, or is shutting down.
    Unavailable,
    /// The store did not respond in time, or cancelled the operation at its own timeout.
    TimedOut,
    /// The store holds data that cannot be read, or cannot keep its guarantees: entries were copied
    /// into it without the sequence that orders them.
    Corrupt,
    /// The repository has been closed.
    Closed,
    /// Any other error; see its source.
    Unexpected,
}

/// Whether a failed operation may have been applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The operation was not applied.
    NotApplied,
    /// The operation may have been applied, for example if the connection was lost before the
    /// response. A read changes nothing; for a read, this means that there was no response.
    Unknown,
}

impl RepositoryError {
    /// Creates an error of `operation` without a cause.
    #[must_use]
    pub fn new(operation: Operation, kind: ErrorKind, effect: Effect) -> Self {
        Self(Box::new(Inner {
            kind,
            effect,
            operation,
            source: None,
        }))
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether the operation may have been applied.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// Returns the failed operation.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// Returns whether the store could not be reached or did not respond: the errors that a circuit
    /// breaker counts.
    ///
    /// A store that cancels an operation at its own timeout, and reports that nothing was applied,
    /// has responded.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self.kind() {
            ErrorKind::Unavailable => true,
            ErrorKind::TimedOut => self.effect() == Effect::Unknown,
            ErrorKind::Conflict
            | ErrorKind::Refused
            | ErrorKind::Contention
            | ErrorKind::Corrupt
            | ErrorKind::Closed
            | ErrorKind::Unexpected => false,
        }
    }

    /// Returns whether a retry is safe and may succeed.
    ///
    /// The kind must be `Contention`, `Unavailable` or `TimedOut`. In addition, either nothing was
    /// applied, or the operation is idempotent.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let transient = matches!(
            self.kind(),
            ErrorKind::Contention | ErrorKind::Unavailable | ErrorKind::TimedOut
        );
        transient && (self.effect() == Effect::NotApplied || self.operation().is_idempotent())
    }
}

impl ErrorKind {
    /// Returns the status code of an HTTP response for this kind (RFC 9110): 409 for `Conflict`,
    /// 503 for `Contention`, `Unavailable` and `Closed`, 504 for `TimedOut`, and 500 for kinds that
    /// neither a client nor a later attempt can remedy.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Conflict => 409,
            Self::Contention | Self::Unavailable | Self::Closed => 503,
            Self::TimedOut => 504,
            Self::Refused | Self::Corrupt | Self::Unexpected => 500,
        }
    }
}

impl fmt::Display for RepositoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind() {
            ErrorKind::Conflict => "the id is already used for different content",
            ErrorKind::Refused => "the store refused the operation",
            ErrorKind::Contention => "conflicting transaction, or no free connection",
            ErrorKind::Unavailable => "the store cannot be reached",
            ErrorKind::TimedOut => "the store did not answer in time",
            ErrorKind::Corrupt => "the store holds invalid data",
            ErrorKind::Closed => "the store was closed",
            ErrorKind::Unexpected => "the store failed",
        };
        write!(f, "{}: {what}", self.operation())?;
        match self.effect() {
            Effect::Unknown if !self.operation().is_read() => {
                f.write_str(" (it may have been applied)")
            }
            Effect::Unknown | Effect::NotApplied => Ok(()),
        }
    }
}

impl fmt::Debug for RepositoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepositoryError")
            .field("kind", &self.kind())
            .field("effect", &self.effect())
            .field("operation", &self.operation().name())
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for RepositoryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| -> &(dyn Error + 'static) { source })
    }
}

/// Prints an error and its causes on one line: `a: b: c`.
#[derive(Debug)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printed = self.0.to_string();
        f.write_str(&printed)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some drivers repeat the text of their source at the end of their own.
            if !printed.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            printed = text;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVE: Operation = Operation::idempotent("test.save");
    const FINISH: Operation = Operation::once("test.finish");

    #[test]
    fn retryable_errors_are_transient_and_safe_to_repeat() {
        let retryable =
            |operation, kind, effect| RepositoryError::new(operation, kind, effect).is_retryable();

        assert!(retryable(SAVE, ErrorKind::Unavailable, Effect::Unknown));
        assert!(retryable(FINISH, ErrorKind::Contention, Effect::NotApplied));
        assert!(!retryable(FINISH, ErrorKind::Unavailable, Effect::Unknown));
        assert!(!retryable(SAVE, ErrorKind::Conflict, Effect::NotApplied));
        assert!(!retryable(SAVE, ErrorKind::Closed, Effect::NotApplied));
    }

    #[test]
    fn missing_responses_are_outages_and_refusals_are_not() {
        use ErrorKind::{
            Closed, Conflict, Contention, Corrupt, Refused, TimedOut, Unavailable, Unexpected,
        };
        let outage = |kind, effect| RepositoryError::new(SAVE, kind, effect).is_outage();
        for (kind, without_effect, unknown_effect) in [
            (Conflict, false, false),
            (Refused, false, false),
            (Contention, false, false),
            (Unavailable, true, true),
            (TimedOut, false, true),
            (Corrupt, false, false),
            (Closed, false, false),
            (Unexpected, false, false),
        ] {
            let found = (
                outage(kind, Effect::NotApplied),
                outage(kind, Effect::Unknown),
            );
            assert_eq!(found, (without_effect, unknown_effect), "{kind:?}");
        }
    }

    #[test]
    fn error_chain_prints_each_cause_once() {
        let cause = std::io::Error::other("connection refused");
        let error = RepositoryError::new(SAVE, ErrorKind::Unavailable, Effect::NotApplied)
            .with_source(cause);

        assert_eq!(error.to_string(), "test.save: the store cannot be reached");
        assert_eq!(
            ErrorChain(&error).to_string(),
            "test.save: the store cannot be reached: connection refused"
        );
    }

    #[test]
    fn display_reports_an_unknown_effect() {
        let error = RepositoryError::new(SAVE, ErrorKind::TimedOut, Effect::Unknown);

        assert_eq!(
            error.to_string(),
            "test.save: the store did not answer in time (it may have been applied)"
        );
    }

    #[test]
    fn display_of_a_failed_read_reports_no_effect() {
        let load = Operation::read("test.load");
        let error = RepositoryError::new(load, ErrorKind::TimedOut, Effect::Unknown);

        assert_eq!(
            error.to_string(),
            "test.load: the store did not answer in time"
        );
        assert!(error.is_retryable() && error.is_outage());
    }
}
