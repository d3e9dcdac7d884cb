//! A pooler between this process and the server.

use std::fmt;
use std::str::FromStr;

use tasktrail_domain::InvalidValue;

/// Whether connections pass a pooler that shares the sessions of the server between its clients.
///
/// `docs/CONFIGURATION.md` describes what a pooler needs, in the section "Behind a pooler".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pooler {
    /// Each connection has a session of its own: there is no pooler, or one in session mode. The
    /// default.
    #[default]
    None,
    /// A pooler in transaction mode: a connection has a session only during a transaction. The role
    /// must have the settings of the sessions, and the pooler must track prepared statements.
    Transaction,
}

impl Pooler {
    const ALL: [Self; 2] = [Self::None, Self::Transaction];

    /// The name in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Transaction => "transaction",
        }
    }
}

impl fmt::Display for Pooler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Pooler {
    type Err = InvalidValue;

    /// Reads a [name](Self::as_str).
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let known = Self::ALL.into_iter().find(|pooler| pooler.as_str() == text);
        known.ok_or_else(|| InvalidValue::text("pooler", "none or transaction", text))
    }
}
