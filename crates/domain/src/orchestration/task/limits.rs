use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;
use crate::number::bounded_number;
use crate::text::short_text;
use crate::timestamp::Timestamp;

bounded_number! {
    /// How urgent a task is: −1000 to 1000, greater is more urgent. Defaults to 0.
    ///
    /// A unit of priority is worth one minute. For example, a task is claimed before one whose
    /// priority is lower by 10, unless that one has been due for 10 minutes longer. So no task
    /// waits forever.
    Priority(i16), "priority", -1000 to 1000, default 0
}

bounded_number! {
    /// How often a task is attempted: 1 to 1000. Defaults to 3.
    ///
    /// Attempts that failed, timed out or were lost are counted. Attempts that were released, or
    /// that asked a question, are not.
    MaxAttempts(i16), "max_attempts", 1 to 1000, default 3
}

bounded_number! {
    /// How long an attempt may take, in seconds: 1 s to 30 days.
    TimeLimit(i32), "time_limit", 1 to 2_592_000
}

impl TimeLimit {
    /// Returns the deadline of an attempt that is assigned or started at `at`.
    #[must_use]
    pub fn deadline(self, at: Timestamp) -> Timestamp {
        at.saturating_add(Duration::from_secs(self.0.unsigned_abs().into()))
    }
}

short_text! {
    /// A tag of a task.
    Tag, "tag"
}

/// A set of up to 64 tags. As JSON, a sorted list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Tag>")]
pub struct Tags(BTreeSet<Tag>);

impl Tags {
    /// Maximum number of tags.
    pub const MAX: usize = 64;

    /// Creates a set of tags. Repetitions count once.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] for more than [`MAX`](Self::MAX) tags.
    pub fn new(tags: impl IntoIterator<Item = Tag>) -> Result<Self, InvalidValue> {
        BTreeSet::from_iter(tags).try_into()
    }

    /// Returns the tags in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        self.0.iter()
    }

    /// Returns whether there is no tag.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeSet<Tag>> for Tags {
    type Error = InvalidValue;

    fn try_from(tags: BTreeSet<Tag>) -> Result<Self, Self::Error> {
        if tags.len() > Self::MAX {
            return Err(InvalidValue::new("tags", "at most 64", tags.len()));
        }
        Ok(Self(tags))
    }
}

/// The title of a task: 1 to 500 characters, without NUL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Title(String);

impl Title {
    /// Validates a text.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is empty, has more than 500 characters, or contains a NUL.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        if text.is_empty() || text.chars().nth(500).is_some() {
            return Err(InvalidValue::text(
                "title",
                "1 to 500 characters long",
                &text,
            ));
        }
        without_nul("title", text).map(Self)
    }
}

/// The description of a task: up to 64 KiB, without NUL. Defaults to the empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Description(String);

impl Description {
    /// Maximum length in bytes: 64 KiB.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Validates a text.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is longer than [`MAX_BYTES`](Self::MAX_BYTES) or contains a NUL.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        if text.len() > Self::MAX_BYTES {
            let limit = "at most 65536 bytes long";
            return Err(InvalidValue::text("description", limit, &text));
        }
        without_nul("description", text).map(Self)
    }
}

fn without_nul(field: &'static str, text: String) -> Result<String, InvalidValue> {
    if text.contains('\0') {
        return Err(InvalidValue::text(field, "free of NUL characters", &text));
    }
    Ok(text)
}

macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }
    };
}

text!(Title);
text!(Description);

#[cfg(test)]
mod tests;
