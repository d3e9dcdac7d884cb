use std::error::Error;
use std::fmt;

use super::Operation;

/// The result of a port's method.
pub type Result<T> = std::result::Result<T, RepositoryError>;

/// Why a repository did not do what it was asked to.
///
/// [`kind`](Self::kind) is what callers match on, [`effect`](Self::effect) tells whether the
/// operation may have been applied all the same. `Display` prints this level only; the causes are
/// behind [`source`](Error::source), and [`ErrorChain`] prints them all.
pub struct RepositoryError(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    effect: Effect,
    operation: Operation,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What went wrong, as far as a caller can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The store holds something else under the same id.
    Conflict,
    /// The store refuses the value: a rule of its schema is violated, or rights are missing.
    Refused,
    /// Others were in the way: a transaction, or callers that wait for a connection. The same call may
    /// succeed now.
    Contention,
    /// The store cannot be reached, or is going away.
    Unavailable,
    /// The store or the way to it did not answer in time, or the store gave the operation up by its own
    /// time limit.
    TimedOut,
    /// What the store holds cannot be read as the domain's types, or it cannot keep its promises any more:
    /// entries were copied into it without what orders them.
    Corrupt,
    /// The repository was closed by its owner.
    Closed,
    /// Anything else; the source tells.
    Unexpected,
}

/// Whether a failed operation may have been applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Certainly not applied.
    NotApplied,
    /// Nobody can tell.
    Unknown,
}

impl RepositoryError {
    /// An error of `operation` without a cause.
    #[must_use]
    pub fn new(operation: Operation, kind: ErrorKind, effect: Effect) -> Self {
        Self(Box::new(Inner {
            kind,
            effect,
            operation,
            source: None,
        }))
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the operation may have been applied.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// The operation that failed.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// Whether the store could not be reached or did not answer: what a circuit breaker counts.
    ///
    /// A store that gave an operation up by its own time limit, and reported that nothing was applied, has
    /// answered.
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

    /// Whether repeating the call is both safe and likely to help.
    ///
    /// The kind must be a passing one, and either nothing was applied, or the operation is
    /// idempotent.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let passing = matches!(
            self.kind(),
            ErrorKind::Contention | ErrorKind::Unavailable | ErrorKind::TimedOut
        );
        passing && (self.effect() == Effect::NotApplied || self.operation().is_idempotent())
    }
}

impl fmt::Display for RepositoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind() {
            ErrorKind::Conflict => "the store holds something else under the same id",
            ErrorKind::Refused => "the store refused it",
            ErrorKind::Contention => "others were in the way",
            ErrorKind::Unavailable => "the store cannot be reached",
            ErrorKind::TimedOut => "the store did not answer in time",
            ErrorKind::Corrupt => "the store holds what cannot be read",
            ErrorKind::Closed => "the store was closed",
            ErrorKind::Unexpected => "the store failed",
        };
        write!(f, "{}: {what}", self.operation())?;
        match self.effect() {
            Effect::NotApplied => Ok(()),
            Effect::Unknown => f.write_str(" (it may have been applied)"),
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

/// Prints an error and its causes on one line, each once: `a: b: c`.
#[derive(Debug)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printed = self.0.to_string();
        f.write_str(&printed)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some drivers repeat their source in their own text; a reader wants it once.
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
    fn a_retry_needs_a_passing_kind_and_a_safe_repetition() {
        let allows =
            |operation, kind, effect| RepositoryError::new(operation, kind, effect).is_retryable();

        assert!(allows(SAVE, ErrorKind::Unavailable, Effect::Unknown));
        assert!(allows(FINISH, ErrorKind::Contention, Effect::NotApplied));
        assert!(!allows(FINISH, ErrorKind::Unavailable, Effect::Unknown));
        assert!(!allows(SAVE, ErrorKind::Conflict, Effect::NotApplied));
        assert!(!allows(SAVE, ErrorKind::Closed, Effect::NotApplied));
    }

    #[test]
    fn an_outage_is_no_answer_and_not_a_refusal() {
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
    fn a_chain_prints_each_level_once() {
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
    fn an_unknown_effect_is_said() {
        let error = RepositoryError::new(SAVE, ErrorKind::TimedOut, Effect::Unknown);

        assert_eq!(
            error.to_string(),
            "test.save: the store did not answer in time (it may have been applied)"
        );
    }
}
