use std::borrow::Cow;
use std::fmt::{Debug, Display};

/// A value that the domain refuses: which field, what is allowed, what was given.
///
/// The given value is shortened; of a step's result only its size and
/// a duplicate key are named, never a value in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {limit}, got {value}")]
pub struct InvalidValue {
    field: &'static str,
    limit: Cow<'static, str>,
    value: String,
}

impl InvalidValue {
    /// Refuses `value` for `field`, where only `limit` is allowed.
    ///
    /// Reads as a sentence: "`field` must be `limit`, got `value`".
    pub fn new(
        field: &'static str,
        limit: impl Into<Cow<'static, str>>,
        value: impl Display,
    ) -> Self {
        Self {
            field,
            limit: limit.into(),
            value: value.to_string(),
        }
    }

    /// Refuses `text` like [`new`](Self::new), quoting no more than its first 40 characters.
    pub fn text(field: &'static str, limit: impl Into<Cow<'static, str>>, text: &str) -> Self {
        const QUOTED: usize = 40;
        let start: String = text.chars().take(QUOTED).collect();
        let bytes = text.len();
        if start.len() == bytes {
            Self::new(field, limit, format_args!("{start:?}"))
        } else {
            Self::new(field, limit, format_args!("{start:?}… of {bytes} bytes"))
        }
    }

    /// Refuses `value` unless it lies between `least` and `greatest`, both included.
    pub fn outside<V: Copy + PartialOrd + Debug>(
        field: &'static str,
        value: V,
        least: V,
        greatest: V,
    ) -> Option<Self> {
        let within = least <= value && value <= greatest;
        (!within).then(|| {
            let limit = format!("between {least:?} and {greatest:?}");
            Self::new(field, limit, format_args!("{value:?}"))
        })
    }

    /// The field, by its name on the wire.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is allowed.
    #[must_use]
    pub fn limit(&self) -> &str {
        &self.limit
    }

    /// What was given, shortened.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}
