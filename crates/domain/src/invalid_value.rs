use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::{Debug, Display};

/// The error for an invalid value: the field, the allowed values and the given value.
///
/// The given value is shortened. For the result of a step the error contains only its size or a
/// duplicate key, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {limit}, got {value}")]
pub struct InvalidValue {
    field: &'static str,
    limit: Cow<'static, str>,
    value: String,
}

impl InvalidValue {
    /// Creates an error that prints "`field` must be `limit`, got `value`".
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

    /// Like [`new`](Self::new), and quotes at most the first 40 characters of `text`.
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

    /// Returns an error unless `value` is between `least` and `greatest`, both included.
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

    /// Returns the name of the field, as in JSON or in a configuration.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Returns the allowed values.
    #[must_use]
    pub fn limit(&self) -> &str {
        &self.limit
    }

    /// Returns the given value, shortened.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// A value that cannot be invalid converts without an error, so that
/// [`TaskKey::new`](crate::TaskKey::new) also takes ids that are validated already.
impl From<Infallible> for InvalidValue {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
